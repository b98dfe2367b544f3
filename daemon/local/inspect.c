/* One connection of a sandbox: its name is read, judged, looked up, and then it is passed on. */
#include "config.h"

#include "daemon/local/inspect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/base/log.h"
#include "daemon/base/timer.h"
#include "daemon/local/dns-ask.h"
#include "daemon/local/inspect-name.h"
#include "daemon/local/splice.h"

#define NAME_PATIENCE_MS    10000 /* for the first bytes, until there is a name in them */
#define LOOKUP_PATIENCE_MS  15000
#define CONNECT_PATIENCE_MS 10000 /* to one address */
#define ADDRESSES_MAX       4
#define BACKLOG             128

struct connection {
	struct list link; /* inspect->connections */
	struct inspect *inspect;
	bool is_tls;
	uint32_t from;   /* the sandbox */
	uint32_t wanted; /* where it meant to connect to */
	uint16_t port;   /* of the server */
	struct bufferevent *client, *server;
	struct event *timer;
	char name[INSPECT_NAME_SIZE]; /* "": not known yet */
	struct dns_ask lookup;
	uint32_t addresses[ADDRESSES_MAX]; /* still to be tried */
	size_t address_count, address_next;
	struct splice splice;
};

static void connection_free(struct connection *connection)
{
	dns_ask_cancel(&connection->lookup);
	if (connection->client)
		bufferevent_free(connection->client);
	if (connection->server)
		bufferevent_free(connection->server);
	if (connection->timer)
		event_free(connection->timer);
	list_remove(&connection->link);
	connection->inspect->count--;
	free(connection);
}

/* What is refused is reset: no sandbox takes it for an answer. */
static void refuse(struct connection *connection, const char *why)
{
	const struct linger at_once = {.l_onoff = 1};

	log_debug("inspector: %s for '%s': %s", connection->is_tls ? "TLS" : "HTTP",
		  connection->name, why);
	(void)setsockopt(bufferevent_getfd(connection->client), SOL_SOCKET, SO_LINGER, &at_once,
			 sizeof(at_once));
	connection_free(connection);
}

/* ---- the server ------------------------------------------------------------------------------ */

static bool is_in(uint32_t address, uint32_t range, unsigned prefix)
{
	return (address ^ range) >> (32 - prefix) == 0;
}

/* To an address of its own a machine speaks from that very address. */
static bool is_own(uint32_t address)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(1),
				 .sin_addr.s_addr = htonl(address)},
			   from = {0};
	socklen_t len = sizeof(from);
	int fd CLEANUP_FD = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 ||
	       getsockname(fd, (struct sockaddr *)&from, &len) < 0 ||
	       from.sin_addr.s_addr == to.sin_addr.s_addr;
}

/*
 * Whoever answers for a name could answer with any address. What no sandbox can ever reach (rules.c) is not
 * reached by a name either: the host itself, links, and where clouds keep credentials.
 */
static bool is_reachable(uint32_t address)
{
	static const struct {
		uint32_t range;
		unsigned prefix;
	} never[] = {
		{0x00000000, 8},  {0x7f000000, 8},  {0xa9fe0000, 16}, {0xa83f8110, 32},
		{0x646464c8, 32}, {0xc00000c0, 32}, {0xe0000000, 3},
	};

	for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
		if (is_in(address, never[i].range, never[i].prefix))
			return false;
	}
	return !is_own(address);
}

static void on_spliced(struct splice *splice)
{
	connection_free(container_of(splice, struct connection, splice));
}

static void on_server_event(struct bufferevent *server, short what, void *arg)
{
	struct connection *connection = arg;

	(void)server;
	if (what & BEV_EVENT_CONNECTED) {
		(void)event_del(connection->timer);
		connection->splice.on_done = on_spliced;
		splice_start(&connection->splice, connection->client, connection->server);
	} else {
		timer_set(connection->timer, 0); /* the next address */
	}
}

/* It is noticed when either side is gone without a word. */
static void keep_alive(int fd)
{
	static const struct {
		int level, option, value;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},    {IPPROTO_TCP, TCP_KEEPIDLE, 60},
		{IPPROTO_TCP, TCP_KEEPINTVL, 15}, {IPPROTO_TCP, TCP_KEEPCNT, 4},
		{IPPROTO_TCP, TCP_NODELAY, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		(void)setsockopt(fd, options[i].level, options[i].option, &options[i].value,
				 sizeof(options[i].value));
}

static bool try_address(struct connection *connection, uint32_t address)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons(connection->port),
				       .sin_addr.s_addr = htonl(address)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	keep_alive(fd);
	connection->server =
		bufferevent_socket_new(connection->inspect->options.base, fd,
				       BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!connection->server) {
		(void)close(fd);
		return false;
	}
	bufferevent_setcb(connection->server, NULL, NULL, on_server_event, connection);
	return bufferevent_socket_connect(connection->server, (const struct sockaddr *)&to,
					  sizeof(to)) == 0;
}

static void connect_next(struct connection *connection)
{
	while (connection->address_next < connection->address_count) {
		uint32_t address = connection->addresses[connection->address_next++];

		if (connection->server)
			bufferevent_free(connection->server);
		connection->server = NULL;
		if (is_reachable(address) && try_address(connection, address)) {
			timer_set(connection->timer, CONNECT_PATIENCE_MS);
			return;
		}
	}
	refuse(connection, "its server cannot be reached");
}

/* ---- the name -------------------------------------------------------------------------------- */

/* The address that the sandbox wanted comes first when the name has it. */
static void prefer_wanted(struct connection *connection)
{
	for (size_t i = 1; i < connection->address_count; i++) {
		if (connection->addresses[i] != connection->wanted)
			continue;
		connection->addresses[i] = connection->addresses[0];
		connection->addresses[0] = connection->wanted;
	}
}

static void on_looked_up(struct dns_ask *ask, const uint8_t *answer, size_t len)
{
	struct connection *connection = container_of(ask, struct connection, lookup);
	struct dns_question question;

	if (answer && dns_read_question(ask->query, ask->len, &question) == DNS_NO_ERROR)
		connection->address_count = dns_read_addresses(
			answer, len, &question, connection->addresses, ADDRESSES_MAX);
	prefer_wanted(connection);
	connect_next(connection);
}

static size_t lookups_of(const struct inspect *inspect, uint32_t from)
{
	size_t count = 0;

	list_for_each (struct connection, connection, &inspect->connections, link)
		count += connection->from == from && connection->lookup.on_timer;
	return count;
}

static void look_up(struct connection *connection)
{
	struct inspect *inspect = connection->inspect;
	uint8_t query[DNS_QUERY_MAX];
	size_t len = dns_make_question(connection->name, query);

	connection->lookup.on_done = on_looked_up;
	timer_set(connection->timer, LOOKUP_PATIENCE_MS);
	if (len == 0 || lookups_of(inspect, connection->from) >= INSPECT_LOOKUPS_MOST ||
	    dns_ask_start(&connection->lookup, inspect->options.upstream, query, len, len) < 0)
		refuse(connection, "no more names can be looked up now");
}

static void on_client_readable(struct bufferevent *client, void *arg)
{
	struct connection *connection = arg;
	const struct inspect_options *options = &connection->inspect->options;
	struct evbuffer *input = bufferevent_get_input(client);
	size_t len = evbuffer_get_length(input);
	const uint8_t *data = evbuffer_pullup(input, -1);
	enum inspect_result result = INSPECT_NONE;

	if (data && len < INSPECT_BYTES_MAX)
		result = connection->is_tls ? inspect_name_of_tls(data, len, connection->name)
					    : inspect_name_of_http(data, len, connection->name);
	if (result == INSPECT_MORE) {
		connection->name[0] = '\0';
		return;
	}
	(void)bufferevent_disable(client, EV_READ);
	if (result == INSPECT_NONE) {
		connection->name[0] = '\0';
		refuse(connection, "there is no name in it");
	} else if (!options->may_connect(options->arg, connection->from, connection->name)) {
		refuse(connection, "not allowed");
	} else {
		look_up(connection);
	}
}

static void on_client_event(struct bufferevent *client, short what, void *arg)
{
	(void)client;
	(void)what;
	connection_free(arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct connection *connection = arg;

	(void)fd;
	(void)what;
	if (connection->server)
		connect_next(connection);
	else
		refuse(connection, "nothing in time");
}

/* ---- connections ----------------------------------------------------------------------------- */

/* Full when all are, or those of one sandbox. */
static bool is_full(const struct inspect *inspect, uint32_t from)
{
	size_t count = 0;

	list_for_each (struct connection, connection, &inspect->connections, link)
		count += connection->from == from;
	return inspect->count >= INSPECT_MOST || count >= INSPECT_SANDBOX_MOST;
}

static struct connection *connection_new(struct inspect *inspect, int fd, uint32_t from)
{
	struct connection *connection =
		is_full(inspect, from) ? NULL : calloc(1, sizeof(*connection));

	if (!connection) {
		(void)close(fd);
		return NULL;
	}
	connection->inspect = inspect;
	connection->from = from;
	list_append(&inspect->connections, &connection->link);
	inspect->count++;
	connection->timer = evtimer_new(inspect->options.base, on_timer, connection);
	connection->client = bufferevent_socket_new(
		inspect->options.base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!connection->client)
		(void)close(fd);
	if (connection->client && connection->timer)
		return connection;
	connection_free(connection);
	return NULL;
}

/* Who connects to the inspector itself wants nothing that it could give. */
static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
			  struct sockaddr *address, int len, void *arg)
{
	struct inspect *inspect = arg;
	const struct sockaddr_in *from = (const void *)address;
	struct sockaddr_in wanted = {0};
	socklen_t wanted_len = sizeof(wanted);
	struct connection *connection;

	(void)len;
	if (getsockopt(fd, SOL_IP, SO_ORIGINAL_DST, &wanted, &wanted_len) < 0) {
		(void)close(fd);
		return;
	}
	keep_alive(fd);
	connection = connection_new(inspect, fd, ntohl(from->sin_addr.s_addr));
	if (!connection)
		return;
	connection->is_tls = listener == inspect->listeners[1];
	connection->wanted = ntohl(wanted.sin_addr.s_addr);
	connection->port = connection->is_tls ? 443 : 80;
	bufferevent_setcb(connection->client, on_client_readable, NULL, on_client_event,
			  connection);
	bufferevent_setwatermark(connection->client, EV_READ, 0, INSPECT_BYTES_MAX);
	timer_set(connection->timer, NAME_PATIENCE_MS);
	if (bufferevent_enable(connection->client, EV_READ) < 0)
		connection_free(connection);
}

void inspect_review(struct inspect *inspect)
{
	const struct inspect_options *options = &inspect->options;

	list_for_each_safe (struct connection, connection, &inspect->connections, link) {
		if (connection->name[0] &&
		    !options->may_connect(options->arg, connection->from, connection->name))
			refuse(connection, "not allowed any more");
	}
}

/* ---- the object ------------------------------------------------------------------------------ */

static void stop_listening(struct inspect *inspect)
{
	for (size_t i = 0; i < ARRAY_SIZE(inspect->listeners); i++) {
		if (inspect->listeners[i])
			evconnlistener_free(inspect->listeners[i]);
		inspect->listeners[i] = NULL;
	}
}

static int listen_at(struct inspect *inspect, uint32_t address, struct evconnlistener **ret,
		     uint16_t *ret_port, struct sb_error *err)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	socklen_t len = sizeof(at);

	*ret = evconnlistener_new_bind(inspect->options.base, on_connection, inspect,
				       LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG,
				       (const struct sockaddr *)&at, sizeof(at));
	if (!*ret || getsockname(evconnlistener_get_fd(*ret), (struct sockaddr *)&at, &len) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "inspector of names");
	*ret_port = ntohs(at.sin_port);
	return 0;
}

int inspect_listen(struct inspect *inspect, uint32_t address, uint16_t *ret_http_port,
		   uint16_t *ret_tls_port, struct sb_error *err)
{
	stop_listening(inspect);
	if (listen_at(inspect, address, &inspect->listeners[0], ret_http_port, err) < 0)
		return -1;
	return listen_at(inspect, address, &inspect->listeners[1], ret_tls_port, err);
}

struct inspect *inspect_new(const struct inspect_options *options, struct sb_error *err)
{
	struct inspect *inspect = calloc(1, sizeof(*inspect));

	if (!inspect) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "inspector of names");
		return NULL;
	}
	inspect->options = *options;
	list_init(&inspect->connections);
	return inspect;
}

struct inspect *inspect_free(struct inspect *inspect)
{
	if (!inspect)
		return NULL;
	stop_listening(inspect);
	list_for_each_safe (struct connection, connection, &inspect->connections, link)
		connection_free(connection);
	free(inspect);
	return NULL;
}
