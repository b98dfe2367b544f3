/*
 * One HTTP request: how a spec becomes a libcurl handle, and the callbacks that libcurl makes for it. They
 * run inside libcurl, so they only look at their slot, call its owner, and leave the rest to the drain.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "daemon/base/clock.h"
#include "daemon/base/http-slot.h"

#define HEAD_MAX           (256u << 10) /* bytes of one response's headers, interim ones included */
#define REPLY_MAX          (4u << 20)
#define CONNECT_TIMEOUT_MS 10000
#define BUFFER_BYTES       (64L << 10)
#define BULK_BUFFER_BYTES  (256L << 10)

/* Nobody listens at a Unix socket, or we may not. */
static void fail_unix(struct http_slot *slot)
{
	long sys = 0;

	(void)curl_easy_getinfo(slot->easy, CURLINFO_OS_ERRNO, &sys);
	(void)sb_fail_errno(&slot->err, SB_UPSTREAM_UNAVAILABLE, (int)sys, "%s: cannot connect",
			    slot->where);
}

void slot_fail_curl(struct http_slot *slot, CURLcode code)
{
	const char *why = slot->why[0] ? slot->why : curl_easy_strerror(code);
	bool is_whole =
		slot->timeout_ms > 0 && clock_mono_ms() - slot->started_ms >= slot->timeout_ms;

	if (code == CURLE_OPERATION_TIMEDOUT && is_whole)
		(void)sb_fail(&slot->err, SB_TIMEOUT, "%s: no whole response within %lld ms",
			      slot->where, (long long)slot->timeout_ms);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		(void)sb_fail(&slot->err, SB_TIMEOUT, "%s: cannot connect: %s", slot->where, why);
	else if (slot->tries == 0 &&
		 (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL))
		(void)sb_fail(&slot->err, SB_INVALID_ARGUMENT, "bad URL: %s", why);
	else if (code == CURLE_OUT_OF_MEMORY)
		(void)sb_fail_errno(&slot->err, SB_INTERNAL, ENOMEM, "%s", slot->where);
	else if (code == CURLE_COULDNT_CONNECT && slot->where[0] == '/')
		fail_unix(slot); /* libcurl would speak of a host and a port */
	else
		(void)sb_fail(&slot->err, SB_UPSTREAM_UNAVAILABLE, "%s: %s", slot->where, why);
}

/* ---- what libcurl asks of a request: its callbacks -------------------------------------------- */

/* A connection is ready and the request about to be written to it: the point of no return. */
static int on_ready(void *arg, char *address, char *local_address, int port, int local_port)
{
	struct http_slot *slot = arg;

	(void)address;
	(void)local_address;
	(void)port;
	(void)local_port;
	if (!slot->req)
		return CURL_PREREQFUNC_ABORT;
	if (slot->tries > 0 && !slot->may_resend) {
		(void)sb_fail(&slot->err, SB_UPSTREAM_UNAVAILABLE,
			      "%s: the connection broke before an answer came", slot->where);
		return CURL_PREREQFUNC_ABORT;
	}
	slot->tries++;
	return CURL_PREREQFUNC_OK;
}

/* One line of a head: of interim responses, the response, and its trailers. */
static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct http_slot *slot = arg;
	size_t len = size * count;
	long status = 0;

	if (!slot->req)
		return 0;
	slot->head_bytes += len;
	if (slot->head_bytes > HEAD_MAX) {
		(void)sb_fail(&slot->err, SB_TOO_LARGE, "%s: response headers over %u bytes",
			      slot->where, HEAD_MAX);
		return 0;
	}
	if (slot->status != 0 || (line[0] != '\r' && line[0] != '\n'))
		return len;
	(void)curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 && status != 101)
		return len;
	slot->status = (int)status;
	slot->req->head = slot;
	if (slot->limit)
		(void)evtimer_del(slot->limit);
	if (status >= 300 && (slot->paused & CURLPAUSE_SEND)) {
		/* libcurl sends no more of the body, but counts a paused one as unfinished */
		slot->resume |= CURLPAUSE_SEND;
		slot_wake(slot);
	}
	if (slot->req->on_head)
		slot->req->on_head(slot->req, slot->status);
	return slot->req ? len : 0;
}

static size_t gather_body(struct http_slot *slot, const char *data, size_t len)
{
	buf_add(&slot->body, data, len);
	if (!slot->body.failed)
		return len;
	if (slot->body.len + len > slot->body.limit)
		(void)sb_fail(&slot->err, SB_TOO_LARGE, "%s: response body over %zu bytes",
			      slot->where, slot->body.limit);
	else
		(void)sb_fail_errno(&slot->err, SB_INTERNAL, ENOMEM, "%s", slot->where);
	return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct http_slot *slot = arg;
	size_t len = size * count;
	bool is_taken;

	if (!slot->req)
		return 0;
	if (!slot->req->on_data)
		return gather_body(slot, data, len);
	is_taken = slot->req->on_data(slot->req, data, len);
	if (!slot->req)
		return 0;
	if (is_taken)
		return len;
	slot->paused |= CURLPAUSE_RECV;
	return CURL_WRITEFUNC_PAUSE;
}

static size_t on_upload(char *data, size_t size, size_t count, void *arg)
{
	struct http_slot *slot = arg;
	size_t room = size * count;
	ssize_t len;

	if (!slot->req)
		return CURL_READFUNC_ABORT;
	if (slot->upload_left >= 0 && (uint64_t)slot->upload_left < room)
		room = (size_t)slot->upload_left;
	if (room == 0)
		return 0;
	len = slot->req->on_upload(slot->req, data, room);
	if (!slot->req)
		return CURL_READFUNC_ABORT;
	if (len == HTTP_UPLOAD_WAIT) {
		slot->paused |= CURLPAUSE_SEND;
		return CURL_READFUNC_PAUSE;
	}
	if (len == HTTP_UPLOAD_ABORT || (len == 0 && slot->upload_left > 0)) {
		(void)sb_fail(&slot->err, SB_CANCELLED, "%s: the upload was given up", slot->where);
		return CURL_READFUNC_ABORT;
	}
	assert(len >= 0 && (size_t)len <= room);
	if (slot->upload_left > 0)
		slot->upload_left -= len;
	return (size_t)len;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct http *http = arg;
	int type = address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;

	(void)purpose;
	if (http->open_socket && address->family != AF_UNIX)
		return http->open_socket(http->open_arg, address->family, type, address->protocol);
	return socket(address->family, type, address->protocol);
}

/* ---- preparing a request ---------------------------------------------------------------------- */

#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (code == CURLE_OK)                                                              \
			code = curl_easy_setopt(easy, option, value);                              \
	} while (0)

static CURLcode set_callbacks(struct http_slot *slot)
{
	CURL *easy = slot->easy;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_PRIVATE, slot);
	SET(CURLOPT_ERRORBUFFER, slot->why);
	SET(CURLOPT_PREREQFUNCTION, on_ready);
	SET(CURLOPT_PREREQDATA, slot);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, slot);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, slot);
	SET(CURLOPT_READFUNCTION, on_upload);
	SET(CURLOPT_READDATA, slot);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(CURLOPT_OPENSOCKETDATA, slot->http);
	return code;
}

static CURLcode set_connection(struct http_slot *slot, const struct http_spec *spec)
{
	const struct http *http = slot->http;
	CURL *easy = slot->easy;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_URL, spec->url);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* never join a resolver thread: that would stop the loop */
	SET(CURLOPT_HTTP_VERSION,
	    spec->http1 ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
	/* Cleartext is HTTP/1.1 here: waiting for a connection to share would be waiting for its answer. */
	SET(CURLOPT_PIPEWAIT, !spec->http1 && strncmp(spec->url, "https:", 6) == 0 ? 1L : 0L);
	SET(CURLOPT_BUFFERSIZE, spec->http1 ? BULK_BUFFER_BYTES : BUFFER_BYTES);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, spec->http1 ? BULK_BUFFER_BYTES : BUFFER_BYTES);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_UNIX_SOCKET_PATH, spec->unix_path);
	SET(CURLOPT_PROXY, http->proxy && !spec->unix_path ? http->proxy : "");
	SET(CURLOPT_NOPROXY, http->no_proxy ? http->no_proxy : "");
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (http->ca_file)
		SET(CURLOPT_CAINFO, http->ca_file);
	SET(CURLOPT_USERAGENT, http->user_agent);
	SET(CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(spec->connect_timeout_ms ? spec->connect_timeout_ms : CONNECT_TIMEOUT_MS));
	SET(CURLOPT_TIMEOUT_MS, (long)spec->timeout_ms);
	return code;
}

static CURLcode set_method(struct http_slot *slot, const struct http_spec *spec)
{
	bool is_get = strcmp(spec->method, "GET") == 0, is_head = strcmp(spec->method, "HEAD") == 0;
	CURL *easy = slot->easy;
	CURLcode code = CURLE_OK;

	if (slot->req->on_upload) {
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)spec->upload_len);
	} else if (spec->body || strncmp(spec->method, "P", 1) == 0) { /* POST, PUT, PATCH */
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(spec->body ? spec->body_len : 0));
		SET(CURLOPT_COPYPOSTFIELDS, spec->body ? spec->body : "");
	} else if (is_head) {
		SET(CURLOPT_NOBODY, 1L);
	}
	if (!is_head)
		SET(CURLOPT_CUSTOMREQUEST, spec->method);
	slot->may_resend = (is_get || is_head || spec->may_resend) && !slot->req->on_upload;
	slot->upload_left = slot->req->on_upload ? spec->upload_len : -1;
	return code;
}

static int add_header(struct http_slot *slot, const char *line)
{
	struct curl_slist *list = curl_slist_append(slot->headers, line);

	if (!list)
		return sb_fail_errno(&slot->err, SB_INTERNAL, ENOMEM, "%s", slot->where);
	slot->headers = list;
	return 0;
}

/* "Name: value" as libcurl wants it: a header without a value ends with a semicolon there. */
static int add_caller_header(struct http_slot *slot, const char *line)
{
	size_t name_len = strcspn(line, ":");
	struct buf empty CLEANUP_BUF = {0};

	if (strpbrk(line, "\r\n") || name_len == 0 || line[name_len] != ':')
		return sb_fail(&slot->err, SB_INVALID_ARGUMENT, "%s: a malformed request header",
			       slot->where);
	if (line[name_len + 1 + strspn(line + name_len + 1, " \t")] != '\0')
		return add_header(slot, line);
	buf_add(&empty, line, name_len);
	buf_add(&empty, ";", 1);
	return add_header(slot, empty.failed ? "" : empty.data);
}

static bool is_header(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(line, name, len) == 0 && line[len] == ':';
}

/* The caller's headers and nothing that libcurl would add to them by itself. */
static int set_headers(struct http_slot *slot, const char *const *lines)
{
	bool has_type = false, has_accept = false;

	for (; lines && *lines; lines++) {
		has_type |= is_header(*lines, "Content-Type");
		has_accept |= is_header(*lines, "Accept");
		if (!is_header(*lines, "Expect") && add_caller_header(slot, *lines) < 0)
			return -1;
	}
	if ((!has_type && add_header(slot, "Content-Type:") < 0) ||
	    (!has_accept && add_header(slot, "Accept:") < 0))
		return -1;
	return add_header(slot, "Expect:");
}

/* Host and port of the URL, or the socket. */
static void set_where(struct http_slot *slot, const struct http_spec *spec)
{
	const char *host = strstr(spec->url, "://");
	const char *at;
	size_t len;

	host = host ? host + 3 : spec->url;
	len = strcspn(host, "/?#");
	at = memchr(host, '@', len);
	if (at) {
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	if (spec->unix_path)
		(void)snprintf(slot->where, sizeof(slot->where), "%s", spec->unix_path);
	else
		(void)snprintf(slot->where, sizeof(slot->where), "%.*s", (int)len, host);
}

int slot_prepare(struct http_slot *slot, const struct http_spec *spec)
{
	CURL *easy = slot->easy;
	CURLcode code = CURLE_OK;

	set_where(slot, spec);
	if (!easy)
		return sb_fail_errno(&slot->err, SB_INTERNAL, ENOMEM, "%s", slot->where);
	if (set_headers(slot, spec->headers) < 0)
		return -1;
	slot->body.limit = spec->reply_max ? spec->reply_max : REPLY_MAX;
	slot->started_ms = clock_mono_ms();
	slot->timeout_ms = spec->timeout_ms;
	if (spec->head_timeout_ms > 0 && slot_limit(slot, spec->head_timeout_ms) < 0)
		return sb_fail_errno(&slot->err, SB_INTERNAL, ENOMEM, "%s", slot->where);
	if ((code = set_callbacks(slot)) == CURLE_OK &&
	    (code = set_connection(slot, spec)) == CURLE_OK)
		code = set_method(slot, spec);
	SET(CURLOPT_HTTPHEADER, slot->headers);
	if (code != CURLE_OK)
		slot_fail_curl(slot, code);
	return code == CURLE_OK ? 0 : -1;
}
