/* Asking: try, wait, try the next. Every step begins in the timer's callback. */
#include "config.h"

#include "daemon/local/dns-ask.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "daemon/base/timer.h"
#include "daemon/local/dns-upstream.h"

#define PATIENCE_MS 2000 /* with one server */
#define ROUNDS      2
#define ANSWERS_MAX 64 /* datagrams looked at in one go */
#define ANSWER_MAX  4096

static void give_socket(struct dns_ask *ask)
{
	if (ask->on_readable)
		event_free(ask->on_readable);
	ask->on_readable = NULL;
	if (ask->fd >= 0)
		dns_sockets_give(&ask->upstream->sockets, SOCK_DGRAM, ask->fd);
	ask->fd = -1;
}

void dns_ask_cancel(struct dns_ask *ask)
{
	if (!ask->on_timer)
		return;
	give_socket(ask);
	event_free(ask->on_timer);
	ask->on_timer = NULL;
}

static void finish(struct dns_ask *ask, uint8_t *answer, size_t len)
{
	dns_ask_cancel(ask);
	if (answer)
		dns_put16(answer, ask->id);
	ask->on_done(ask, answer, len);
}

/* An answer that does not fit arrives cut, and is told as truncated. */
static void take_answer(struct dns_ask *ask, uint8_t *answer, size_t len)
{
	if (len > ANSWER_MAX) {
		dns_make_answer(answer, ask->end, DNS_NO_ERROR, true);
		len = ask->end;
	}
	finish(ask, answer, len);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct dns_ask *ask = arg;
	uint8_t answer[ANSWER_MAX];

	(void)what;
	for (unsigned i = 0; i < ANSWERS_MAX; i++) {
		ssize_t len = recv(fd, answer, sizeof(answer), MSG_DONTWAIT | MSG_TRUNC);
		size_t there = len > ANSWER_MAX ? ANSWER_MAX : (size_t)len;

		if (len < 0 && errno != EAGAIN && errno != EINTR)
			timer_set(ask->on_timer, 0); /* nobody is there: the next one */
		if (len < 0)
			return;
		if (dns_is_answer(answer, there, ask->query, ask->end)) {
			take_answer(ask, answer, (size_t)len);
			return;
		}
	}
}

/* Send it to `server`, with an id and a port that were never seen before. False when that cannot be. */
static bool try_server(struct dns_ask *ask, const struct sockaddr_in6 *server)
{
	struct dns_upstream *upstream = ask->upstream;
	ssize_t sent;

	ask->fd = dns_sockets_take(&upstream->sockets, SOCK_DGRAM);
	if (ask->fd < 0 || getrandom(ask->query, 2, 0) != 2 ||
	    dns_sockets_connect(&upstream->sockets, ask->fd, server) < 0)
		return false;
	ask->on_readable =
		event_new(upstream->base, ask->fd, EV_READ | EV_PERSIST, on_readable, ask);
	if (!ask->on_readable || event_add(ask->on_readable, NULL) < 0)
		return false;
	sent = send(ask->fd, ask->query, ask->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent == (ssize_t)ask->len;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dns_ask *ask = arg;
	size_t servers = dns_upstream_refresh(ask->upstream);

	(void)fd;
	(void)what;
	give_socket(ask);
	while (ask->tries < servers * ROUNDS) {
		size_t index = ask->tries++ % servers;

		if (try_server(ask, &ask->upstream->resolvers.servers[index])) {
			timer_set(ask->on_timer, PATIENCE_MS);
			return;
		}
		give_socket(ask);
	}
	finish(ask, NULL, 0);
}

int dns_ask_start(struct dns_ask *ask, struct dns_upstream *upstream, const uint8_t *query,
		  size_t len, size_t end)
{
	if (upstream->sockets.datagram_count == 0 || len > sizeof(ask->query))
		return -1;
	ask->upstream = upstream;
	ask->fd = -1;
	ask->tries = 0;
	ask->id = dns_get16(query);
	ask->end = end;
	ask->len = len;
	memcpy(ask->query, query, len);
	ask->on_timer = evtimer_new(upstream->base, on_timer, ask);
	if (!ask->on_timer)
		return -1;
	timer_set(ask->on_timer, 0);
	return 0;
}
