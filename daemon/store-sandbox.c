/*
 * Rows of sandboxes. The columns are listed once; SQL, binding, reading, copying and freeing follow
 * from the list. state and metadata are stored in a form of their own and stand by hand beside it.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/store-private.h"
#include "protocol/buf.h"
#include "protocol/fields.h"

static_assert(STORE_SANDBOX_CREATING == 1 && STORE_SANDBOX_RUNNING == 2 &&
		      STORE_SANDBOX_PAUSED == 3 && STORE_SANDBOX_ENDED == 4 &&
		      STORE_SANDBOX_KILLING == 5,
	      "on disk");

/* clang-format off */
#define INTEGERS(X, then) \
	X(number) then X(uid) then X(gid) then X(created_us) then X(started_us) then X(end_us) then \
	X(ended_us) then X(timeout_s) then X(cpu_count) then X(memory_mb) then X(disk_size_mb)
#define TEXTS(X, then) \
	X(id) then X(provider) then X(name) then X(template) then X(label) then X(access_token) then \
	X(domain) then X(envd_version) then X(ended_cause)

#define COMMA ,
#define NOTHING
#define NUMBER_OF(c) COLUMN_##c,
enum column { INTEGERS(NUMBER_OF, NOTHING) TEXTS(NUMBER_OF, NOTHING) COLUMN_state, COLUMN_metadata };

#define NAME_OF(c) #c ", "
#define NAMES INTEGERS(NAME_OF, NOTHING) TEXTS(NAME_OF, NOTHING) "state, metadata"
#define MARK_OF(c) "?, "
#define MARKS INTEGERS(MARK_OF, NOTHING) TEXTS(MARK_OF, NOTHING) "?, ?"
#define UPDATE_OF(c) #c " = excluded." #c ", "
#define UPDATES INTEGERS(UPDATE_OF, NOTHING) TEXTS(UPDATE_OF, NOTHING) \
	"state = excluded.state, metadata = excluded.metadata"

const struct store_sql store_sandbox_sql[] = {
	/* Not REPLACE: that would delete the row first, and its commands with it. */
	{STORE_SANDBOX_PUT, "INSERT INTO sandbox (" NAMES ") VALUES (" MARKS ")"
			    " ON CONFLICT (number) DO UPDATE SET " UPDATES},
	{STORE_SANDBOX_LOAD, "SELECT " NAMES " FROM sandbox WHERE state <> 4 ORDER BY number"},
	{STORE_SANDBOX_PRUNE, "DELETE FROM sandbox WHERE state = 4 AND ended_us < ?"},
	{STORE_LAST_NUMBER, "SELECT seq FROM sqlite_sequence WHERE name = 'sandbox'"},
	{STORE_STATEMENT_COUNT, NULL},
};
/* clang-format on */

struct stored_metadata {
	struct string_map metadata;
};

static const struct field metadata_fields[] = {F_MAP(struct stored_metadata, metadata), F_END};
static const struct fields metadata_type = {"StoredMetadata", sizeof(struct stored_metadata),
					    metadata_fields, NULL};

struct sandbox_change {
	struct store_change change;
	struct sandbox_row row;
	char *metadata; /* its JSON */
};

int sandbox_row_copy(const struct sandbox_row *row, struct sandbox_row *ret)
{
	struct sandbox_row copy = *row;
	bool failed = false;

	memset(&copy.metadata, 0, sizeof(copy.metadata));
#define COPY(c)                                                                                    \
	copy.c = row->c ? strdup(row->c) : NULL;                                                   \
	failed |= row->c && !copy.c;
	TEXTS(COPY, NOTHING)
#undef COPY
	if (failed || string_map_copy(&row->metadata, &copy.metadata) < 0) {
		sandbox_row_deinit(&copy);
		memset(ret, 0, sizeof(*ret));
		return -1;
	}
	*ret = copy;
	return 0;
}

void sandbox_row_deinit(struct sandbox_row *row)
{
#define FREE(c) cleanup_free(&row->c)
	TEXTS(FREE, ;);
#undef FREE
	string_map_free(&row->metadata);
}

static int sandbox_change_apply(struct store *store, struct store_change *change,
				struct sb_error *err)
{
	struct sandbox_change *c = container_of(change, struct sandbox_change, change);
	const struct sandbox_row *row = &c->row;
	sqlite3_stmt *put = store_statement(store, STORE_SANDBOX_PUT);

#define BIND_INTEGER(c) store_bind_integer(put, 1 + COLUMN_##c, row->c)
#define BIND_TEXT(c)    store_bind_text(put, 1 + COLUMN_##c, row->c)
	INTEGERS(BIND_INTEGER, ;);
	TEXTS(BIND_TEXT, ;);
	store_bind_integer(put, 1 + COLUMN_state, row->state);
	store_bind_text(put, 1 + COLUMN_metadata, c->metadata);
	return store_execute(store, put, err);
}

static void sandbox_change_free(struct store_change *change)
{
	struct sandbox_change *c = container_of(change, struct sandbox_change, change);

	sandbox_row_deinit(&c->row);
	free(c->metadata);
	free(c);
}

static char *metadata_to_text(const struct string_map *metadata)
{
	struct stored_metadata value = {.metadata = *metadata};
	struct buf out CLEANUP_BUF = {0};

	fields_encode(&metadata_type, FIELDS_OURS, &value, &out);
	return buf_steal(&out);
}

void store_put_sandbox(struct store *store, const struct sandbox_row *row,
		       struct store_write *write)
{
	struct sandbox_change *c = calloc(1, sizeof(*c));

	if (c) {
		c->change.apply = sandbox_change_apply;
		c->change.free = sandbox_change_free;
		c->metadata = metadata_to_text(&row->metadata);
	}
	if (c && (!c->metadata || sandbox_row_copy(row, &c->row) < 0)) {
		sandbox_change_free(&c->change);
		c = NULL;
	}
	store_queue(store, c ? &c->change : NULL, write);
}

struct load {
	int (*each)(void *arg, const struct sandbox_row *row, struct sb_error *err);
	void *arg;
};

/* A column's text; rows own theirs as char *, this one only lends it. */
static char *lend(sqlite3_stmt *from, int column)
{
	union {
		const char *lent;
		char *text;
	} value = {.lent = store_text(from, column)};

	return value.text;
}

static int load_one(void *arg, sqlite3_stmt *from, struct sb_error *err)
{
	const struct load *load = arg;
	struct stored_metadata stored = {0};
	const char *metadata = store_text(from, COLUMN_metadata);
	struct sandbox_row row = {.state =
					  (enum store_state)sqlite3_column_int(from, COLUMN_state)};
	int rc;

#define READ_INTEGER(c) row.c = sqlite3_column_int64(from, COLUMN_##c)
#define READ_TEXT(c)    row.c = lend(from, COLUMN_##c)
	INTEGERS(READ_INTEGER, ;);
	TEXTS(READ_TEXT, ;);
	if (fields_parse(&metadata_type, FIELDS_OURS, metadata, strlen(metadata), "metadata",
			 &stored, err) < 0)
		return sb_wrap(err, "sandbox %lld", (long long)row.number);
	row.metadata = stored.metadata;
	rc = load->each(load->arg, &row, err);
	fields_free(&metadata_type, &stored);
	return rc;
}

int store_load_sandboxes(struct store *store,
			 int (*each)(void *arg, const struct sandbox_row *row,
				     struct sb_error *err),
			 void *arg, struct sb_error *err)
{
	struct load load = {each, arg};

	return store_each(store, STORE_SANDBOX_LOAD, load_one, &load, err);
}
