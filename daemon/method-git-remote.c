/* git.* that deal with remotes, and with credentials for them. */
#include "config.h"

#include <string.h>

#include "daemon/git.h"
#include "daemon/method.h"
#include "protocol/buf.h"

static enum git_next refuse(struct sb_error *err, const char *why)
{
	(void)sb_fail(err, SB_INVALID_ARGUMENT, "%s", why);
	return GIT_FAILED;
}

static const char password_alone[] = "password: goes with username only";

/* ---- clone ------------------------------------------------------------------------------------- */

static void add_escaped(struct buf *to, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~", c))
			buf_add(to, text, 1);
		else
			buf_printf(to, "%%%02X", c);
	}
}

/* The URL with the credential in it, for those who want it to stay. */
static int dangerous_url(struct git_op *git, struct sb_error *err)
{
	const struct git_params *params = git->params;
	const char *rest = strstr(params->url, "://");
	struct buf url CLEANUP_BUF = {0};

	if (!rest || strncmp(params->url, "http", 4) != 0)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "username and password go with http and https URLs only");
	rest += 3;
	buf_add(&url, params->url, (size_t)(rest - params->url));
	add_escaped(&url, params->username);
	buf_add_str(&url, ":");
	add_escaped(&url, params->password ? params->password : "");
	buf_add_str(&url, "@");
	buf_add_str(&url, rest);
	git->url = url.failed ? NULL : strdup(url.data);
	return git->url ? 0 : sb_fail(err, SB_INTERNAL, "out of memory");
}

static enum git_next clone_repository(struct git_op *git, struct sb_error *err)
{
	const struct git_params *params = git->params;
	bool stores = params->username && params->dangerously_store_credentials;
	char depth[24];

	if (git->has_run)
		return git_done_if_ok(git, err);
	if (params->password && !params->username)
		return refuse(err, password_alone);
	if (stores && dangerous_url(git, err) < 0)
		return GIT_FAILED;
	git_begin(git);
	git_arg(git, "clone");
	git_arg_if(git, "--branch", params->branch);
	if (params->branch)
		git_arg(git, "--single-branch");
	if (params->depth > 0) {
		(void)snprintf(depth, sizeof(depth), "%lld", (long long)params->depth);
		git_arg_if(git, "--depth", depth);
	}
	git_arg(git, "--");
	git_arg(git, stores ? git->url : params->url);
	if (params->path)
		git_arg(git, params->path);
	if (params->username && !stores)
		git->credential_url = params->url;
	return GIT_RUN;
}

struct call_done *method_git_clone(struct call *call)
{
	static const struct git_program program = {clone_repository, NULL};

	return git_call(call, &program);
}

/* ---- remotes ----------------------------------------------------------------------------------- */

enum { REMOTE_ADD, REMOTE_ADDED, REMOTE_SET, REMOTE_FETCHED };

static enum git_next set_remote_url(struct git_op *git)
{
	git_begin_in(git);
	git_arg(git, "remote");
	git_arg(git, "set-url");
	git_arg(git, git->params->name);
	git_arg(git, git->params->url);
	git->step = REMOTE_SET;
	return GIT_RUN;
}

static enum git_next fetch_remote(struct git_op *git)
{
	git_begin_in(git);
	git_arg(git, "fetch");
	git_arg(git, git->params->name);
	git->step = REMOTE_FETCHED;
	return GIT_RUN;
}

static enum git_next remote_add(struct git_op *git, struct sb_error *err)
{
	const struct git_params *params = git->params;

	if (git->step == REMOTE_ADDED && git->exit_code != 0 && params->overwrite)
		return set_remote_url(git);
	if (git->step == REMOTE_FETCHED ||
	    (git->has_run && (git->exit_code != 0 || !params->fetch)))
		return git_done_if_ok(git, err);
	if (git->has_run)
		return fetch_remote(git);
	if (git_check_word("name", params->name, err) < 0 ||
	    git_check_word("url", params->url, err) < 0)
		return GIT_FAILED;
	git_begin_in(git);
	git_arg(git, "remote");
	git_arg(git, "add");
	git_arg(git, params->name);
	git_arg(git, params->url);
	git->step = REMOTE_ADDED;
	return GIT_RUN;
}

struct call_done *method_git_remote_add(struct call *call)
{
	static const struct git_program program = {remote_add, NULL};

	return git_call(call, &program);
}

/* No such remote is an answer; a path that is no repository is not. */
static bool is_no_such_remote(const struct git_op *git)
{
	return git->exit_code == 2 ||
	       (git->runner.err.data && strstr(git->runner.err.data, "No such remote"));
}

static void ask_url(struct git_op *git, const char *name)
{
	git_begin_in(git);
	git_arg(git, "remote");
	git_arg(git, "get-url");
	git_arg(git, name);
}

static enum git_next remote_get(struct git_op *git, struct sb_error *err)
{
	if (git->has_run)
		return is_no_such_remote(git) ? GIT_DONE : git_done_if_ok(git, err);
	if (git_check_word("name", git->params->name, err) < 0)
		return GIT_FAILED;
	ask_url(git, git->params->name);
	return GIT_RUN;
}

static enum op_next remote_get_reply(struct git_op *git)
{
	bool is_there = git->exit_code == 0 && *git->out;

	return op_reply(&git->op, &(struct git_value){is_there ? git->out : NULL});
}

struct call_done *method_git_remote_get(struct call *call)
{
	static const struct git_program program = {remote_get, remote_get_reply};

	return git_call(call, &program);
}

/* ---- push and pull ------------------------------------------------------------------------------ */

enum { EXCHANGE_BEGIN, EXCHANGE_REMOTES, EXCHANGE_URL, EXCHANGE_UPSTREAM, EXCHANGE_DONE };

/* With a credential: which remote, and its URL, since the credential is for its host alone. */
static enum git_next find_remote(struct git_op *git)
{
	if (git->params->remote) {
		ask_url(git, git->params->remote);
		git->step = EXCHANGE_URL;
	} else {
		git_begin_in(git);
		git_arg(git, "remote");
		git->step = EXCHANGE_REMOTES;
	}
	return GIT_RUN;
}

static enum git_next take_remote(struct git_op *git, struct sb_error *err)
{
	if (!*git->out || strchr(git->out, '\n'))
		return refuse(err, "remote: name it, the repository does not have just one");
	git->remote = strdup(git->out);
	if (!git->remote) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return GIT_FAILED;
	}
	ask_url(git, git->remote);
	git->step = EXCHANGE_URL;
	return GIT_RUN;
}

static enum git_next ask_upstream(struct git_op *git)
{
	git_begin_in(git);
	git_arg(git, "rev-parse");
	git_arg(git, "--abbrev-ref");
	git_arg(git, "--symbolic-full-name");
	git_arg(git, "@{u}");
	git->step = EXCHANGE_UPSTREAM;
	return GIT_RUN;
}

static enum git_next exchange(struct git_op *git, bool is_push)
{
	const struct git_params *params = git->params;
	const char *remote = params->remote ? params->remote : git->remote;

	git_begin_in(git);
	git_arg(git, is_push ? "push" : "pull");
	if (is_push && remote && params->set_upstream)
		git_arg(git, "--set-upstream");
	if (remote)
		git_arg(git, remote);
	if (params->branch)
		git_arg(git, params->branch);
	git->credential_url = git->url;
	git->step = EXCHANGE_DONE;
	return GIT_RUN;
}

static enum git_next take_url(struct git_op *git, bool is_push, struct sb_error *err)
{
	git->url = strdup(git->out);
	if (!git->url) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return GIT_FAILED;
	}
	return exchange(git, is_push);
}

static enum git_next check_exchange(const struct git_params *params, struct sb_error *err)
{
	if (params->password && !params->username)
		return refuse(err, password_alone);
	if (git_check_word("remote", params->remote, err) < 0 ||
	    git_check_word("branch", params->branch, err) < 0)
		return GIT_FAILED;
	return GIT_RUN;
}

static enum git_next push_or_pull(struct git_op *git, bool is_push, struct sb_error *err)
{
	const struct git_params *params = git->params;

	if (git->step == EXCHANGE_UPSTREAM && (git->exit_code != 0 || !*git->out)) {
		(void)sb_fail(err, SB_GIT_UPSTREAM,
			      "the branch has no upstream: name remote and branch, or push with "
			      "set_upstream");
		return GIT_FAILED;
	}
	if (git->has_run && (git->exit_code != 0 || git->step == EXCHANGE_DONE))
		return git_done_if_ok(git, err);
	switch (git->step) {
	case EXCHANGE_BEGIN:
		if (check_exchange(params, err) == GIT_FAILED)
			return GIT_FAILED;
		if (!is_push && !params->remote && !params->branch)
			return ask_upstream(git);
		return params->username ? find_remote(git) : exchange(git, is_push);
	case EXCHANGE_UPSTREAM:
		return params->username ? find_remote(git) : exchange(git, is_push);
	case EXCHANGE_REMOTES:
		return take_remote(git, err);
	case EXCHANGE_URL:
		return take_url(git, is_push, err);
	}
	abort();
}

static enum git_next push(struct git_op *git, struct sb_error *err)
{
	return push_or_pull(git, true, err);
}

static enum git_next pull(struct git_op *git, struct sb_error *err)
{
	return push_or_pull(git, false, err);
}

struct call_done *method_git_push(struct call *call)
{
	static const struct git_program program = {push, NULL};

	return git_call(call, &program);
}

struct call_done *method_git_pull(struct call *call)
{
	static const struct git_program program = {pull, NULL};

	return git_call(call, &program);
}

/* ---- a credential that stays --------------------------------------------------------------------- */

static bool has_newline(const char *text)
{
	return text && strchr(text, '\n');
}

static int make_credential(struct git_op *git, struct sb_error *err)
{
	const struct git_params *params = git->params;

	if (has_newline(params->username) || has_newline(params->password) ||
	    has_newline(params->host) || has_newline(params->protocol))
		return sb_fail(err, SB_INVALID_ARGUMENT, "a credential has no line breaks");
	if (asprintf(&git->script_input, "protocol=%s\nhost=%s\nusername=%s\npassword=%s\n\n",
		     params->protocol ? params->protocol : "https",
		     params->host ? params->host : "github.com", params->username,
		     params->password) < 0) {
		git->script_input = NULL;
		return sb_fail(err, SB_INTERNAL, "out of memory");
	}
	return 0;
}

enum { AUTHENTICATE_HELPER, AUTHENTICATE_APPROVE, AUTHENTICATE_DONE };

static enum git_next authenticate(struct git_op *git, struct sb_error *err)
{
	if (git->has_run && (git->exit_code != 0 || git->step == AUTHENTICATE_DONE))
		return git_done_if_ok(git, err);
	git_begin(git);
	if (git->step++ == AUTHENTICATE_HELPER) {
		git_arg(git, "config");
		git_arg(git, "--global");
		git_arg(git, "credential.helper");
		git_arg(git, "store");
		return GIT_RUN;
	}
	if (make_credential(git, err) < 0)
		return GIT_FAILED;
	git->script = "printf %s \"$SANDPOOL_GIT_INPUT\" | git credential approve";
	return GIT_RUN;
}

struct call_done *method_git_dangerously_authenticate(struct call *call)
{
	static const struct git_program program = {authenticate, NULL};

	return git_call(call, &program);
}
