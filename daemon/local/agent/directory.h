/* Directories made for a user of the sandbox. */
#ifndef SP_DIRECTORY_H
#define SP_DIRECTORY_H

#include "protocol/error.h"

struct user;

/*
 * Make the directory at `path` and every one missing above it, each 0755 and owned by the user. What exists
 * stays untouched.
 */
int directory_make(const char *path, const struct user *user, struct sb_error *err) MUST_USE;

/* The same for the directories above `path` only. */
int directory_make_parents(const char *path, const struct user *user,
			   struct sb_error *err) MUST_USE;

/* The code of an errno that creating or writing a file met: a full disk is not like the rest. */
enum sb_code directory_error_code(int sys);

/*
 * Give an open file to the user. Where only one id is mapped there is nobody to give it to: not an
 * error. -1 with errno set.
 */
int directory_give(int fd, const struct user *user) MUST_USE;

#endif
