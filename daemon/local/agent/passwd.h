/*
 * Users and groups of the sandbox, read from its /etc/passwd and /etc/group by ourselves: NSS would load
 * libraries from the template. The files belong to the sandbox's root, who may write anything there.
 */
#ifndef SP_PASSWD_H
#define SP_PASSWD_H

#include <stddef.h>
#include <sys/types.h>

#include "protocol/buf.h"
#include "protocol/error.h"

#define PASSWD_NAME_SIZE 64

struct user {
	char *name;
	char *home;
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary ones; NULL until user_load_groups() */
	size_t group_count;
};

/* 0, or -1 with SB_AUTHENTICATION `invalid username: '<name>'`. */
int user_find(const char *name, struct user *ret_user, struct sb_error *err) MUST_USE;
int user_load_groups(struct user *user, struct sb_error *err) MUST_USE;
void user_deinit(struct user *user);

/* The same of the text of a file. */
int user_find_in(const char *passwd, const char *name, struct user *ret_user,
		 struct sb_error *err) MUST_USE;
int user_add_groups_in(const char *group, struct user *user, struct sb_error *err) MUST_USE;

/* Both files at one moment, for the owners of many entries. Zero is empty; loading is on first use. */
struct accounts {
	struct buf passwd;
	struct buf group;
	bool is_loaded;
};

void accounts_deinit(struct accounts *accounts);
/* The name, or the decimal id when there is none. `name` has PASSWD_NAME_SIZE bytes. Returns name. */
char *accounts_user(struct accounts *accounts, uid_t uid, char *name);
char *accounts_group(struct accounts *accounts, gid_t gid, char *name);

#endif
