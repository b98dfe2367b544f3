/* The pool: jobs run beside the loop, their ends are told in it. */
#include "config.h"

#include "daemon/worker.h"

#include <event2/event.h>
#include <pthread.h>

#include "tests/unit/unit.h"

#define JOBS 500

struct work {
	struct job job;
	pthread_t worker; /* who worked */
	unsigned worked, done;
	unsigned again; /* how often done() submits it once more */
	struct fixture *f;
};

struct fixture {
	struct event_base *base;
	struct workers *workers;
	struct work works[JOBS];
	unsigned done;
	pthread_mutex_t gate; /* held by the test: gated work waits */
};

static void work_work(struct job *job)
{
	struct work *work = container_of(job, struct work, job);

	work->worker = pthread_self();
	work->worked++;
}

static void work_through_gate(struct job *job)
{
	struct work *work = container_of(job, struct work, job);

	(void)pthread_mutex_lock(&work->f->gate);
	work->worked++;
	(void)pthread_mutex_unlock(&work->f->gate);
}

static void work_done(struct job *job)
{
	struct work *work = container_of(job, struct work, job);

	assert_false(job->is_busy);
	work->done++;
	work->f->done++;
	if (work->again) {
		work->again--;
		workers_submit(work->f->workers, job);
	}
}

static void submit(struct fixture *f, size_t i, void (*function)(struct job *job))
{
	f->works[i].f = f;
	f->works[i].job.work = function;
	f->works[i].job.done = work_done;
	workers_submit(f->workers, &f->works[i].job);
}

static void loop_until_done(struct fixture *f, unsigned count)
{
	while (f->done < count)
		assert_true(event_base_loop(f->base, EVLOOP_ONCE) >= 0);
}

static void test_each_job_is_worked_on_once_and_told_in_the_loop(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < JOBS; i++)
		submit(f, i, work_work);
	assert_int_equal(f->done, 0);
	loop_until_done(f, JOBS);
	for (size_t i = 0; i < JOBS; i++) {
		assert_int_equal(f->works[i].worked, 1);
		assert_int_equal(f->works[i].done, 1);
		assert_false(pthread_equal(f->works[i].worker, pthread_self()));
	}
}

static void test_a_job_may_be_submitted_from_its_end(void **state)
{
	struct fixture *f = *state;

	f->works[0].again = 99;
	submit(f, 0, work_work);
	loop_until_done(f, 100);
	assert_int_equal(f->works[0].worked, 100);
}

static void test_slow_jobs_do_not_hold_the_others_up(void **state)
{
	struct fixture *f = *state;

	(void)pthread_mutex_lock(&f->gate);
	submit(f, 0, work_through_gate);
	for (size_t i = 1; i < JOBS; i++)
		submit(f, i, work_work);
	loop_until_done(f, JOBS - 1);
	assert_int_equal(f->works[0].done, 0);
	(void)pthread_mutex_unlock(&f->gate);
	loop_until_done(f, JOBS);
	assert_int_equal(f->works[0].worked, 1);
}

static void test_the_end_waits_for_work_but_tells_nobody(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < JOBS; i++)
		submit(f, i, work_work);
	f->workers = workers_free(f->workers, 60000);
	assert_int_equal(f->done, 0);
	for (size_t i = 0; i < JOBS; i++)
		assert_in_range(f->works[i].worked, 0, 1);
}

/* Static, since the worker that is left behind goes on with it. */
static void test_the_end_does_not_wait_for_what_hangs(void **state)
{
	static struct fixture f;
	static struct workers *left; /* reachable, for those who look for leaks */
	struct sb_error err = {0};

	(void)state;
	(void)pthread_mutex_init(&f.gate, NULL);
	f.base = event_base_new();
	f.workers = left = workers_new(f.base, 3, &err);
	assert_non_null(left);
	(void)pthread_mutex_lock(&f.gate);
	submit(&f, 0, work_through_gate);
	submit(&f, 1, work_work);
	loop_until_done(&f, 1); /* by now the first is with a worker, too: they come in order */
	f.workers = workers_free(f.workers, 20);
	assert_int_equal(f.works[0].worked, 0);
	(void)pthread_mutex_unlock(&f.gate);
	event_base_free(f.base);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sb_error err = {0};

	if (!f)
		return -1;
	*state = f;
	(void)pthread_mutex_init(&f->gate, NULL);
	f->base = event_base_new();
	f->workers = workers_new(f->base, 3, &err);
	return f->workers ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	f->workers = workers_free(f->workers, 60000);
	event_base_free(f->base);
	(void)pthread_mutex_destroy(&f->gate);
	free(f);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_job_is_worked_on_once_and_told_in_the_loop),
		TEST(test_a_job_may_be_submitted_from_its_end),
		TEST(test_slow_jobs_do_not_hold_the_others_up),
		TEST(test_the_end_waits_for_work_but_tells_nobody),
		cmocka_unit_test(test_the_end_does_not_wait_for_what_hangs),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
