/* The registry on disk, on real files: what is written is there again, and what is wrong is refused. */
#include "config.h"

#include "daemon/store.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

struct fixture {
	struct event_base *base;
	char dir[64];
	char path[128];
};

struct waiter {
	struct store_write write;
	struct fixture *fixture;
	bool is_done;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->base = event_base_new();
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/registry.db", f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct fixture *f = *state;
	char path[160];

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
	event_base_free(f->base);
	free(f);
	return 0;
}

static struct store *reopen(struct fixture *f)
{
	struct sb_error err = {0};
	struct store *store = store_open(f->base, f->path, &err);

	if (!store)
		fail_msg("%s", err.text);
	return store;
}

static void expect_refusal(struct fixture *f, const char *word)
{
	struct sb_error err = {0};

	assert_null(store_open(f->base, f->path, &err));
	assert_int_equal(err.code, SB_INTERNAL);
	if (!strstr(err.text, word))
		fail_msg("no \"%s\" in: %s", word, err.text);
}

static void on_done(struct store_write *write)
{
	struct waiter *waiter = container_of(write, struct waiter, write);

	waiter->is_done = true;
	(void)event_base_loopbreak(waiter->fixture->base);
}

static struct waiter waiting(struct fixture *f)
{
	return (struct waiter){.write = {.done = on_done}, .fixture = f};
}

static void wait_for(struct waiter *waiter)
{
	while (!waiter->is_done)
		assert_int_not_equal(event_base_loop(waiter->fixture->base, EVLOOP_ONCE), -1);
}

static char *text(const char *literal)
{
	union {
		const char *literal;
		char *text;
	} value = {.literal = literal};

	return value.text;
}

static struct sandbox_row row_of(int64_t number)
{
	return (struct sandbox_row){.number = number,
				    .state = STORE_SANDBOX_RUNNING,
				    .id = text("iabcdefghij0123456789"),
				    .provider = text("local"),
				    .name = text("ci"),
				    .template = text("base"),
				    .label = text("f00d"),
				    .uid = 1000,
				    .gid = 100,
				    .access_token = text("secret"),
				    .envd_version = text("0.6.13"),
				    .created_us = 1,
				    .started_us = 2,
				    .end_us = INT64_C(1700000000000000),
				    .cpu_count = 2,
				    .memory_mb = 512,
				    .disk_size_mb = 1024};
}

static int take_row(void *arg, const struct sandbox_row *row, struct sb_error *err)
{
	struct sandbox_row *ret = arg;

	(void)err;
	sandbox_row_deinit(ret);
	return sandbox_row_copy(row, ret);
}

static int count_row(void *arg, const struct sandbox_row *row, struct sb_error *err)
{
	(void)row;
	(void)err;
	++*(int *)arg;
	return 0;
}

static int count_rows(struct store *store)
{
	struct sb_error err = {0};
	int count = 0;

	assert_int_equal(store_load_sandboxes(store, count_row, &count, &err), 0);
	return count;
}

static void test_what_is_written_is_there_again(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);
	struct waiter waiter = waiting(f);
	struct sandbox_row row = row_of(store_next_number(store));
	struct sandbox_row read = {0};
	struct sb_error err = {0};

	assert_int_equal(row.number, 1);
	assert_int_equal(string_map_add(&row.metadata, "k \"1\"", "v\xc3\xa9"), 0);
	store_put_sandbox(store, &row, &waiter.write);
	assert_false(waiter.is_done);
	wait_for(&waiter);
	assert_int_equal(waiter.write.err.code, SB_OK);
	store = store_close(store);

	store = reopen(f);
	assert_int_equal(store_load_sandboxes(store, take_row, &read, &err), 0);
	assert_int_equal(read.number, row.number);
	assert_int_equal(read.state, row.state);
	assert_string_equal(read.id, row.id);
	assert_string_equal(read.provider, row.provider);
	assert_string_equal(read.name, row.name);
	assert_string_equal(read.template, row.template);
	assert_string_equal(read.label, row.label);
	assert_string_equal(read.access_token, row.access_token);
	assert_string_equal(read.envd_version, row.envd_version);
	assert_null(read.domain);
	assert_null(read.ended_cause);
	assert_int_equal(read.uid, 1000);
	assert_int_equal(read.gid, 100);
	assert_int_equal(read.end_us, row.end_us);
	assert_int_equal(read.disk_size_mb, 1024);
	assert_int_equal(read.metadata.count, 1);
	assert_string_equal(string_map_get(&read.metadata, "k \"1\""), "v\xc3\xa9");
	assert_int_equal(store_next_number(store), 2);
	sandbox_row_deinit(&read);
	string_map_free(&row.metadata);
	store = store_close(store);
}

static void test_close_commits_what_is_queued(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);

	for (int i = 0; i < 1000; i++) {
		struct sandbox_row row = row_of(store_next_number(store));

		store_put_sandbox(store, &row, NULL);
	}
	store = store_close(store);
	store = reopen(f);
	assert_int_equal(count_rows(store), 1000);
	store = store_close(store);
}

static void test_ended_rows_stay_but_are_not_loaded(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);
	struct sandbox_row row = row_of(store_next_number(store));

	row.state = STORE_SANDBOX_ENDED;
	row.ended_us = INT64_MAX;
	store_put_sandbox(store, &row, NULL);
	store = store_close(store);
	store = reopen(f);
	assert_int_equal(count_rows(store), 0);
	assert_int_equal(store_next_number(store), 2);
	store = store_close(store);
}

/* A tombstone of long ago is dropped at the next start; its number is not given again. */
static void test_old_tombstones_are_dropped(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);
	struct sandbox_row row = row_of(store_next_number(store));
	sqlite3 *db;
	sqlite3_stmt *count;

	row.state = STORE_SANDBOX_ENDED;
	row.ended_us = 1;
	store_put_sandbox(store, &row, NULL);
	store = store_close(store);
	store = reopen(f);
	assert_int_equal(store_next_number(store), 2);
	store = store_close(store);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM sandbox", -1, &count, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(count), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(count, 0), 0);
	(void)sqlite3_finalize(count);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

struct commands {
	int count;
	struct command_row last;
	char spool[32];
};

static int take_command(void *arg, const struct command_row *row, struct sb_error *err)
{
	struct commands *commands = arg;

	(void)err;
	commands->count++;
	commands->last = *row;
	(void)snprintf(commands->spool, sizeof(commands->spool), "%s", row->spool);
	return 0;
}

static void test_commands_come_and_go(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);
	struct sandbox_row sandbox = row_of(store_next_number(store));
	struct command_row row = {
		.sandbox_number = sandbox.number, .pid = 41, .spool = text("a"), .is_pty = true};
	struct waiter waiter = waiting(f);
	struct commands commands = {0};
	struct sb_error err = {0};

	store_put_sandbox(store, &sandbox, NULL);
	store_put_command(store, &row, NULL);
	row.pid = 42;
	row.spool = text("b");
	store_put_command(store, &row, NULL);
	row.has_ended = true;
	row.exit_code = -1;
	row.status = text("signal: killed");
	store_put_command(store, &row, NULL);
	store_put_sandbox(store, &sandbox, NULL); /* must not take its commands with it */
	store_delete_command(store, sandbox.number, 41, &waiter.write);
	wait_for(&waiter);
	assert_int_equal(waiter.write.err.code, SB_OK);
	assert_int_equal(store_load_commands(store, take_command, &commands, &err), 0);
	assert_int_equal(commands.count, 1);
	assert_int_equal(commands.last.pid, 42);
	assert_true(commands.last.is_pty);
	assert_true(commands.last.has_ended);
	assert_int_equal(commands.last.exit_code, -1);
	assert_string_equal(commands.spool, "b");
	store = store_close(store);
}

/* One bad change in a group: it fails alone. */
static void test_a_bad_change_fails_alone(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);
	struct sandbox_row row = row_of(store_next_number(store));
	struct command_row orphan = {.sandbox_number = 77, .pid = 1, .spool = text("x")};
	struct waiter before = waiting(f), bad = waiting(f), after = waiting(f);

	store_put_sandbox(store, &row, &before.write);
	store_put_command(store, &orphan, &bad.write);
	row.number = store_next_number(store);
	store_put_sandbox(store, &row, &after.write);
	wait_for(&before);
	wait_for(&bad);
	wait_for(&after);
	assert_int_equal(before.write.err.code, SB_OK);
	assert_int_equal(bad.write.err.code, SB_INTERNAL);
	assert_int_equal(after.write.err.code, SB_OK);
	assert_int_equal(count_rows(store), 2);
	store = store_close(store);
}

static void test_cancelled_writes_are_made_but_not_told(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);
	struct sandbox_row row = row_of(store_next_number(store));
	struct waiter cancelled = waiting(f), waiter = waiting(f);

	store_put_sandbox(store, &row, &cancelled.write);
	store_cancel(store, &cancelled.write);
	row.number = store_next_number(store);
	store_put_sandbox(store, &row, &waiter.write);
	wait_for(&waiter);
	store_cancel(store, &waiter.write);
	assert_false(cancelled.is_done);
	assert_int_equal(count_rows(store), 2);
	store = store_close(store);
}

/* A disk that takes no more: the change fails and says so; later ones work once there is room. */
static void test_full_disk_is_survived(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);
	struct sandbox_row row = row_of(store_next_number(store));
	struct waiter full = waiting(f), again = waiting(f);
	struct rlimit before, none;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 1;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	store_put_sandbox(store, &row, &full.write);
	wait_for(&full);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(full.write.err.code, SB_INTERNAL);
	store_put_sandbox(store, &row, &again.write);
	wait_for(&again);
	assert_int_equal(again.write.err.code, SB_OK);
	store = store_close(store);
	store = reopen(f);
	assert_int_equal(count_rows(store), 1);
	store = store_close(store);
}

/* ---- files that are refused ------------------------------------------------------------------ */

static void execute(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(chmod(path, 0600), 0);
}

static void test_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);

	store = store_close(store);
	execute(f->path, "PRAGMA user_version = 1000");
	expect_refusal(f, "newer");
}

static void test_foreign_database_is_refused(void **state)
{
	struct fixture *f = *state;

	execute(f->path, "CREATE TABLE t (a); PRAGMA user_version = 3");
	expect_refusal(f, "another program");
}

static void test_truncated_file_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);

	store = store_close(store);
	assert_int_equal(truncate(f->path, 4096 + 100), 0);
	expect_refusal(f, "damaged");
}

static void test_garbage_is_refused(void **state)
{
	struct fixture *f = *state;
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		assert_true(fprintf(file, "this is no database %d\n", i) > 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(f->path, 0600), 0);
	expect_refusal(f, "damaged");
}

static void test_open_mode_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);
	struct stat st;

	store = store_close(store);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(chmod(f->path, 0640), 0);
	expect_refusal(f, "0640");
}

static void test_symbolic_link_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(symlink("/dev/null", f->path), 0);
	expect_refusal(f, "regular");
}

static void test_foreign_owner_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *store;

	if (geteuid() != 0)
		skip();
	store = reopen(f);
	store = store_close(store);
	assert_int_equal(chown(f->path, 65534, 65534), 0);
	expect_refusal(f, "65534");
}

/* The second opener is another process, as it would be. */
static void test_second_opener_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *store = reopen(f);
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct event_base *base = event_base_new();
		struct sb_error err = {0};
		bool is_open = store_open(base, f->path, &err) != NULL;

		event_base_free(base);
		if (is_open)
			_exit(1);
		_exit(strstr(err.text, "in use by another sandpoold") ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	store = store_close(store);
}

#define STORE_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_what_is_written_is_there_again),
		STORE_TEST(test_close_commits_what_is_queued),
		STORE_TEST(test_ended_rows_stay_but_are_not_loaded),
		STORE_TEST(test_old_tombstones_are_dropped),
		STORE_TEST(test_commands_come_and_go),
		STORE_TEST(test_a_bad_change_fails_alone),
		STORE_TEST(test_cancelled_writes_are_made_but_not_told),
		STORE_TEST(test_full_disk_is_survived),
		STORE_TEST(test_newer_schema_is_refused),
		STORE_TEST(test_foreign_database_is_refused),
		STORE_TEST(test_truncated_file_is_refused),
		STORE_TEST(test_garbage_is_refused),
		STORE_TEST(test_open_mode_is_refused),
		STORE_TEST(test_symbolic_link_is_refused),
		STORE_TEST(test_foreign_owner_is_refused),
		STORE_TEST(test_second_opener_is_refused),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
