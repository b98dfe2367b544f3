/*
 * The users who are connected, and what each has of what all of them share. Bounds are for all together; a
 * share of each keeps one user from having everything.
 */
#ifndef SP_USER_H
#define SP_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/base/list.h"
#include "daemon/conn.h"
#include "protocol/error.h"

struct user {
	uid_t uid;
	unsigned conns;
	unsigned calls;     /* under way; some of them may have outlived their connection */
	size_t input_bytes; /* that his connections hold of what he has sent */
	unsigned pins;
	struct list link; /* server.users */
};

/* The user, who is made when he is new; pinned until user_put(). NULL when out of memory. */
struct user *user_get(struct list *users, uid_t uid);
void user_put(struct user *user);

/* The same without a pin; NULL when he has nothing here. */
struct user *user_find(const struct list *users, uid_t uid);

/* Who is at the other end of a connected socket. */
int peer_of(int fd, struct peer *ret, struct sb_error *err) MUST_USE;

/* A connection of his more: who he is, and his user, pinned until user_leave(). */
int user_enter(struct list *users, int fd, struct peer *ret_peer, struct user **ret_user,
	       struct sb_error *err) MUST_USE;
/* One less, which held so much input. NULL is fine. */
void user_leave(struct user *user, size_t input_bytes);

/*
 * May somebody who has `own` of what all have `all` of, and of which there is `max`, have one more? He may
 * take eight times as much as is left: alone he gets eight ninths, and there is always something for the next.
 */
bool user_may_take(size_t own, size_t all, size_t max);

#endif
