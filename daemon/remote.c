/* Waiting for the provider, for operations. */
#include "config.h"

#include "daemon/remote.h"

#include "daemon/base/clock.h"

#define NO_DEADLINE_MS (10 * 60 * 1000)
#define GRACE_MS       30000 /* an answer that comes after the caller was told tells what to undo */

static void on_ready(struct provider_wait *wait)
{
	op_run(container_of(wait, struct remote, wait)->op);
}

static void on_answer(struct api_call *api)
{
	struct remote *remote = container_of(api, struct remote, api);

	provider_note(remote->provider, &api->err);
	op_run(remote->op);
}

void remote_init(struct remote *remote, struct op *op, struct provider *provider)
{
	*remote = (struct remote){.op = op,
				  .provider = provider,
				  .wait = {.done = on_ready},
				  .api = {.done = on_answer}};
}

enum op_next remote_ready(struct remote *remote, int step)
{
	provider_ready(remote->provider, &remote->wait);
	return op_wait(remote->op, step);
}

struct api_call *remote_call(struct remote *remote)
{
	int64_t left_ms = remote->op->deadline_ms == INT64_MAX
				  ? NO_DEADLINE_MS
				  : remote->op->deadline_ms - clock_mono_ms();

	remote->api.timeout_ms = (left_ms > 0 ? left_ms : 0) + GRACE_MS;
	return &remote->api;
}

void remote_cancel(struct remote *remote)
{
	provider_wait_cancel(&remote->wait);
	api_cancel(&remote->api);
}

int64_t remote_seconds(double seconds)
{
	int64_t whole = (int64_t)seconds;

	return (double)whole < seconds ? whole + 1 : whole;
}
