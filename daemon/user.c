/* Users and their shares. There are few: a list will do. */
#include "config.h"

#include "daemon/user.h"

#include <stdlib.h>

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

bool user_may_take(size_t own, size_t all, size_t max)
{
	return all < max && own / SHARE < max - all;
}
