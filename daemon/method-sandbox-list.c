/*
 * sandbox.list: from memory, newest first. The token is the number of the last row given: numbers only
 * grow, so what comes and goes between two pages moves nothing.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/method.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "protocol/base64.h"
#include "protocol/types.h"

#define TOKEN_FORMAT "before:%" PRId64

static bool has_labels(const struct sandbox *sandbox, const struct string_map *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const char *value = string_map_get(&sandbox->row.metadata, wanted->items[i].key);

		if (!value || strcmp(value, wanted->items[i].value) != 0)
			return false;
	}
	return true;
}

static bool matches(const struct sandbox *sandbox, const struct sandbox_list_params *params,
		    const struct peer *peer)
{
	if (!sandbox_is_there(sandbox) || !sandbox_allows(sandbox, peer))
		return false;
	switch ((enum sandbox_list_state)params->state) {
	case SANDBOX_LIST_ANY:
		break;
	case SANDBOX_LIST_RUNNING:
		if (sandbox->state != SANDBOX_RUNNING)
			return false;
		break;
	case SANDBOX_LIST_PAUSED:
		if (sandbox->state != SANDBOX_PAUSED)
			return false;
		break;
	}
	return has_labels(sandbox, &params->metadata);
}

/* Returns new; NULL when out of memory. */
static char *token_make(int64_t number)
{
	struct buf out CLEANUP_BUF = {0};
	char text[40];
	int len = snprintf(text, sizeof(text), TOKEN_FORMAT, number);

	base64_encode(&out, text, (size_t)len);
	return buf_steal(&out);
}

/* Only the very text that we would make. */
static int token_read(const char *token, int64_t *ret_number)
{
	struct buf text CLEANUP_BUF = {0};
	CLEANUP_FREE char *same = NULL;
	int64_t number;

	if (base64_decode(&text, token, strlen(token)) < 0 || text.failed || !text.data ||
	    sscanf(text.data, TOKEN_FORMAT, &number) != 1)
		return -1;
	same = token_make(number);
	if (!same || strcmp(same, token) != 0)
		return -1;
	*ret_number = number;
	return 0;
}

struct call_done *method_sandbox_list(struct call *call)
{
	const struct sandbox_list_params *params = call->params;
	CLEANUP_FREE struct sandbox_info *items = calloc((size_t)params->limit, sizeof(*items));
	CLEANUP_FREE char *next_token = NULL;
	struct sandbox_list_result result = {.sandboxes = {.items = items}};
	int64_t before = INT64_MAX, last = 0;
	bool is_more = false;

	if (!items)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	if (params->next_token && token_read(params->next_token, &before) < 0)
		return call_fail_code(call, SB_INVALID_PARAMS,
				      "params.next_token: is none that sandbox.list gave");
	for (struct sandbox *sandbox = registry_next(call->server->registry, NULL); sandbox;
	     sandbox = registry_next(call->server->registry, sandbox)) {
		if (sandbox->row.number >= before || !matches(sandbox, params, &call->peer))
			continue;
		is_more = result.sandboxes.count == (size_t)params->limit;
		if (is_more)
			break;
		sandbox_info_fill(sandbox, &items[result.sandboxes.count++]);
		last = sandbox->row.number;
	}
	if (is_more) {
		next_token = token_make(last);
		if (!next_token)
			return call_fail_code(call, SB_INTERNAL, "out of memory");
	}
	result.next_token = next_token;
	return call_reply(call, &result);
}
