/*
 * The registry on disk. One connection: the loop uses it to open, migrate and load, and the writer thread
 * to write; `connection` says whose turn it is. What the writer finds in the queue it commits as one
 * group, hands back, and wakes the loop through an eventfd.
 *
 * synchronous=FULL, because a reply promises what a power cut may not take back; in groups, because each
 * commit waits for the disk. locking_mode=EXCLUSIVE keeps a second daemon out, and WAL's shared memory
 * file unnecessary. After a crash rows may be behind the provider: reconcile.c compares them at start.
 */
#include "config.h"

#include "daemon/store.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/store-private.h"

#define BUSY_TIMEOUT_MS 1000 /* a daemon that is just ending lets go within it */
#define TOMBSTONES_US   (INT64_C(30) * 24 * 3600 * 1000000)

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STORE_STATEMENT_COUNT];
	pthread_mutex_t connection; /* held while one of them uses db */
	int64_t last_number;
	struct event *wake;
	int wake_fd;
	unsigned pending; /* changes queued and not delivered */
	bool is_failing;  /* the last group could not be kept */
	pthread_t writer;
	bool has_writer;
	struct list arrived; /* of struct store_change: finished ones, in the loop's hands */
	struct list refused; /* of struct store_write: there was no memory to queue them */

	pthread_mutex_t lock; /* of what follows: all that the two threads share */
	pthread_cond_t queued;
	struct list queue;    /* of struct store_change: for the writer */
	struct list finished; /* of struct store_change: for the loop */
	bool is_closing;
};

static const struct store_sql store_sql[] = {
	{STORE_BEGIN, "BEGIN IMMEDIATE"},
	{STORE_COMMIT, "COMMIT"},
	{STORE_ROLLBACK, "ROLLBACK"},
	{STORE_STATEMENT_COUNT, NULL},
};

/* ---- statements ------------------------------------------------------------------------------ */

int store_fail(sqlite3 *db, struct sb_error *err, const char *what)
{
	int sys = sqlite3_system_errno(db);

	switch (sqlite3_errcode(db)) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return sb_fail(err, SB_CONFLICT,
			       "in use by another sandpoold: end it, or give each a state-dir of "
			       "its own");
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return sb_fail(err, SB_INTERNAL, "damaged: %s; move it away to start afresh",
			       sqlite3_errmsg(db));
	case SQLITE_FULL:
		return sb_fail(err, SB_NOT_ENOUGH_SPACE, "%s: the disk is full: make room", what);
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		if (sys)
			return sb_fail_errno(err, sys == ENOSPC ? SB_NOT_ENOUGH_SPACE : SB_INTERNAL,
					     sys, "%s: %s", what, sqlite3_errmsg(db));
		break;
	}
	return sb_fail(err, SB_INTERNAL, "%s: %s", what, sqlite3_errmsg(db));
}

sqlite3_stmt *store_statement(struct store *store, enum store_statement statement)
{
	sqlite3_stmt *prepared = store->statements[statement];

	(void)sqlite3_reset(prepared); /* its failure was reported when it happened */
	(void)sqlite3_clear_bindings(prepared);
	return prepared;
}

int store_execute(struct store *store, sqlite3_stmt *statement, struct sb_error *err)
{
	int rc = sqlite3_step(statement);

	if (rc != SQLITE_DONE)
		(void)store_fail(store->db, err, "registry");
	(void)sqlite3_reset(statement);
	return rc == SQLITE_DONE ? 0 : -1;
}

int store_each(struct store *store, enum store_statement statement,
	       int (*each)(void *arg, sqlite3_stmt *row, struct sb_error *err), void *arg,
	       struct sb_error *err)
{
	sqlite3_stmt *select;
	int rc;

	(void)pthread_mutex_lock(&store->connection);
	select = store_statement(store, statement);
	while ((rc = sqlite3_step(select)) == SQLITE_ROW)
		if (each(arg, select, err) < 0)
			break;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		(void)store_fail(store->db, err, "registry");
	(void)sqlite3_reset(select);
	(void)pthread_mutex_unlock(&store->connection);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* Binding can only fail by a mistake of ours: text is not copied. */
void store_bind_integer(sqlite3_stmt *statement, int parameter, int64_t value)
{
	if (sqlite3_bind_int64(statement, parameter, value) != SQLITE_OK)
		abort();
}

void store_bind_text(sqlite3_stmt *statement, int parameter, const char *value)
{
	if (sqlite3_bind_text(statement, parameter, value, -1, SQLITE_STATIC) != SQLITE_OK)
		abort();
}

const char *store_text(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column);
}

static int prepare(struct store *store, const struct store_sql *sql, struct sb_error *err)
{
	for (; sql->text; sql++)
		if (sqlite3_prepare_v3(store->db, sql->text, -1, SQLITE_PREPARE_PERSISTENT,
				       &store->statements[sql->statement], NULL) != SQLITE_OK)
			return store_fail(store->db, err, sql->text);
	return 0;
}

/* ---- the writer ------------------------------------------------------------------------------ */

/* Commit the changes from `from` up to but not including `until`, all or none. */
static int commit(struct store *store, struct list *from, const struct list *until,
		  struct sb_error *err)
{
	int rc = store_execute(store, store_statement(store, STORE_BEGIN), err);

	for (struct list *link = from; rc == 0 && link != until; link = link->next) {
		struct store_change *change = list_entry(link, struct store_change, link);

		rc = change->apply(store, change, err);
	}
	if (rc == 0)
		rc = store_execute(store, store_statement(store, STORE_COMMIT), err);
	if (rc < 0 && !sqlite3_get_autocommit(store->db))
		(void)sqlite3_step(store_statement(store, STORE_ROLLBACK));
	return rc;
}

/* A group that fails is tried again one by one, so that only those fail that cannot be kept. */
static void write_group(struct store *store, struct list *group)
{
	struct sb_error err = {0};

	(void)pthread_mutex_lock(&store->connection);
	if (commit(store, group->next, group, &err) < 0)
		list_for_each (struct store_change, change, group, link)
			(void)commit(store, &change->link, change->link.next, &change->err);
	(void)pthread_mutex_unlock(&store->connection);
}

static void *writer_main(void *arg)
{
	struct store *store = arg;
	struct list group;

	list_init(&group);
	(void)pthread_mutex_lock(&store->lock);
	for (;;) {
		while (list_is_empty(&store->queue) && !store->is_closing)
			(void)pthread_cond_wait(&store->queued, &store->lock);
		if (list_is_empty(&store->queue))
			break;
		list_move_all(&store->queue, &group);
		(void)pthread_mutex_unlock(&store->lock);
		write_group(store, &group);
		(void)pthread_mutex_lock(&store->lock);
		list_move_all(&group, &store->finished);
		(void)eventfd_write(store->wake_fd, 1);
	}
	(void)pthread_mutex_unlock(&store->lock);
	return NULL;
}

static int writer_start(struct store *store, struct sb_error *err)
{
	sigset_t all, before;
	int rc;

	(void)sigfillset(&all); /* signals are for the loop */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&store->writer, NULL, writer_main, store);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return sb_fail_errno(err, SB_INTERNAL, rc, "start the registry's writer");
	store->has_writer = true;
	return 0;
}

static void writer_stop(struct store *store)
{
	if (!store->has_writer)
		return;
	(void)pthread_mutex_lock(&store->lock);
	store->is_closing = true;
	(void)pthread_cond_signal(&store->queued);
	(void)pthread_mutex_unlock(&store->lock);
	(void)pthread_join(store->writer, NULL);
	store->has_writer = false;
}

/* ---- the loop's side ------------------------------------------------------------------------- */

void store_queue(struct store *store, struct store_change *change, struct store_write *write)
{
	if (write) {
		sb_clear(&write->err);
		write->change = change;
		list_init(&write->link);
	}
	if (!change) {
		if (write)
			list_append(&store->refused, &write->link);
		event_active(store->wake, EV_READ, 0);
		return;
	}
	change->write = write;
	store->pending++;
	(void)pthread_mutex_lock(&store->lock);
	list_append(&store->queue, &change->link);
	(void)pthread_cond_signal(&store->queued);
	(void)pthread_mutex_unlock(&store->lock);
}

void store_cancel(struct store *store, struct store_write *write)
{
	(void)store;
	if (write->change)
		write->change->write = NULL;
	else if (write->link.next)
		list_remove(&write->link);
	write->change = NULL;
}

/* Say once that the disk fails, and once that it works again. */
static void note_health(struct store *store, const struct sb_error *err)
{
	if (err->code && !store->is_failing)
		log_error("%s; what changes now is not remembered", err->text);
	else if (!err->code && store->is_failing)
		log_info("registry: works again");
	store->is_failing = err->code != SB_OK;
}

static void deliver(struct store *store, struct store_change *change)
{
	struct store_write *write = change->write;

	note_health(store, &change->err);
	store->pending--;
	if (write) {
		write->change = NULL;
		write->err = change->err;
	}
	list_remove(&change->link);
	change->free(change);
	if (write && write->done)
		write->done(write);
}

static void deliver_refused(struct store_write *write)
{
	list_remove(&write->link);
	(void)sb_fail(&write->err, SB_INTERNAL, "registry: out of memory");
	if (write->done)
		write->done(write);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct store *store = arg;
	struct store_change *change;
	struct store_write *write;
	eventfd_t count;

	(void)what;
	(void)eventfd_read(fd, &count);
	(void)pthread_mutex_lock(&store->lock);
	list_move_all(&store->finished, &store->arrived);
	(void)pthread_mutex_unlock(&store->lock);
	while ((change = list_first(&store->arrived, struct store_change, link)))
		deliver(store, change);
	while ((write = list_first(&store->refused, struct store_write, link)))
		deliver_refused(write);
}

void store_get_stats(const struct store *store, struct store_stats *ret)
{
	*ret = (struct store_stats){store->pending, store->is_failing};
}

int64_t store_next_number(struct store *store)
{
	return ++store->last_number;
}

/* ---- opening and closing --------------------------------------------------------------------- */

/*
 * The file is ours alone, or is made so. By name and not by descriptor: closing any descriptor of a
 * database gives up the locks of everybody in this process.
 */
static int check_file(const char *path, struct sb_error *err)
{
	CLEANUP_FD int fd = -1;
	struct stat st;

	if (lstat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return sb_fail(err, SB_INTERNAL, "not a regular file");
		if (st.st_uid != geteuid())
			return sb_fail(err, SB_INTERNAL, "belongs to uid %u and not to us, %u",
				       (unsigned)st.st_uid, (unsigned)geteuid());
		if (st.st_mode & 077)
			return sb_fail(err, SB_INTERNAL,
				       "others can use it (mode %04o): chmod 600 it",
				       (unsigned)st.st_mode & 07777);
		return access(path, W_OK) == 0 ? 0
					       : sb_fail_errno(err, SB_INTERNAL, errno, "write");
	}
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd >= 0 ? 0 : sb_fail_errno(err, SB_INTERNAL, errno, "create");
}

static int check_answer(sqlite3 *db, const char *sql, const char *expected, struct sb_error *err)
{
	sqlite3_stmt *statement;
	const char *answer = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_fail(db, err, sql);
	if (sqlite3_step(statement) == SQLITE_ROW)
		answer = store_text(statement, 0);
	if (!answer)
		(void)store_fail(db, err, sql);
	else if (strcmp(answer, expected) != 0)
		(void)sb_fail(err, SB_INTERNAL, "damaged: %s; move it away to start afresh",
			      answer);
	(void)sqlite3_finalize(statement);
	return err->code ? -1 : 0;
}

static int connect_file(struct store *store, const char *path, struct sb_error *err)
{
	static const char setup[] = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
				    "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON";

	if (check_file(path, err) < 0)
		return -1;
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) !=
	    SQLITE_OK)
		return store_fail(store->db, err, "open");
	(void)sqlite3_extended_result_codes(store->db, 0);
	(void)sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
	if (check_answer(store->db, "PRAGMA locking_mode = EXCLUSIVE", "exclusive", err) < 0 ||
	    check_answer(store->db, "PRAGMA journal_mode = WAL", "wal", err) < 0 ||
	    check_answer(store->db, "PRAGMA quick_check(1)", "ok", err) < 0)
		return -1;
	if (sqlite3_exec(store->db, setup, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(store->db, err, "settings");
	if (store_migrate(store->db, err) < 0 || prepare(store, store_sql, err) < 0 ||
	    prepare(store, store_sandbox_sql, err) < 0 ||
	    prepare(store, store_command_sql, err) < 0)
		return -1;
	return 0;
}

static int read_last_number(void *arg, sqlite3_stmt *row, struct sb_error *err)
{
	struct store *store = arg;

	(void)err;
	store->last_number = sqlite3_column_int64(row, 0);
	return 0;
}

/* Also the first write: it takes the lock for good, and shows a disk that cannot be written. */
static int prune(struct store *store, struct sb_error *err)
{
	sqlite3_stmt *statement = store_statement(store, STORE_SANDBOX_PRUNE);

	store_bind_integer(statement, 1, clock_wall_us() - TOMBSTONES_US);
	return store_execute(store, statement, err);
}

static int start(struct store *store, struct event_base *base, const char *path,
		 struct sb_error *err)
{
	if (connect_file(store, path, err) < 0 || prune(store, err) < 0 ||
	    store_each(store, STORE_LAST_NUMBER, read_last_number, store, err) < 0)
		return sb_wrap(err, "registry %s", path);
	store->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (store->wake_fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "eventfd");
	store->wake = event_new(base, store->wake_fd, EV_READ | EV_PERSIST, on_wake, store);
	if (!store->wake || event_add(store->wake, NULL) < 0)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	return writer_start(store, err);
}

struct store *store_open(struct event_base *base, const char *path, struct sb_error *err)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	store->wake_fd = -1;
	list_init(&store->arrived);
	list_init(&store->refused);
	list_init(&store->queue);
	list_init(&store->finished);
	(void)pthread_mutex_init(&store->connection, NULL);
	(void)pthread_mutex_init(&store->lock, NULL);
	(void)pthread_cond_init(&store->queued, NULL);
	return start(store, base, path, err) == 0 ? store : store_close(store);
}

static void free_changes(struct list *changes)
{
	list_for_each_safe (struct store_change, change, changes, link)
		change->free(change);
}

struct store *store_close(struct store *store)
{
	if (!store)
		return NULL;
	writer_stop(store);
	free_changes(&store->finished);
	free_changes(&store->arrived);
	if (store->wake)
		event_free(store->wake);
	cleanup_fd(&store->wake_fd);
	for (size_t i = 0; i < ARRAY_SIZE(store->statements); i++)
		(void)sqlite3_finalize(store->statements[i]);
	(void)sqlite3_close(store->db);
	(void)pthread_cond_destroy(&store->queued);
	(void)pthread_mutex_destroy(&store->lock);
	(void)pthread_mutex_destroy(&store->connection);
	free(store);
	return NULL;
}
