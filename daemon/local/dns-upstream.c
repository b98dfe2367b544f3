/* Sockets that stay where they were opened, and the file that says whom to ask. */
#include "config.h"

#include "daemon/local/dns-upstream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/local/dns-message.h"

#define CHECK_MS      1000
#define FILE_SIZE_MAX 65536
#define DRAIN_MAX     1024 /* datagrams, more than a socket holds */

/* ---- sockets --------------------------------------------------------------------------------- */

static int open_socket(int *family, int type)
{
	int fd = socket(*family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), off = 0;

	if (fd < 0 && *family == AF_INET6 && errno == EAFNOSUPPORT) {
		*family = AF_INET;
		return open_socket(family, type);
	}
	if (fd >= 0 && *family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	return fd;
}

int dns_sockets_open(struct dns_sockets *sockets, struct sb_error *err)
{
	*sockets = (struct dns_sockets){.family = AF_INET6};
	while (sockets->datagram_count < DNS_DATAGRAM_SOCKETS ||
	       sockets->stream_count < DNS_STREAM_SOCKETS) {
		bool is_stream = sockets->datagram_count == DNS_DATAGRAM_SOCKETS;
		int fd = open_socket(&sockets->family, is_stream ? SOCK_STREAM : SOCK_DGRAM);

		if (fd < 0) {
			(void)sb_fail_errno(err, SB_INTERNAL, errno, "sockets to ask resolvers");
			dns_sockets_close(sockets);
			return -1;
		}
		if (is_stream)
			sockets->stream[sockets->stream_count++] = fd;
		else
			sockets->datagram[sockets->datagram_count++] = fd;
	}
	return 0;
}

void dns_sockets_close(struct dns_sockets *sockets)
{
	close_fds(sockets->datagram, sockets->datagram_count);
	close_fds(sockets->stream, sockets->stream_count);
	sockets->datagram_count = 0;
	sockets->stream_count = 0;
}

int dns_sockets_take(struct dns_sockets *sockets, int type)
{
	if (type == SOCK_STREAM)
		return sockets->stream_count ? sockets->stream[--sockets->stream_count] : -1;
	return sockets->datagram_count ? sockets->datagram[--sockets->datagram_count] : -1;
}

/* Without a peer a socket loses its port; what came for the old one is thrown away. */
void dns_sockets_give(struct dns_sockets *sockets, int type, int fd)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	uint8_t byte;

	(void)connect(fd, &nobody, sizeof(nobody));
	if (type == SOCK_STREAM) {
		sockets->stream[sockets->stream_count++] = fd;
		return;
	}
	for (unsigned i = 0; i < DRAIN_MAX; i++) {
		if (recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
			break;
	}
	sockets->datagram[sockets->datagram_count++] = fd;
}

int dns_sockets_connect(const struct dns_sockets *sockets, int fd,
			const struct sockaddr_in6 *server)
{
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = server->sin6_port};

	if (sockets->family == AF_INET6)
		return connect(fd, (const struct sockaddr *)server, sizeof(*server));
	if (!IN6_IS_ADDR_V4MAPPED(&server->sin6_addr)) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	memcpy(&ipv4.sin_addr, server->sin6_addr.s6_addr + 12, 4);
	return connect(fd, (const struct sockaddr *)&ipv4, sizeof(ipv4));
}

/* ---- resolv.conf ----------------------------------------------------------------------------- */

/* "fe80::1%eth0": the interface is looked up where the socket is from. */
static bool parse_scope(const char *name, int fd, uint32_t *ret)
{
	struct ifreq request = {0};

	if (strlen(name) >= sizeof(request.ifr_name))
		return false;
	(void)stpcpy(request.ifr_name, name);
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
		return false;
	*ret = (uint32_t)request.ifr_ifindex;
	return true;
}

static bool parse_server(char *text, int fd, struct sockaddr_in6 *ret)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char *scope = strchr(text, '%');

	*ret = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT)};
	if (inet_pton(AF_INET, text, ret->sin6_addr.s6_addr + 12) == 1) {
		memcpy(ret->sin6_addr.s6_addr, mapped, sizeof(mapped));
		return true;
	}
	if (scope)
		*scope++ = '\0';
	return inet_pton(AF_INET6, text, &ret->sin6_addr) == 1 &&
	       (!scope || parse_scope(scope, fd, &ret->sin6_scope_id));
}

static void take_line(char *line, int fd, struct dns_resolvers *ret)
{
	char *rest = NULL, *word = strtok_r(line, " \t", &rest);

	if (!word || strcmp(word, "nameserver") != 0)
		return;
	word = strtok_r(NULL, " \t", &rest);
	if (word && ret->count < DNS_SERVERS_MAX &&
	    parse_server(word, fd, &ret->servers[ret->count]))
		ret->count++;
}

void dns_resolvers_parse(const char *text, int fd, struct dns_resolvers *ret)
{
	char *copy CLEANUP_FREE = strdup(text), *rest = NULL;

	*ret = (struct dns_resolvers){0};
	if (!copy)
		return;
	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		take_line(line, fd, ret);
}

static void load(struct dns_upstream *upstream)
{
	char *text CLEANUP_FREE = malloc(FILE_SIZE_MAX + 1);
	int fd CLEANUP_FD = open(upstream->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t len = text && fd >= 0 ? read(fd, text, FILE_SIZE_MAX) : -1;
	int any = upstream->sockets.datagram_count ? upstream->sockets.datagram[0] : -1;

	if (len < 0)
		len = 0;
	if (text) {
		text[len] = '\0';
		dns_resolvers_parse(text, any, &upstream->resolvers);
	}
	if (upstream->resolvers.count == 0)
		log_warning("%s: names no resolver: names cannot be looked up in sandboxes",
			    upstream->path);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

size_t dns_upstream_refresh(struct dns_upstream *upstream)
{
	int64_t now = clock_mono_ms();
	struct stat st = {0};

	if (upstream->checked_ms != 0 && now - upstream->checked_ms < CHECK_MS)
		return upstream->resolvers.count;
	if (stat(upstream->path, &st) < 0)
		st = (struct stat){0};
	if (upstream->checked_ms == 0 || !is_same(&st, &upstream->seen))
		load(upstream);
	upstream->seen = st;
	upstream->checked_ms = now;
	return upstream->resolvers.count;
}
