/* The relay: its listeners, and questions by datagram. */
#include "config.h"

#include "daemon/local/dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <string.h>
#include <sys/socket.h>

#define DATAGRAMS_MAX 32 /* read in one go */
#define BACKLOG       64

struct question {
	struct list link;
	struct dns *dns;
	struct sockaddr_in from;
	size_t datagram_max;
	struct dns_ask ask;
};

static void question_free(struct question *question)
{
	dns_ask_cancel(&question->ask);
	list_remove(&question->link);
	free(question);
}

/* What cannot be sent is lost, as datagrams are; the asker asks again. */
static void reply(struct dns *dns, const struct sockaddr_in *to, const uint8_t *answer, size_t len)
{
	(void)!sendto(dns->fd, answer, len, MSG_DONTWAIT | MSG_NOSIGNAL,
		      (const struct sockaddr *)to, sizeof(*to));
}

static void reply_code(struct dns *dns, const struct sockaddr_in *to, uint8_t *query, size_t end,
		       enum dns_code code, bool is_truncated)
{
	dns_make_answer(query, end, code, is_truncated);
	reply(dns, to, query, end);
}

static void on_answer(struct dns_ask *ask, const uint8_t *answer, size_t len)
{
	struct question *question = container_of(ask, struct question, ask);

	dns_put16(ask->query, ask->id);
	if (!answer)
		reply_code(question->dns, &question->from, ask->query, ask->end, DNS_SERVER_FAILURE,
			   false);
	else if (len > question->datagram_max)
		reply_code(question->dns, &question->from, ask->query, ask->end, DNS_NO_ERROR,
			   true);
	else
		reply(question->dns, &question->from, answer, len);
	question_free(question);
}

static size_t count_of(const struct dns *dns, const struct sockaddr_in *from)
{
	size_t count = 0;

	list_for_each (struct question, question, &dns->questions, link)
		count += question->from.sin_addr.s_addr == from->sin_addr.s_addr;
	return count;
}

/* DNS_NO_ERROR: it is under way. */
static enum dns_code ask(struct dns *dns, const struct sockaddr_in *from, const uint8_t *query,
			 size_t len, const struct dns_question *read)
{
	struct question *question;

	if (!dns->options.may_ask(dns->options.arg, ntohl(from->sin_addr.s_addr), read->name))
		return DNS_REFUSED;
	if (count_of(dns, from) >= DNS_ASKER_MAX || dns_upstream_refresh(&dns->upstream) == 0)
		return DNS_SERVER_FAILURE;
	question = calloc(1, sizeof(*question));
	if (!question)
		return DNS_SERVER_FAILURE;
	list_init(&question->link);
	question->dns = dns;
	question->from = *from;
	question->datagram_max = read->datagram_max;
	question->ask.on_done = on_answer;
	if (dns_ask_start(&question->ask, &dns->upstream, query, len, read->end) < 0) {
		question_free(question);
		return DNS_SERVER_FAILURE;
	}
	list_append(&dns->questions, &question->link);
	return DNS_NO_ERROR;
}

static void on_datagram(evutil_socket_t fd, short what, void *arg)
{
	struct dns *dns = arg;
	uint8_t query[DNS_QUERY_MAX + 1];

	(void)what;
	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		struct sockaddr_in from = {0};
		socklen_t from_len = sizeof(from);
		struct dns_question read;
		ssize_t len = recvfrom(fd, query, sizeof(query), MSG_DONTWAIT,
				       (struct sockaddr *)&from, &from_len);
		int code;

		if (len < 0)
			return;
		code = from.sin_port ? dns_read_question(query, (size_t)len, &read) : -1;
		if (code == DNS_NO_ERROR)
			code = (int)ask(dns, &from, query, (size_t)len, &read);
		if (code > 0)
			reply_code(dns, &from, query, read.end, (enum dns_code)code, false);
	}
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
			  struct sockaddr *address, int len, void *arg)
{
	const struct sockaddr_in *from = (const void *)address;

	(void)listener;
	(void)len;
	dns_stream_accept(arg, fd, ntohl(from->sin_addr.s_addr));
}

/* ---- the object ------------------------------------------------------------------------------ */

static void stop_listening(struct dns *dns)
{
	if (dns->on_datagram)
		event_free(dns->on_datagram);
	dns->on_datagram = NULL;
	cleanup_fd(&dns->fd);
	if (dns->listener)
		evconnlistener_free(dns->listener);
	dns->listener = NULL;
	list_for_each_safe (struct question, question, &dns->questions, link)
		question_free(question);
	dns_stream_free_all(dns);
}

int dns_listen(struct dns *dns, uint32_t address, uint16_t port, struct sb_error *err)
{
	const struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};

	stop_listening(dns);
	dns->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (dns->fd < 0 || bind(dns->fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "name server, datagrams");
	dns->on_datagram =
		event_new(dns->options.base, dns->fd, EV_READ | EV_PERSIST, on_datagram, dns);
	if (!dns->on_datagram || event_add(dns->on_datagram, NULL) < 0)
		return sb_fail(err, SB_INTERNAL, "name server: event loop");
	dns->listener = evconnlistener_new_bind(dns->options.base, on_connection, dns,
						LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
							LEV_OPT_REUSEABLE,
						BACKLOG, (const struct sockaddr *)&at, sizeof(at));
	if (!dns->listener)
		return sb_fail_errno(err, SB_INTERNAL, errno, "name server, connections");
	return 0;
}

struct dns *dns_new(const struct dns_options *options, struct dns_sockets *sockets,
		    struct sb_error *err)
{
	struct dns *dns = calloc(1, sizeof(*dns));

	if (!dns) {
		dns_sockets_close(sockets);
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "name server");
		return NULL;
	}
	dns->options = *options;
	dns->upstream.base = options->base;
	dns->upstream.path = options->resolv_conf;
	dns->upstream.sockets = *sockets;
	*sockets = (struct dns_sockets){0};
	dns->fd = -1;
	list_init(&dns->questions);
	list_init(&dns->streams);
	return dns;
}

struct dns *dns_free(struct dns *dns)
{
	if (!dns)
		return NULL;
	stop_listening(dns);
	dns_sockets_close(&dns->upstream.sockets);
	free(dns);
	return NULL;
}
