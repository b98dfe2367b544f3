/*
 * Reading: from the records in memory, or from a segment through a buffer that a worker fills. Wherever
 * neither has the next byte, the reader gets a gap up to the next one there is.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "daemon/spool-private.h"

/* A reader's window on a segment. While the chore is under way it belongs to the worker. */
struct spool_read {
	struct chore chore;
	struct spool_reader *reader; /* NULL: detached, freed when the worker is done */
	bool is_busy;
	int64_t start;  /* the segment's name */
	int64_t limit;  /* its end when this was asked: what is behind may be half written */
	int64_t offset; /* wanted */
	off_t position; /* in the file, of buf */
	size_t at, len; /* in buf */
	char path[PATH_MAX];
	char buf[SEGMENT_BUFFER];
};

static void read_run(struct chore *chore)
{
	struct spool_read *read = container_of(chore, struct spool_read, chore);
	ssize_t len = segment_read(read->path, read->offset, &read->position, read->buf);

	/* A segment that was dropped meanwhile, or cannot be read, is a gap. */
	read->len = len < 0 ? 0 : (size_t)len;
	read->at = 0;
}

static void read_done(struct chore *chore)
{
	struct spool_read *read = container_of(chore, struct spool_read, chore);

	read->is_busy = false;
	if (read->reader)
		spool_wake(read->reader->spool);
	else
		free(read);
}

static void read_drop(struct spool_reader *reader)
{
	struct spool_read *read = reader->read;

	reader->read = NULL;
	if (read && read->is_busy)
		read->reader = NULL;
	else
		free(read);
}

static int gap(struct spool_reader *reader, int64_t end, struct spool_chunk *ret)
{
	*ret = (struct spool_chunk){
		.stream = SPOOL_STDOUT,
		.offset = reader->offset,
		.len = (size_t)(end - reader->offset),
	};
	reader->offset = end;
	return 1;
}

/* The part of a record's bytes that the reader has not had. */
static int part(struct spool_reader *reader, const struct segment_head *head, const char *data,
		struct spool_chunk *ret)
{
	int64_t skip = reader->offset - head->offset;

	*ret = (struct spool_chunk){
		.stream = (enum spool_stream)head->stream,
		.offset = reader->offset,
		.data = data + skip,
		.len = head->len - (size_t)skip,
	};
	reader->offset += (int64_t)ret->len;
	return 1;
}

static int read_memory(struct spool_reader *reader, struct spool_chunk *ret)
{
	list_for_each (struct record, record, &reader->spool->records, link) {
		if (record->head.offset > reader->offset)
			return gap(reader, record->head.offset, ret);
		if (record->head.offset + record->head.len > reader->offset)
			return part(reader, &record->head, record->data, ret);
	}
	return gap(reader, reader->spool->end, ret);
}

static int read_ask(struct spool_reader *reader, const struct segment *segment)
{
	struct spool_read *read = reader->read;

	read->position = read->start == segment->start ? read->position + (off_t)read->at : 0;
	read->start = segment->start;
	read->limit = segment->end;
	read->offset = reader->offset;
	read->is_busy = true;
	segment_path(reader->spool, segment->start, read->path);
	read->chore.run = read_run;
	read->chore.done = read_done;
	chore_start(reader->spool->spools, &read->chore);
	return 0;
}

/* The next chunk of the window; 0 when it must be moved on. */
static int read_window(struct spool_reader *reader, struct spool_chunk *ret)
{
	struct spool_read *read = reader->read;
	struct segment_head head;

	while (segment_head_read(read->buf + read->at, read->len - read->at, &head) == 0) {
		if (head.offset > reader->offset)
			return gap(reader, head.offset, ret);
		if (head.offset + head.len > reader->offset)
			return part(reader, &head, read->buf + read->at + sizeof(head), ret);
		read->at += sizeof(head) + head.len;
	}
	/* A window that begins with no record, although it was filled for this reader: nothing is left. */
	return read->at == 0 ? gap(reader, read->limit, ret) : 0;
}

static int read_disk(struct spool_reader *reader, const struct segment *segment,
		     struct spool_chunk *ret)
{
	struct spool_read *read = reader->read;

	if (!read) {
		read = reader->read = calloc(1, sizeof(*read));
		if (!read)
			return gap(reader, segment->end, ret);
		read->reader = reader;
		read->start = -1;
	}
	if (read->start == segment->start && reader->offset < read->limit &&
	    reader->offset >= read->offset && read_window(reader, ret) == 1)
		return 1;
	return read_ask(reader, segment);
}

int spool_read(struct spool_reader *reader, struct spool_chunk *ret)
{
	struct spool *spool = reader->spool;
	const struct record *first = list_first(&spool->records, struct record, link);
	int64_t memory = first ? first->head.offset : spool->end;

	if (reader->read && reader->read->is_busy)
		return 0;
	if (reader->offset >= memory) {
		read_drop(reader);
		if (reader->offset < spool->end)
			return read_memory(reader, ret);
		return spool->is_finished ? -1 : 0;
	}
	list_for_each (struct segment, segment, &spool->segments, link) {
		if (segment->start > reader->offset)
			return gap(reader, segment->start, ret);
		if (segment->end > reader->offset)
			return read_disk(reader, segment, ret);
	}
	return gap(reader, memory, ret);
}

void spool_attach(struct spool *spool, struct spool_reader *reader, int64_t offset)
{
	assert(!spool->is_closed);
	reader->spool = spool;
	reader->offset = offset < 0 ? 0 : offset;
	if (reader->offset > spool->end)
		reader->offset = spool->end;
	reader->read = NULL;
	list_append(&spool->readers, &reader->link);
	spool_wake(spool);
}

void spool_detach(struct spool_reader *reader)
{
	if (!reader->spool)
		return;
	read_drop(reader);
	list_remove(&reader->link);
	spool_wake(reader->spool);
	reader->spool = NULL;
}
