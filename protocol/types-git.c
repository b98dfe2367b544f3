/* Field tables of git.*. */
#include "config.h"

#include "protocol/types-parts.h"

static const char *const scopes[] = {
	[GIT_SCOPE_GLOBAL] = "global",
	[GIT_SCOPE_LOCAL] = "local",
	[GIT_SCOPE_SYSTEM] = "system",
	NULL,
};

static const char *const modes[] = {
	[GIT_RESET_DEFAULT] = "default",
	[GIT_RESET_SOFT] = "soft",
	[GIT_RESET_MIXED] = "mixed",
	[GIT_RESET_HARD] = "hard",
	[GIT_RESET_MERGE] = "merge",
	[GIT_RESET_KEEP] = "keep",
	NULL,
};

/* A table's rows: text that must be there or may be, a switch, and what each ends with: how the commands are run. */
#define P_GIT_NEEDED(m, text)                                                                      \
	F_STRING(struct git_params, m, .required = true, .min = 1, .max = PATH_MAX_BYTES,          \
		 .doc = text)
#define P_GIT_TEXT(m, text)                                                                        \
	F_STRING(struct git_params, m, .min = 1, .max = PATH_MAX_BYTES, .doc = text)
#define P_GIT_BOOL(m, text) F_BOOL(struct git_params, m, .doc = text)
#define P_GIT_END                                                                                  \
	P_USER(git_params), P_CWD(git_params), P_ENVS(git_params), P_RUN_TIMEOUT(git_params),      \
		P_START_TIMEOUT(git_params), F_END

#define P_LOCAL_REPOSITORY P_GIT_TEXT(path, "of the repository; with scope local")
#define P_CREDENTIAL                                                                               \
	P_GIT_TEXT(username, "who to authenticate as; with password"),                             \
		P_GIT_TEXT(password, "password or token; it is kept nowhere")
#define P_REPOSITORY P_GIT_NEEDED(path, "the repository")
#define P_SCOPE                                                                                    \
	F_ENUM(struct git_params, scope, .names = scopes, .absent = GIT_SCOPE_GLOBAL,              \
	       .doc = "whose configuration; local needs path")
#define GIT_TABLE sizeof(struct git_params), (const struct field[])

/* clang-format off */
const struct fields git_clone_params_type = {
	"GitCloneParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_GIT_NEEDED(url, "of what is cloned"),
	P_GIT_TEXT(path, "directory to clone into; named by the URL when absent"),
	P_GIT_TEXT(branch, "the one branch to clone"),
	F_INT(struct git_params, depth, .min = TYPES_UNSET, .max = INT32_MAX, .absent = TYPES_UNSET,
	      .doc = "only so many commits; all when absent"),
	P_CREDENTIAL,
	P_GIT_BOOL(dangerously_store_credentials, "leave them in the URL of the clone's remote"),
	P_GIT_END,
}};

const struct fields git_init_params_type = {
	"GitInitParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_GIT_NEEDED(path, "directory to make a repository in"),
	P_GIT_BOOL(bare, "without a working tree"),
	P_GIT_TEXT(initial_branch, "name of the first branch"),
	P_GIT_END,
}};

const struct fields git_remote_add_params_type = {
	"GitRemoteAddParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_REPOSITORY,
	P_GIT_NEEDED(name, "of the remote"),
	P_GIT_NEEDED(url, "of the remote"),
	P_GIT_BOOL(fetch, "and fetch from it"),
	P_GIT_BOOL(overwrite, "change its URL when it is there"),
	P_GIT_END,
}};

const struct fields git_remote_get_params_type = {
	"GitRemoteGetParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_REPOSITORY,
	P_GIT_NEEDED(name, "of the remote"),
	P_GIT_END,
}};

const struct fields git_path_params_type = {
	"GitPathParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_REPOSITORY,
	P_GIT_END,
}};

const struct fields git_branch_params_type = {
	"GitBranchParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_REPOSITORY,
	P_GIT_NEEDED(branch, "its name"),
	P_GIT_END,
}};

const struct fields git_delete_branch_params_type = {
	"GitDeleteBranchParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_REPOSITORY,
	P_GIT_NEEDED(branch, "its name"),
	P_GIT_BOOL(force, "also when it is not merged"),
	P_GIT_END,
}};

const struct fields git_add_params_type = {
	"GitAddParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_REPOSITORY,
	F_STRINGS(struct git_params, files, .max = 4096, .doc = "what to add; see all when absent"),
	F_BOOL(struct git_params, all, .absent = true, .doc = "without files: everything in the repository, not only below path"),
	P_GIT_END,
}};

const struct fields git_commit_params_type = {
	"GitCommitParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_REPOSITORY,
	F_STRING(struct git_params, message, .required = true, .min = 1, .max = 65536,
		 .doc = "of the commit"),
	P_GIT_TEXT(author_name, "instead of what is configured"),
	P_GIT_TEXT(author_email, "instead of what is configured"),
	P_GIT_BOOL(allow_empty, "also without a change"),
	P_GIT_END,
}};

const struct fields git_reset_params_type = {
	"GitResetParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_REPOSITORY,
	F_ENUM(struct git_params, mode, .names = modes, .doc = "what else is reset; git's own default when absent"),
	P_GIT_TEXT(target, "commit to go to; HEAD when absent"),
	F_STRINGS(struct git_params, paths, .max = 4096, .doc = "only these"),
	P_GIT_END,
}};

const struct fields git_restore_params_type = {
	"GitRestoreParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_REPOSITORY,
	F_STRINGS(struct git_params, paths, .max = 4096, .doc = "what to restore"),
	P_GIT_BOOL(staged, "what is staged"),
	P_GIT_BOOL(worktree, "the working tree; so it is without staged"),
	P_GIT_TEXT(source, "commit to restore from"),
	P_GIT_END,
}};

const struct fields git_push_params_type = {
	"GitPushParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_REPOSITORY,
	P_GIT_TEXT(remote, "where to"),
	P_GIT_TEXT(branch, "what"),
	F_BOOL(struct git_params, set_upstream, .absent = true, .doc = "with remote: remember it for the branch"),
	P_CREDENTIAL,
	P_GIT_END,
}};

const struct fields git_pull_params_type = {
	"GitPullParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_REPOSITORY,
	P_GIT_TEXT(remote, "where from"),
	P_GIT_TEXT(branch, "what"),
	P_CREDENTIAL,
	P_GIT_END,
}};

const struct fields git_set_config_params_type = {
	"GitSetConfigParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_LOCAL_REPOSITORY,
	P_GIT_NEEDED(key, "its name"),
	F_STRING(struct git_params, value, .required = true, .max = PATH_MAX_BYTES,
		 .doc = "its value"),
	P_SCOPE,
	P_GIT_END,
}};

const struct fields git_get_config_params_type = {
	"GitGetConfigParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_LOCAL_REPOSITORY,
	P_GIT_NEEDED(key, "its name"),
	P_SCOPE,
	P_GIT_END,
}};

const struct fields git_configure_user_params_type = {
	"GitConfigureUserParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_LOCAL_REPOSITORY,
	P_GIT_NEEDED(name, "of who commits"),
	P_GIT_NEEDED(email, "of who commits"),
	P_SCOPE,
	P_GIT_END,
}};

const struct fields git_authenticate_params_type = {
	"GitAuthenticateParams", GIT_TABLE{
	P_SANDBOX_ID(git_params),
	P_GIT_NEEDED(username, "who to authenticate as"),
	P_GIT_NEEDED(password, "password or token; it stays in the user's home, readable"),
	P_GIT_TEXT(host, "where; github.com when absent"),
	P_GIT_TEXT(protocol, "https when absent"),
	P_GIT_END,
}};

const struct fields git_result_type = {
	"GitResult", TABLE(git_result){
	F_AS(FIELD_BYTES, struct bytes, struct git_result, out, "stdout", .doc = "what git printed"),
	F_AS(FIELD_BYTES, struct bytes, struct git_result, err, "stderr",
	     .doc = "its messages, of success too"),
	F_END,
}};

static const struct fields git_file_type = {
	"GitFile", TABLE(git_file){
	F_STRING(struct git_file, name, .doc = "path in the repository"),
	F_STRING(struct git_file, status,
		 .doc = "conflict, renamed, copied, deleted, added, modified, typechange, untracked or unknown"),
	F_STRING(struct git_file, index_status, .doc = "git's letter for what is staged"),
	F_STRING(struct git_file, working_tree_status, .doc = "git's letter for what is not"),
	F_BOOL(struct git_file, staged, .doc = "whether something of it is staged"),
	F_STRING(struct git_file, renamed_from, .optional = true, .doc = "its name before"),
	F_END,
}};

const struct fields git_status_type = {
	"GitStatus", TABLE(git_status){
	F_STRING(struct git_status, current_branch, .optional = true, .doc = "absent when detached"),
	F_STRING(struct git_status, upstream, .optional = true, .doc = "what the branch follows"),
	F_INT(struct git_status, ahead, .doc = "commits that upstream does not have"),
	F_INT(struct git_status, behind, .doc = "commits that only upstream has"),
	F_BOOL(struct git_status, detached, .doc = "whether HEAD is on no branch"),
	F_BOOL(struct git_status, is_clean, .doc = "nothing is changed, staged or untracked"),
	F_BOOL(struct git_status, has_changes, .doc = "the opposite"),
	F_BOOL(struct git_status, has_staged, .doc = "something is staged"),
	F_BOOL(struct git_status, has_untracked, .doc = "some files are not tracked"),
	F_BOOL(struct git_status, has_conflicts, .doc = "some files are in conflict"),
	F_INT(struct git_status, total_count, .doc = "how many files are listed"),
	F_INT(struct git_status, staged_count, .doc = "of which staged"),
	F_INT(struct git_status, unstaged_count, .doc = "the others"),
	F_INT(struct git_status, untracked_count, .doc = "of which not tracked"),
	F_INT(struct git_status, conflict_count, .doc = "of which in conflict"),
	F_LIST(struct git_status, files, .type = &git_file_type, .doc = "in git's order"),
	F_END,
}};

const struct fields git_branches_type = {
	"GitBranches", TABLE(git_branches){
	F_STRINGS(struct git_branches, branches, .doc = "local ones"),
	F_STRING(struct git_branches, current_branch, .optional = true, .doc = "absent when detached"),
	F_END,
}};

const struct fields git_value_type = {
	"GitValue", TABLE(git_value){
	F_STRING(struct git_value, value, .optional = true, .doc = "absent when there is none"),
	F_END,
}};
/* clang-format on */
