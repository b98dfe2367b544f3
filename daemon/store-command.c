/* Rows of commands: what a restarted daemon needs to take up their output again. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store-private.h"

/* The order of parameters and columns alike. */
enum column {
	COLUMN_SANDBOX_NUMBER,
	COLUMN_PID,
	COLUMN_SPOOL,
	COLUMN_IS_PTY,
	COLUMN_HAS_ENDED,
	COLUMN_EXIT_CODE,
	COLUMN_STATUS,
	COLUMN_STARTED_US,
	COLUMN_ENDED_US,
};
#define COLUMNS                                                                                    \
	"sandbox_number, pid, spool, is_pty, has_ended, exit_code, status, started_us, ended_us"

const struct store_sql store_command_sql[] = {
	{STORE_COMMAND_PUT,
	 "INSERT OR REPLACE INTO command (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"},
	{STORE_COMMAND_LOAD, "SELECT " COLUMNS " FROM command ORDER BY sandbox_number, pid"},
	{STORE_COMMAND_DELETE, "DELETE FROM command WHERE sandbox_number = ? AND pid = ?"},
	{STORE_STATEMENT_COUNT, NULL},
};

struct command_change {
	struct store_change change;
	struct command_row row; /* spool and status are its own */
};

static void command_change_free(struct store_change *change)
{
	struct command_change *c = container_of(change, struct command_change, change);

	free(c->row.spool);
	free(c->row.status);
	free(c);
}

static struct command_change *command_change_new(int (*apply)(struct store *, struct store_change *,
							      struct sb_error *))
{
	struct command_change *c = calloc(1, sizeof(*c));

	if (c) {
		c->change.apply = apply;
		c->change.free = command_change_free;
	}
	return c;
}

static int apply_put(struct store *store, struct store_change *change, struct sb_error *err)
{
	const struct command_row *row = &container_of(change, struct command_change, change)->row;
	sqlite3_stmt *put = store_statement(store, STORE_COMMAND_PUT);

	store_bind_integer(put, 1 + COLUMN_SANDBOX_NUMBER, row->sandbox_number);
	store_bind_integer(put, 1 + COLUMN_PID, row->pid);
	store_bind_text(put, 1 + COLUMN_SPOOL, row->spool);
	store_bind_integer(put, 1 + COLUMN_IS_PTY, row->is_pty);
	store_bind_integer(put, 1 + COLUMN_HAS_ENDED, row->has_ended);
	store_bind_integer(put, 1 + COLUMN_EXIT_CODE, row->exit_code);
	store_bind_text(put, 1 + COLUMN_STATUS, row->status);
	store_bind_integer(put, 1 + COLUMN_STARTED_US, row->started_us);
	store_bind_integer(put, 1 + COLUMN_ENDED_US, row->ended_us);
	return store_execute(store, put, err);
}

static int apply_delete(struct store *store, struct store_change *change, struct sb_error *err)
{
	const struct command_row *row = &container_of(change, struct command_change, change)->row;
	sqlite3_stmt *gone = store_statement(store, STORE_COMMAND_DELETE);

	store_bind_integer(gone, 1, row->sandbox_number);
	store_bind_integer(gone, 2, row->pid);
	return store_execute(store, gone, err);
}

void store_put_command(struct store *store, const struct command_row *row,
		       struct store_write *write)
{
	struct command_change *c = command_change_new(apply_put);

	if (c) {
		c->row = *row;
		c->row.spool = row->spool ? strdup(row->spool) : NULL;
		c->row.status = row->status ? strdup(row->status) : NULL;
		if ((row->spool && !c->row.spool) || (row->status && !c->row.status)) {
			command_change_free(&c->change);
			c = NULL;
		}
	}
	store_queue(store, c ? &c->change : NULL, write);
}

void store_delete_command(struct store *store, int64_t sandbox_number, int64_t pid,
			  struct store_write *write)
{
	struct command_change *c = command_change_new(apply_delete);

	if (c) {
		c->row.sandbox_number = sandbox_number;
		c->row.pid = pid;
	}
	store_queue(store, c ? &c->change : NULL, write);
}

struct load {
	int (*each)(void *arg, const struct command_row *row, struct sb_error *err);
	void *arg;
};

static int load_one(void *arg, sqlite3_stmt *from, struct sb_error *err)
{
	const struct load *load = arg;
	CLEANUP_FREE char *spool = strdup(store_text(from, COLUMN_SPOOL));
	const char *status_text = store_text(from, COLUMN_STATUS);
	CLEANUP_FREE char *status = status_text ? strdup(status_text) : NULL;
	struct command_row row = {
		.sandbox_number = sqlite3_column_int64(from, COLUMN_SANDBOX_NUMBER),
		.pid = sqlite3_column_int64(from, COLUMN_PID),
		.spool = spool,
		.is_pty = sqlite3_column_int(from, COLUMN_IS_PTY) != 0,
		.has_ended = sqlite3_column_int(from, COLUMN_HAS_ENDED) != 0,
		.exit_code = sqlite3_column_int64(from, COLUMN_EXIT_CODE),
		.status = status,
		.started_us = sqlite3_column_int64(from, COLUMN_STARTED_US),
		.ended_us = sqlite3_column_int64(from, COLUMN_ENDED_US),
	};

	if (!spool || (status_text && !status))
		return sb_fail(err, SB_INTERNAL, "out of memory");
	return load->each(load->arg, &row, err);
}

int store_load_commands(struct store *store,
			int (*each)(void *arg, const struct command_row *row, struct sb_error *err),
			void *arg, struct sb_error *err)
{
	struct load load = {each, arg};

	return store_each(store, STORE_COMMAND_LOAD, load_one, &load, err);
}
