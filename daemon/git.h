/*
 * git in a sandbox: each git.* method is a small program of commands, run one after the other (wire §7.3). What a
 * method does is one function, called before the first command and after each; it looks at `step` and at how
 * the last one went.
 *
 * Credentials never are arguments or parts of a URL: a helper, given to git for the one command and the one
 * host, takes them from its environment. So nothing of them is left in the repository.
 */
#ifndef SP_GIT_H
#define SP_GIT_H

#include <stdbool.h>

#include "daemon/call.h"
#include "daemon/op.h"
#include "daemon/provider.h"
#include "daemon/runner.h"
#include "protocol/types.h"

struct git_op;

enum git_next {
	GIT_RUN,    /* the command is in `args` (or `script`) */
	GIT_DONE,   /* answer */
	GIT_FAILED, /* err is filled */
};

struct git_program {
	/* GIT_RUN after filling args; `git->ended` is false at first. Failures of commands come here too. */
	enum git_next (*next)(struct git_op *git, struct sb_error *err);
	/* Answers the call; NULL: with what the last command printed. */
	enum op_next (*reply)(struct git_op *git);
};

struct git_op {
	struct op op;
	struct sandbox *sandbox;
	const struct git_program *program;
	const struct git_params *params;
	int step; /* the program's own */
	/* the next command */
	struct strings args; /* behind "git" */
	const char *script;  /* instead: for sh, constant */
	const char *
		credential_url; /* use the call's username and password with the host of this URL, or NULL */
	char *script_input; /* $SANDPOOL_GIT_INPUT of the script */
	bool failed;        /* out of memory while args were put together */
	/* how the last one ended */
	bool has_run;
	int64_t exit_code;
	char *out; /* without the newline at its end */
	/* kept by programs between commands */
	char *remote, *url;
	/* private */
	struct provider_wait provider;
	struct runner runner;
};

struct call_done *git_call(struct call *call, const struct git_program *program) MUST_USE;

/* Put the next command together. */
void git_begin(struct git_op *git);    /* no arguments yet */
void git_begin_in(struct git_op *git); /* -C params->path */
void git_arg(struct git_op *git, const char *arg);
void git_arg_if(struct git_op *git, const char *option,
		const char *value); /* "--option=value", when there is a value */
void git_args(struct git_op *git, const struct strings *args);

/* GIT_DONE, or GIT_FAILED with what the last command's failure means (wire §7.3, classification). */
enum git_next git_done_if_ok(const struct git_op *git, struct sb_error *err);

/* -1 with SB_INVALID_ARGUMENT: git would take it for an option. NULL is fine. */
int git_check_word(const char *param, const char *value, struct sb_error *err) MUST_USE;

#endif
