/*
 * The spool against a model: whatever is appended, in whatever order workers get to it, each reader gets
 * every byte once, in order and of its stream, or is told of a gap.
 */
#include "config.h"

#include "daemon/spool.h"

#include <dirent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "daemon/segment.h"
#include "daemon/worker.h"
#include "tests/unit/unit.h"

#define MODEL_MAX (24u << 20)
#define READERS   5

/* ---- workers whose jobs run when the test says so ---------------------------------------------- */

struct workers {
	struct list queue;
	unsigned count;
};

static struct workers workers;

void workers_submit(struct workers *to, struct job *job)
{
	assert_false(job->is_busy);
	job->is_busy = true;
	list_append(&to->queue, &job->link);
	to->count++;
}

/* Runs one job, the n-th of the queue. */
static void run_job(unsigned n)
{
	struct list *link = workers.queue.next;
	struct job *job;

	for (; n > 0; n--)
		link = link->next;
	job = list_entry(link, struct job, link);
	list_remove(link);
	workers.count--;
	job->work(job);
	job->is_busy = false;
	job->done(job);
}

/* ---- the world of one test --------------------------------------------------------------------- */

static struct event_base *base;
static struct spools *spools;
static struct spool *spool;
static char dir[] = "/tmp/test-spool.XXXXXX";
static unsigned char *model, *model_stream; /* by offset; stream 0: lost */
static int64_t model_end;
static unsigned seed = 4711;

struct reader {
	struct spool_reader reader;
	int64_t at, gaps;
	unsigned readies;
	bool at_end;
};

static unsigned rnd(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 8) % n;
}

static void on_ready(struct spool_reader *reader)
{
	container_of(reader, struct reader, reader)->readies++;
}

static void turn(void)
{
	assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
}

static void settle(void)
{
	do {
		while (workers.count > 0)
			run_job(rnd(workers.count));
		turn();
	} while (workers.count > 0);
}

static void open_spools(int64_t command_bytes, int64_t total_bytes)
{
	struct sb_error err = {0};

	spools = spools_new(base, dir, &workers, command_bytes, total_bytes, &err);
	assert_non_null(spools);
	spool = spool_open(spools, "c1", &err);
	assert_non_null(spool);
}

/* As the daemon's end does: some jobs have run, but no done() comes any more. */
static void close_spools(void)
{
	list_for_each_safe (struct job, job, &workers.queue, link) {
		if (rnd(2))
			job->work(job);
		list_remove(&job->link);
	}
	workers.count = 0;
	spools = spools_free(spools);
}

static void remove_tree(void)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *entries = opendir(dir);

	while ((entry = readdir(entries)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		segment_remove_all(path);
	}
	(void)closedir(entries);
}

static int setup(void **state)
{
	(void)state;
	base = event_base_new();
	list_init(&workers.queue);
	workers.count = 0;
	model_end = 0;
	model = malloc(MODEL_MAX);
	model_stream = calloc(1, MODEL_MAX);
	return base && model && model_stream ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	close_spools();
	remove_tree();
	event_base_free(base);
	free(model);
	free(model_stream);
	return 0;
}

static void append(enum spool_stream stream, size_t len)
{
	assert_true((size_t)model_end + len <= MODEL_MAX);
	for (size_t i = 0; i < len; i++)
		model[(size_t)model_end + i] = (unsigned char)rnd(256);
	memset(model_stream + model_end, (int)stream, len);
	spool_append(spool, stream, model + model_end, len);
	model_end += (int64_t)len;
	assert_int_equal(spool_end(spool), model_end);
}

static void lose(int64_t len)
{
	spool_skip(spool, len);
	model_end += len;
}

static void attach(struct reader *reader, int64_t offset)
{
	*reader = (struct reader){.reader.on_ready = on_ready, .at = offset};
	spool_attach(spool, &reader->reader, offset);
}

/* Read up to `most` chunks and hold each against the model. */
static void drain(struct reader *reader, unsigned most)
{
	struct spool_chunk chunk;
	int got = 0;

	while (most-- > 0 && (got = spool_read(&reader->reader, &chunk)) == 1) {
		assert_int_equal(chunk.offset, reader->at);
		assert_true(chunk.len > 0);
		if (!chunk.data) {
			reader->gaps += (int64_t)chunk.len;
		} else {
			assert_true(chunk.len <= SPOOL_CHUNK_MAX);
			assert_memory_equal(chunk.data, model + chunk.offset, chunk.len);
			for (size_t i = 0; i < chunk.len; i++)
				assert_int_equal(model_stream[(size_t)chunk.offset + i],
						 chunk.stream);
		}
		reader->at += (int64_t)chunk.len;
	}
	reader->at_end = got == -1;
}

static void drain_all(struct reader *reader)
{
	do {
		drain(reader, UINT_MAX);
		settle();
	} while (reader->at < model_end);
	drain(reader, UINT_MAX);
}

/* ---- tests --------------------------------------------------------------------------------------- */

static void test_random_appends_and_readers(void **state)
{
	struct reader readers[READERS] = {0};
	int64_t skipped = 0;

	(void)state;
	open_spools(64 << 20, 256 << 20);
	for (int i = 0; i < READERS; i++)
		attach(&readers[i], 0);
	for (int i = 0; i < 3000; i++) {
		if (rnd(100) == 0) {
			int64_t len = 1 + rnd(5000);

			lose(len);
			skipped += len;
		} else {
			append((enum spool_stream)(1 + rnd(3)), 1 + rnd(rnd(8) ? 300 : 60000));
		}
		if (workers.count > 0 && rnd(3) == 0)
			run_job(rnd(workers.count));
		if (rnd(2))
			turn();
		drain(&readers[rnd(READERS)], rnd(20));
		if (rnd(50) == 0) {
			struct reader *again = &readers[rnd(READERS)];

			spool_detach(&again->reader);
			attach(again, rnd((unsigned)model_end + 1));
		}
	}
	spool_finish(spool);
	for (int i = 0; i < READERS; i++) {
		spool_detach(&readers[i].reader);
		attach(&readers[i], 0);
		drain_all(&readers[i]);
		assert_int_equal(readers[i].gaps, skipped);
		assert_true(readers[i].at_end);
		spool_detach(&readers[i].reader);
	}
	settle();
}

static void test_readers_are_woken_later_and_at_the_end(void **state)
{
	struct reader reader;
	struct spool_chunk chunk;

	(void)state;
	open_spools(1 << 20, 1 << 20);
	attach(&reader, 0);
	turn();
	assert_int_equal(reader.readies, 0);
	assert_int_equal(spool_read(&reader.reader, &chunk), 0);
	append(SPOOL_STDOUT, 5);
	assert_int_equal(reader.readies, 0);
	turn();
	assert_int_equal(reader.readies, 1);
	drain(&reader, UINT_MAX);
	assert_int_equal(reader.at, 5);
	settle();
	spool_finish(spool);
	turn();
	assert_true(reader.readies >= 2);
	drain(&reader, 1);
	assert_true(reader.at_end);
	spool_detach(&reader.reader);
}

static void test_bound_of_a_command_drops_the_oldest(void **state)
{
	struct reader slow, late;

	(void)state;
	open_spools(64 << 10, 1 << 20);
	attach(&slow, 0);
	for (int i = 0; i < 500; i++) {
		append(SPOOL_STDOUT, 1000);
		settle();
	}
	assert_true(spools_bytes(spools) <= 64 << 10);
	assert_true(spools_bytes(spools) >= 32 << 10);
	assert_true(spool_start(spool) > 400000);
	drain_all(&slow);
	assert_int_equal(slow.gaps, spool_start(spool));
	attach(&late, 17);
	drain_all(&late);
	assert_int_equal(late.gaps, spool_start(spool) - 17);
	spool_detach(&slow.reader);
	spool_detach(&late.reader);
}

static void test_bound_of_all_drops_the_oldest_of_any(void **state)
{
	struct sb_error err = {0};
	struct spool *other;
	char bytes[1000] = {0};

	(void)state;
	open_spools(64 << 10, 96 << 10);
	for (int i = 0; i < 60; i++) {
		append(SPOOL_STDOUT, 1000);
		settle();
	}
	assert_int_equal(spool_start(spool), 0);
	other = spool_open(spools, "c2", &err);
	assert_non_null(other);
	for (int i = 0; i < 60; i++) {
		spool_append(other, SPOOL_STDERR, bytes, sizeof(bytes));
		settle();
	}
	assert_true(spools_bytes(spools) <= 96 << 10);
	assert_true(spool_start(spool) > 0);
	assert_int_equal(spool_start(other), 0);
	spool_remove(other);
	settle();
	assert_true(spools_bytes(spools) <= 64 << 10);
}

static void on_room(void *arg)
{
	++*(int *)arg;
}

static void test_full_tells_when_there_is_room(void **state)
{
	int rooms = 0;

	(void)state;
	open_spools(64 << 20, 64 << 20);
	spool_set_on_room(spool, on_room, &rooms);
	while (!spool_is_full(spool)) {
		append(SPOOL_STDOUT, 30000);
		turn();
	}
	assert_int_equal(rooms, 0);
	assert_true(model_end > 1 << 20);
	settle();
	assert_false(spool_is_full(spool));
	assert_int_equal(rooms, 1);
}

static void test_a_feeder_that_does_not_pause_loses(void **state)
{
	struct reader reader;

	(void)state;
	open_spools(64 << 20, 64 << 20);
	attach(&reader, 0);
	for (int i = 0; i < 300; i++)
		append(SPOOL_STDOUT, 60000);
	drain_all(&reader);
	assert_true(reader.gaps > 0);
	assert_true(model_end - reader.gaps >= 8 << 20);
	spool_detach(&reader.reader);
}

static void reopen(void)
{
	(void)!spool_close(spool);
	close_spools();
	open_spools(64 << 20, 256 << 20);
}

static void test_reopening_keeps_all(void **state)
{
	struct reader reader;

	(void)state;
	open_spools(64 << 20, 256 << 20);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 200; i++) {
			append((enum spool_stream)(1 + rnd(2)), 1 + rnd(30000));
			if (rnd(4) == 0)
				settle();
		}
		lose(99);
		reopen();
		assert_int_equal(spool_end(spool), model_end);
	}
	attach(&reader, 0);
	drain_all(&reader);
	assert_int_equal(reader.gaps, 3 * 99);
	spool_detach(&reader.reader);
}

static void cut_last_segment(off_t len)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/c1/%016x", dir, 0);
	assert_int_equal(truncate(path, len), 0);
}

static void test_a_record_cut_anywhere_is_dropped(void **state)
{
	const off_t record = (off_t)sizeof(struct segment_head) + 100;
	struct reader reader;

	(void)state;
	for (off_t cut = 0; cut < record; cut++) {
		model_end = 0;
		open_spools(1 << 20, 1 << 20);
		for (int i = 0; i < 3; i++) {
			append((enum spool_stream)(1 + i % 2), 100);
			settle();
		}
		close_spools();
		cut_last_segment(2 * record + cut);
		open_spools(1 << 20, 1 << 20);
		assert_int_equal(spool_end(spool), 200);
		model_end = 200;
		append(SPOOL_PTY, 50);
		attach(&reader, 0);
		settle();
		drain_all(&reader);
		assert_int_equal(reader.gaps, 0);
		spool_detach(&reader.reader);
		spool_remove(spool);
		settle();
		close_spools();
	}
}

static void test_noise_in_a_segment_is_no_crash(void **state)
{
	char path[PATH_MAX], noise[1000];
	struct reader reader;
	int fd;

	(void)state;
	open_spools(1 << 20, 1 << 20);
	append(SPOOL_STDOUT, 100);
	settle();
	(void)snprintf(path, sizeof(path), "%s/c1/%016x", dir, 0);
	memset(noise, 0xff, sizeof(noise));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, noise, sizeof(noise), 0), sizeof(noise));
	(void)close(fd);
	turn();
	attach(&reader, 0);
	drain_all(&reader);
	assert_int_equal(reader.gaps, 100);
	spool_detach(&reader.reader);
}

static void test_a_full_disk_leaves_a_gap_and_recovers(void **state)
{
	struct rlimit small = {20000, RLIM_INFINITY}, old;
	struct reader reader;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	open_spools(1 << 20, 1 << 20);
	append(SPOOL_STDOUT, 15000);
	settle();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	append(SPOOL_STDOUT, 15000);
	settle();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	append(SPOOL_STDERR, 15000);
	settle();
	attach(&reader, 0);
	drain_all(&reader);
	assert_int_equal(reader.gaps, 15000);
	assert_int_equal(reader.at, 45000);
	spool_detach(&reader.reader);
}

static void test_sweep_removes_what_nobody_opened(void **state)
{
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	open_spools(1 << 20, 1 << 20);
	append(SPOOL_STDOUT, 10);
	settle();
	close_spools();
	(void)snprintf(path, sizeof(path), "%s/c1", dir);
	assert_int_equal(stat(path, &st), 0);
	spools = spools_new(base, dir, &workers, 1 << 20, 1 << 20, &(struct sb_error){0});
	spools_sweep(spools);
	settle();
	assert_int_equal(stat(path, &st), -1);
}

static void test_detaching_while_the_disk_is_read(void **state)
{
	struct reader reader;

	(void)state;
	open_spools(1 << 20, 1 << 20);
	append(SPOOL_STDOUT, 1000);
	settle();
	attach(&reader, 0);
	drain(&reader, 1);
	assert_int_equal(workers.count, 1);
	spool_detach(&reader.reader);
	settle();
	attach(&reader, 0);
	drain(&reader, 1);
	spool_detach(&reader.reader);
	spool_remove(spool);
	assert_int_equal(workers.count, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_random_appends_and_readers),
		TEST(test_readers_are_woken_later_and_at_the_end),
		TEST(test_bound_of_a_command_drops_the_oldest),
		TEST(test_bound_of_all_drops_the_oldest_of_any),
		TEST(test_full_tells_when_there_is_room),
		TEST(test_a_feeder_that_does_not_pause_loses),
		TEST(test_reopening_keeps_all),
		TEST(test_a_record_cut_anywhere_is_dropped),
		TEST(test_noise_in_a_segment_is_no_crash),
		TEST(test_a_full_disk_leaves_a_gap_and_recovers),
		TEST(test_sweep_removes_what_nobody_opened),
		TEST(test_detaching_while_the_disk_is_read),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests_name("spool", tests, NULL, NULL);
	return rmdir(dir) < 0 ? 1 : failed;
}
