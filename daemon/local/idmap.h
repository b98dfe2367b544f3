/*
 * Users of a sandbox: 0 to 65535 inside, `id_base` and up outside. Every place that knows about the
 * shift is in idmap.c, so other policies (a subuid range, one mapped id) are other lines there.
 */
#ifndef SP_IDMAP_H
#define SP_IDMAP_H

#include <stdint.h>
#include <sys/types.h>

#include "protocol/error.h"

enum { IDMAP_COUNT = 65536 };

/* Can the files of `path` be shown under other ids? Finds out by doing it. */
int idmap_probe(const char *path, struct sb_error *err) MUST_USE;

/*
 * Become the sandbox's root as it is known outside, and ourselves again. A user namespace belongs to who
 * makes it, and what the kernel counts by user (inotify instances, pending signals, locked memory) is counted
 * on its owner too: owned by the engine's user, all sandboxes would share one such account, with the host.
 */
int idmap_become_owner(uint32_t id_base, struct sb_error *err) MUST_USE;
void idmap_become_engine(void);

/* Give the user namespace of `pid`, a child of ours, its users and groups. */
int idmap_write(pid_t pid, uint32_t id_base, struct sb_error *err) MUST_USE;

/* The user namespace of `pid`, as a descriptor. */
int idmap_open_namespace(pid_t pid, int *ret_fd, struct sb_error *err) MUST_USE;

/*
 * Show the files of a detached mount under the ids of that namespace: what is 0 on disk is root inside.
 * On disk the ids stay 0 to 65535, so the same layer serves sandboxes with different ranges.
 */
int idmap_mount(int mount_fd, int user_namespace_fd, struct sb_error *err) MUST_USE;

/* Child: become root of the new user namespace. -1 with errno. */
int idmap_become_root(void) MUST_USE;

/* Child: make the next mount as a user who owns nothing (see overlay.c), and be root again after. */
void idmap_be_nobody(void);
void idmap_be_root_again(void);

#endif
