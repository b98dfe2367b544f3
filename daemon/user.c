/* Users and their shares. There are few: a list will do. */
#include "config.h"

#include "daemon/user.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define SHARE 8

struct user *user_find(const struct list *users, uid_t uid)
{
	list_for_each (struct user, user, users, link) {
		if (user->uid == uid)
			return user;
	}
	return NULL;
}

struct user *user_get(struct list *users, uid_t uid)
{
	struct user *user = user_find(users, uid);

	if (!user) {
		user = calloc(1, sizeof(*user));
		if (!user)
			return NULL;
		user->uid = uid;
		list_append(users, &user->link);
	}
	user->pins++;
	return user;
}

void user_put(struct user *user)
{
	if (!user || --user->pins > 0)
		return;
	list_remove(&user->link);
	free(user);
}

int peer_of(int fd, struct peer *ret, struct sb_error *err)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "who the client is");
	*ret = (struct peer){cred.uid, cred.gid, cred.pid};
	return 0;
}

int user_enter(struct list *users, int fd, struct peer *ret_peer, struct user **ret_user,
	       struct sb_error *err)
{
	struct user *user;

	if (peer_of(fd, ret_peer, err) < 0)
		return -1;
	user = user_get(users, ret_peer->uid);
	if (!user)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "a new client");
	user->conns++;
	*ret_user = user;
	return 0;
}

void user_leave(struct user *user, size_t input_bytes)
{
	if (!user)
		return;
	user->conns--;
	user->input_bytes -= input_bytes;
	user_put(user);
}

bool user_may_take(size_t own, size_t all, size_t max)
{
	return all < max && own / SHARE < max - all;
}
