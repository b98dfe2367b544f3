/* Files described for the wire. */
#include "config.h"

#include "daemon/local/agent/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/e2b/wire.h"
#include "daemon/local/agent/metadata.h"
#include "daemon/local/agent/passwd.h"

#define DIRECTORY_SIZE 4096 /* told for directories of file systems that give them none */

char *entry_permissions(mode_t mode, char *text)
{
	const struct {
		bool is_set;
		char letter;
	} kinds[] = {
		{S_ISDIR(mode), 'd'},  {S_ISLNK(mode), 'L'},  {S_ISBLK(mode) || S_ISCHR(mode), 'D'},
		{S_ISFIFO(mode), 'p'}, {S_ISSOCK(mode), 'S'}, {mode & S_ISUID, 'u'},
		{mode & S_ISGID, 'g'}, {S_ISCHR(mode), 'c'},  {mode & S_ISVTX, 't'},
	};
	char *at = text;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].is_set)
			*at++ = kinds[i].letter;
	if (at == text)
		*at++ = '-';
	for (int bit = 8; bit >= 0; bit--)
		*at++ = (char)(mode & (1u << bit) ? "xwr"[bit % 3] : '-');
	*at = '\0';
	return text;
}

char *entry_base_name(const char *path)
{
	size_t end = strlen(path);
	size_t start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	return start == end ? strndup("/", 1) : strndup(path + start, end - start);
}

static int file_type(mode_t mode)
{
	if (S_ISREG(mode))
		return WIRE_FILE_FILE;
	return S_ISDIR(mode) ? WIRE_FILE_DIRECTORY : WIRE_FILE_UNSPECIFIED;
}

/* RFC 3339 with all nine digits, which file times have. */
static char *format_time(const struct timespec *when)
{
	char date[32];
	char text[64];
	struct tm tm;

	if (!gmtime_r(&when->tv_sec, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%T", &tm))
		return strdup("1970-01-01T00:00:00Z");
	(void)snprintf(text, sizeof(text), "%s.%09ldZ", date, when->tv_nsec);
	return strdup(text);
}

/* A path of any directory's entry, as the calls need that know no directory descriptors. */
static void locate(int at, const char *name, char *ret, size_t size)
{
	if (at == AT_FDCWD)
		(void)snprintf(ret, size, "%s", name);
	else
		(void)snprintf(ret, size, "/proc/self/fd/%d/%s", at, name);
}

/* What a link shows of the file it leads to; nothing when it leads nowhere. */
static void read_target(const char *location, const char *path, struct wire_entry *entry)
{
	struct stat st;

	entry->symlink_target = realpath(location, NULL);
	if (!entry->symlink_target || stat(location, &st) < 0) {
		free(entry->symlink_target);
		entry->symlink_target = strdup(path);
		entry->type = WIRE_FILE_UNSPECIFIED;
		entry->mode = 0;
		return;
	}
	entry->type = file_type(st.st_mode);
	entry->mode = st.st_mode & 0777;
}

static int fill(int at, const char *name, const struct stat *st, struct accounts *accounts,
		struct wire_entry *entry)
{
	char location[PATH_MAX + 64];
	char permissions[ENTRY_PERMISSIONS_SIZE];
	char owner[PASSWD_NAME_SIZE];
	char group[PASSWD_NAME_SIZE];

	locate(at, name, location, sizeof(location));
	entry->type = file_type(st->st_mode);
	entry->mode = st->st_mode & 0777;
	if (S_ISLNK(st->st_mode))
		read_target(location, entry->path, entry);
	entry->size = st->st_size;
	if (S_ISDIR(st->st_mode) && st->st_size == 0)
		entry->size = DIRECTORY_SIZE;
	entry->permissions = strdup(entry_permissions(st->st_mode, permissions));
	entry->owner = strdup(accounts_user(accounts, st->st_uid, owner));
	entry->group = strdup(accounts_group(accounts, st->st_gid, group));
	entry->modified_time = format_time(&st->st_mtim);
	if (entry->type != WIRE_FILE_UNSPECIFIED)
		metadata_read(location, &entry->metadata);
	return entry->permissions && entry->owner && entry->group && entry->modified_time ? 0 : -1;
}

int entry_read(int at, const char *name, const char *path, struct accounts *accounts,
	       struct wire_entry *ret, struct sb_error *err)
{
	struct wire_entry entry = {0};
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return sb_fail(err, SB_FILE_NOT_FOUND, "file not found: %s", path);
		return sb_fail_errno(err, SB_INTERNAL, errno, "error getting info of '%s'", path);
	}
	entry.path = strdup(path);
	entry.name = entry_base_name(path);
	if (!entry.path || !entry.name || fill(at, name, &st, accounts, &entry) < 0) {
		fields_free(&wire_entry_type, &entry);
		return sb_fail(err, SB_INTERNAL, "out of memory");
	}
	*ret = entry;
	return 0;
}
