/*
 * Inside the store: the one connection, its prepared statements, and changes on their way to the writer.
 * Included by store*.c and migrations.c only.
 *
 * A change is made in the loop, applied by the writer, and freed in the loop. While the writer has it
 * nobody else touches it but for `write`, which the writer never looks at.
 */
#ifndef SP_STORE_PRIVATE_H
#define SP_STORE_PRIVATE_H

#include <sqlite3.h>

#include "daemon/store.h"

enum store_statement {
	STORE_BEGIN,
	STORE_COMMIT,
	STORE_ROLLBACK,
	STORE_LAST_NUMBER,
	STORE_SANDBOX_PUT,
	STORE_SANDBOX_LOAD,
	STORE_SANDBOX_PRUNE,
	STORE_COMMAND_PUT,
	STORE_COMMAND_LOAD,
	STORE_COMMAND_DELETE,
	STORE_STATEMENT_COUNT
};

struct store_sql { /* one table of them per entity; text NULL ends it */
	enum store_statement statement;
	const char *text;
};
extern const struct store_sql store_sandbox_sql[];
extern const struct store_sql store_command_sql[];

struct store_change { /* embed me first */
	int (*apply)(struct store *store, struct store_change *change, struct sb_error *err);
	void (*free)(struct store_change *change);
	struct store_write *write; /* NULL when nobody waits */
	struct sb_error err;
	struct list link; /* store.queue or store.finished */
};

/* Hand a change to the writer; NULL tells `write` that there was no memory for it. */
void store_queue(struct store *store, struct store_change *change, struct store_write *write);

/* A prepared statement, reset and without bindings. */
sqlite3_stmt *store_statement(struct store *store, enum store_statement statement);

/* Run a statement that returns nothing. */
int store_execute(struct store *store, sqlite3_stmt *statement, struct sb_error *err) MUST_USE;

/* Call `each` for every row of a statement, with the connection held. */
int store_each(struct store *store, enum store_statement statement,
	       int (*each)(void *arg, sqlite3_stmt *row, struct sb_error *err), void *arg,
	       struct sb_error *err) MUST_USE;

/* Parameters are numbered from 1, columns from 0. Text is borrowed until the statement is reset. */
void store_bind_integer(sqlite3_stmt *statement, int parameter, int64_t value);
void store_bind_text(sqlite3_stmt *statement, int parameter, const char *value);
/* A column's text, NULL for NULL; the statement's until its next step. */
const char *store_text(sqlite3_stmt *row, int column);

/* Report the connection's last failure in words. Always returns -1. */
int store_fail(sqlite3 *db, struct sb_error *err, const char *what);

/* Bring a schema up to date, each step in its own transaction. */
int store_migrate(sqlite3 *db, struct sb_error *err) MUST_USE;

#endif
