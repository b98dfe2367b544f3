/*
 * POST /sandboxes (wire §1.5): what is asked is checked first, then a box comes up, then its caller is told.
 *
 * SDKs from 2.51 (JS) and 2.63 (Python) on use POST /v2/sandboxes: the same, but for a timeout of 300 s when none is
 * given and access that is always secured.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/api.h"
#include "daemon/local/box.h"
#include "daemon/local/engine.h"

#define TIMEOUT_DEFAULT_S    15
#define TIMEOUT_DEFAULT_V2_S 300

/* ---- what is asked --------------------------------------------------------------------------- */

/* "[namespace/]name[:tag]" (wire §1.4), lowered in place. Returns where the name is; NULL when malformed. */
static const char *reference_name(char *reference, const char **ret_namespace, const char **ret_tag)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	char *name = reference, *tag, *slash;

	for (char *c = reference; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	slash = strchr(reference, '/');
	if (slash) {
		*slash = '\0';
		name = slash + 1;
		if (!*reference || reference[strspn(reference, letters)])
			return NULL;
	}
	*ret_namespace = slash ? reference : NULL;
	tag = strchr(name, ':');
	if (tag) {
		*tag++ = '\0';
		if (!*tag || strspn(tag, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != strlen(tag))
			return NULL;
	}
	*ret_tag = tag;
	return *name && !name[strspn(name, letters)] ? name : NULL;
}

/* 0 for a template that is there; else an HTTP status, after replying it. */
static int check_template(struct httpd_request *request, const char *asked)
{
	char *reference CLEANUP_FREE = strdup(asked);
	const char *namespace = NULL, *tag = NULL, *name;

	name = reference ? reference_name(reference, &namespace, &tag) : NULL;
	if (!name) {
		httpd_reply_error(request, 400, "Invalid template reference: %s", asked);
		return -1;
	}
	if (namespace || strcmp(name, API_TEMPLATE) != 0 || (tag && strcmp(tag, "default") != 0)) {
		httpd_reply_error(request, 404, "template '%s' not found", asked);
		return -1;
	}
	return 0;
}

/* Text of a JSON value that asks for nothing. */
static bool is_nothing(const char *json)
{
	return !json || strcmp(json, "{}") == 0 || strcmp(json, "[]") == 0 ||
	       strcmp(json, "null") == 0;
}

/* What would change behaviour and cannot be had here, by its name on the wire; NULL when there is nothing. */
static const char *unsupported_wish(const struct wire_new_sandbox *asked)
{
	if (asked->auto_pause)
		return "autoPause";
	if (asked->auto_resume && asked->auto_resume->enabled)
		return "autoResume";
	if (!is_nothing(asked->volume_mounts))
		return "volumeMounts";
	if (!is_nothing(asked->iam))
		return "iam";
	return NULL;
}

static int check_asked(struct httpd_request *request, struct wire_new_sandbox *asked)
{
	const char *wish = unsupported_wish(asked);

	if (asked->timeout_s <= 0) {
		httpd_reply_error(request, 400, "Timeout must be greater than 0");
		return -1;
	}
	if (asked->timeout_s > INT32_MAX) {
		httpd_reply_error(request, 400, "validation error: body.timeout: out of range");
		return -1;
	}
	if (!asked->auto_pause_memory && !asked->auto_pause) {
		httpd_reply_error(request, 400, "autoPauseMemory: false needs autoPause");
		return -1;
	}
	if (wish) {
		httpd_reply_error(request, 501, "the local engine does not support %s", wish);
		return -1;
	}
	return check_template(request, asked->template_id);
}

/* ---- the one who waits ----------------------------------------------------------------------- */

struct creation {
	struct httpd_handler handler;
	struct box_watch watch;
	struct httpd_request *request;
	struct box *box;
};

static void reply_failure(struct httpd_request *request, const char *why)
{
	char code[] = "sandbox_create_failed", message[640];
	const struct wire_rest_error error = {500, message, code};

	(void)snprintf(message, sizeof(message), "Failed to create sandbox: %s", why);
	api_reply(request, 500, &wire_rest_error_type, &error);
}

static void on_change(struct box_watch *watch, struct box *box)
{
	struct creation *creation = container_of(watch, struct creation, watch);

	box_watch_stop(watch);
	if (box->state == BOX_RUNNING)
		api_reply_sandbox(creation->request, 201, box);
	else
		reply_failure(creation->request, box->why.code ? box->why.text : "it was killed");
}

static void on_close(struct httpd_handler *handler, enum httpd_close why)
{
	struct creation *creation = container_of(handler, struct creation, handler);

	(void)why;
	if (box_watch_is_on(&creation->watch)) {
		box_watch_stop(&creation->watch);
		box_end(creation->box, "its creator left");
	}
	free(creation);
}

/* Takes what it can from `asked`; `policy` is taken. */
static int record_make(struct wire_new_sandbox *asked, struct policy *policy, struct record *ret)
{
	char id[IDS_SIZE];

	ret->id = strdup(ids_make(id));
	ret->template_id = strdup(API_TEMPLATE);
	ret->metadata = asked->metadata;
	ret->env_vars = asked->env_vars;
	asked->metadata = (struct string_map){0};
	asked->env_vars = (struct string_map){0};
	ret->is_secure = asked->secure;
	ret->policy = *policy;
	*policy = (struct policy){0};
	ret->timeout_s = asked->timeout_s;
	return ret->id && ret->template_id ? 0 : -1;
}

static struct box *make_box(struct engine *engine, struct wire_new_sandbox *asked,
			    struct policy *policy, struct sb_error *err)
{
	struct record record = {0};
	struct box *box = NULL;
	uint32_t base;

	if (record_make(asked, policy, &record) < 0)
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "sandbox");
	else
		box = box_new(engine, &record, err);
	record_deinit(&record); /* empty when the box has it */
	if (!box)
		return NULL;
	if (ids_ranges_take(&engine->ranges, &base) < 0) {
		(void)sb_fail(err, SB_OVERLOADED, "%u sandboxes are the most", IDS_RANGE_COUNT);
		return box_free(box);
	}
	box->record.id_base = base;
	return box;
}

static void create_with(struct api_call *call, struct wire_new_sandbox *asked,
			struct policy *policy)
{
	struct creation *creation;
	struct sb_error err = {0};
	struct box *box;

	if (!engine_is_able(call->engine)) {
		reply_failure(call->request, call->engine->unable.text);
		return;
	}
	creation = calloc(1, sizeof(*creation));
	box = creation ? make_box(call->engine, asked, policy, &err) : NULL;
	if (!box) {
		free(creation);
		if (err.code == SB_OVERLOADED)
			httpd_reply_error(call->request, 429,
					  "you have reached the maximum number of concurrent E2B "
					  "sandboxes (%u)",
					  IDS_RANGE_COUNT);
		else
			reply_failure(call->request, err.code ? err.text : "out of memory");
		return;
	}
	creation->handler.on_close = on_close;
	creation->request = call->request;
	creation->box = box;
	box_watch_init(&creation->watch, on_change);
	box_watch_start(&creation->watch, box);
	httpd_handle(call->request, &creation->handler);
	box_start(box);
}

static void create(struct api_call *call, struct wire_new_sandbox *asked)
{
	struct policy policy = {0};
	struct sb_error err = {0};

	if (check_asked(call->request, asked) < 0)
		return;
	if (policy_make(asked->network, asked->allow_internet_access, asked->secure, &policy,
			&err) < 0)
		api_reply_failure(call->request, &err);
	else
		create_with(call, asked, &policy);
	policy_deinit(&policy);
}

void api_create(struct api_call *call)
{
	struct wire_new_sandbox asked = {0};

	if (api_decode(call, &wire_new_sandbox_type, false, &asked) < 0)
		return;
	if (asked.timeout_s == WIRE_UNSET)
		asked.timeout_s = TIMEOUT_DEFAULT_S;
	create(call, &asked);
	fields_free(&wire_new_sandbox_type, &asked);
}

void api_create_v2(struct api_call *call)
{
	struct wire_new_sandbox asked = {0};

	if (httpd_header(call->request, "Idempotency-Key")) {
		httpd_reply_error(call->request, 501,
				  "the local engine does not support Idempotency-Key");
		return;
	}
	if (api_decode(call, &wire_new_sandbox_type, false, &asked) < 0)
		return;
	asked.secure = true;
	if (asked.timeout_s == WIRE_UNSET)
		asked.timeout_s = TIMEOUT_DEFAULT_V2_S;
	create(call, &asked);
	fields_free(&wire_new_sandbox_type, &asked);
}
