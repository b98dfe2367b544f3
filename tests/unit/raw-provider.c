/* A scripted provider for unit tests. */
#include "config.h"

#include "tests/unit/raw-provider.h"

#include <signal.h>
#include <string.h>

#include "tests/unit/unit.h"

static void hear(struct raw_conn *conn, const char *head, const char *body, size_t len)
{
	struct raw_provider *provider = conn->server->arg;

	provider->conn = conn;
	provider->heard = true;
	buf_reset(&provider->head);
	buf_add_str(&provider->head, head);
	buf_reset(&provider->body);
	buf_add(&provider->body, body, len);
	if (provider->answer)
		raw_send(conn, provider->answer);
}

int raw_provider_set_up(void **state)
{
	struct raw_provider *provider = calloc(1, sizeof(*provider));
	struct http_options options = {0};
	struct sb_error err = {0};

	assert_non_null(provider);
	(void)signal(SIGPIPE, SIG_IGN);
	provider->base = event_base_new();
	raw_server_init(&provider->server, provider->base);
	provider->server.arg = provider;
	provider->server.on_request = hear;
	assert_int_equal(http_global_init(&err), 0);
	provider->http = http_new(provider->base, &options, &err);
	assert_non_null(provider->http);
	provider->upstream = (struct upstream){
		.api_url = "http://api.test",
		.api_unix = provider->server.path,
		.sandbox_url = "http://localhost",
		.sandbox_unix = provider->server.path,
		.domain = "e2b.app",
		.api_key = "e2b_00ff",
		.http = provider->http,
	};
	*state = provider;
	return 0;
}

int raw_provider_tear_down(void **state)
{
	struct raw_provider *provider = *state;
	struct http_stats stats;

	http_get_stats(provider->http, &stats);
	(void)http_free(provider->http);
	raw_server_deinit(&provider->server);
	event_base_free(provider->base);
	buf_deinit(&provider->head);
	buf_deinit(&provider->body);
	free(provider);
	return stats.in_flight == 0 ? 0 : -1;
}

void raw_provider_expect(struct raw_provider *provider, const char *answer)
{
	provider->heard = false;
	provider->answer = answer;
	buf_reset(&provider->head);
	buf_reset(&provider->body);
}

const char *raw_answer(struct buf *out, int status, const char *headers, const char *body)
{
	buf_reset(out);
	buf_printf(out, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body),
		   headers, body);
	return out->data;
}

void assert_said(const struct raw_provider *provider, const char *part)
{
	if (!strstr(provider->head.data, part))
		fail_msg("\"%s\" is not in\n%s", part, provider->head.data);
}

void assert_not_said(const struct raw_provider *provider, const char *part)
{
	if (strstr(provider->head.data, part))
		fail_msg("\"%s\" is in\n%s", part, provider->head.data);
}
