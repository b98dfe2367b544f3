/*
 * The one place that knows how cgroups are mounted. Freezing and killing is done in the v2 tree; limits
 * too where it has the controllers, else (a "hybrid" machine) in the v1 hierarchies. A sandbox's group is
 * `<base>/sandpool/<id>` in each: the base is the group of sandpool-sandboxes.service, or the engine's own,
 * when systemd has given it away, else the root of the tree; so a later engine finds the sandboxes of an
 * earlier one.
 */
#ifndef SP_CGROUP_H
#define SP_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/local/contain.h"

/* Find the hierarchies and make their `sandpool` groups. Once, before all others. */
int cgroup_probe(struct contain_abilities *ret, struct sb_error *err) MUST_USE;

/* The groups of a sandbox, with its limits. *ret_fd is the one to be born in (v2). */
int cgroup_create(const char *id, const struct contain_limits *limits, int *ret_fd,
		  struct sb_error *err) MUST_USE;

/* Put a process into the other ones. */
int cgroup_add(const char *id, pid_t pid, struct sb_error *err) MUST_USE;

int cgroup_kill(const char *id, struct sb_error *err) MUST_USE;
int cgroup_freeze(const char *id, bool frozen, struct sb_error *err) MUST_USE;

/* 1 when every process has stopped, 0 when not. */
int cgroup_is_frozen(const char *id, struct sb_error *err) MUST_USE;

/* 1 when the groups are gone, 0 while something is still in them. */
int cgroup_remove(const char *id, struct sb_error *err) MUST_USE;

int cgroup_usage(const char *id, struct contain_usage *ret, struct sb_error *err) MUST_USE;

#endif
