/*
 * Users of a sandbox: 0 to 65535 inside, `id_base` and up outside, where "outside" is the user namespace of the
 * engine (rootless.h). Everything that depends on the way of it is in idmap.c.
 */
#ifndef SP_IDMAP_H
#define SP_IDMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol/error.h"

enum { IDMAP_COUNT = 65536 };

enum idmap_mode {
	IDMAP_OWN, /* the engine is the machine's root: each sandbox has ids of its own, layers are idmapped */
	IDMAP_SHARED, /* all sandboxes have the same ids, and layers are stored under these */
	IDMAP_SINGLE, /* the one id there is: "user" inside, and nobody else */
};

/* Once, before all else; IDMAP_OWN until then. */
void idmap_set_mode(enum idmap_mode mode);
enum idmap_mode idmap_mode(void);

/* First of the ids that all sandboxes share. */
uint32_t idmap_shared_base(void);

/* The id under which a file of the sandbox's `id` is stored in a layer. */
uint32_t idmap_on_disk(uint32_t id);

/* The same of a file of the host: whose it is there cannot be told in a namespace that does not have its owner. */
uint32_t idmap_of_host(uint32_t id);

/* The largest id that the engine's own namespace has. */
uint32_t idmap_largest(void);

/* Can the files of `path` be shown under other ids, where that is needed? Finds out by doing it. */
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
 * On disk the ids stay 0 to 65535, so the same layer serves sandboxes with different ranges. Where that cannot be had,
 * they are on disk as they are shown.
 */
int idmap_mount(int mount_fd, int user_namespace_fd, struct sb_error *err) MUST_USE;

/* Child: become root of the new user namespace, or the one user it has with root's capabilities. -1 with errno. */
int idmap_become_root(void) MUST_USE;

/* Child: make the next mount as a user who owns nothing (see overlay.c), and be root again after. */
void idmap_be_nobody(void);
void idmap_be_root_again(void);

/* Are there other ids than the one user's, as that of the group tty? */
bool idmap_has_groups(void);

#endif
