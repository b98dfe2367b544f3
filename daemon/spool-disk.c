/*
 * The disk's half of the spool: batches of records written by a worker, one at a time for each spool, and
 * the list of segments that results; the oldest are dropped when a bound is reached.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/spool-private.h"

#define BATCH_RECORDS 64

struct spool_write {
	struct chore chore;
	struct spool *spool;
	struct segment *segment;
	struct record *records[BATCH_RECORDS];
	int count;
	int64_t bytes; /* with the heads */
	int sys;       /* errno, or 0 */
	char path[PATH_MAX];
};

struct removal {
	struct chore chore;
	bool is_dir;
	char path[PATH_MAX];
};

/* ---- chores ---------------------------------------------------------------------------------- */

static void chore_work(struct job *job)
{
	struct chore *chore = container_of(job, struct chore, job);

	chore->run(chore);
	chore->has_run = true;
}

static void chore_done(struct job *job)
{
	struct chore *chore = container_of(job, struct chore, job);

	list_remove(&chore->link);
	chore->done(chore);
}

void chore_start(struct spools *spools, struct chore *chore)
{
	chore->spools = spools;
	chore->has_run = false;
	chore->job.work = chore_work;
	chore->job.done = chore_done;
	list_append(&spools->chores, &chore->link);
	if (spools->workers) {
		workers_submit(spools->workers, &chore->job);
		return;
	}
	chore_work(&chore->job);
	chore_done(&chore->job);
}

void chores_finish(struct spools *spools)
{
	struct chore *chore;

	spools->workers = NULL;
	while ((chore = list_first(&spools->chores, struct chore, link)) != NULL) {
		if (!chore->has_run)
			chore_work(&chore->job);
		chore_done(&chore->job);
	}
}

static void removal_run(struct chore *chore)
{
	struct removal *removal = container_of(chore, struct removal, chore);

	if (removal->is_dir)
		segment_remove_all(removal->path);
	else
		(void)unlink(removal->path);
}

static void removal_done(struct chore *chore)
{
	free(container_of(chore, struct removal, chore));
}

/* Without memory the file stays until the spool is removed, or until the next start. */
static struct removal *removal_new(bool is_dir)
{
	struct removal *removal = calloc(1, sizeof(*removal));

	if (!removal)
		return NULL;
	removal->is_dir = is_dir;
	removal->chore.run = removal_run;
	removal->chore.done = removal_done;
	return removal;
}

void spools_remove_dir(struct spools *spools, const char *name)
{
	struct removal *removal = removal_new(true);

	if (!removal)
		return;
	(void)snprintf(removal->path, sizeof(removal->path), "%s/%s", spools->dir, name);
	chore_start(spools, &removal->chore);
}

/* ---- segments -------------------------------------------------------------------------------- */

void segment_path(const struct spool *spool, int64_t start, char *path)
{
	(void)snprintf(path, PATH_MAX, "%s/%s/%016" PRIx64, spool->spools->dir, spool->name,
		       (uint64_t)start);
}

struct segment *segment_new(struct spool *spool, int64_t start)
{
	struct segment *segment = calloc(1, sizeof(*segment));

	if (!segment)
		return NULL;
	segment->spool = spool;
	segment->start = segment->end = start;
	list_append(&spool->segments, &segment->link);
	list_append(&spool->spools->segments, &segment->by_age);
	return segment;
}

void segment_free(struct segment *segment)
{
	segment->spool->spools->bytes -= segment->bytes;
	list_remove(&segment->link);
	list_remove(&segment->by_age);
	free(segment);
}

static void segment_drop(struct segment *segment)
{
	struct removal *removal = removal_new(false);
	struct spools *spools = segment->spool->spools;

	if (removal)
		segment_path(segment->spool, segment->start, removal->path);
	spool_wake(segment->spool);
	segment_free(segment);
	if (removal)
		chore_start(spools, &removal->chore);
}

/* More may be appended to it. */
static bool segment_is_open(const struct segment *segment)
{
	const struct spool *spool = segment->spool;

	return segment->link.next == &spool->segments && (!spool->is_finished || spool->write);
}

static int64_t bytes_on_disk(const struct spool *spool)
{
	int64_t bytes = 0;

	list_for_each (struct segment, segment, &spool->segments, link)
		bytes += segment->bytes;
	return bytes;
}

static void keep_bounds(struct spool *spool)
{
	struct spools *spools = spool->spools;
	int64_t over = bytes_on_disk(spool) - spools->command_bytes;

	list_for_each_safe (struct segment, segment, &spool->segments, link) {
		if (over <= 0 || segment->link.next == &spool->segments)
			break;
		over -= segment->bytes;
		segment_drop(segment);
	}
	list_for_each_safe (struct segment, old, &spools->segments, by_age) {
		if (spools->bytes <= spools->total_bytes)
			break;
		if (!segment_is_open(old))
			segment_drop(old);
	}
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_run(struct chore *chore)
{
	struct spool_write *write = container_of(chore, struct spool_write, chore);
	struct iovec iov[2 * BATCH_RECORDS];

	for (int i = 0; i < write->count; i++) {
		struct record *record = write->records[i];

		iov[2 * i] = (struct iovec){&record->head, sizeof(record->head)};
		iov[2 * i + 1] = (struct iovec){record->data, record->head.len};
	}
	if (segment_append(write->path, (off_t)write->segment->bytes, iov, 2 * write->count) < 0)
		write->sys = errno;
}

static void write_tell(struct spools *spools, int sys)
{
	if (sys != 0 && !spools->is_failing)
		log_warning("spool: output of commands is being lost: %s", strerror(sys));
	else if (sys == 0 && spools->is_failing)
		log_info("spool: output of commands is kept again");
	spools->is_failing = sys != 0;
}

static void write_done(struct chore *chore)
{
	struct spool_write *write = container_of(chore, struct spool_write, chore);
	struct spool *spool = write->spool;
	struct segment *segment = write->segment;
	const struct record *last = write->records[write->count - 1];

	spool->write = NULL;
	for (int i = 0; i < write->count; i++) {
		write->records[i]->state = RECORD_SETTLED;
		spool->unsettled -= write->records[i]->head.len;
	}
	write_tell(spool->spools, write->sys);
	if (write->sys == 0) {
		segment->end = last->head.offset + last->head.len;
		segment->bytes += write->bytes;
		spool->spools->bytes += write->bytes;
	} else if (segment->bytes == 0) {
		segment_free(segment);
	} else {
		segment->has_failed = true;
	}
	free(write);
	keep_bounds(spool);
	spool_write_next(spool);
	spool_wake(spool);
}

/* The segment to append to; the first record of a new one names it. */
static struct segment *write_segment(struct spool *spool, int64_t start)
{
	struct segment *last = list_is_empty(&spool->segments)
				       ? NULL
				       : list_entry(spool->segments.prev, struct segment, link);

	if (last && last->bytes < spool->spools->segment_bytes && !last->has_failed)
		return last;
	return segment_new(spool, start);
}

static bool write_add(struct spool_write *write, struct record *record)
{
	int64_t bytes = (int64_t)(sizeof(record->head) + record->head.len);
	int64_t room = write->spool->spools->segment_bytes - write->segment->bytes;

	if (write->count == BATCH_RECORDS || (write->count > 0 && write->bytes + bytes > room))
		return false;
	record->state = RECORD_WRITING;
	write->records[write->count++] = record;
	write->bytes += bytes;
	return true;
}

struct record *spool_first_open(const struct spool *spool)
{
	list_for_each (struct record, record, &spool->records, link)
		if (record->state == RECORD_OPEN)
			return record;
	return NULL;
}

/* When there is no memory for a batch, the next append tries again. */
void spool_write_next(struct spool *spool)
{
	struct record *record = spool_first_open(spool);
	struct spool_write *write;

	if (spool->write || spool->is_removed || !record)
		return;
	write = calloc(1, sizeof(*write));
	if (!write)
		return;
	write->spool = spool;
	write->segment = write_segment(spool, record->head.offset);
	if (!write->segment) {
		free(write);
		return;
	}
	while (&record->link != &spool->records && write_add(write, record))
		record = list_entry(record->link.next, struct record, link);
	segment_path(spool, write->segment->start, write->path);
	write->chore.run = write_run;
	write->chore.done = write_done;
	spool->write = write;
	chore_start(spool->spools, &write->chore);
}
