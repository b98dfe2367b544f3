/*
 * The template "base". A finished one is `<templates>/base-<fingerprint>` and never changes again: sandboxes run
 * on it. When the host changes, the next call builds a new one beside it, first under another name.
 */
#include "config.h"

#include "daemon/local/template.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/local/idmap.h"
#include "daemon/local/template-files.h"
#include "daemon/local/trash.h"
#include "daemon/local/tree.h"
#include "protocol/buf.h"

enum { ACCOUNT_ID_MAX = 999, ID_NOBODY = 65534, LINE_MAX_BYTES = 1024, USR_DEPTH = 5 };

/* ---- the host ---------------------------------------------------------------------------------- */

int template_check_host(struct sb_error *err)
{
	char missing[256] = "";
	size_t len = 0;
	struct stat st;

	if (lstat("/bin", &st) < 0 || !S_ISLNK(st.st_mode))
		return sb_fail(err, SB_UNSUPPORTED,
			       "/bin is not a link into /usr: install usrmerge");
	for (unsigned i = 0; i < template_programs_count; i++) {
		if (access(template_programs[i].path, X_OK) < 0 && len < sizeof(missing))
			len += (size_t)snprintf(missing + len, sizeof(missing) - len, " %s",
						template_programs[i].package);
	}
	if (len)
		return sb_fail(err, SB_UNSUPPORTED, "missing on this host: apt-get install%s",
			       missing);
	return 0;
}

/* What the built layer depends on. FNV-1a: a name for a state, not a protection. */
static uint64_t take_fingerprint(void)
{
	static const char *const paths[] = {"/var/lib/dpkg/status",  "/etc/ld.so.cache",
					    "/etc/passwd",           "/etc/group",
					    "/etc/alternatives",     "/etc/ssl/certs",
					    "/etc/apt/sources.list", "/etc/apt/sources.list.d"};
	uint64_t values[2 * ARRAY_SIZE(paths) + 1] = {TEMPLATE_VERSION << 8 |
						      (unsigned)idmap_mode()};
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (stat(paths[i], &st) < 0)
			continue;
		values[2 * i + 1] = (uint64_t)st.st_mtim.tv_sec;
		values[2 * i + 2] = (uint64_t)st.st_mtim.tv_nsec;
	}
	for (size_t i = 0; i < sizeof(values); i++)
		hash = (hash ^ ((const unsigned char *)values)[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* ---- building ---------------------------------------------------------------------------------- */

/* `layer_fd` is a fresh directory of ours, so its paths lead where they say. */
static int write_file(int layer_fd, const struct template_file *file, struct sb_error *err)
{
	size_t len = strlen(file->text);
	CLEANUP_FD int fd = -1;

	(void)unlinkat(layer_fd, file->path, 0); /* the host's, copied before; or its link */
	fd = openat(layer_fd, file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, file->text, len) != (ssize_t)len ||
	    fchown(fd, idmap_on_disk(file->owner), idmap_on_disk(file->group)) < 0 ||
	    fchmod(fd, file->mode) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "template file %s", file->path);
	return 0;
}

static int make_directory(int layer_fd, const struct template_file *file, struct sb_error *err)
{
	if ((mkdirat(layer_fd, file->path, 0700) < 0 && errno != EEXIST) ||
	    fchownat(layer_fd, file->path, idmap_on_disk(file->owner), idmap_on_disk(file->group),
		     AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(layer_fd, file->path, file->mode, 0) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "template directory %s", file->path);
	return 0;
}

static int write_own_files(int layer_fd, struct sb_error *err)
{
	for (unsigned i = 0; i < template_files_count; i++) {
		const struct template_file *file = &template_files[i];
		int status = file->text ? write_file(layer_fd, file, err)
					: make_directory(layer_fd, file, err);

		if (status < 0)
			return -1;
	}
	return 0;
}

static int copy_host_files(int layer_fd, struct sb_error *err)
{
	CLEANUP_FD int host = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int root = openat(layer_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (host < 0 || root < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "template root");
	for (const char *const *path = template_host_paths; *path; path++) {
		if (tree_copy_public(host, root, *path, err) < 0)
			return -1;
	}
	return 0;
}

/* The copy loses the setuid bit like every copy; where the host's root had it, the sandbox's has it now. */
static int restore_setuid(int host, int layer_fd, const char *path, struct sb_error *err)
{
	struct stat st;

	if (fstatat(host, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    !(st.st_mode & S_ISUID))
		return 0;
	if (fchmodat(layer_fd, path, st.st_mode & 04777, 0) < 0 && errno != ENOENT)
		return sb_fail_errno(err, SB_INTERNAL, errno, "template file %s", path);
	return 0;
}

/*
 * Where the host's files are shown as nobody's, a setuid bit makes nobody's process, and sudo asks for root's files.
 * So those that matter are copied, and are the sandbox's root's; so are the directories, without their files, since
 * who owns a directory can put packages into it.
 */
static int copy_root_files(int layer_fd, struct sb_error *err)
{
	CLEANUP_FD int host = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (host < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "/");
	if (tree_copy_directories(host, layer_fd, "usr", USR_DEPTH, err) < 0)
		return -1;
	for (const char *const *path = template_root_paths; *path; path++) {
		if (tree_copy_public(host, layer_fd, *path, err) < 0 ||
		    restore_setuid(host, layer_fd, *path, err) < 0)
			return -1;
	}
	return 0;
}

static int make_link(int layer_fd, const char *target, const char *path, struct sb_error *err)
{
	if (symlinkat(target, layer_fd, path) < 0 ||
	    fchownat(layer_fd, path, idmap_on_disk(0), idmap_on_disk(0), AT_SYMLINK_NOFOLLOW) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "link %s", path);
	return 0;
}

/* /bin, /lib, … as the host has them, the names /var still has for places in /run, and `python` (wire §9.1). */
static int make_links(int layer_fd, struct sb_error *err)
{
	static const char *const names[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};
	char from[32], to[32], target[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ssize_t len;

		(void)snprintf(from, sizeof(from), "/%s", names[i]);
		(void)snprintf(to, sizeof(to), "root/%s", names[i]);
		len = readlink(from, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		if (make_link(layer_fd, target, to, err) < 0)
			return -1;
	}
	if (make_link(layer_fd, "/run", "root/var/run", err) < 0 ||
	    make_link(layer_fd, "/run/lock", "root/var/lock", err) < 0 ||
	    make_link(layer_fd, "/proc/self/mounts", "root/etc/mtab", err) < 0)
		return -1;
	return make_link(layer_fd, "python3", "usr/bin/python", err);
}

/* ---- accounts ---------------------------------------------------------------------------------- */

/* The third field of a passwd or group line; -1 when there is none. */
static long account_id(const char *line)
{
	const char *colon = strchr(line, ':');

	colon = colon ? strchr(colon + 1, ':') : NULL;
	return colon && colon[1] >= '0' && colon[1] <= '9' ? strtol(colon + 1, NULL, 10) : -1;
}

static bool is_system_account(const char *line)
{
	long id = account_id(line);

	return (id > 0 && id <= ACCOUNT_ID_MAX) || id == ID_NOBODY;
}

/* A system user of the host keeps its number, since files in /usr have it, but no password. */
static void add_user(const char *line, struct buf *passwd, struct buf *shadow)
{
	int name_len = (int)strcspn(line, ":");
	const char *rest = strchr(line, ':') + 1;

	buf_printf(passwd, "%.*s:x:%s\n", name_len, line, strchr(rest, ':') + 1);
	buf_printf(shadow, "%.*s:*:19000:0:99999:7:::\n", name_len, line);
}

/* Members are people of the host: left out. */
static void add_group(const char *line, struct buf *group)
{
	buf_printf(group, "%.*s:x:%ld:\n", (int)strcspn(line, ":"), line, account_id(line));
}

static int read_accounts(const char *path, void (*add)(const char *line, struct buf *into[]),
			 struct buf *into[], struct sb_error *err)
{
	char line[LINE_MAX_BYTES];
	CLEANUP_FILE FILE *file = fopen(path, "re");

	if (!file)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (is_system_account(line))
			add(line, into);
	}
	return 0;
}

static void on_user(const char *line, struct buf *into[])
{
	add_user(line, into[0], into[1]);
}

static void on_group(const char *line, struct buf *into[])
{
	add_group(line, into[0]);
}

/* Nobody has a password: root is reached by sudo, and from outside. */
static int write_accounts(int layer_fd, struct sb_error *err)
{
	CLEANUP_BUF struct buf passwd = {0}, shadow = {0}, group = {0};

	buf_add_str(&passwd, "root:x:0:0:root:/root:/bin/bash\n");
	buf_add_str(&shadow, "root:*:19000:0:99999:7:::\n");
	buf_add_str(&group, "root:x:0:\n");
	if (read_accounts("/etc/passwd", on_user, (struct buf *[]){&passwd, &shadow}, err) < 0 ||
	    read_accounts("/etc/group", on_group, (struct buf *[]){&group}, err) < 0)
		return -1;
	buf_add_str(&passwd, "user:x:1000:1000::/home/user:/bin/bash\n");
	buf_add_str(&shadow, "user:*:19000:0:99999:7:::\n");
	buf_add_str(&group, "user:x:1000:\n");
	if (passwd.failed || shadow.failed || group.failed)
		return sb_fail(err, SB_INTERNAL, "out of memory");

	const struct template_file files[] = {
		{"root/etc/passwd", 0644, 0, 0, passwd.data},
		{"root/etc/group", 0644, 0, 0, group.data},
		{"root/etc/shadow", 0640, 0, 42, shadow.data},
	};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (write_file(layer_fd, &files[i], err) < 0)
			return -1;
	}
	return 0;
}

/* ---- prepare ----------------------------------------------------------------------------------- */

static int build(int layer_fd, struct sb_error *err)
{
	static const struct template_file root = {"root", 0755, 0, 0, NULL};

	if (fchmod(layer_fd, 0755) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "template");
	if (make_directory(layer_fd, &root, err) < 0 || copy_host_files(layer_fd, err) < 0)
		return -1;
	if (idmap_mode() == IDMAP_SHARED && copy_root_files(layer_fd, err) < 0)
		return -1;
	/* After the host's, so that ours win. */
	if (write_own_files(layer_fd, err) < 0 || write_accounts(layer_fd, err) < 0)
		return -1;
	return make_links(layer_fd, err);
}

/* Build under a name of its own, then give it the real one: half a template is never seen. */
static int build_at(int templates_fd, const char *templates_dir, const char *name,
		    struct sb_error *err)
{
	char path[PATH_MAX];
	const char *building = path + strlen(templates_dir) + 1;
	CLEANUP_FD int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/.%s-XXXXXX", templates_dir, name);
	if (!mkdtemp(path))
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	fd = openat(templates_fd, building, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		(void)sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	else if (build(fd, err) == 0 && syncfs(fd) == 0 &&
		 renameat(templates_fd, building, templates_fd, name) == 0)
		return 0;
	else if (err->code == SB_OK && errno != EEXIST && errno != ENOTEMPTY)
		(void)sb_fail_errno(err, SB_INTERNAL, errno, "%s", name);
	if (fd >= 0)
		(void)trash_empty(fd);
	(void)unlinkat(templates_fd, building, AT_REMOVEDIR);
	return err->code == SB_OK ? 0 : -1; /* another engine was first: its template is as good */
}

int template_prepare_base(const char *templates_dir, char **ret_dir, struct sb_error *err)
{
	CLEANUP_FD int templates_fd = open(templates_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[32];
	char *dir;

	if (templates_fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", templates_dir);
	if (template_check_host(err) < 0)
		return sb_wrap(err, "template base");
	(void)snprintf(name, sizeof(name), "base-%016llx", (unsigned long long)take_fingerprint());
	if (faccessat(templates_fd, name, F_OK, 0) < 0 &&
	    build_at(templates_fd, templates_dir, name, err) < 0)
		return sb_wrap(err, "template base");
	if (asprintf(&dir, "%s/%s", templates_dir, name) < 0)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	*ret_dir = dir;
	return 0;
}
