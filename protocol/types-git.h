/*
 * Parameters and results of git.*; included by types.h. The methods have one parameter struct: each has a field table with
 * the members that mean something to it (types-git.c).
 */
#ifndef SP_TYPES_GIT_H
#define SP_TYPES_GIT_H

#include "protocol/fields.h"

enum git_scope { GIT_SCOPE_GLOBAL, GIT_SCOPE_LOCAL, GIT_SCOPE_SYSTEM };
enum git_reset_mode {
	GIT_RESET_DEFAULT,
	GIT_RESET_SOFT,
	GIT_RESET_MIXED,
	GIT_RESET_HARD,
	GIT_RESET_MERGE,
	GIT_RESET_KEEP
};

struct git_params {
	/* of all of them */
	char *sandbox_id;
	char *path; /* of the repository */
	char *user;
	char *cwd;
	struct string_map envs;
	double timeout;
	double request_timeout;
	/* remotes and what is exchanged with them */
	char *url;
	char *remote;
	char *name;
	char *branch;
	char *username;
	char *password;
	int64_t depth; /* TYPES_UNSET: all */
	bool dangerously_store_credentials;
	bool fetch;
	bool overwrite;
	bool set_upstream;
	/* repositories, branches, commits */
	char *initial_branch;
	bool bare;
	bool force;
	struct strings files;
	bool all;
	char *message;
	char *author_name;
	char *author_email;
	bool allow_empty;
	int mode; /* enum git_reset_mode */
	char *target;
	struct strings paths;
	bool staged, worktree;
	char *source;
	/* configuration */
	char *key;
	char *value;
	char *email;
	int scope; /* enum git_scope */
	char *host;
	char *protocol;
};

struct git_result {
	struct bytes out;
	struct bytes err;
};

struct git_file {
	char *name;
	char *status; /* "modified" */
	char *index_status;
	char *working_tree_status;
	bool staged;
	char *renamed_from;
};

struct git_status {
	char *current_branch;
	char *upstream;
	int64_t ahead;
	int64_t behind;
	bool detached;
	bool is_clean;
	bool has_changes;
	bool has_staged;
	bool has_untracked;
	bool has_conflicts;
	int64_t total_count;
	int64_t staged_count;
	int64_t unstaged_count;
	int64_t untracked_count;
	int64_t conflict_count;
	struct list_value files; /* of struct git_file */
};

struct git_branches {
	struct strings branches;
	char *current_branch;
};

struct git_value { /* remote_get, get_config */
	char *value;
};

#define TYPE(T) extern const struct fields T##_type

TYPE(git_clone_params);
TYPE(git_init_params);
TYPE(git_remote_add_params);
TYPE(git_remote_get_params);
TYPE(git_path_params);
TYPE(git_branch_params);
TYPE(git_delete_branch_params);
TYPE(git_add_params);
TYPE(git_commit_params);
TYPE(git_reset_params);
TYPE(git_restore_params);
TYPE(git_push_params);
TYPE(git_pull_params);
TYPE(git_set_config_params);
TYPE(git_get_config_params);
TYPE(git_configure_user_params);
TYPE(git_authenticate_params);
TYPE(git_result);
TYPE(git_status);
TYPE(git_branches);
TYPE(git_value);

#undef TYPE

#endif
