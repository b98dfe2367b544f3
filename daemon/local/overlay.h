/*
 * Layers. A layer is a directory that holds `root/`, and `usr/` where there is something for /usr: the
 * sandbox's own (`<dir>/layer`, written), those of snapshots, the template's.
 *
 * Two overlays make a sandbox's tree: `/` from the `root` parts, and, when the template has a `usr`
 * part, `/usr` from the `usr` parts over the host's own /usr. An overlay does not look through mounts
 * below its layers and the host's / must not be a layer, so /usr, as on many a machine, is a mount.
 */
#ifndef SP_OVERLAY_H
#define SP_OVERLAY_H

#include <stdbool.h>

#include "protocol/error.h"

enum { OVERLAY_LAYERS_MAX = 64 };

struct layers {
	int dir_fd;                        /* the sandbox's directory: layer/ and work/ */
	int host_usr_fd;                   /* -1 when the template is whole */
	int layer_fds[OVERLAY_LAYERS_MAX]; /* lowest, the template, first */
	unsigned count;
};

#define LAYERS_EMPTY ((struct layers){.dir_fd = -1, .host_usr_fd = -1})

/*
 * Open the directories as detached mounts, ready to be idmapped; make the sandbox's own layer when
 * it has none. `layers` is NULL-ended, or NULL. After a failure layers_close() closes what was opened.
 */
int layers_open(const char *dir, const char *template_dir, const char *const *layers,
		struct layers *ret, struct sb_error *err) MUST_USE;
void layers_close(struct layers *layers);

/* Show all of them under the ids of a user namespace, the read-only ones as read-only. */
int layers_idmap(const struct layers *layers, int user_namespace_fd, struct sb_error *err) MUST_USE;

/*
 * Child: mount the tree; *ret_root is a descriptor of its root. Mount points are stacked on `place`,
 * any directory of the old root. -1 with errno; *ret_what says which part.
 */
int overlay_mount(const struct layers *layers, const char *place, int *ret_root,
		  const char **ret_what) MUST_USE;

#endif
