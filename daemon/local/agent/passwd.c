/* /etc/passwd and /etc/group. */
#include "config.h"

#include "daemon/local/agent/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1 << 20)

/* The file's text; nothing when it cannot be read. */
static void read_file(const char *path, struct buf *ret)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	buf_add(ret, "", 0);
	while (fd >= 0 && ret->len < FILE_MAX) {
		char *at = buf_reserve(ret, 4096);
		ssize_t n = at ? read(fd, at, 4096) : 0;

		if (n <= 0)
			break;
		ret->len += (size_t)n;
		ret->data[ret->len] = '\0';
	}
}

/* The next line's fields, split at ':' in place of a copy: at most `max`. Moves *at behind the line. */
struct line {
	const char *field[7];
	size_t len[7];
	unsigned count;
};

static bool next_line(const char **at, struct line *ret_line)
{
	const char *c = *at;

	if (*c == '\0')
		return false;
	*ret_line = (struct line){0};
	while (ret_line->count < ARRAY_SIZE(ret_line->field)) {
		size_t len = strcspn(c, ":\n");

		ret_line->field[ret_line->count] = c;
		ret_line->len[ret_line->count++] = len;
		c += len;
		if (*c != ':')
			break;
		c++;
	}
	c += strcspn(c, "\n");
	*at = c + (*c == '\n');
	return true;
}

static bool is_field(const struct line *line, unsigned index, const char *text)
{
	return index < line->count && line->len[index] == strlen(text) &&
	       memcmp(line->field[index], text, line->len[index]) == 0;
}

static int field_id(const struct line *line, unsigned index, uint32_t *ret_id)
{
	uint64_t id = 0;

	if (index >= line->count || line->len[index] == 0 || line->len[index] > 10)
		return -1;
	for (size_t i = 0; i < line->len[index]; i++) {
		char c = line->field[index][i];

		if (c < '0' || c > '9')
			return -1;
		id = id * 10 + (uint64_t)(c - '0');
	}
	if (id >= UINT32_MAX) /* (uid_t)-1 means "leave as it is" to the kernel */
		return -1;
	*ret_id = (uint32_t)id;
	return 0;
}

int user_find_in(const char *passwd, const char *name, struct user *ret_user, struct sb_error *err)
{
	struct line line;

	while (*name && next_line(&passwd, &line)) {
		struct user user = {0};

		if (!is_field(&line, 0, name) || line.count < 6 ||
		    field_id(&line, 2, &user.uid) < 0 || field_id(&line, 3, &user.gid) < 0)
			continue;
		user.name = strdup(name);
		user.home = line.len[5] ? strndup(line.field[5], line.len[5]) : strdup("/");
		if (!user.name || !user.home) {
			user_deinit(&user);
			return sb_fail(err, SB_INTERNAL, "no memory for a user");
		}
		*ret_user = user;
		return 0;
	}
	return sb_fail(err, SB_AUTHENTICATION, "invalid username: '%s'", name);
}

int user_find(const char *name, struct user *ret_user, struct sb_error *err)
{
	CLEANUP_BUF struct buf passwd = {0};

	read_file("/etc/passwd", &passwd);
	if (user_find_in(passwd.data ? passwd.data : "", name, ret_user, err) < 0)
		return -1;
	if (geteuid() == 0 || ret_user->uid == geteuid())
		return 0;
	user_deinit(ret_user);
	return sb_fail(err, SB_UNSUPPORTED,
		       "no user '%s' here: the engine of this sandbox has one id to give", name);
}

/* True when the comma-separated list in field 3 of a group's line has `name`. */
static bool has_member(const struct line *line, const char *name)
{
	size_t name_len = strlen(name);
	const char *at = line->count > 3 ? line->field[3] : "";
	const char *end = line->count > 3 ? at + line->len[3] : at;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		const char *stop = comma ? comma : end;

		if ((size_t)(stop - at) == name_len && memcmp(at, name, name_len) == 0)
			return true;
		at = stop + 1;
	}
	return false;
}

int user_add_groups_in(const char *group, struct user *user, struct sb_error *err)
{
	struct line line;
	gid_t gid;

	while (next_line(&group, &line)) {
		gid_t *groups;

		if (!has_member(&line, user->name) || field_id(&line, 2, &gid) < 0)
			continue;
		groups = realloc(user->groups, (user->group_count + 1) * sizeof(*groups));
		if (!groups)
			return sb_fail(err, SB_INTERNAL, "no memory for groups");
		user->groups = groups;
		groups[user->group_count++] = gid;
	}
	return 0;
}

int user_load_groups(struct user *user, struct sb_error *err)
{
	CLEANUP_BUF struct buf group = {0};

	read_file("/etc/group", &group);
	return user_add_groups_in(group.data ? group.data : "", user, err);
}

void user_deinit(struct user *user)
{
	free(user->name);
	free(user->home);
	free(user->groups);
	*user = (struct user){0};
}

void accounts_deinit(struct accounts *accounts)
{
	buf_deinit(&accounts->passwd);
	buf_deinit(&accounts->group);
	accounts->is_loaded = false;
}

static char *find_name(const struct buf *file, uint32_t wanted, char *name)
{
	const char *at = file->data ? file->data : "";
	struct line line;
	uint32_t id;

	while (next_line(&at, &line)) {
		if (field_id(&line, 2, &id) == 0 && id == wanted && line.len[0] > 0 &&
		    line.len[0] < PASSWD_NAME_SIZE) {
			memcpy(name, line.field[0], line.len[0]);
			name[line.len[0]] = '\0';
			return name;
		}
	}
	(void)snprintf(name, PASSWD_NAME_SIZE, "%u", wanted);
	return name;
}

static void accounts_load(struct accounts *accounts)
{
	if (accounts->is_loaded)
		return;
	read_file("/etc/passwd", &accounts->passwd);
	read_file("/etc/group", &accounts->group);
	accounts->is_loaded = true;
}

char *accounts_user(struct accounts *accounts, uid_t uid, char *name)
{
	accounts_load(accounts);
	return find_name(&accounts->passwd, uid, name);
}

char *accounts_group(struct accounts *accounts, gid_t gid, char *name)
{
	accounts_load(accounts);
	return find_name(&accounts->group, gid, name);
}
