/* The routing rules of the sandbox proxy, as functions of header values: nothing here touches a socket. */
#include "config.h"

#include "daemon/local/route.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "daemon/base/uri.h"
#include "daemon/local/ids.h"

#define HOST_MAX    256
#define SHARED_HOST "sandbox."

static bool is_ip(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* Copies `host` in lower case without its port and brackets. False when it is too long to be one. */
static bool host_name(const char *host, char *name)
{
	const char *end = host + strlen(host);
	const char *colon = strchr(host, ':');

	if (*host == '[') {
		host++;
		end = host + strcspn(host, "]");
	} else if (colon && !strchr(colon + 1, ':')) {
		end = colon;
	}
	if (end - host >= HOST_MAX)
		return false;
	for (; host < end; host++)
		*name++ = (char)tolower((unsigned char)*host);
	*name = '\0';
	return true;
}

/* Hosts that name no sandbox themselves, so that the headers count. */
static bool is_shared_host(const char *name)
{
	return strcmp(name, "localhost") == 0 || is_ip(name) ||
	       (strncmp(name, SHARED_HOST, strlen(SHARED_HOST)) == 0 &&
		name[strlen(SHARED_HOST)] != '\0');
}

static bool parse_port(const char *text, unsigned *ret_port)
{
	unsigned port = 0;

	if (*text == '\0')
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		port = port * 10 + (unsigned)(*text - '0');
		if (port > UINT16_MAX)
			return false;
	}
	*ret_port = port;
	return port != 0;
}

static enum route_result route_make(const char *id, const char *port, struct route *ret)
{
	unsigned number;

	if (!ids_is_valid(id))
		return ROUTE_INVALID_ID;
	if (!parse_port(port, &number))
		return ROUTE_INVALID_PORT;
	(void)stpcpy(ret->id, id); /* ids_is_valid() bounds it */
	ret->port = number;
	return ROUTE_FOUND;
}

/* "{port}-{id}[-anything].{domain}" */
static enum route_result route_from_host(char *name, struct route *ret)
{
	char *dot = strchr(name, '.');
	char *id, *rest;

	if (!dot)
		return ROUTE_INVALID_HOST;
	*dot = '\0';
	id = strchr(name, '-');
	if (!id)
		return ROUTE_INVALID_HOST;
	*id++ = '\0';
	rest = strchr(id, '-');
	if (rest)
		*rest = '\0';
	return route_make(id, name, ret);
}

enum route_result route_find(const char *host, const char *id, const char *port, struct route *ret)
{
	bool has_id = id && *id, has_port = port && *port;
	char name[HOST_MAX];

	if (!host || !host_name(host, name))
		return ROUTE_INVALID_HOST;
	if (is_shared_host(name)) {
		if (has_id && has_port)
			return route_make(id, port, ret);
		if (has_id || has_port)
			return ROUTE_MISSING_HEADER;
	}
	return route_from_host(name, ret);
}

const char *route_result_text(enum route_result result)
{
	switch (result) {
	case ROUTE_FOUND:
		return "found";
	case ROUTE_INVALID_HOST:
		return "Invalid host";
	case ROUTE_MISSING_HEADER:
		return "missing header";
	case ROUTE_INVALID_ID:
		return "Invalid sandbox ID";
	case ROUTE_INVALID_PORT:
		return "Invalid sandbox port";
	}
	return "";
}

/* No blanks, which end a target, and no fragment, which is for clients alone. */
static bool is_target_text(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text <= ' ' || *text == '#' || *text == 0x7f)
			return false;
	}
	return true;
}

bool route_is_target(const char *path, const char *query)
{
	return *path == '/' && is_target_text(path) && is_target_text(query);
}

/* Resolves "//", "." and ".." of an absolute path as a file system would, without looking at one. */
static void path_clean(const char *path, struct buf *clean)
{
	buf_add_str(clean, "/");
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0) {
			while (clean->len > 1 && clean->data[clean->len - 1] != '/')
				clean->data[--clean->len] = '\0';
			if (clean->len > 1)
				clean->data[--clean->len] = '\0';
		} else if (len > 0 && !(len == 1 && *path == '.')) {
			if (clean->len > 1)
				buf_add_str(clean, "/");
			buf_add(clean, path, len);
		}
		path += len;
		path += *path == '/';
	}
}

bool route_is_reserved(const char *path, struct buf *clean)
{
	static const char *const reserved[] = {"/init",     "/freeze", "/unfreeze", "/collapse",
					       "/fsfreeze", "/fsthaw", "/upgrade"};
	struct buf plain CLEANUP_BUF = {0};

	buf_add_str(&plain, "");
	if (uri_decode(&plain, path, strlen(path), false) < 0 || !plain.data)
		return false; /* the agent will refuse it in its own words */
	path_clean(plain.data, clean);
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		if (clean->data && strcmp(clean->data, reserved[i]) == 0)
			return true;
	}
	return false;
}

static bool has_word(const char *text, const char *const *words)
{
	for (; text && *words; words++) {
		if (strcasestr(text, *words))
			return true;
	}
	return false;
}

bool route_is_navigation(const char *user_agent, const char *accept, const char *fetch_mode,
			 const char *requested_with)
{
	static const char *const browsers[] = {"mozilla", "chrome", "safari", "firefox",
					       "edge",    "opera",  "msie",   NULL};
	static const char *const scripted[] = {"cors", "no-cors", "same-origin", "websocket"};

	if (!has_word(user_agent, browsers))
		return false;
	if (accept && strcasestr(accept, "application/json") && !strcasestr(accept, "text/html"))
		return false;
	for (size_t i = 0; fetch_mode && i < ARRAY_SIZE(scripted); i++) {
		if (strcasecmp(fetch_mode, scripted[i]) == 0)
			return false;
	}
	return !requested_with || (fetch_mode && strcasecmp(fetch_mode, "navigate") == 0);
}
