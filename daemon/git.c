/* Programs of git commands: one operation runs them all. */
#include "config.h"

#include "daemon/git.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/base/list.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/server.h"
#include "protocol/buf.h"

#define SHOWN_MAX 400 /* bytes of git's message in an error */

/* Reads the credential from its environment; only "get" is answered, so nothing is stored. */
static const char helper[] = "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' "
			     "\"$SANDPOOL_GIT_USERNAME\" \"$SANDPOOL_GIT_PASSWORD\"; }; f";

/* ---- putting a command together --------------------------------------------------------------- */

void git_arg(struct git_op *git, const char *arg)
{
	if (strings_add(&git->args, arg) < 0)
		git->failed = true;
}

void git_arg_if(struct git_op *git, const char *option, const char *value)
{
	CLEANUP_FREE char *arg = NULL;

	if (!value)
		return;
	if (asprintf(&arg, "%s=%s", option, value) < 0)
		git->failed = true;
	else
		git_arg(git, arg);
}

void git_args(struct git_op *git, const struct strings *args)
{
	for (size_t i = 0; i < args->count; i++)
		git_arg(git, args->items[i]);
}

void git_begin(struct git_op *git)
{
	strings_free(&git->args);
	git->script = NULL;
	git->credential_url = NULL;
	git_arg(git, "git");
}

void git_begin_in(struct git_op *git)
{
	git_begin(git);
	git_arg(git, "-C");
	git_arg(git, git->params->path);
}

int git_check_word(const char *param, const char *value, struct sb_error *err)
{
	if (value && value[0] == '-')
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s: must not begin with '-'", param);
	return 0;
}

/* "https://host:port" of a URL in text that is new; NULL when it is not of http. */
static char *host_of(const char *url)
{
	const char *rest = strstr(url, "://");
	const char *end, *at;
	char *host;

	if (!rest || (strncmp(url, "https:", 6) != 0 && strncmp(url, "http:", 5) != 0))
		return NULL;
	rest += 3;
	end = rest + strcspn(rest, "/?#");
	at = memrchr(rest, '@', (size_t)(end - rest));
	if (at)
		rest = at + 1;
	return asprintf(&host, "%.*s://%.*s", (int)(strstr(url, "://") - url), url,
			(int)(end - rest), rest) < 0
		       ? NULL
		       : host;
}

/* Options in front of the others: forget the helpers there are, use ours, for that host alone. */
static int add_credential(struct git_op *git, struct sb_error *err)
{
	CLEANUP_FREE char *host = host_of(git->credential_url);
	CLEANUP_FREE char *none = NULL, *ours = NULL;
	struct strings args = git->args;

	if (!host)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "username and password go with http and https URLs only");
	if (asprintf(&none, "credential.%s.helper=", host) < 0 ||
	    asprintf(&ours, "credential.%s.helper=%s", host, helper) < 0)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	git->args = (struct strings){0};
	git_arg(git, "git");
	git_arg(git, "-c");
	git_arg(git, none);
	git_arg(git, "-c");
	git_arg(git, ours);
	for (size_t i = 1; i < args.count; i++)
		git_arg(git, args.items[i]);
	strings_free(&args);
	return 0;
}

/* What the caller names stays, as in the SDKs. */
static int add_default(struct string_map *envs, const char *name, const char *value)
{
	return string_map_get(envs, name) ? 0 : string_map_add(envs, name, value);
}

static int make_environment(const struct git_op *git, struct string_map *envs)
{
	if (string_map_copy(&git->params->envs, envs) < 0 ||
	    add_default(envs, "GIT_TERMINAL_PROMPT", "0") < 0 ||
	    add_default(envs, "LC_ALL", "C.UTF-8") < 0)
		return -1;
	if (git->credential_url &&
	    (string_map_add(envs, "SANDPOOL_GIT_USERNAME", git->params->username) < 0 ||
	     string_map_add(envs, "SANDPOOL_GIT_PASSWORD",
			    git->params->password ? git->params->password : "") < 0))
		return -1;
	return git->script_input ? string_map_add(envs, "SANDPOOL_GIT_INPUT", git->script_input)
				 : 0;
}

/* ---- how a command went ------------------------------------------------------------------------ */

static bool has_one_of(const char *text, const char *const *parts)
{
	for (; *parts; parts++) {
		if (strcasestr(text, *parts))
			return true;
	}
	return false;
}

/* Wire §7.3. */
static enum sb_code classify(const char *text)
{
	static const char *const auth[] = {
		"authentication failed",   "terminal prompts disabled",
		"could not read username", "invalid username or password",
		"access denied",           "permission denied",
		"not authorized",          NULL};
	static const char *const upstream[] = {"has no upstream branch",
					       "no upstream branch",
					       "no upstream configured",
					       "no tracking information",
					       "set the remote as upstream",
					       "set the upstream branch",
					       "please specify which branch you want to merge with",
					       NULL};

	if (has_one_of(text, auth))
		return SB_GIT_AUTH;
	return has_one_of(text, upstream) ? SB_GIT_UPSTREAM : SB_COMMAND_EXIT;
}

/* The end of what git said, on one line. */
static void shorten(const struct buf *from, char *text, size_t size)
{
	size_t len = from->len < size - 1 ? from->len : size - 1;

	if (len > 0)
		memcpy(text, from->data + from->len - len, len);
	text[len] = '\0';
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ')
			*c = ' ';
	}
}

enum git_next git_done_if_ok(const struct git_op *git, struct sb_error *err)
{
	const struct runner *runner = &git->runner;
	const char *said = runner->err.data ? runner->err.data : "";
	const char *printed = runner->out.data ? runner->out.data : "";
	enum sb_code code;
	char text[SHOWN_MAX];

	if (git->exit_code == 0)
		return GIT_DONE;
	code = classify(said);
	if (code == SB_COMMAND_EXIT)
		code = classify(printed);
	shorten(runner->err.len > 0 ? &runner->err : &runner->out, text, sizeof(text));
	(void)sb_fail(err, code, "git ended with exit status %" PRId64 ": %s", git->exit_code,
		      text);
	return GIT_FAILED;
}

/* ---- the operation ----------------------------------------------------------------------------- */

enum git_step { GIT_BEGIN, GIT_NEXT, GIT_RUNNING };

static const char *const steps[] = {"begin", "next", "running", NULL};

static void on_ready(struct provider_wait *wait)
{
	op_run(&container_of(wait, struct git_op, provider)->op);
}

static void on_change(struct runner *runner)
{
	op_run(&container_of(runner, struct git_op, runner)->op);
}

static enum op_next begin(struct git_op *git)
{
	git->provider.done = on_ready;
	provider_ready(git->sandbox->provider, &git->provider);
	return op_wait(&git->op, GIT_NEXT);
}

static int run_command(struct git_op *git, struct sb_error *err)
{
	const struct git_params *params = git->params;
	CLEANUP(string_map_free) struct string_map envs = {0};
	struct command_spec spec = {
		.cmd = git->script,
		.argv = git->script ? NULL : &git->args,
		.envs = &envs,
		.cwd = params->cwd,
		.user = params->user,
		.timeout_s = params->timeout,
		.is_transient = true,
	};

	if (git->credential_url && add_credential(git, err) < 0)
		return -1;
	if (git->failed || make_environment(git, &envs) < 0)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	runner_release(&git->runner);
	git->runner.on_change = on_change;
	return runner_start(&git->runner, git->op.server, git->sandbox, &spec, err);
}

static enum op_next reply(struct git_op *git)
{
	const struct runner *runner = &git->runner;

	if (git->program->reply)
		return git->program->reply(git);
	return op_reply(&git->op, &(struct git_result){
					  .out = runner_bytes(&runner->out),
					  .err = runner_bytes(&runner->err),
				  });
}

static enum op_next next(struct git_op *git)
{
	struct sb_error err = {0};

	switch (git->program->next(git, &err)) {
	case GIT_RUN:
		if (run_command(git, &err) < 0)
			return op_fail(&git->op, &err);
		return op_wait(&git->op, GIT_RUNNING);
	case GIT_DONE:
		return reply(git);
	case GIT_FAILED:
		return op_fail(&git->op, &err);
	}
	abort();
}

/* What a program reads of the command that has ended. */
static int take_result(struct git_op *git, struct sb_error *err)
{
	const struct runner *runner = &git->runner;
	size_t len = runner->out.len;

	if (runner_check(runner, err) < 0)
		return -1;
	git->has_run = true;
	git->exit_code = runner->command->exit_code;
	free(git->out);
	while (len > 0 && runner->out.data[len - 1] == '\n')
		len--;
	git->out = len > 0 ? strndup(runner->out.data, len) : strdup("");
	return git->out ? 0 : sb_fail(err, SB_INTERNAL, "out of memory");
}

static enum op_next git_run(struct op *op)
{
	struct git_op *git = container_of(op, struct git_op, op);
	struct sb_error err = {0};

	switch ((enum git_step)op->step) {
	case GIT_BEGIN:
		return begin(git);
	case GIT_NEXT:
		if (git->provider.err.code)
			return op_fail(op, &git->provider.err);
		return next(git);
	case GIT_RUNNING:
		if (!runner_is_begun(&git->runner))
			return op_wait(op, GIT_RUNNING);
		op_set_deadline(op, 0); /* from now on only the command's own timeout counts */
		if (!runner_is_over(&git->runner))
			return op_wait(op, GIT_RUNNING);
		if (take_result(git, &err) < 0)
			return op_fail(op, &err);
		return next(git);
	}
	abort();
}

static void git_release(struct op *op)
{
	struct git_op *git = container_of(op, struct git_op, op);

	provider_wait_cancel(&git->provider);
	runner_release(&git->runner);
	sandbox_unpin(git->sandbox);
	strings_free(&git->args);
	free(git->script_input);
	free(git->out);
	free(git->remote);
	free(git->url);
	free(git);
}

static const struct op_type git_type = {
	.name = "git",
	.steps = steps,
	.run = git_run,
	.release = git_release,
};

struct call_done *git_call(struct call *call, const struct git_program *program)
{
	const struct git_params *params = call->params;
	struct sb_error err = {0};
	struct sandbox *sandbox =
		registry_get(call->server->registry, params->sandbox_id, &call->peer, &err);
	struct git_op *git = sandbox ? calloc(1, sizeof(*git)) : NULL;

	if (!sandbox)
		return call_fail(call, &err);
	if (!git)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	op_init(&git->op, &git_type, call->server, params->request_timeout);
	git->program = program;
	git->params = params;
	git->sandbox = sandbox;
	sandbox_pin(sandbox);
	return call_later(call, &git->op);
}
