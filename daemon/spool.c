/*
 * Appending: records in memory, batches of them written by a worker, segments dropped when a bound is
 * reached. A spool that is closed goes on until its last batch is written, and is freed then.
 */
#include "config.h"

#include "daemon/spool.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/spool-private.h"

#define RECORD_SIZE 2048 /* least room of a record: short writes gather in it */

/* ---- records --------------------------------------------------------------------------------- */

static struct record *record_new(struct spool *spool, enum spool_stream stream, size_t len)
{
	size_t size = len < RECORD_SIZE ? RECORD_SIZE : len;
	struct record *record;

	if (size > SEGMENT_RECORD_MAX)
		size = SEGMENT_RECORD_MAX;
	record = malloc(sizeof(*record) + size);
	if (!record)
		return NULL;
	record->head = (struct segment_head){.offset = spool->end, .stream = stream};
	record->size = size;
	record->state = RECORD_OPEN;
	list_append(&spool->records, &record->link);
	return record;
}

/* A record that takes more bytes of that stream at the end of the spool: the last, or a new one. */
static struct record *record_for(struct spool *spool, enum spool_stream stream, size_t len)
{
	struct record *last = list_is_empty(&spool->records)
				      ? NULL
				      : list_entry(spool->records.prev, struct record, link);

	if (last && last->state == RECORD_OPEN && last->head.stream == (uint32_t)stream &&
	    last->head.len < last->size && last->head.offset + last->head.len == spool->end)
		return last;
	return record_new(spool, stream, len);
}

void spool_append(struct spool *spool, enum spool_stream stream, const void *data, size_t len)
{
	const char *bytes = data;

	assert(!spool->is_closed && !spool->is_finished);
	while (len > 0 && spool->unsettled < SPOOL_TAIL_MAX) {
		struct record *record = record_for(spool, stream, len);
		size_t part;

		if (!record)
			break;
		part = record->size - record->head.len;
		if (part > len)
			part = len;
		memcpy(record->data + record->head.len, bytes, part);
		record->head.len += (uint32_t)part;
		spool->held += part;
		spool->unsettled += part;
		spool->end += (int64_t)part;
		bytes += part;
		len -= part;
	}
	if (len > 0)
		spool_skip(spool, (int64_t)len);
	spool->owes_room |= spool_is_full(spool);
	spool_write_next(spool);
	spool_wake(spool);
}

void spool_skip(struct spool *spool, int64_t lost_bytes)
{
	struct record *last;

	if (lost_bytes <= 0)
		return;
	spool->end += lost_bytes;
	last = list_is_empty(&spool->records)
		       ? NULL
		       : list_entry(spool->records.prev, struct record, link);
	/* A record of no bytes says where the gap ends; one after the other need not pile up. */
	if (last && last->state == RECORD_OPEN && last->head.len == 0)
		last->head.offset = spool->end;
	else
		(void)!record_new(spool, SPOOL_STDOUT, 0);
	spool_write_next(spool);
	spool_wake(spool);
}

static bool record_is_wanted(const struct spool *spool, const struct record *record)
{
	list_for_each (struct spool_reader, reader, &spool->readers, link)
		if (reader->offset >= record->head.offset &&
		    reader->offset < record->head.offset + record->head.len)
			return true;
	return false;
}

static void spool_trim(struct spool *spool)
{
	list_for_each_safe (struct record, record, &spool->records, link) {
		if (record->state != RECORD_SETTLED)
			break;
		if (spool->held <= SPOOL_TAIL_KEEP && record_is_wanted(spool, record))
			break;
		spool->held -= record->head.len;
		list_remove(&record->link);
		free(record);
	}
}

/* ---- waking and ending ----------------------------------------------------------------------- */

static void spool_free(struct spool *spool)
{
	assert(list_is_empty(&spool->readers));
	if (spool->is_removed)
		spools_remove_dir(spool->spools, spool->name);
	list_for_each_safe (struct record, record, &spool->records, link)
		free(record);
	list_for_each_safe (struct segment, segment, &spool->segments, link) {
		/* What is on disk still counts, unless it goes. */
		if (!spool->is_removed)
			spool->spools->bytes += segment->bytes;
		segment_free(segment);
	}
	list_remove(&spool->link);
	if (spool->wake)
		event_free(spool->wake);
	free(spool->name);
	free(spool);
}

static bool spool_is_over(const struct spool *spool)
{
	return spool->is_closed && !spool->write && (spool->is_removed || !spool_first_open(spool));
}

static void wake_readers(struct spool *spool)
{
	struct list waiting;

	/* A callback may detach any reader, so each is taken off this list before it is called. */
	list_init(&waiting);
	while (!list_is_empty(&spool->readers)) {
		struct list *link = spool->readers.next;

		list_remove(link);
		list_append(&waiting, link);
	}
	while (!list_is_empty(&waiting)) {
		struct spool_reader *reader = list_entry(waiting.next, struct spool_reader, link);

		list_remove(&reader->link);
		list_append(&spool->readers, &reader->link);
		if (reader->offset < spool->end || spool->is_finished)
			reader->on_ready(reader);
	}
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct spool *spool = arg;

	(void)fd;
	(void)what;
	if (spool_is_over(spool)) {
		spool_free(spool);
		return;
	}
	spool_trim(spool);
	spool_write_next(spool);
	wake_readers(spool);
	if (spool->owes_room && !spool_is_full(spool)) {
		spool->owes_room = false;
		if (spool->on_room && !spool->is_closed)
			spool->on_room(spool->on_room_arg);
	}
}

void spool_wake(struct spool *spool)
{
	event_active(spool->wake, EV_TIMEOUT, 0);
}

struct spool *spool_close(struct spool *spool)
{
	if (!spool)
		return NULL;
	assert(list_is_empty(&spool->readers) && !spool->is_closed);
	spool->is_closed = true;
	spool_wake(spool);
	return NULL;
}

void spool_remove(struct spool *spool)
{
	if (!spool)
		return;
	spool->is_removed = true;
	(void)spool_close(spool);
}

void spool_finish(struct spool *spool)
{
	spool->is_finished = true;
	spool_wake(spool);
}

/* ---- opening --------------------------------------------------------------------------------- */

static struct spool *spool_new(struct spools *spools, const char *name, struct sb_error *err)
{
	struct spool *spool = calloc(1, sizeof(*spool));

	if (!spool) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	spool->spools = spools;
	list_init(&spool->records);
	list_init(&spool->segments);
	list_init(&spool->readers);
	list_append(&spools->all, &spool->link);
	spool->name = strdup(name);
	spool->wake = event_new(spools->base, -1, 0, on_wake, spool);
	if (!spool->name || !spool->wake) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		spool_free(spool);
		return NULL;
	}
	return spool;
}

/* Takes the name off the list of what was found at start. */
static bool was_found(struct spools *spools, const char *name)
{
	for (size_t i = 0; i < spools->found.count; i++) {
		if (strcmp(spools->found.items[i], name) == 0) {
			free(spools->found.items[i]);
			spools->found.items[i] = spools->found.items[--spools->found.count];
			return true;
		}
	}
	return false;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_segment(const struct dirent *entry)
{
	return strlen(entry->d_name) == 16 && strspn(entry->d_name, "0123456789abcdef") == 16;
}

/* Segments end where the next begins, as far as a reader is concerned; the last must be looked at. */
static int segment_load(struct spool *spool, const char *name, bool is_last, struct sb_error *err)
{
	int64_t start = (int64_t)strtoull(name, NULL, 16);
	struct segment *segment = start < 0 ? NULL : segment_new(spool, start);
	char path[PATH_MAX];
	struct stat st = {0};
	off_t bytes;

	if (!segment)
		return sb_fail(err, SB_INTERNAL, "spool %s: bad segment, or out of memory", name);
	segment_path(spool, start, path);
	if (is_last ? segment_repair(path, start, &bytes, &segment->end) < 0 : stat(path, &st) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	segment->bytes = is_last ? bytes : st.st_size;
	spool->spools->bytes += segment->bytes;
	if (segment->link.prev != &spool->segments)
		list_entry(segment->link.prev, struct segment, link)->end = start;
	spool->end = segment->end;
	return 0;
}

static int spool_load(struct spool *spool, struct sb_error *err)
{
	CLEANUP_FREE struct dirent **names = NULL;
	char path[PATH_MAX];
	int count, failed = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", spool->spools->dir, spool->name);
	count = scandir(path, &names, is_segment, by_name);
	if (count < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	for (int i = 0; i < count; i++) {
		if (!failed)
			failed = segment_load(spool, names[i]->d_name, i == count - 1, err);
		free(names[i]);
	}
	return failed;
}

struct spool *spool_open(struct spools *spools, const char *name, struct sb_error *err)
{
	bool is_old = was_found(spools, name);
	struct spool *spool = spool_new(spools, name, err);

	if (!spool)
		return NULL;
	if (is_old && spool_load(spool, err) < 0) {
		spool_free(spool);
		return NULL;
	}
	return spool;
}

struct spools *spools_new(struct event_base *base, const char *dir, struct workers *workers,
			  int64_t command_bytes, int64_t total_bytes, struct sb_error *err)
{
	struct spools *spools = calloc(1, sizeof(*spools));
	struct dirent *entry;
	DIR *entries;

	if (!spools || !(spools->dir = strdup(dir))) {
		free(spools);
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	spools->base = base;
	spools->workers = workers;
	spools->command_bytes = command_bytes;
	spools->total_bytes = total_bytes;
	spools->segment_bytes = SPOOL_SEGMENT;
	if (spools->segment_bytes > command_bytes / 4)
		spools->segment_bytes = command_bytes / 4;
	list_init(&spools->all);
	list_init(&spools->segments);
	list_init(&spools->chores);
	if ((mkdir(dir, 0700) < 0 && errno != EEXIST) || !(entries = opendir(dir))) {
		(void)sb_fail_errno(err, SB_INTERNAL, errno, "%s", dir);
		return spools_free(spools);
	}
	while ((entry = readdir(entries)) != NULL)
		if (entry->d_name[0] != '.' && strings_add(&spools->found, entry->d_name) < 0)
			break;
	(void)closedir(entries);
	return spools;
}

void spools_sweep(struct spools *spools)
{
	for (size_t i = 0; i < spools->found.count; i++)
		spools_remove_dir(spools, spools->found.items[i]);
	strings_free(&spools->found);
}

struct spools *spools_free(struct spools *spools)
{
	struct spool *spool;

	if (!spools)
		return NULL;
	chores_finish(spools);
	while ((spool = list_first(&spools->all, struct spool, link)) != NULL) {
		spool_write_next(spool);
		spool_free(spool);
	}
	strings_free(&spools->found);
	free(spools->dir);
	free(spools);
	return NULL;
}

/* ---- asking ---------------------------------------------------------------------------------- */

int64_t spools_bytes(const struct spools *spools)
{
	return spools->bytes;
}

int64_t spool_start(const struct spool *spool)
{
	const struct segment *segment = list_first(&spool->segments, struct segment, link);
	const struct record *record = list_first(&spool->records, struct record, link);

	if (segment && (!record || segment->start < record->head.offset))
		return segment->start;
	return record ? record->head.offset : spool->end;
}

int64_t spool_end(const struct spool *spool)
{
	return spool->end;
}

bool spool_is_full(const struct spool *spool)
{
	return spool->unsettled > SPOOL_TAIL_FULL;
}

void spool_set_on_room(struct spool *spool, void (*on_room)(void *arg), void *arg)
{
	spool->on_room = on_room;
	spool->on_room_arg = arg;
}
