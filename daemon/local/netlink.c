/* rtnetlink by libmnl. */
#include "config.h"

#include "daemon/local/netlink.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define ANSWER_SIZE 16384 /* more than the kernel puts in one packet of a list */

int netlink_open(struct netlink *netlink, int bus, struct sb_error *err)
{
	netlink->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!netlink->socket || mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		(void)sb_fail_errno(err, SB_INTERNAL, errno, "netlink");
		netlink_close(netlink);
		return -1;
	}
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		(void)mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

/* Where the next message of a batch is, or would be. */
static struct nlmsghdr *behind(const struct nlmsghdr *message)
{
	int left = 0;

	return mnl_nlmsg_next(message, &left);
}

struct nlmsghdr *netlink_add(struct netlink_batch *batch, int type, int flags, size_t size,
			     void *ret_header)
{
	void *end = batch->last ? (void *)behind(batch->last) : batch->bytes;

	assert(batch->count < NETLINK_BATCH_MOST);
	batch->count++;
	batch->last = mnl_nlmsg_put_header(end);
	batch->last->nlmsg_type = (uint16_t)type;
	batch->last->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	*(void **)ret_header = mnl_nlmsg_put_extra_header(batch->last, size);
	return batch->last;
}

static int send_batch(struct netlink *netlink, struct netlink_batch *batch, uint16_t flags)
{
	struct nlmsghdr *first = (struct nlmsghdr *)(void *)batch->bytes, *message = first;
	size_t len;

	for (unsigned i = 0; i < batch->count; i++) {
		message->nlmsg_seq = ++netlink->sequence;
		message->nlmsg_flags |= flags;
		message = behind(message);
	}
	len = (size_t)((char *)message - batch->bytes);
	assert(len <= sizeof(batch->bytes));
	return mnl_socket_sendto(netlink->socket, first, len) < 0 ? errno : 0;
}

/* The first refusal among the answers to `count` requests. */
static int read_answers(struct netlink *netlink, unsigned count)
{
	char bytes[ANSWER_SIZE] __attribute__((aligned(8)));
	int first = 0;

	while (count > 0) {
		ssize_t size = mnl_socket_recvfrom(netlink->socket, bytes, sizeof(bytes));
		struct nlmsghdr *message = (struct nlmsghdr *)(void *)bytes;
		int left = (int)size;

		if (size < 0)
			return errno;
		for (; count > 0 && mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left)) {
			const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);

			if (message->nlmsg_type != NLMSG_ERROR)
				continue;
			count--;
			if (!first)
				first = -answer->error;
		}
	}
	return first;
}

int netlink_run(struct netlink *netlink, struct netlink_batch *batch)
{
	int sys = send_batch(netlink, batch, NLM_F_ACK);

	return sys ? sys : read_answers(netlink, batch->count);
}

int netlink_dump(struct netlink *netlink, struct netlink_batch *batch, mnl_cb_t each, void *arg)
{
	char bytes[ANSWER_SIZE] __attribute__((aligned(8)));
	unsigned port = mnl_socket_get_portid(netlink->socket);
	int result, sys = send_batch(netlink, batch, NLM_F_DUMP);

	if (sys)
		return sys;
	do {
		ssize_t size = mnl_socket_recvfrom(netlink->socket, bytes, sizeof(bytes));

		if (size < 0)
			return errno;
		result = mnl_cb_run(bytes, (size_t)size, netlink->sequence, port, each, arg);
	} while (result > MNL_CB_STOP);
	return result < 0 ? errno : 0;
}

struct attributes {
	const struct nlattr **items;
	size_t count;
};

static int on_attribute(const struct nlattr *attribute, void *arg)
{
	const struct attributes *attributes = arg;

	if (mnl_attr_get_type(attribute) < attributes->count)
		attributes->items[mnl_attr_get_type(attribute)] = attribute;
	return MNL_CB_OK;
}

void netlink_attributes(const struct nlmsghdr *message, size_t size, const struct nlattr **ret,
			size_t count)
{
	struct attributes attributes = {ret, count};

	memset(ret, 0, count * sizeof(*ret));
	(void)mnl_attr_parse(message, (unsigned)size, on_attribute, &attributes);
}
