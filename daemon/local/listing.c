/* Queries of the list, metadata in its three layers of encoding, and cursors. */
#include "config.h"

#include "daemon/local/listing.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/uri.h"
#include "protocol/base64.h"

#define SEPARATOR "__"
#define ASCENDING "asc"

void listing_deinit(struct listing *listing)
{
	free(listing->cursor_id);
	free(listing->template);
	string_map_free(&listing->metadata);
	*listing = (struct listing){0};
}

/* ---- metadata -------------------------------------------------------------------------------- */

static int metadata_fail(struct sb_error *err)
{
	return sb_fail(err, SB_INVALID_ARGUMENT, "Invalid metadata: malformed encoding");
}

/* Innermost layer: one "key=value", each encoded by itself. */
static int parse_pair(const char *pair, size_t len, struct string_map *ret, struct sb_error *err)
{
	const char *equals = memchr(pair, '=', len);
	size_t key_len = equals ? (size_t)(equals - pair) : len;
	struct buf key CLEANUP_BUF = {0}, value CLEANUP_BUF = {0};

	buf_add_str(&value, "");
	if (uri_decode(&key, pair, key_len, true) < 0 ||
	    (equals && uri_decode(&value, equals + 1, len - key_len - 1, true) < 0))
		return metadata_fail(err);
	if (!key.data || !value.data || strlen(key.data) != key.len ||
	    strlen(value.data) != value.len)
		return metadata_fail(err);
	if (string_map_add(ret, key.data, value.data) < 0)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "metadata");
	return 0;
}

/* The value of `metadata` after the query's own decoding, to pairs. */
static int parse_metadata(const char *text, struct listing *ret, struct sb_error *err)
{
	struct buf plain CLEANUP_BUF = {0};
	const char *at;

	if (uri_decode(&plain, text, strlen(text), true) < 0)
		return metadata_fail(err);
	for (at = plain.data; at && *at;) {
		size_t len = strcspn(at, "&");

		if (len > 0 && parse_pair(at, len, &ret->metadata, err) < 0)
			return -1;
		at += len;
		at += *at == '&';
	}
	return 0;
}

/* ---- cursors --------------------------------------------------------------------------------- */

static void replace(char *text, char from, char to)
{
	for (; (text = strchr(text, from)); text++)
		*text = to;
}

void listing_cursor(const struct listing *listing, const struct record *last, struct buf *out)
{
	struct buf plain CLEANUP_BUF = {0}, text CLEANUP_BUF = {0};
	char started[CLOCK_TEXT_SIZE];

	buf_printf(&plain, "%s" SEPARATOR "%s", clock_format(last->started_us, started), last->id);
	if (listing->is_ascending)
		buf_add_str(&plain, SEPARATOR ASCENDING);
	if (plain.failed) {
		out->failed = true;
		return;
	}
	base64_encode(&text, plain.data, plain.len);
	if (text.failed) {
		out->failed = true;
		return;
	}
	replace(text.data, '+', '-');
	replace(text.data, '/', '_');
	buf_add(out, text.data, strcspn(text.data, "="));
}

static int parse_cursor(const char *text, struct listing *ret, struct sb_error *err)
{
	struct buf plain CLEANUP_BUF = {0};
	char *id, *order;

	if (base64_decode(&plain, text, strlen(text)) < 0 || !plain.data ||
	    strlen(plain.data) != plain.len)
		return sb_fail(err, SB_INVALID_ARGUMENT, "Invalid next token: not a cursor");
	id = strstr(plain.data, SEPARATOR);
	if (!id)
		return sb_fail(err, SB_INVALID_ARGUMENT, "Invalid next token: not a cursor");
	*id = '\0';
	id += strlen(SEPARATOR);
	order = strstr(id, SEPARATOR);
	if (order) {
		*order = '\0';
		order += strlen(SEPARATOR);
	}
	if (!*id || (order && strcmp(order, ASCENDING) != 0) ||
	    clock_parse(plain.data, &ret->cursor_us) < 0)
		return sb_fail(err, SB_INVALID_ARGUMENT, "Invalid next token: not a cursor");
	if ((order != NULL) != ret->is_ascending)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "Invalid next token: made under another order");
	ret->has_cursor = true;
	ret->cursor_id = strdup(id);
	return ret->cursor_id ? 0 : sb_fail_errno(err, SB_INTERNAL, ENOMEM, "cursor");
}

/* ---- parameters ------------------------------------------------------------------------------ */

static int parse_states(const char *text, struct listing *ret, struct sb_error *err)
{
	ret->has_running = false;
	while (*text) {
		size_t len = strcspn(text, ",");

		if (len == strlen("running") && memcmp(text, "running", len) == 0)
			ret->has_running = true;
		else if (len != strlen("paused") || memcmp(text, "paused", len) != 0)
			return sb_fail(err, SB_INVALID_ARGUMENT,
				       "validation error: state: must be running or paused");
		text += len;
		text += *text == ',';
	}
	return 0;
}

static int parse_order(const char *text, struct listing *ret, struct sb_error *err)
{
	ret->is_ascending = strcmp(text, "asc") == 0;
	if (!ret->is_ascending && strcmp(text, "desc") != 0)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "validation error: order: must be asc or desc");
	return 0;
}

static int parse_started_after(const char *text, struct listing *ret, struct sb_error *err)
{
	if (clock_parse(text, &ret->started_after_us) < 0)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "validation error: startedAfter: must be a time of RFC 3339");
	return 0;
}

static int parse_limit(const char *text, struct listing *ret, struct sb_error *err)
{
	char *end;
	long limit = strtol(text, &end, 10);

	if (end == text || *end || limit < 1 || limit > LISTING_LIMIT_MAX)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "validation error: limit: must be between 1 and %d",
			       LISTING_LIMIT_MAX);
	ret->limit = limit;
	return 0;
}

static int parse_template(const char *text, struct listing *ret, struct sb_error *err)
{
	ret->template = strdup(text);
	return ret->template ? 0 : sb_fail_errno(err, SB_INTERNAL, ENOMEM, "template");
}

int listing_parse(const char *query, int version, struct listing *ret, struct sb_error *err)
{
	static const struct {
		const char *name;
		int since;
		int (*parse)(const char *text, struct listing *ret, struct sb_error *err);
	} parameters[] = {
		{"metadata", 1, parse_metadata},
		{"state", 2, parse_states},
		{"order", 2, parse_order}, /* before the cursor, which depends on it */
		{"startedAfter", 2, parse_started_after},
		{"template", 2, parse_template},
		{"limit", 2, parse_limit},
		{"nextToken", 2, parse_cursor},
	};

	*ret = (struct listing){.has_running = true,
				.limit = version == 1 ? INT32_MAX : LISTING_LIMIT_MAX,
				.started_after_us = INT64_MIN};
	for (size_t i = 0; i < ARRAY_SIZE(parameters) && parameters[i].since <= version; i++) {
		bool is_there;
		char *text CLEANUP_FREE = uri_query_get(query, parameters[i].name, &is_there);
		int result = 0;

		if (text && *text)
			result = parameters[i].parse(text, ret, err);
		else if (is_there && !text)
			result = sb_fail(err, SB_INVALID_ARGUMENT,
					 "validation error: %s: malformed encoding",
					 parameters[i].name);
		if (result < 0) {
			listing_deinit(ret);
			return -1;
		}
	}
	return 0;
}

/* ---- records --------------------------------------------------------------------------------- */

bool listing_fits(const struct listing *listing, const struct record *record)
{
	if (!listing->has_running || record->started_us < listing->started_after_us)
		return false;
	if (listing->template && strcmp(listing->template, record->template_id) != 0)
		return false;
	for (size_t i = 0; i < listing->metadata.count; i++) {
		const struct string_pair *wanted = &listing->metadata.items[i];
		const char *value = string_map_get(&record->metadata, wanted->key);

		if (!value || strcmp(value, wanted->value) != 0)
			return false;
	}
	return true;
}

static int compare(const struct listing *listing, int64_t us, const char *id, int64_t other_us,
		   const char *other_id)
{
	if (us == other_us)
		return strcmp(id, other_id);
	return (us < other_us) == listing->is_ascending ? -1 : 1;
}

int listing_compare(const struct listing *listing, const struct record *a, const struct record *b)
{
	return compare(listing, a->started_us, a->id, b->started_us, b->id);
}

bool listing_is_due(const struct listing *listing, const struct record *record)
{
	return !listing->has_cursor || compare(listing, record->started_us, record->id,
					       listing->cursor_us, listing->cursor_id) > 0;
}
