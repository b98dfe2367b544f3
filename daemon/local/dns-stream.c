/*
 * Questions by connection (RFC 7766): a length, a message, again and again, each answered before the next is
 * read. The resolver's answer is read whole, which bounds what one connection holds.
 */
#include "config.h"

#include "daemon/local/dns.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "daemon/base/timer.h"

#define LENGTH_SIZE 2
#define IDLE_MS     10000 /* of the asker, between questions */
#define PATIENCE_MS 5000  /* with one server */

struct stream {
	struct list link; /* dns->streams */
	struct dns *dns;
	uint32_t address;
	struct bufferevent *client;
	struct bufferevent *server; /* NULL: nothing is asked */
	int fd;                     /* the server's, from the store */
	struct event *timer;
	size_t tries;
	uint16_t id; /* the question's own */
	size_t len, end;
	uint8_t query[DNS_QUERY_MAX];
};

static void read_question(struct stream *stream);

static void drop_server(struct stream *stream)
{
	if (stream->server)
		bufferevent_free(stream->server);
	stream->server = NULL;
	if (stream->fd >= 0)
		dns_sockets_give(&stream->dns->upstream.sockets, SOCK_STREAM, stream->fd);
	stream->fd = -1;
}

static void stream_free(struct stream *stream)
{
	drop_server(stream);
	if (stream->client)
		bufferevent_free(stream->client);
	if (stream->timer)
		event_free(stream->timer);
	list_remove(&stream->link);
	stream->dns->stream_count--;
	free(stream);
}

void dns_stream_free_all(struct dns *dns)
{
	list_for_each_safe (struct stream, stream, &dns->streams, link)
		stream_free(stream);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void send_message(struct bufferevent *to, const uint8_t *message, size_t len)
{
	uint8_t length[LENGTH_SIZE];

	dns_put16(length, (uint16_t)len);
	(void)bufferevent_write(to, length, sizeof(length));
	(void)bufferevent_write(to, message, len);
}

static void answer_code(struct stream *stream, enum dns_code code)
{
	dns_put16(stream->query, stream->id);
	dns_make_answer(stream->query, stream->end, code, false);
	send_message(stream->client, stream->query, stream->end);
	stream->len = 0;
	timer_set(stream->timer, IDLE_MS);
}

/* Runs when the client has taken the answer: only then is its next question looked at. */
static void on_client_written(struct bufferevent *client, void *arg)
{
	struct stream *stream = arg;

	(void)client;
	if (stream->len == 0)
		read_question(stream);
}

static void on_server_readable(struct bufferevent *server, void *arg)
{
	struct stream *stream = arg;
	struct evbuffer *input = bufferevent_get_input(server);
	uint8_t head[LENGTH_SIZE], *message;
	size_t len;

	if (evbuffer_copyout(input, head, sizeof(head)) < LENGTH_SIZE)
		return;
	len = dns_get16(head);
	if (evbuffer_get_length(input) < LENGTH_SIZE + len)
		return;
	message = evbuffer_pullup(input, (ssize_t)(LENGTH_SIZE + len));
	if (!message || !dns_is_answer(message + LENGTH_SIZE, len, stream->query, stream->end)) {
		timer_set(stream->timer, 0);
		return;
	}
	dns_put16(message + LENGTH_SIZE, stream->id);
	send_message(stream->client, message + LENGTH_SIZE, len);
	drop_server(stream);
	stream->len = 0;
	timer_set(stream->timer, IDLE_MS);
}

static void on_server_event(struct bufferevent *server, short what, void *arg)
{
	struct stream *stream = arg;

	(void)server;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		timer_set(stream->timer, 0); /* the next one */
}

/* ---- questions ------------------------------------------------------------------------------- */

static bool try_server(struct stream *stream, const struct sockaddr_in6 *to)
{
	struct dns_upstream *upstream = &stream->dns->upstream;

	stream->fd = dns_sockets_take(&upstream->sockets, SOCK_STREAM);
	if (stream->fd < 0 || getrandom(stream->query, 2, 0) != 2 ||
	    (dns_sockets_connect(&upstream->sockets, stream->fd, to) < 0 && errno != EINPROGRESS))
		return false;
	stream->server = bufferevent_socket_new(upstream->base, stream->fd, 0);
	if (!stream->server)
		return false;
	bufferevent_setcb(stream->server, on_server_readable, NULL, on_server_event, stream);
	bufferevent_setwatermark(stream->server, EV_READ, 0, LENGTH_SIZE + DNS_MESSAGE_MAX);
	send_message(stream->server, stream->query, stream->len);
	return bufferevent_enable(stream->server, EV_READ | EV_WRITE) == 0;
}

/* Every step of a question begins here; without one, the asker was idle for too long. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;
	struct dns_upstream *upstream = &stream->dns->upstream;
	size_t servers;

	(void)fd;
	(void)what;
	if (stream->len == 0) {
		stream_free(stream);
		return;
	}
	drop_server(stream);
	servers = dns_upstream_refresh(upstream);
	while (stream->tries < servers) {
		if (try_server(stream, &upstream->resolvers.servers[stream->tries++])) {
			timer_set(stream->timer, PATIENCE_MS);
			return;
		}
		drop_server(stream);
	}
	answer_code(stream, DNS_SERVER_FAILURE);
}

/* -1: not what a sane asker sends, so the connection ends. */
static int take_question(struct stream *stream, const uint8_t *message, size_t len)
{
	struct dns *dns = stream->dns;
	struct dns_question read;
	int code;

	if (len > sizeof(stream->query))
		return -1;
	code = dns_read_question(message, len, &read);
	if (code < 0)
		return -1;
	memcpy(stream->query, message, len);
	stream->len = len;
	stream->end = read.end;
	stream->id = dns_get16(message);
	stream->tries = 0;
	if (code == DNS_NO_ERROR &&
	    !dns->options.may_ask(dns->options.arg, stream->address, read.name))
		code = DNS_REFUSED;
	if (code != DNS_NO_ERROR)
		answer_code(stream, (enum dns_code)code);
	else
		timer_set(stream->timer, 0);
	return 0;
}

static void read_question(struct stream *stream)
{
	struct evbuffer *input = bufferevent_get_input(stream->client);
	uint8_t message[LENGTH_SIZE + DNS_QUERY_MAX];
	size_t there = (size_t)evbuffer_copyout(input, message, sizeof(message)), len;

	if (there < LENGTH_SIZE)
		return;
	len = dns_get16(message);
	if (len > DNS_QUERY_MAX) {
		stream_free(stream);
		return;
	}
	if (there < LENGTH_SIZE + len)
		return;
	(void)evbuffer_drain(input, LENGTH_SIZE + len);
	if (take_question(stream, message + LENGTH_SIZE, len) < 0)
		stream_free(stream);
}

static void on_client_readable(struct bufferevent *client, void *arg)
{
	struct stream *stream = arg;

	if (stream->len == 0 && evbuffer_get_length(bufferevent_get_output(client)) == 0)
		read_question(stream);
}

static void on_client_event(struct bufferevent *client, short what, void *arg)
{
	(void)client;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		stream_free(arg);
}

/* ---- connections ----------------------------------------------------------------------------- */

static size_t count_of(const struct dns *dns, uint32_t address)
{
	size_t count = 0;

	list_for_each (struct stream, stream, &dns->streams, link)
		count += stream->address == address;
	return count;
}

void dns_stream_accept(struct dns *dns, int fd, uint32_t address)
{
	struct stream *stream = NULL;

	if (dns->stream_count < DNS_STREAM_SOCKETS &&
	    count_of(dns, address) < DNS_ASKER_STREAMS_MAX)
		stream = calloc(1, sizeof(*stream));
	if (!stream) {
		(void)close(fd);
		return;
	}
	stream->dns = dns;
	stream->address = address;
	stream->fd = -1;
	list_append(&dns->streams, &stream->link);
	dns->stream_count++;
	stream->timer = evtimer_new(dns->options.base, on_timer, stream);
	stream->client = bufferevent_socket_new(dns->options.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!stream->client)
		(void)close(fd);
	if (!stream->client || !stream->timer ||
	    bufferevent_enable(stream->client, EV_READ | EV_WRITE) < 0) {
		stream_free(stream);
		return;
	}
	bufferevent_setcb(stream->client, on_client_readable, on_client_written, on_client_event,
			  stream);
	bufferevent_setwatermark(stream->client, EV_READ, 0, LENGTH_SIZE + DNS_QUERY_MAX);
	timer_set(stream->timer, IDLE_MS);
}
