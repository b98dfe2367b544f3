/*
 * The registry on disk: SQLite, WAL, synchronous=FULL, mode 0600. Rows are read once, at start; after that
 * memory is the truth and the store is told of changes. Writing happens on a thread of its own that shares
 * nothing but a queue: what is queued together is committed together, and `done` is called in the loop when
 * the commit is on disk. A promise to a client waits for it.
 *
 * The only files that include sqlite3.h are store*.c and migrations.c.
 */
#ifndef SP_STORE_H
#define SP_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/list.h"
#include "protocol/error.h"
#include "protocol/values.h"

struct event_base;
struct store;
struct store_change;

/* Of a sandbox row; the numbers are on disk. */
enum store_state {
	STORE_SANDBOX_CREATING = 1, /* an intent: the provider has not answered */
	STORE_SANDBOX_RUNNING = 2,
	STORE_SANDBOX_PAUSED = 3,
	STORE_SANDBOX_ENDED = 4,   /* a tombstone */
	STORE_SANDBOX_KILLING = 5, /* to be killed, as soon as its provider can be reached */
};

struct sandbox_row {
	int64_t number; /* ours, ever growing; names the row before the provider gave an id */
	enum store_state state;
	char *id; /* NULL while creating */
	char *provider;
	char *name;
	char *template;
	char *label; /* what marks it at the provider as the answer to our create; NULL: not made by us */
	int64_t uid, gid; /* owner */
	struct string_map metadata;
	char *access_token;
	char *domain;
	char *envd_version;
	int64_t created_us, started_us, end_us, ended_us; /* wall clock; 0 when not */
	char *ended_cause;                                /* "killed", "timeout", "provider", … */
	int64_t timeout_s; /* that it was created with; 0: not by us */
	int64_t cpu_count, memory_mb, disk_size_mb;
};

struct command_row {
	int64_t sandbox_number;
	int64_t pid;
	char *spool; /* name of its spool directory */
	bool is_pty;
	bool has_ended;
	int64_t exit_code;
	char *status;
	int64_t started_us, ended_us;
};

/* One change, embedded in whoever waits for it; zero means idle. */
struct store_write {
	void (*done)(struct store_write *write); /* on disk, or `err` says why not. May be NULL */
	struct sb_error err;
	struct store_change *change; /* private */
	struct list link;            /* private */
};

/*
 * Open or make the database at `path`, migrate it. Refuses one of a newer schema, one that is damaged,
 * one that another process holds.
 */
struct store *store_open(struct event_base *base, const char *path, struct sb_error *err) MUST_USE;
/* Commits what is queued, then closes; pending done() are not called. NULL is fine. */
struct store *store_close(struct store *store);

/* Call `each` for every sandbox that has not ended, the oldest first; -1 on the first failure of either.
 * Rows are borrowed from the store during the call. */
int store_load_sandboxes(struct store *store,
			 int (*each)(void *arg, const struct sandbox_row *row,
				     struct sb_error *err),
			 void *arg, struct sb_error *err) MUST_USE;
int store_load_commands(struct store *store,
			int (*each)(void *arg, const struct command_row *row, struct sb_error *err),
			void *arg, struct sb_error *err) MUST_USE;

/*
 * Queue an insert-or-replace of a row; `row` is copied. `write` may be NULL when nobody waits. Cancel with
 * store_cancel(): the change is still made, but done() is not called.
 */
void store_put_sandbox(struct store *store, const struct sandbox_row *row,
		       struct store_write *write);
void store_put_command(struct store *store, const struct command_row *row,
		       struct store_write *write);
void store_delete_command(struct store *store, int64_t sandbox_number, int64_t pid,
			  struct store_write *write);
void store_cancel(struct store *store, struct store_write *write);

struct store_stats {
	unsigned queued; /* changes that are not on disk yet */
	bool is_failing; /* the last ones could not be kept */
};
void store_get_stats(const struct store *store, struct store_stats *ret);

/* The next sandbox number: larger than any ever used. */
int64_t store_next_number(struct store *store);

/* A deep copy; -1 when out of memory, with `ret` empty. */
int sandbox_row_copy(const struct sandbox_row *row, struct sandbox_row *ret) MUST_USE;
void sandbox_row_deinit(struct sandbox_row *row);

#endif
