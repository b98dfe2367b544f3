/* One sandbox whose deadline has passed, or of which something odd was heard: the provider is asked. */
#include "config.h"

#include <stdlib.h>

#include "daemon/base/clock.h"
#include "daemon/reconcile-private.h"
#include "daemon/remote.h"
#include "daemon/sandbox.h"
#include "daemon/server.h"

#define CHECK_TIMEOUT_S 30
#define OVERDUE_MS      400   /* over by its clock, but the provider has not got to it yet */
#define AGAIN_MS        15000 /* after a failure; a provider that comes back is noticed sooner */

enum check_step { CHECK_READY, CHECK_ASK, CHECK_ASKED };

static const char *const check_steps[] = {"ready", "ask", "asked", NULL};

struct check_op {
	struct op op;
	struct remote remote;
	struct sandbox *sandbox;
	struct wire_sandbox_info info;
	bool is_answered;
};

static enum op_next check_asked(struct check_op *c)
{
	struct sb_error *err = &c->remote.api.err;
	struct sandbox *sandbox = c->sandbox;

	c->is_answered = err->code == SB_OK || err->code == SB_SANDBOX_NOT_FOUND;
	if (!sandbox_is_there(sandbox))
		return op_end(&c->op);
	if (err->code == SB_SANDBOX_NOT_FOUND)
		sandbox_set_gone(sandbox);
	if (err->code == SB_OK && sandbox_apply_info(sandbox, &c->info, err) == 0 &&
	    sandbox->state == SANDBOX_RUNNING && sandbox->row.end_us <= clock_wall_us())
		sandbox_recheck(sandbox, OVERDUE_MS);
	return op_end(&c->op);
}

static enum op_next check_run(struct op *op)
{
	struct check_op *c = container_of(op, struct check_op, op);

	switch ((enum check_step)op->step) {
	case CHECK_READY:
		return remote_ready(&c->remote, CHECK_ASK);
	case CHECK_ASK:
		if (c->remote.wait.err.code)
			return op_fail(op, &c->remote.wait.err);
		api_get(&c->sandbox->provider->upstream, remote_call(&c->remote),
			c->sandbox->row.id, &c->info);
		return op_wait(op, CHECK_ASKED);
	case CHECK_ASKED:
		return check_asked(c);
	}
	abort();
}

static void check_release(struct op *op)
{
	struct check_op *c = container_of(op, struct check_op, op);

	remote_cancel(&c->remote);
	if (!c->is_answered && sandbox_is_there(c->sandbox))
		sandbox_recheck(c->sandbox, AGAIN_MS);
	c->sandbox->is_checking = false;
	sandbox_unpin(c->sandbox);
	fields_free(&wire_sandbox_info_type, &c->info);
	free(c);
}

static const struct op_type check_type = {
	"check", check_steps, check_run, NULL, NULL, check_release,
};

void check_start(struct server *server, struct sandbox *sandbox)
{
	struct check_op *c;

	if (sandbox->is_checking || !sandbox_is_there(sandbox))
		return;
	c = calloc(1, sizeof(*c));
	if (!c) {
		sandbox_recheck(sandbox, AGAIN_MS);
		return;
	}
	c->sandbox = sandbox;
	sandbox->is_checking = true;
	sandbox_pin(sandbox);
	op_init(&c->op, &check_type, server, CHECK_TIMEOUT_S);
	remote_init(&c->remote, &c->op, sandbox->provider);
	op_start(&c->op);
}
