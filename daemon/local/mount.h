/*
 * The file systems of a sandbox beside its layers, and what of the kernel's own files it does not get
 * to see. All of it runs in the child: each returns -1 with errno, and *ret_what names the path.
 */
#ifndef SP_MOUNT_H
#define SP_MOUNT_H

#include "protocol/cleanup.h"

/* A new /proc, not yet protected. */
int mount_proc(int root_fd, const char **ret_what) MUST_USE;

/* /dev with the harmless nodes, pts, shm. */
int mount_dev(int root_fd, const char **ret_what) MUST_USE;

/* /run, /sys (empty). */
int mount_run(int root_fd, const char **ret_what) MUST_USE;

/* Make read-only or hide what in /proc speaks of, or to, the machine; a boot id of the sandbox's own. */
int mount_masks(int root_fd, const char **ret_what) MUST_USE;

#endif
