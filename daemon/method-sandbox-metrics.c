/* sandbox.metrics: the provider's samples of what a sandbox used. */
#include "config.h"

#include "daemon/base/clock.h"
#include "daemon/method.h"
#include "daemon/registry.h"
#include "daemon/remote.h"
#include "daemon/sandbox.h"
#include "protocol/types.h"

#define US_PER_S 1000000

enum metrics_step { METRICS_READY, METRICS_ASK, METRICS_ASKED };

static const char *const metrics_steps[] = {"ready", "ask", "asked", NULL};

struct metrics_op {
	struct op op;
	struct remote remote;
	struct sandbox *sandbox;
	int64_t start_us, end_us;  /* INT64_MAX: up to now */
	struct list_value samples; /* of struct wire_sandbox_metric */
};

/* Exactly what was asked for, whatever the provider rounds seconds to. Strings stay the sample's. */
static bool take_sample(const struct metrics_op *m, const struct wire_sandbox_metric *sample,
			struct sandbox_metric *ret)
{
	int64_t at_us;

	if (!sample->timestamp || clock_parse(sample->timestamp, &at_us) < 0 ||
	    at_us < m->start_us || at_us > m->end_us)
		return false;
	*ret = (struct sandbox_metric){
		.timestamp = sample->timestamp,
		.cpu_count = sample->cpu_count,
		.cpu_used_pct = sample->cpu_used_pct,
		.mem_used = sample->mem_used,
		.mem_total = sample->mem_total,
		.mem_cache = sample->mem_cache,
		.disk_used = sample->disk_used,
		.disk_total = sample->disk_total,
		.processes = sample->processes,
		.refused_packets = sample->refused_packets,
	};
	return true;
}

static enum op_next metrics_asked(struct metrics_op *m)
{
	const struct wire_sandbox_metric *samples = m->samples.items;
	CLEANUP_FREE struct sandbox_metric *items = NULL;
	struct sandbox_metrics_result result = {0};
	struct sb_error *err = &m->remote.api.err;

	if (err->code == SB_SANDBOX_NOT_FOUND && sandbox_is_there(m->sandbox))
		sandbox_recheck(m->sandbox, 0);
	if (err->code)
		return op_fail(&m->op, err);
	items = calloc(m->samples.count + 1, sizeof(*items));
	if (!items) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return op_fail(&m->op, err);
	}
	result.metrics.items = items;
	for (size_t i = 0; i < m->samples.count; i++)
		result.metrics.count += take_sample(m, &samples[i], &items[result.metrics.count]);
	return op_reply(&m->op, &result);
}

static enum op_next metrics_run(struct op *op)
{
	struct metrics_op *m = container_of(op, struct metrics_op, op);
	bool is_open = m->end_us == INT64_MAX;

	switch ((enum metrics_step)op->step) {
	case METRICS_READY:
		return remote_ready(&m->remote, METRICS_ASK);
	case METRICS_ASK:
		if (m->remote.wait.err.code)
			return op_fail(op, &m->remote.wait.err);
		api_metrics(&m->sandbox->provider->upstream, remote_call(&m->remote),
			    m->sandbox->row.id, m->start_us / US_PER_S,
			    is_open ? 0 : m->end_us / US_PER_S + 1, &m->samples);
		return op_wait(op, METRICS_ASKED);
	case METRICS_ASKED:
		return metrics_asked(m);
	}
	abort();
}

static void metrics_release(struct op *op)
{
	struct metrics_op *m = container_of(op, struct metrics_op, op);

	remote_cancel(&m->remote);
	fields_free_list(&wire_sandbox_metric_type, &m->samples);
	sandbox_unpin(m->sandbox);
	free(m);
}

static const struct op_type metrics_type = {
	"sandbox.metrics", metrics_steps, metrics_run, NULL, NULL, metrics_release,
};

static int parse_range(const struct sandbox_metrics_params *params, int64_t *ret_start,
		       int64_t *ret_end, struct sb_error *err)
{
	int64_t start = 0, end = INT64_MAX;

	if (params->start && (clock_parse(params->start, &start) < 0 || start < 0))
		return sb_fail(err, SB_INVALID_PARAMS, "params.start: must be an RFC 3339 time");
	if (params->end && (clock_parse(params->end, &end) < 0 || end < 0))
		return sb_fail(err, SB_INVALID_PARAMS, "params.end: must be an RFC 3339 time");
	if (start > end)
		return sb_fail(err, SB_INVALID_PARAMS, "params.start: is after params.end");
	*ret_start = start;
	*ret_end = end;
	return 0;
}

struct call_done *method_sandbox_metrics(struct call *call)
{
	const struct sandbox_metrics_params *params = call->params;
	struct sb_error err = {0};
	struct sandbox *sandbox;
	struct metrics_op *m;
	int64_t start_us = 0, end_us = INT64_MAX;

	if (parse_range(params, &start_us, &end_us, &err) < 0)
		return call_fail(call, &err);
	sandbox = registry_get_any(call->server->registry, params->sandbox_id, &call->peer, &err);
	if (!sandbox)
		return call_fail(call, &err);
	m = calloc(1, sizeof(*m));
	if (!m)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	m->sandbox = sandbox;
	m->start_us = start_us;
	m->end_us = end_us;
	sandbox_pin(sandbox);
	op_init(&m->op, &metrics_type, call->server, params->request_timeout);
	remote_init(&m->remote, &m->op, sandbox->provider);
	return call_later(call, &m->op);
}
