/*
 * sandbox.create. The intent is on disk before the provider is asked, and the answer before the caller
 * hears of it, so that no crash makes a sandbox that nobody knows of: reconcile.c finds it by its label.
 * An answer that was lost is looked for by that label, too, instead of asking again.
 *
 * Whoever changes his mind (the caller, a deadline, sandbox.kill) cannot take a request back that is under
 * way: the work goes on without him, and what it made is killed.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/method.h"
#include "daemon/reconcile.h"
#include "daemon/remote.h"
#include "daemon/sandbox.h"
#include "protocol/types.h"

#define TRIES_MAX      3
#define UNDO_TIMEOUT_S 120
#define US_PER_S       1000000

enum create_step {
	CREATE_RECORD,
	CREATE_RECORDED,
	CREATE_READY,
	CREATE_ASK,
	CREATE_ASKED,
	CREATE_LOOK, /* an answer was lost: is there one with our label? */
	CREATE_LOOKING,
	CREATE_LOOKED,
	CREATE_DETAILED,
	CREATE_KEEP,
	CREATE_KEPT,
	CREATE_UNDO,
	CREATE_UNDONE,
};

static const char *const create_steps[] = {
	"record", "recorded", "ready", "ask",  "asked", "look",   "looking",
	"looked", "detailed", "keep",  "kept", "undo",  "undone", NULL,
};

struct create_op {
	struct op op;
	struct remote remote;
	struct sandbox *sandbox;
	struct store_write write;
	struct wire_sandbox made;
	struct wire_sandbox_info found;
	struct api_page page;
	int64_t timeout_s;
	unsigned tries;
	bool is_sent;        /* the provider may have made one */
	bool is_kept;        /* the caller has been told of it */
	struct sb_error err; /* why it is given up */
};

static void create_on_written(struct store_write *write)
{
	op_run(&container_of(write, struct create_op, write)->op);
}

/* Whether somebody has changed his mind; then `err` says who. */
static bool create_is_unwanted(struct create_op *c)
{
	if (c->sandbox->state == SANDBOX_KILLING && !c->err.code)
		(void)sb_fail(&c->err, SB_CANCELLED,
			      "the sandbox was killed while it was being created");
	return c->err.code != SB_OK;
}

/* Borrows. */
static struct wire_network create_network(const struct sandbox_network *asked)
{
	return (struct wire_network){
		.allow_out = asked->allow_out,
		.deny_out = asked->deny_out,
		.allow_public_traffic = asked->allow_public_traffic,
		.mask_request_host = asked->mask_request_host,
		.rules = asked->rules,
		.egress_proxy = asked->egress_proxy,
	};
}

/* The request as the wire has it, with our label among the user's. */
static int create_ask(struct create_op *c)
{
	const struct sandbox_create_params *params = c->op.call->params;
	const struct sandbox_row *row = &c->sandbox->row;
	struct wire_new_sandbox request = {0};
	struct wire_network network;

	fields_init(&wire_new_sandbox_type, &request);
	if (string_map_copy(&params->metadata, &request.metadata) < 0 ||
	    string_map_add(&request.metadata, SANDBOX_LABEL, row->label) < 0) {
		string_map_free(&request.metadata);
		return sb_fail_errno(&c->err, SB_INTERNAL, ENOMEM, "sandbox.create");
	}
	request.template_id = row->template;
	request.timeout_s = c->timeout_s;
	request.env_vars = params->envs;
	request.secure = params->secure;
	request.allow_internet_access = params->allow_internet_access;
	if (params->network) {
		network = create_network(params->network);
		request.network = &network;
	}
	c->is_sent = true;
	api_create(&c->sandbox->provider->upstream, remote_call(&c->remote), &request, &c->made);
	string_map_free(&request.metadata);
	return 0;
}

/* What the provider's answer to the request itself means. */
static enum op_next create_asked(struct create_op *c)
{
	const struct api_call *api = &c->remote.api;

	if (api->err.code == SB_OK) {
		if (sandbox_apply(c->sandbox, &c->made, &c->err) < 0)
			return op_again(&c->op, CREATE_UNDO);
		c->sandbox->row.started_us = clock_wall_us();
		sandbox_set_end(c->sandbox, c->sandbox->row.started_us + c->timeout_s * US_PER_S);
		return op_again(&c->op, CREATE_KEEP);
	}
	if (api->sent_nothing) {
		c->is_sent = false;
		if (!create_is_unwanted(c) && ++c->tries < TRIES_MAX)
			return op_again(&c->op, CREATE_READY);
	} else if (api->err.code == SB_UPSTREAM_UNAVAILABLE || api->err.code == SB_TIMEOUT) {
		if (!c->err.code)
			c->err = api->err;
		return remote_ready(&c->remote, CREATE_LOOK);
	} else {
		c->is_sent = false; /* it refused */
	}
	return op_fail(&c->op, c->err.code ? &c->err : &api->err);
}

static void create_look(struct create_op *c)
{
	struct string_pair pair = {(char[]){SANDBOX_LABEL}, c->sandbox->row.label};
	struct string_map metadata = {.items = &pair, .count = 1};
	struct api_filter filter = {.metadata = &metadata};

	api_list(&c->sandbox->provider->upstream, remote_call(&c->remote), &filter, &c->page);
}

/* Found: then the answer is as good as there, unless somebody gave up meanwhile. */
static enum op_next create_looked(struct create_op *c)
{
	const struct wire_sandbox_info *found = c->page.sandboxes.items;

	if (c->remote.api.err.code || c->page.sandboxes.count == 0)
		return op_fail(&c->op, &c->err); /* release leaves it to reconcile.c */
	api_get(&c->sandbox->provider->upstream, remote_call(&c->remote), found->sandbox_id,
		&c->found);
	return op_wait(&c->op, CREATE_DETAILED);
}

static enum op_next create_detailed(struct create_op *c)
{
	struct wire_sandbox made = {.sandbox_id = c->found.sandbox_id,
				    .template_id = c->found.template_id,
				    .alias = c->found.alias,
				    .domain = c->found.domain,
				    .envd_version = c->found.envd_version,
				    .envd_access_token = c->found.envd_access_token};
	int64_t end_us;

	if (c->remote.api.err.code)
		return op_fail(&c->op, &c->err);
	if (!c->op.call)
		return sandbox_apply(c->sandbox, &made, &c->err) < 0
			       ? op_fail(&c->op, &c->err)
			       : op_again(&c->op, CREATE_UNDO);
	sb_clear(&c->err);
	if (sandbox_apply(c->sandbox, &made, &c->err) < 0)
		return op_fail(&c->op, &c->err);
	c->sandbox->row.started_us = clock_wall_us();
	if (c->found.end_at && clock_parse(c->found.end_at, &end_us) == 0)
		sandbox_set_end(c->sandbox, end_us);
	return op_again(&c->op, CREATE_KEEP);
}

static enum op_next create_keep(struct create_op *c)
{
	if (create_is_unwanted(c))
		return op_again(&c->op, CREATE_UNDO);
	c->write.done = create_on_written;
	sandbox_set_state(c->sandbox, SANDBOX_RUNNING, NULL, &c->write);
	return op_wait(&c->op, CREATE_KEPT);
}

static enum op_next create_kept(struct create_op *c)
{
	struct sandbox_info info;

	if (c->write.err.code && !c->err.code)
		c->err = c->write.err;
	if (create_is_unwanted(c))
		return op_again(&c->op, CREATE_UNDO);
	if (c->sandbox->state == SANDBOX_ENDED) {
		(void)sb_fail(&c->err, SB_SANDBOX_NOT_FOUND, "the sandbox has ended: %s",
			      c->sandbox->row.ended_cause);
		return op_fail(&c->op, &c->err);
	}
	c->is_kept = true;
	sandbox_info_fill(c->sandbox, &info);
	return op_reply(&c->op, &info);
}

static enum op_next create_undo(struct create_op *c)
{
	if (c->sandbox->state == SANDBOX_ENDED)
		return op_fail(&c->op, &c->err);
	if (c->sandbox->state != SANDBOX_KILLING)
		sandbox_set_state(c->sandbox, SANDBOX_KILLING, NULL, NULL);
	api_kill(&c->sandbox->provider->upstream, remote_call(&c->remote),
		 c->sandbox->row.id ? c->sandbox->row.id : c->made.sandbox_id);
	return op_wait(&c->op, CREATE_UNDONE);
}

static enum op_next create_undone(struct create_op *c)
{
	enum sb_code code = c->remote.api.err.code;

	if ((code == SB_OK || code == SB_SANDBOX_NOT_FOUND) && c->sandbox->state != SANDBOX_ENDED)
		sandbox_set_state(c->sandbox, SANDBOX_ENDED, "killed", NULL);
	return op_fail(&c->op, &c->err);
}

static enum op_next create_run(struct op *op)
{
	struct create_op *c = container_of(op, struct create_op, op);

	switch ((enum create_step)op->step) {
	case CREATE_RECORD:
		c->write.done = create_on_written;
		sandbox_save(c->sandbox, &c->write);
		return op_wait(op, CREATE_RECORDED);
	case CREATE_RECORDED:
		if (c->write.err.code)
			return op_fail(op, &c->write.err);
		return op_again(op, CREATE_READY);
	case CREATE_READY:
		return remote_ready(&c->remote, CREATE_ASK);
	case CREATE_ASK:
		if (c->remote.wait.err.code)
			return op_fail(op, &c->remote.wait.err);
		if (create_is_unwanted(c) || create_ask(c) < 0)
			return op_fail(op, &c->err);
		return op_wait(op, CREATE_ASKED);
	case CREATE_ASKED:
		return create_asked(c);
	case CREATE_LOOK:
		if (c->remote.wait.err.code)
			return op_fail(op, &c->err);
		return op_again(op, CREATE_LOOKING);
	case CREATE_LOOKING:
		create_look(c);
		return op_wait(op, CREATE_LOOKED);
	case CREATE_LOOKED:
		return create_looked(c);
	case CREATE_DETAILED:
		return create_detailed(c);
	case CREATE_KEEP:
		return create_keep(c);
	case CREATE_KEPT:
		return create_kept(c);
	case CREATE_UNDO:
		return create_undo(c);
	case CREATE_UNDONE:
		return create_undone(c);
	}
	abort();
}

/* Once: what was sent is waited for and undone without the caller. Twice: reconcile.c does it. */
static enum op_next create_abandon(struct op *op, const struct sb_error *why)
{
	struct create_op *c = container_of(op, struct create_op, op);

	if (!c->is_sent || c->err.code)
		return op_fail(op, why);
	c->err = *why;
	op_set_deadline(op, UNDO_TIMEOUT_S);
	return OP_WAIT;
}

/* However it ended, the sandbox is either the caller's, over, or to be killed. */
static void create_settle(struct create_op *c)
{
	struct sandbox *sandbox = c->sandbox;

	sandbox->is_creating = false;
	if (c->is_kept || sandbox->state == SANDBOX_ENDED)
		return;
	if (!c->is_sent) {
		sandbox_set_state(sandbox, SANDBOX_ENDED, "not created", NULL);
		return;
	}
	if (sandbox->state != SANDBOX_KILLING)
		sandbox_set_state(sandbox, SANDBOX_KILLING, NULL, NULL);
	reconcile_soon(c->op.server->reconcile, sandbox->provider);
}

static void create_release(struct op *op)
{
	struct create_op *c = container_of(op, struct create_op, op);

	remote_cancel(&c->remote);
	store_cancel(op->server->store, &c->write);
	create_settle(c);
	sandbox_unpin(c->sandbox);
	fields_free(&wire_sandbox_type, &c->made);
	fields_free(&wire_sandbox_info_type, &c->found);
	api_page_free(&c->page);
	free(c);
}

static const struct op_type create_type = {
	"sandbox.create", create_steps, create_run, create_abandon, NULL, create_release,
};

struct call_done *method_sandbox_create(struct call *call)
{
	const struct sandbox_create_params *params = call->params;
	struct sb_error err = {0};
	struct provider *provider = providers_get(call->server->providers, params->provider, &err);
	struct create_op *c = provider ? calloc(1, sizeof(*c)) : NULL;

	if (!provider)
		return call_fail(call, &err);
	if (!c)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	c->sandbox = sandbox_new(call->server->registry, params, provider, &call->peer, &err);
	if (!c->sandbox) {
		free(c);
		return call_fail(call, &err);
	}
	sandbox_pin(c->sandbox);
	c->sandbox->is_creating = true;
	c->timeout_s = remote_seconds(params->timeout);
	c->sandbox->row.timeout_s = c->timeout_s;
	op_init(&c->op, &create_type, call->server, params->request_timeout);
	remote_init(&c->remote, &c->op, provider);
	return call_later(call, &c->op);
}
