/* What the tests of http.c share. */
#include "config.h"

#include "tests/unit/http-call.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

void hear(struct raw_conn *conn, const char *head, const char *body, size_t len)
{
	struct fixture *f = conn->server->arg;

	f->conn = conn;
	f->heard = true;
	buf_add_str(&f->heads, head);
	buf_reset(&f->body);
	buf_add(&f->body, body, len);
	if (f->answer)
		raw_send(conn, f->answer);
}

int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct http_options options = {0};
	struct sb_error err = {0};

	(void)signal(SIGPIPE, SIG_IGN);
	f->base = event_base_new();
	raw_server_init(&f->server, f->base);
	f->server.arg = f;
	f->server.on_request = hear;
	assert_int_equal(http_global_init(&err), 0);
	f->http = http_new(f->base, &options, &err);
	assert_non_null(f->http);
	*state = f;
	return 0;
}

int tear_down(void **state)
{
	struct fixture *f = *state;

	f->http = http_free(f->http);
	raw_server_deinit(&f->server);
	event_base_free(f->base);
	buf_deinit(&f->heads);
	buf_deinit(&f->body);
	free(f);
	return 0;
}

static void on_done(struct http_req *req, const struct http_reply *reply)
{
	struct call *call = container_of(req, struct call, req);
	const char *seen = http_header(req, "sEEN");

	assert_false(call->done);
	assert_null(req->slot);
	call->done = true;
	call->status = reply->status;
	call->err = *reply->err;
	call->sent_nothing = reply->sent_nothing;
	call->was_reused = reply->was_reused;
	if (reply->body_len > 0)
		buf_add(&call->body, reply->body, reply->body_len);
	(void)snprintf(call->seen, sizeof(call->seen), "%s", seen ? seen : "(none)");
}

static void on_head(struct http_req *req, int status)
{
	struct call *call = container_of(req, struct call, req);

	call->head_status = status;
	if (call->cancels)
		http_cancel(req);
}

bool on_data(struct http_req *req, const char *data, size_t len)
{
	struct call *call = container_of(req, struct call, req);

	if (call->cancels) {
		http_cancel(req);
		return true;
	}
	if (call->refuses) {
		call->was_refused = true;
		return false;
	}
	buf_add(&call->body, data, len);
	return true;
}

ssize_t on_upload(struct http_req *req, char *data, size_t size)
{
	struct call *call = container_of(req, struct call, req);
	size_t len;

	call->upload_asked = true;
	if (call->cancels) {
		http_cancel(req);
		return 0;
	}
	if (call->upload_aborts)
		return HTTP_UPLOAD_ABORT;
	if (call->upload_waits)
		return HTTP_UPLOAD_WAIT;
	len = strlen(call->upload);
	if (len > size)
		len = size;
	memcpy(data, call->upload, len);
	call->upload += len;
	return (ssize_t)len;
}

void call_init(struct call *call, struct fixture *f)
{
	*call = (struct call){.req = {.on_head = on_head, .done = on_done}, .f = f};
}

void start(struct call *call, struct http_spec spec)
{
	if (!spec.method)
		spec.method = "GET";
	if (!spec.url) {
		spec.url = "http://one.sandbox/x";
		spec.unix_path = call->f->server.path;
	}
	http_start(call->f->http, &call->req, &spec);
	assert_false(call->done); /* no callback before return */
	assert_non_null(call->req.slot);
}

void finish(struct call *call)
{
	run_until(call->f->base, &call->done);
}

void assert_body(const struct call *call, const char *text)
{
	assert_string_equal(call->body.data ? call->body.data : "", text);
}
