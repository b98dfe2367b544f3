/* git.* that touch one repository or the configuration; what talks to remotes is in method-git-remote.c. */
#include "config.h"

#include <string.h>

#include "daemon/git-status.h"
#include "daemon/git.h"
#include "daemon/method.h"

static enum op_next out_of_memory(struct git_op *git)
{
	struct sb_error err = {0};

	(void)sb_fail(&err, SB_INTERNAL, "out of memory");
	return op_fail(&git->op, &err);
}

/* ---- repositories ------------------------------------------------------------------------------ */

static enum git_next init(struct git_op *git, struct sb_error *err)
{
	if (git->has_run)
		return git_done_if_ok(git, err);
	git_begin(git);
	git_arg(git, "init");
	git_arg_if(git, "--initial-branch", git->params->initial_branch);
	if (git->params->bare)
		git_arg(git, "--bare");
	git_arg(git, "--");
	git_arg(git, git->params->path);
	return GIT_RUN;
}

struct call_done *method_git_init(struct call *call)
{
	static const struct git_program program = {init, NULL};

	return git_call(call, &program);
}

static enum git_next status(struct git_op *git, struct sb_error *err)
{
	if (git->has_run)
		return git_done_if_ok(git, err);
	git_begin_in(git);
	git_arg(git, "status");
	git_arg(git, "--porcelain=1");
	git_arg(git, "-b");
	return GIT_RUN;
}

static enum op_next status_reply(struct git_op *git)
{
	struct git_status result = {0};
	enum op_next next = git_status_parse(git->out, &result) < 0 ? out_of_memory(git)
								    : op_reply(&git->op, &result);

	fields_free(&git_status_type, &result);
	return next;
}

struct call_done *method_git_status(struct call *call)
{
	static const struct git_program program = {status, status_reply};

	return git_call(call, &program);
}

/* ---- branches ---------------------------------------------------------------------------------- */

static enum git_next branches(struct git_op *git, struct sb_error *err)
{
	if (git->has_run)
		return git_done_if_ok(git, err);
	git_begin_in(git);
	git_arg(git, "branch");
	git_arg(git, "--format=%(refname:short)\t%(HEAD)");
	return GIT_RUN;
}

static enum op_next branches_reply(struct git_op *git)
{
	struct git_branches result = {0};
	enum op_next next = git_branches_parse(git->out, &result) < 0 ? out_of_memory(git)
								      : op_reply(&git->op, &result);

	fields_free(&git_branches_type, &result);
	return next;
}

struct call_done *method_git_branches(struct call *call)
{
	static const struct git_program program = {branches, branches_reply};

	return git_call(call, &program);
}

static enum git_next on_branch(struct git_op *git, const char *verb, const char *option,
			       struct sb_error *err)
{
	if (git->has_run)
		return git_done_if_ok(git, err);
	if (git_check_word("branch", git->params->branch, err) < 0)
		return GIT_FAILED;
	git_begin_in(git);
	git_arg(git, verb);
	if (option)
		git_arg(git, option);
	git_arg(git, git->params->branch);
	return GIT_RUN;
}

static enum git_next create_branch(struct git_op *git, struct sb_error *err)
{
	return on_branch(git, "checkout", "-b", err);
}

static enum git_next checkout_branch(struct git_op *git, struct sb_error *err)
{
	return on_branch(git, "checkout", NULL, err);
}

static enum git_next delete_branch(struct git_op *git, struct sb_error *err)
{
	return on_branch(git, "branch", git->params->force ? "-D" : "-d", err);
}

struct call_done *method_git_create_branch(struct call *call)
{
	static const struct git_program program = {create_branch, NULL};

	return git_call(call, &program);
}

struct call_done *method_git_checkout_branch(struct call *call)
{
	static const struct git_program program = {checkout_branch, NULL};

	return git_call(call, &program);
}

struct call_done *method_git_delete_branch(struct call *call)
{
	static const struct git_program program = {delete_branch, NULL};

	return git_call(call, &program);
}

/* ---- commits ----------------------------------------------------------------------------------- */

static enum git_next add(struct git_op *git, struct sb_error *err)
{
	const struct git_params *params = git->params;

	if (git->has_run)
		return git_done_if_ok(git, err);
	git_begin_in(git);
	git_arg(git, "add");
	if (params->files.count > 0) {
		git_arg(git, "--");
		git_args(git, &params->files);
	} else {
		git_arg(git, params->all ? "-A" : ".");
	}
	return GIT_RUN;
}

struct call_done *method_git_add(struct call *call)
{
	static const struct git_program program = {add, NULL};

	return git_call(call, &program);
}

static void author_arg(struct git_op *git, const char *name, const char *value)
{
	if (!value)
		return;
	git_arg(git, "-c");
	git_arg_if(git, name, value);
}

static enum git_next commit(struct git_op *git, struct sb_error *err)
{
	const struct git_params *params = git->params;

	if (git->has_run)
		return git_done_if_ok(git, err);
	git_begin_in(git);
	author_arg(git, "user.name", params->author_name);
	author_arg(git, "user.email", params->author_email);
	git_arg(git, "commit");
	git_arg_if(git, "--message", params->message);
	if (params->allow_empty)
		git_arg(git, "--allow-empty");
	return GIT_RUN;
}

struct call_done *method_git_commit(struct call *call)
{
	static const struct git_program program = {commit, NULL};

	return git_call(call, &program);
}

static enum git_next reset(struct git_op *git, struct sb_error *err)
{
	static const char *const options[] = {
		[GIT_RESET_DEFAULT] = NULL,    [GIT_RESET_SOFT] = "--soft",
		[GIT_RESET_MIXED] = "--mixed", [GIT_RESET_HARD] = "--hard",
		[GIT_RESET_MERGE] = "--merge", [GIT_RESET_KEEP] = "--keep",
	};
	const struct git_params *params = git->params;

	if (git->has_run)
		return git_done_if_ok(git, err);
	if (git_check_word("target", params->target, err) < 0)
		return GIT_FAILED;
	git_begin_in(git);
	git_arg(git, "reset");
	if (options[params->mode])
		git_arg(git, options[params->mode]);
	if (params->target)
		git_arg(git, params->target);
	if (params->paths.count > 0) {
		git_arg(git, "--");
		git_args(git, &params->paths);
	}
	return GIT_RUN;
}

struct call_done *method_git_reset(struct call *call)
{
	static const struct git_program program = {reset, NULL};

	return git_call(call, &program);
}

static enum git_next restore(struct git_op *git, struct sb_error *err)
{
	const struct git_params *params = git->params;

	if (git->has_run)
		return git_done_if_ok(git, err);
	if (params->paths.count == 0) {
		(void)sb_fail(err, SB_INVALID_ARGUMENT, "paths: name at least one; \".\" is all");
		return GIT_FAILED;
	}
	git_begin_in(git);
	git_arg(git, "restore");
	if (params->worktree || !params->staged)
		git_arg(git, "--worktree");
	if (params->staged)
		git_arg(git, "--staged");
	git_arg_if(git, "--source", params->source);
	git_arg(git, "--");
	git_args(git, &params->paths);
	return GIT_RUN;
}

struct call_done *method_git_restore(struct call *call)
{
	static const struct git_program program = {restore, NULL};

	return git_call(call, &program);
}

/* ---- configuration ------------------------------------------------------------------------------ */

static int begin_config(struct git_op *git, struct sb_error *err)
{
	static const char *const options[] = {
		[GIT_SCOPE_GLOBAL] = "--global",
		[GIT_SCOPE_LOCAL] = "--local",
		[GIT_SCOPE_SYSTEM] = "--system",
	};
	const struct git_params *params = git->params;

	if (params->scope == GIT_SCOPE_LOCAL && !params->path)
		return sb_fail(err, SB_INVALID_ARGUMENT, "scope local needs path: the repository");
	if (git_check_word("key", params->key, err) < 0)
		return -1;
	if (params->scope == GIT_SCOPE_LOCAL)
		git_begin_in(git);
	else
		git_begin(git);
	git_arg(git, "config");
	git_arg(git, options[params->scope]);
	return 0;
}

static enum git_next set_config(struct git_op *git, struct sb_error *err)
{
	if (git->has_run)
		return git_done_if_ok(git, err);
	if (begin_config(git, err) < 0)
		return GIT_FAILED;
	git_arg(git, git->params->key);
	git_arg(git, git->params->value);
	return GIT_RUN;
}

struct call_done *method_git_set_config(struct call *call)
{
	static const struct git_program program = {set_config, NULL};

	return git_call(call, &program);
}

/* No such key is exit status 1, and an answer. */
static enum git_next get_config(struct git_op *git, struct sb_error *err)
{
	if (git->has_run)
		return git->exit_code == 1 ? GIT_DONE : git_done_if_ok(git, err);
	if (begin_config(git, err) < 0)
		return GIT_FAILED;
	git_arg(git, "--get");
	git_arg(git, git->params->key);
	return GIT_RUN;
}

static enum op_next value_reply(struct git_op *git)
{
	return op_reply(&git->op, &(struct git_value){*git->out ? git->out : NULL});
}

struct call_done *method_git_get_config(struct call *call)
{
	static const struct git_program program = {get_config, value_reply};

	return git_call(call, &program);
}

static enum git_next configure_user(struct git_op *git, struct sb_error *err)
{
	static const char *const keys[] = {"user.name", "user.email"};

	if (git->has_run && (git->exit_code != 0 || git->step == (int)ARRAY_SIZE(keys)))
		return git_done_if_ok(git, err);
	if (begin_config(git, err) < 0)
		return GIT_FAILED;
	git_arg(git, keys[git->step]);
	git_arg(git, git->step == 0 ? git->params->name : git->params->email);
	git->step++;
	return GIT_RUN;
}

struct call_done *method_git_configure_user(struct call *call)
{
	static const struct git_program program = {configure_user, NULL};

	return git_call(call, &program);
}
