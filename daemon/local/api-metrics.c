/* What sandboxes use (wire §1.13). */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/httpd.h"
#include "daemon/base/uri.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/api.h"
#include "daemon/local/box.h"
#include "daemon/local/engine.h"
#include "daemon/local/usage.h"

#define US_PER_S      INT64_C(1000000)
#define MILLISECONDS  INT64_C(100000000000) /* a larger time is one in milliseconds */
#define TIME_MAX      INT64_C(100000000000000)
#define SANDBOXES_MAX 100

struct range { /* seconds since the epoch, both inclusive */
	int64_t start_s, end_s;
};

/* A query's time; -1 when it is none, and `*at` as it was when it is not given. */
static int parse_time(const char *query, const char *name, int64_t *at)
{
	bool is_there;
	char *text CLEANUP_FREE = uri_query_get(query, name, &is_there);
	char *end;
	long long number;

	if (!text)
		return is_there ? -1 : 0;
	number = strtoll(text, &end, 10);
	if (end == text || *end || number < 0 || number > TIME_MAX)
		return -1;
	*at = number > MILLISECONDS ? number / 1000 : number;
	return 0;
}

static int parse_range(struct api_call *call, struct range *ret)
{
	struct range range = {0, INT64_MAX};
	const char *query = httpd_query(call->request);

	if (parse_time(query, "start", &range.start_s) < 0 ||
	    parse_time(query, "end", &range.end_s) < 0) {
		httpd_reply_error(call->request, 400,
				  "start and end must be times in seconds since 1970");
		return -1;
	}
	if (range.start_s > range.end_s) {
		httpd_reply_error(call->request, 400, "start is after end");
		return -1;
	}
	*ret = range;
	return 0;
}

static void add_sample(struct buf *json, const struct box *box, const struct usage_sample *sample)
{
	char timestamp[CLOCK_TEXT_SIZE];
	const struct wire_sandbox_metric metric = {
		.timestamp = clock_format(sample->at_us, timestamp),
		.timestamp_unix = sample->at_us / US_PER_S,
		.cpu_count = usage_cpu_count(box->engine),
		.cpu_used_pct = sample->cpu_percent,
		.mem_used = sample->memory_bytes,
		.mem_total = sample->memory_limit_bytes ? sample->memory_limit_bytes
							: usage_memory_bytes(box->engine),
		.mem_cache = sample->cache_bytes,
		.disk_used = sample->disk_used_bytes,
		.disk_total = sample->disk_total_bytes,
		.processes = sample->processes,
		.refused_packets = sample->refused_packets,
	};

	fields_encode(&wire_sandbox_metric_type, FIELDS_E2B, &metric, json);
}

static bool is_within(const struct usage_sample *sample, const struct range *range)
{
	int64_t at_s = sample->at_us / US_PER_S;

	return at_s >= range->start_s && at_s <= range->end_s;
}

static void add_samples(struct buf *json, const struct box *box, const struct range *range)
{
	const struct usage_sample *sample;
	struct usage_sample now;
	const char *comma = "";

	for (unsigned i = 0; (sample = usage_get(&box->usage, i)); i++) {
		if (!is_within(sample, range))
			continue;
		buf_add_str(json, comma);
		add_sample(json, box, sample);
		comma = ",";
	}
	if (usage_now(box, &now) && is_within(&now, range)) {
		buf_add_str(json, comma);
		add_sample(json, box, &now);
	}
}

/* An unknown sandbox has no metrics: no error (wire §1.13). */
void api_metrics(struct api_call *call)
{
	struct buf json CLEANUP_BUF = {0};
	struct box *box = engine_find_box(call->engine, call->word);
	struct range range;

	if (parse_range(call, &range) < 0)
		return;
	buf_add_str(&json, "[");
	if (box && box->state == BOX_RUNNING)
		add_samples(&json, box, &range);
	buf_add_str(&json, "]");
	api_reply_json(call->request, 200, NULL, &json);
}

/* "id": its newest sample. */
static void add_newest(struct buf *json, const struct box *box)
{
	const struct usage_sample *newest =
		box->usage.count ? usage_get(&box->usage, box->usage.count - 1) : NULL;
	struct usage_sample now;

	if (usage_now(box, &now))
		newest = &now;
	if (!newest)
		return;
	buf_printf(json, "%s\"%s\":", json->data[json->len - 1] == '{' ? "" : ",", box->record.id);
	add_sample(json, box, newest);
}

void api_metrics_of_many(struct api_call *call)
{
	struct buf json CLEANUP_BUF = {0};
	bool is_there;
	char *ids CLEANUP_FREE =
		uri_query_get(httpd_query(call->request), "sandbox_ids", &is_there);
	char *rest = ids, *id;
	unsigned count = 0;

	if (!ids) {
		httpd_reply_error(call->request, 400, "sandbox_ids is missing");
		return;
	}
	buf_add_str(&json, "{\"sandboxes\":{");
	while (!json.failed && (id = strsep(&rest, ","))) {
		struct box *box = engine_find_box(call->engine, id);

		if (++count > SANDBOXES_MAX) {
			httpd_reply_error(call->request, 400, "at most %d sandbox_ids",
					  SANDBOXES_MAX);
			return;
		}
		if (box && box->state == BOX_RUNNING)
			add_newest(&json, box);
	}
	buf_add_str(&json, "}}");
	api_reply_json(call->request, 200, NULL, &json);
}
