/*
 * One pass over a provider. First its whole list: what it names and we know is brought up to date, and a
 * lost create is given its id. Then every sandbox of ours that is left over is judged on its own: a page may
 * have moved while we read, so nothing is taken for gone without having been asked for.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/reconcile-private.h"
#include "daemon/registry.h"
#include "daemon/remote.h"
#include "daemon/sandbox.h"
#include "daemon/server.h"

#define PASS_TIMEOUT_S 600

/* How long a create may still come true after its request was cut off. */
#define LOST_US (INT64_C(2) * 60 * 1000000)

enum pass_step {
	PASS_READY,
	PASS_LIST,
	PASS_LISTED,
	PASS_NEXT,
	PASS_ASKED,
	PASS_KILLED,
};

static const char *const pass_steps[] = {"ready", "list",   "listed", "next",
					 "asked", "killed", NULL};

struct pass_op {
	struct op op;
	struct remote remote;
	struct round *round;
	uint64_t number;
	struct api_page page;
	char *next_token;
	struct sandbox *at; /* the one being dealt with; pinned */
	struct wire_sandbox_info info;
	bool has_failed;  /* at one sandbox: try again soon */
	bool is_complete; /* got to its end */
};

/* ---- decisions ------------------------------------------------------------------------------- */

enum pass_todo pass_judge(const struct sandbox *sandbox, uint64_t pass, int64_t now_us)
{
	if (sandbox->is_creating)
		return PASS_NOTHING;
	if (!sandbox->row.id && sandbox->state != SANDBOX_ENDED)
		return sandbox->row.created_us + LOST_US < now_us ? PASS_FORGET : PASS_NOTHING;
	switch (sandbox->state) {
	case SANDBOX_CREATING: /* its id is known now, the rest is not */
		return PASS_ASK;
	case SANDBOX_RUNNING:
	case SANDBOX_PAUSED:
		return sandbox->pass == pass || sandbox->is_checking ? PASS_NOTHING : PASS_ASK;
	case SANDBOX_KILLING:
		return PASS_KILL;
	case SANDBOX_ENDED:
		return PASS_NOTHING;
	}
	abort();
}

struct sandbox *pass_find_label(struct server *server, const struct provider *provider,
				const struct wire_sandbox_info *info)
{
	const char *label = string_map_get(&info->metadata, SANDBOX_LABEL);

	if (!label)
		return NULL;
	for (struct sandbox *sandbox = registry_next(server->registry, NULL); sandbox;
	     sandbox = registry_next(server->registry, sandbox))
		if (!sandbox->row.id && sandbox->row.label && sandbox->provider == provider &&
		    strcmp(sandbox->row.label, label) == 0)
			return sandbox;
	return NULL;
}

/* ---- the list -------------------------------------------------------------------------------- */

/* It exists: a sandbox of ours gets what is new, a lost create its id. */
static int pass_meet(struct pass_op *p, const struct wire_sandbox_info *info, struct sb_error *err)
{
	struct server *server = p->op.server;
	struct sandbox *sandbox = registry_find(server->registry, info->sandbox_id);
	struct wire_sandbox known = {.sandbox_id = info->sandbox_id,
				     .template_id = info->template_id,
				     .alias = info->alias};

	if (!sandbox || sandbox->provider != p->remote.provider || !sandbox->row.id ||
	    strcmp(sandbox->row.id, info->sandbox_id) != 0) {
		sandbox = pass_find_label(server, p->remote.provider, info);
		if (!sandbox || sandbox->is_creating)
			return 0;
		log_info("sandbox %s: a create whose answer was lost: %s", sandbox_words(sandbox),
			 info->sandbox_id);
		return sandbox_apply(sandbox, &known, err);
	}
	sandbox->pass = p->number;
	return sandbox_is_there(sandbox) ? sandbox_apply_info(sandbox, info, err) : 0;
}

static void pass_list(struct pass_op *p)
{
	struct api_filter filter = {.next_token = p->next_token};

	api_list(&p->remote.provider->upstream, remote_call(&p->remote), &filter, &p->page);
}

static enum op_next pass_listed(struct pass_op *p)
{
	struct sb_error *err = &p->remote.api.err;
	const struct wire_sandbox_info *items = p->page.sandboxes.items;

	if (err->code)
		return op_fail(&p->op, err);
	for (size_t i = 0; i < p->page.sandboxes.count; i++)
		if (pass_meet(p, &items[i], err) < 0)
			return op_fail(&p->op, err);
	free(p->next_token);
	p->next_token = take(&p->page.next_token);
	api_page_free(&p->page);
	return op_again(&p->op, p->next_token ? PASS_LIST : PASS_NEXT);
}

/* ---- what is left over ----------------------------------------------------------------------- */

/* Move on to the next sandbox; pinned, it stays in its place whatever happens to it. */
static void pass_advance(struct pass_op *p)
{
	struct sandbox *next = registry_next(p->op.server->registry, p->at);

	if (next)
		sandbox_pin(next);
	if (p->at)
		sandbox_unpin(p->at);
	p->at = next;
}

static enum op_next pass_do(struct pass_op *p)
{
	const struct upstream *upstream = &p->remote.provider->upstream;
	struct sandbox *sandbox = p->at;

	if (sandbox->provider != p->remote.provider)
		return op_again(&p->op, PASS_NEXT);
	switch (pass_judge(sandbox, p->number, clock_wall_us())) {
	case PASS_NOTHING:
		if (!sandbox->row.id && !sandbox->is_creating)
			p->has_failed = true; /* it may still turn up */
		break;
	case PASS_ASK:
		fields_free(&wire_sandbox_info_type, &p->info);
		api_get(upstream, remote_call(&p->remote), sandbox->row.id, &p->info);
		return op_wait(&p->op, PASS_ASKED);
	case PASS_KILL:
		api_kill(upstream, remote_call(&p->remote), sandbox->row.id);
		return op_wait(&p->op, PASS_KILLED);
	case PASS_FORGET:
		sandbox_set_state(sandbox, SANDBOX_ENDED, "not created", NULL);
		break;
	}
	return op_again(&p->op, PASS_NEXT);
}

static enum op_next pass_next(struct pass_op *p)
{
	pass_advance(p);
	if (p->at)
		return pass_do(p);
	p->is_complete = !p->has_failed;
	return op_end(&p->op);
}

static enum op_next pass_asked(struct pass_op *p)
{
	struct sb_error *err = &p->remote.api.err;
	struct sandbox *sandbox = p->at;
	bool is_open = sandbox->state != SANDBOX_ENDED && sandbox->state != SANDBOX_KILLING;

	if (err->code == SB_UPSTREAM_UNAVAILABLE)
		return op_fail(&p->op, err);
	if (err->code == SB_SANDBOX_NOT_FOUND && is_open)
		sandbox_set_gone(sandbox);
	if (err->code == SB_OK && is_open && sandbox_apply_info(sandbox, &p->info, err) < 0)
		return op_fail(&p->op, err);
	p->has_failed |= err->code != SB_OK && err->code != SB_SANDBOX_NOT_FOUND;
	return op_again(&p->op, PASS_NEXT);
}

static enum op_next pass_killed(struct pass_op *p)
{
	const struct sb_error *err = &p->remote.api.err;

	if (err->code == SB_UPSTREAM_UNAVAILABLE)
		return op_fail(&p->op, err);
	if ((err->code == SB_OK || err->code == SB_SANDBOX_NOT_FOUND) &&
	    p->at->state != SANDBOX_ENDED)
		sandbox_set_state(p->at, SANDBOX_ENDED, "killed", NULL);
	p->has_failed |= err->code != SB_OK && err->code != SB_SANDBOX_NOT_FOUND;
	return op_again(&p->op, PASS_NEXT);
}

/* ---- the operation --------------------------------------------------------------------------- */

static enum op_next pass_run(struct op *op)
{
	struct pass_op *p = container_of(op, struct pass_op, op);

	switch ((enum pass_step)op->step) {
	case PASS_READY:
		return remote_ready(&p->remote, PASS_LIST);
	case PASS_LIST:
		if (p->remote.wait.err.code)
			return op_fail(op, &p->remote.wait.err);
		pass_list(p);
		return op_wait(op, PASS_LISTED);
	case PASS_LISTED:
		return pass_listed(p);
	case PASS_NEXT:
		return pass_next(p);
	case PASS_ASKED:
		return pass_asked(p);
	case PASS_KILLED:
		return pass_killed(p);
	}
	abort();
}

static void pass_release(struct op *op)
{
	struct pass_op *p = container_of(op, struct pass_op, op);

	remote_cancel(&p->remote);
	if (p->at)
		sandbox_unpin(p->at);
	api_page_free(&p->page);
	fields_free(&wire_sandbox_info_type, &p->info);
	free(p->next_token);
	round_done(p->round, p->is_complete);
	free(p);
}

static const struct op_type pass_type = {
	"reconcile", pass_steps, pass_run, NULL, NULL, pass_release,
};

void pass_start(struct server *server, struct round *round)
{
	struct pass_op *p = calloc(1, sizeof(*p));

	if (!p) {
		round_done(round, false);
		return;
	}
	p->round = round;
	p->number = ++round->passes;
	op_init(&p->op, &pass_type, server, PASS_TIMEOUT_S);
	remote_init(&p->remote, &p->op, round->provider);
	op_start(&p->op);
}
