/*
 * Requests to the kernel's network configuration (rtnetlink). Several go in one batch, which costs one
 * system call; each is answered on its own, and the first refusal is the batch's.
 *
 * A socket belongs to the network namespace it was opened in, wherever its process goes later.
 */
#ifndef SP_LOCAL_NETLINK_H
#define SP_LOCAL_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "protocol/error.h"

struct netlink {
	struct mnl_socket *socket; /* NULL: closed */
	unsigned sequence;
};

int netlink_open(struct netlink *netlink, int bus, struct sb_error *err) MUST_USE;
void netlink_close(struct netlink *netlink);

enum { NETLINK_BATCH_SIZE = 2048, NETLINK_BATCH_MOST = 8 };

struct netlink_batch { /* zeroed: empty */
	struct nlmsghdr *last;
	unsigned count;
	char bytes[NETLINK_BATCH_SIZE] __attribute__((aligned(8)));
};

/*
 * Begin the next message, with a zeroed header of `size` bytes at *ret_header; attributes follow by mnl_attr_put_…().
 * The batch has room for what a link, an address or a route take, NETLINK_BATCH_MOST times.
 */
struct nlmsghdr *netlink_add(struct netlink_batch *batch, int type, int flags, size_t size,
			     void *ret_header);

/* Send the batch and read its answers: 0, or the first refusal's errno. */
int netlink_run(struct netlink *netlink, struct netlink_batch *batch) MUST_USE;

/* Send one request for a list; `each` returns MNL_CB_OK. 0, or an errno. */
int netlink_dump(struct netlink *netlink, struct netlink_batch *batch, mnl_cb_t each,
		 void *arg) MUST_USE;

/* The attributes behind a header of `size` bytes, by their type, in ret[0] to ret[count - 1]; NULL: not there. */
void netlink_attributes(const struct nlmsghdr *message, size_t size, const struct nlattr **ret,
			size_t count);

#endif
