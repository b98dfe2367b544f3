/*
 * The pool: a queue in, a list out, and an eventfd that wakes the loop. Threads take no signals, so those
 * are the loop's alone.
 */
#include "config.h"

#include "daemon/worker.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

#include "daemon/base/log.h"

struct workers {
	pthread_mutex_t mutex;
	pthread_cond_t wanted; /* there is a job, or the end has come */
	struct list queue;     /* of struct job, to be worked on */
	struct list finished;  /* of struct job, whose done() is due */
	bool is_ending;
	int wake; /* eventfd: finished is not empty */
	struct event *event;
	unsigned thread_count;
	pthread_t threads[];
};

static void workers_wake(struct workers *workers)
{
	uint64_t one = 1;

	if (write(workers->wake, &one, sizeof(one)) < 0)
		assert(errno == EAGAIN); /* the counter is full: the loop is awake anyway */
}

static void *worker_main(void *arg)
{
	struct workers *workers = arg;

	(void)pthread_mutex_lock(&workers->mutex);
	while (!workers->is_ending) {
		struct job *job = list_first(&workers->queue, struct job, link);

		if (!job) {
			(void)pthread_cond_wait(&workers->wanted, &workers->mutex);
			continue;
		}
		list_remove(&job->link);
		(void)pthread_mutex_unlock(&workers->mutex);
		job->work(job);
		(void)pthread_mutex_lock(&workers->mutex);
		if (list_is_empty(&workers->finished))
			workers_wake(workers);
		list_append(&workers->finished, &job->link);
	}
	(void)pthread_mutex_unlock(&workers->mutex);
	return NULL;
}

static void workers_on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct workers *workers = arg;
	struct list finished;
	struct job *job;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0)
		assert(errno == EAGAIN);
	list_init(&finished);
	(void)pthread_mutex_lock(&workers->mutex);
	while ((job = list_first(&workers->finished, struct job, link))) {
		list_remove(&job->link);
		list_append(&finished, &job->link);
	}
	(void)pthread_mutex_unlock(&workers->mutex);
	while ((job = list_first(&finished, struct job, link))) {
		list_remove(&job->link);
		job->is_busy = false;
		job->done(job);
	}
}

static int workers_start(struct workers *workers, unsigned threads, struct sb_error *err)
{
	sigset_t all, before;
	int sys = 0;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (!sys && workers->thread_count < threads) {
		sys = pthread_create(&workers->threads[workers->thread_count], NULL, worker_main,
				     workers);
		if (!sys)
			workers->thread_count++;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (sys)
		return sb_fail_errno(err, SB_INTERNAL, sys, "a worker thread");
	return 0;
}

struct workers *workers_new(struct event_base *base, unsigned threads, struct sb_error *err)
{
	struct workers *workers = calloc(1, sizeof(*workers) + threads * sizeof(pthread_t));

	if (!workers) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "workers");
		return NULL;
	}
	list_init(&workers->queue);
	list_init(&workers->finished);
	(void)pthread_mutex_init(&workers->mutex, NULL);
	(void)pthread_cond_init(&workers->wanted, NULL);
	workers->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (workers->wake < 0) {
		(void)sb_fail_errno(err, SB_INTERNAL, errno, "an eventfd");
		return workers_free(workers, 0);
	}
	workers->event =
		event_new(base, workers->wake, EV_READ | EV_PERSIST, workers_on_wake, workers);
	if (!workers->event || event_add(workers->event, NULL) < 0) {
		(void)sb_fail(err, SB_INTERNAL, "workers cannot be watched");
		return workers_free(workers, 0);
	}
	if (workers_start(workers, threads, err) < 0)
		return workers_free(workers, 0);
	return workers;
}

/* How many hang. */
static unsigned join_threads(struct workers *workers, int patience_ms)
{
	struct timespec deadline;
	unsigned hanging = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += patience_ms / 1000;
	deadline.tv_nsec += patience_ms % 1000 * 1000000L;
	if (deadline.tv_nsec >= 1000000000L) {
		deadline.tv_sec++;
		deadline.tv_nsec -= 1000000000L;
	}
	for (unsigned i = 0; i < workers->thread_count; i++) {
		if (pthread_clockjoin_np(workers->threads[i], NULL, CLOCK_MONOTONIC, &deadline) ==
		    0)
			continue;
		(void)pthread_detach(workers->threads[i]);
		hanging++;
	}
	return hanging;
}

struct workers *workers_free(struct workers *workers, int patience_ms)
{
	unsigned hanging;

	if (!workers)
		return NULL;
	(void)pthread_mutex_lock(&workers->mutex);
	workers->is_ending = true;
	(void)pthread_cond_broadcast(&workers->wanted);
	(void)pthread_mutex_unlock(&workers->mutex);
	hanging = join_threads(workers, patience_ms);
	if (workers->event)
		event_free(workers->event);
	if (hanging) {
		log_warning("%u workers hang in a file that does not answer, and are left behind",
			    hanging);
		return NULL;
	}
	if (workers->wake >= 0)
		(void)close(workers->wake);
	(void)pthread_cond_destroy(&workers->wanted);
	(void)pthread_mutex_destroy(&workers->mutex);
	free(workers);
	return NULL;
}

void workers_submit(struct workers *workers, struct job *job)
{
	assert(!job->is_busy);
	job->is_busy = true;
	list_init(&job->link);
	(void)pthread_mutex_lock(&workers->mutex);
	list_append(&workers->queue, &job->link);
	(void)pthread_cond_signal(&workers->wanted);
	(void)pthread_mutex_unlock(&workers->mutex);
}
