/*
 * The schema, as the list of steps that make it. Only ever append: a step that was released is never
 * edited. Each runs in a transaction of its own together with the version it brings.
 */
#include "config.h"

#include <stdio.h>

#include "daemon/store-private.h"
#include "protocol/cleanup.h"

/* "sapo": what file(1) and a careful opener find in the header. */
#define APPLICATION_ID 0x7361706f

static const char *const steps[] = {
	/* 1: sandboxes and what they run. AUTOINCREMENT: a number is never used twice. */
	"CREATE TABLE sandbox ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" state INTEGER NOT NULL,"
	" id TEXT,"
	" provider TEXT NOT NULL,"
	" name TEXT,"
	" template TEXT,"
	" label TEXT,"
	" uid INTEGER NOT NULL,"
	" gid INTEGER NOT NULL,"
	" metadata TEXT NOT NULL," /* a JSON object of strings */
	" access_token TEXT,"
	" domain TEXT,"
	" envd_version TEXT,"
	" created_us INTEGER NOT NULL,"
	" started_us INTEGER NOT NULL,"
	" end_us INTEGER NOT NULL,"
	" ended_us INTEGER NOT NULL,"
	" ended_cause TEXT,"
	" timeout_s INTEGER NOT NULL,"
	" cpu_count INTEGER NOT NULL,"
	" memory_mb INTEGER NOT NULL,"
	" disk_size_mb INTEGER NOT NULL"
	") STRICT;"
	"CREATE INDEX sandbox_ended ON sandbox (ended_us) WHERE state = 4;"
	"CREATE TABLE command ("
	" sandbox_number INTEGER NOT NULL REFERENCES sandbox (number) ON DELETE CASCADE,"
	" pid INTEGER NOT NULL,"
	" spool TEXT NOT NULL,"
	" is_pty INTEGER NOT NULL,"
	" has_ended INTEGER NOT NULL,"
	" exit_code INTEGER NOT NULL,"
	" status TEXT,"
	" started_us INTEGER NOT NULL,"
	" ended_us INTEGER NOT NULL,"
	" PRIMARY KEY (sandbox_number, pid)"
	") STRICT, WITHOUT ROWID;",
};

static int read_pragma(sqlite3 *db, const char *sql, int64_t *ret, struct sb_error *err)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_fail(db, err, sql);
	if (sqlite3_step(statement) != SQLITE_ROW) {
		(void)store_fail(db, err, sql);
		(void)sqlite3_finalize(statement);
		return -1;
	}
	*ret = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return 0;
}

static int run_step(sqlite3 *db, size_t version, struct sb_error *err)
{
	char end[128];

	(void)snprintf(end, sizeof(end),
		       "PRAGMA application_id = %d; PRAGMA user_version = %zu; COMMIT",
		       APPLICATION_ID, version);
	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, steps[version - 1], NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, end, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	(void)store_fail(db, err, "migration");
	(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return sb_wrap(err, "step %zu", version);
}

int store_migrate(sqlite3 *db, struct sb_error *err)
{
	int64_t version = 0;
	int64_t application = 0;

	if (read_pragma(db, "PRAGMA user_version", &version, err) < 0 ||
	    read_pragma(db, "PRAGMA application_id", &application, err) < 0)
		return -1;
	if (version < 0 || (version > 0) != (application == APPLICATION_ID))
		return sb_fail(err, SB_INTERNAL, "this is the database of another program");
	if (version > (int64_t)ARRAY_SIZE(steps))
		return sb_fail(err, SB_INTERNAL,
			       "its schema %lld is newer than this program's %zu: "
			       "use the sandpoold that wrote it, or a later one",
			       (long long)version, ARRAY_SIZE(steps));
	for (size_t next = (size_t)version + 1; next <= ARRAY_SIZE(steps); next++)
		if (run_step(db, next, err) < 0)
			return -1;
	return 0;
}
