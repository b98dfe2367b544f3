/* What a request says, and its body: taken in pieces by a handler, or gathered whole. */
#include "config.h"

#include <assert.h>

#include "daemon/base/httpd-private.h"

const char *httpd_method(const struct httpd_request *request)
{
	return request->method;
}

const char *httpd_path(const struct httpd_request *request)
{
	return request->target;
}

const char *httpd_query(const struct httpd_request *request)
{
	return request->query;
}

const char *httpd_header(const struct httpd_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection->mhd, MHD_HEADER_KIND, name);
}

struct header_visit {
	void (*each)(void *arg, const char *name, const char *value);
	void *arg;
};

static enum MHD_Result visit_header(void *arg, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	const struct header_visit *visit = arg;

	(void)kind;
	visit->each(visit->arg, name, value ? value : "");
	return MHD_YES;
}

void httpd_headers(const struct httpd_request *request,
		   void (*each)(void *arg, const char *name, const char *value), void *arg)
{
	struct header_visit visit = {each, arg};

	(void)MHD_get_connection_values(request->connection->mhd, MHD_HEADER_KIND, visit_header,
					&visit);
}

int64_t httpd_content_length(const struct httpd_request *request)
{
	const char *length = httpd_header(request, "Content-Length");

	if (httpd_header(request, "Transfer-Encoding"))
		return -1;
	return length ? strtoll(length, NULL, 10) : 0; /* libmicrohttpd has checked it */
}

void httpd_handle(struct httpd_request *request, struct httpd_handler *handler)
{
	request->handler = handler;
}

void httpd_resume_body(struct httpd_request *request)
{
	httpd_wake(request);
}

/* ---- gathering a small body ------------------------------------------------------------------ */

struct collector {
	struct httpd_handler handler;
	struct httpd_request *request;
	struct buf body;
	size_t max;
	void (*done)(void *arg, struct httpd_request *request, const char *body, size_t len);
	void *arg;
};

static size_t collector_on_body(struct httpd_handler *handler, const char *data, size_t len)
{
	struct collector *collector = container_of(handler, struct collector, handler);

	if (len > collector->max - collector->body.len)
		httpd_reply_error(collector->request, 413, "request body too large");
	else
		buf_add(&collector->body, data, len);
	return len;
}

static void collector_on_close(struct httpd_handler *handler, enum httpd_close why)
{
	struct collector *collector = container_of(handler, struct collector, handler);

	(void)why;
	buf_deinit(&collector->body);
	free(collector);
}

static void collector_on_body_end(struct httpd_handler *handler)
{
	struct collector *collector = container_of(handler, struct collector, handler);
	struct httpd_request *request = collector->request;

	request->handler = NULL; /* the collector is done; the next handler is `done`'s to choose */
	if (collector->body.failed)
		httpd_reply_error(request, 503, "out of memory");
	else
		collector->done(collector->arg, request,
				collector->body.data ? collector->body.data : "",
				collector->body.len);
	assert(request->is_replied || request->handler || request->is_aborted);
	collector_on_close(&collector->handler, HTTPD_CLOSE_DONE);
}

void httpd_collect(struct httpd_request *request, size_t max,
		   void (*done)(void *arg, struct httpd_request *request, const char *body,
				size_t len),
		   void *arg)
{
	struct collector *collector;

	assert(max <= HTTPD_BODY_MAX);
	if (httpd_content_length(request) > (int64_t)max) {
		httpd_reply_error(request, 413, "request body too large");
		return;
	}
	collector = calloc(1, sizeof(*collector));
	if (!collector) {
		httpd_abort(request);
		return;
	}
	collector->handler.on_body = collector_on_body;
	collector->handler.on_body_end = collector_on_body_end;
	collector->handler.on_close = collector_on_close;
	collector->request = request;
	collector->max = max;
	collector->done = done;
	collector->arg = arg;
	httpd_handle(request, &collector->handler);
}
