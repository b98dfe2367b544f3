/*
 * One sandbox built around an agent: namespaces, mounts, limits (design: "the embedded engine"). This is the engine's half;
 * what PID 1 does to itself after exec is agent/enter.c.
 *
 * contain_start() does everything the parent must do and returns at once; the child goes on by itself and
 * reports on `control_fd`, which the owner watches: when it is readable, contain_report() says whether the
 * sandbox is ready, has failed (with the step's name), or is still being built.
 */
#ifndef SP_CONTAIN_H
#define SP_CONTAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol/error.h"

struct link_spec;

struct contain_limits { /* 0 means none */
	int64_t memory_bytes;
	int64_t pids_max;
	int64_t cpu_percent; /* 100 is one core */
};

struct contain_spec {
	const char *id;          /* sandbox id: [a-z0-9]+; also its host name */
	const char *template_id; /* told inside, in /run/e2b */
	/*
	 * Directory of this sandbox, made by the caller, empty or from before; made 0700 here. Its own layer is
	 * `<dir>/layer`: a copy of that directory is a layer for others (overlay.h). Nothing in
	 * it is to be trusted, and setuid files in it are root's on the host.
	 */
	const char *dir;
	const char *const
		*layers; /* read-only layers over the template, lowest first; ends with NULL */
	const char *template_dir; /* a template_prepare() directory */
	const char *agent_path;   /* the agent's program file */
	int listen_fd;            /* listening Unix socket the agent will serve on; borrowed */
	uint32_t
		id_base; /* first host uid and gid of this sandbox's 65536; the caller allots them */
	struct contain_limits limits;
	const struct link_spec *link; /* NULL: loopback alone */
	uint32_t resolver;            /* address of its name server, in host order; 0: none */
};

#define CONTAIN_END_SIZE 32

struct contained {
	pid_t pid;      /* of PID 1, in our pid namespace */
	int pid_fd;     /* readable when PID 1 has ended */
	int control_fd; /* reports, until ready or failed */
	uint64_t
		start_time; /* field 22 of /proc/PID/stat: with pid, names this very process for ever */
};

enum contain_state { CONTAIN_BUILDING, CONTAIN_READY, CONTAIN_FAILED };

/*
 * What the machine allows; filled once at start by trying, not by version. `err` names what is missing
 * and how to get it when no sandbox can be had at all.
 */
struct contain_abilities {
	bool has_memory, has_pids, has_cpu; /* limits, by cgroup v2 or v1 */
	bool has_freezer;                   /* sandboxes have control groups at all */
};
int contain_probe(struct contain_abilities *ret, struct sb_error *err) MUST_USE;

/* 0 and a running child, or -1 and nothing left behind. */
int contain_start(const struct contain_spec *spec, struct contained *ret,
		  struct sb_error *err) MUST_USE;

/*
 * Read the child's next report without blocking. CONTAIN_FAILED fills `err`. When it is not CONTAIN_BUILDING any
 * more, the caller stops watching control_fd and closes it, in that order: a child that is being born has a
 * copy of every descriptor, so one that is closed first stays in the caller's epoll set under its number.
 */
enum contain_state contain_report(const struct contained *contained, struct sb_error *err);

/* Take up a sandbox that an earlier engine started: -1 when that process is gone or another now. */
int contain_adopt(const char *id, pid_t pid, uint64_t start_time, struct contained *ret,
		  struct sb_error *err) MUST_USE;

/* Kill every process of the sandbox now. The owner then waits for pid_fd and calls contain_clean(). */
int contain_kill(const char *id, const struct contained *contained, struct sb_error *err) MUST_USE;

/* Stop and go on (cgroup freezer; wire §1.10). Stopping takes a moment more than the call. */
int contain_freeze(const char *id, bool frozen, struct sb_error *err) MUST_USE;

/* 1 when every process stands still, 0 when not (yet): what a snapshot waits for. */
int contain_is_frozen(const char *id, struct sb_error *err) MUST_USE;

/* How PID 1 ended, in words ("exit status 1", "signal 9"), while it is not yet reaped. Static or in `text`. */
const char *contain_end_text(const struct contained *contained, char text[CONTAIN_END_SIZE]);

/*
 * Remove the cgroups of an ended sandbox and reap PID 1. 1 when done, 0 when processes are still dying
 * (call again soon), -1 on failure. Files in spec->dir are the caller's.
 */
int contain_clean(const char *id, struct contained *contained, struct sb_error *err) MUST_USE;

struct contain_usage {
	int64_t cpu_us; /* consumed since start */
	int64_t memory_bytes;
	int64_t memory_cache_bytes;
	int64_t memory_limit_bytes;
	int64_t pids;
	int64_t oom_kills;
};
int contain_usage(const char *id, struct contain_usage *ret, struct sb_error *err) MUST_USE;

#endif
