/*
 * Layers and overlays.
 *
 * Through an idmapped mount, files of the host's root belong to the sandbox's root. For the layers that
 * we made this is the purpose. For the host's /usr it must not open a file that the host keeps from its
 * other users, and such a file may turn up at any time. So the host's /usr comes through an overlay of its
 * own, read-only and mounted by a user who owns nothing and has no capability over files: an overlay asks
 * for its mounter's permission on every layer's file, beside the caller's. Whatever is not readable for everybody
 * on the host is out of reach, today's files and tomorrow's, without a list of them.
 */
#include "config.h"

#include "daemon/local/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/local/idmap.h"
#include "daemon/local/sys.h"

enum { OPTIONS_MAX = 4096 }; /* mount(2) takes one page */

static int clone_tree(const char *path, int *ret_fd, struct sb_error *err)
{
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "layer %s", path);
	*ret_fd = fd;
	return 0;
}

static int give(int dir_fd, const char *path)
{
	return fchownat(dir_fd, path, idmap_on_disk(0), idmap_on_disk(0), AT_SYMLINK_NOFOLLOW);
}

/*
 * Shown under its ids, the directory is the sandbox's root's. Where it cannot be, it stays the engine's, which a
 * later one must read before it has a namespace, and the sandbox passes through by its group.
 */
static int open_to_sandbox(int fd)
{
	if (idmap_mode() == IDMAP_OWN)
		return fchmod(fd, 0700);
	if (fchown(fd, (uid_t)-1, idmap_on_disk(0)) < 0)
		return -1;
	return fchmod(fd, 0710);
}

/*
 * The sandbox's own directory. Everything below `layer` has the sandbox's own ids on the real disk,
 * setuid bits too, so nobody else on the host may pass through.
 */
static int make_own_layer(const char *dir, struct sb_error *err)
{
	static const char *const parts[] = {"layer", "layer/root", "layer/usr",
					    "work",  "work/root",  "work/usr"};
	CLEANUP_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || open_to_sandbox(fd) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", dir);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (mkdirat(fd, parts[i], 0755) == 0) {
			/* a umask must not decide what the sandbox sees */
			if (fchmodat(fd, parts[i], 0755, 0) < 0 || give(fd, parts[i]) < 0)
				return sb_fail_errno(err, SB_INTERNAL, errno, "%s/%s", dir,
						     parts[i]);
		} else if (errno != EEXIST) {
			return sb_fail_errno(err, SB_INTERNAL, errno, "%s/%s", dir, parts[i]);
		}
	}
	return 0;
}

static int add_layer(struct layers *layers, const char *path, struct sb_error *err)
{
	if (layers->count == OVERLAY_LAYERS_MAX)
		return sb_fail(err, SB_INVALID_ARGUMENT, "more than %d layers", OVERLAY_LAYERS_MAX);
	if (clone_tree(path, &layers->layer_fds[layers->count], err) < 0)
		return -1;
	layers->count++;
	return 0;
}

int layers_open(const char *dir, const char *template_dir, const char *const *paths,
		struct layers *ret, struct sb_error *err)
{
	*ret = LAYERS_EMPTY;
	if (make_own_layer(dir, err) < 0 || clone_tree(dir, &ret->dir_fd, err) < 0)
		return -1;
	if (add_layer(ret, template_dir, err) < 0)
		return -1;
	for (; paths && *paths; paths++) {
		if (add_layer(ret, *paths, err) < 0)
			return -1;
	}
	if (faccessat(ret->layer_fds[0], "usr", F_OK, 0) == 0)
		return clone_tree("/usr", &ret->host_usr_fd, err);
	return 0;
}

void layers_close(struct layers *layers)
{
	cleanup_fd(&layers->dir_fd);
	cleanup_fd(&layers->host_usr_fd);
	while (layers->count > 0)
		cleanup_fd(&layers->layer_fds[--layers->count]);
}

int layers_idmap(const struct layers *layers, int user_namespace_fd, struct sb_error *err)
{
	if (idmap_mount(layers->dir_fd, user_namespace_fd, err) < 0)
		return -1;
	if (layers->host_usr_fd >= 0 &&
	    idmap_mount(layers->host_usr_fd, user_namespace_fd, err) < 0)
		return -1;
	for (unsigned i = 0; i < layers->count; i++) {
		if (idmap_mount(layers->layer_fds[i], user_namespace_fd, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- child ------------------------------------------------------------------------------------- */

/* Mount options under construction; too long shows at the end. */
struct options {
	char text[OPTIONS_MAX];
	size_t len;
};

static void PRINTF_LIKE(2, 3) options_add(struct options *options, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(options->text + options->len, sizeof(options->text) - options->len, fmt,
			ap);
	va_end(ap);
	if (len > 0)
		options->len += (size_t)len;
	if (options->len >= sizeof(options->text))
		options->len = sizeof(options->text) - 1;
}

/* An overlay mounted at `target_fd`. All paths go through descriptors: no name is looked up twice. */
static int mount_overlay(int target_fd, unsigned long flags, const struct options *options)
{
	char target[32];

	if (options->len >= sizeof(options->text) - 1) {
		errno = E2BIG;
		return -1;
	}
	(void)snprintf(target, sizeof(target), "/proc/self/fd/%d", target_fd);
	return mount("overlay", target, "overlay", flags, options->text);
}

/* Older kernels take only mounts of the own namespace as layers: hang a detached one up at `place`. */
static int hang_up(int mount_fd, const char *place)
{
	return move_mount(mount_fd, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH);
}

static int hang_up_layers(const struct layers *layers, const char *place)
{
	if (hang_up(layers->dir_fd, place) < 0)
		return -1;
	if (layers->host_usr_fd >= 0 && hang_up(layers->host_usr_fd, place) < 0)
		return -1;
	for (unsigned i = 0; i < layers->count; i++) {
		if (hang_up(layers->layer_fds[i], place) < 0)
			return -1;
	}
	return 0;
}

/* The host's /usr below the template's own part of it, as everybody on the host sees it. */
static int mount_host_usr(const struct layers *layers, const char *place, int *ret_fd)
{
	struct options options = {.len = 0};
	int place_fd = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int status;

	if (place_fd < 0)
		return -1;
	options_add(&options, "lowerdir=/proc/self/fd/%d/usr:/proc/self/fd/%d,userxattr",
		    layers->layer_fds[0], layers->host_usr_fd);
	idmap_be_nobody();
	status = mount_overlay(place_fd, MS_RDONLY | MS_NODEV, &options);
	idmap_be_root_again();
	(void)close(place_fd);
	if (status < 0)
		return -1;
	*ret_fd = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? -1 : 0;
}

/* One part of every layer, highest first, `bottom_fd` below all; the sandbox's own layer takes the writes. */
static int mount_part(const struct layers *layers, const char *part, int bottom_fd, int target_fd)
{
	struct options options = {.len = 0};
	const char *separator = "";

	options_add(&options, "userxattr,upperdir=/proc/self/fd/%d/layer/%s", layers->dir_fd, part);
	options_add(&options, ",workdir=/proc/self/fd/%d/work/%s,lowerdir=", layers->dir_fd, part);
	for (unsigned i = layers->count; i-- > (bottom_fd >= 0 ? 1 : 0);) {
		if (faccessat(layers->layer_fds[i], part, F_OK, 0) < 0)
			continue; /* an imported layer has no usr of its own */
		options_add(&options, "%s/proc/self/fd/%d/%s", separator, layers->layer_fds[i],
			    part);
		separator = ":";
	}
	if (bottom_fd >= 0)
		options_add(&options, "%s/proc/self/fd/%d", separator, bottom_fd);
	return mount_overlay(target_fd, MS_NODEV, &options);
}

static int mount_root(const struct layers *layers, const char *place, int *ret_root)
{
	int place_fd = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int status;

	if (place_fd < 0)
		return -1;
	status = mount_part(layers, "root", -1, place_fd);
	(void)close(place_fd);
	if (status < 0)
		return -1;
	*ret_root = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret_root < 0 ? -1 : 0;
}

int overlay_mount(const struct layers *layers, const char *place, int *ret_root,
		  const char **ret_what)
{
	int host_usr_fd = -1, usr_fd;

	*ret_what = "layers";
	if (hang_up_layers(layers, place) < 0)
		return -1;
	*ret_what = "host's /usr";
	if (layers->host_usr_fd >= 0 && mount_host_usr(layers, place, &host_usr_fd) < 0)
		return -1;
	*ret_what = "/";
	if (mount_root(layers, place, ret_root) < 0)
		return -1;
	if (host_usr_fd < 0)
		return 0;
	*ret_what = "/usr";
	usr_fd = sys_openat2(*ret_root, "usr", O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
	if (usr_fd < 0)
		return -1;
	return mount_part(layers, "usr", host_usr_fd, usr_fd);
}
