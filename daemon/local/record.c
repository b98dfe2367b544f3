/* Records of sandboxes on disk, by one field table. */
#include "config.h"

#include "daemon/local/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/local/ids.h"
#include "protocol/fields.h"

#define RECORD_VERSION 1
#define RECORD_MAX     (16u << 20)

static const struct field record_fields[] = {
	F_INT(struct record, version, .required = true, .min = RECORD_VERSION,
	      .max = RECORD_VERSION),
	F_STRING(struct record, id, .required = true, .min = 1),
	F_STRING(struct record, template_id, .required = true),
	F_MAP(struct record, metadata, .optional = true),
	F_MAP(struct record, env_vars, .optional = true),
	F_BOOL(struct record, is_secure, .required = true),
	F_AS(FIELD_BOOL, bool, struct record, policy.has_internet, "has_internet",
	     .required = true),
	F_BOOL(struct record, is_ready, .required = true),
	F_INT(struct record, timeout_s, .required = true),
	F_INT(struct record, started_us, .required = true),
	F_INT(struct record, end_us, .required = true),
	F_INT(struct record, id_base, .required = true),
	F_INT(struct record, pid, .required = true),
	F_INT(struct record, start_time, .required = true),
	F_INT(struct record, port),
	F_AS(FIELD_STRINGS, struct strings, struct record, policy.allow_out, "allow_out",
	     .optional = true),
	F_AS(FIELD_STRINGS, struct strings, struct record, policy.deny_out, "deny_out",
	     .optional = true),
	F_AS(FIELD_BOOL, bool, struct record, policy.is_private, "is_private"),
	F_AS(FIELD_STRING, char *, struct record, policy.mask_request_host, "mask_request_host"),
	F_END,
};
static const struct fields record_type = {"Record", sizeof(struct record), record_fields, NULL};

void record_deinit(struct record *record)
{
	fields_free(&record_type, record);
}

static int read_file(const char *path, struct buf *text, struct sb_error *err)
{
	int fd CLEANUP_FD = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = 1;

	if (fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	while (got > 0) {
		char *room = buf_reserve(text, 4096);

		if (!room)
			return sb_fail(err, SB_INTERNAL, "%s: too large", path);
		got = read(fd, room, 4096);
		if (got < 0)
			return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
		text->len += (size_t)got;
	}
	return 0;
}

int record_load(const char *dir, struct record *ret, struct sb_error *err)
{
	struct buf text CLEANUP_BUF = {.limit = RECORD_MAX};
	struct buf path CLEANUP_BUF = {0};

	buf_printf(&path, "%s/record.json", dir);
	if (path.failed)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "record of %s", dir);
	if (read_file(path.data, &text, err) < 0)
		return -1;
	if (fields_parse(&record_type, FIELDS_OURS, text.data ? text.data : "", text.len, "record",
			 ret, err) < 0)
		return sb_wrap(err, "%s", path.data);
	if (!ids_is_valid(ret->id)) {
		record_deinit(ret);
		return sb_fail(err, SB_INTERNAL, "%s: not the id of a sandbox", path.data);
	}
	return 0;
}

static int write_file(const char *path, const struct buf *text, struct sb_error *err)
{
	int fd CLEANUP_FD = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t done = 0;

	if (fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	while (done < text->len) {
		ssize_t put = write(fd, text->data + done, text->len - done);

		if (put < 0)
			return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
		done += (size_t)put;
	}
	return 0;
}

int record_save(const struct record *record, const char *dir, struct sb_error *err)
{
	struct record versioned = *record;
	struct buf text CLEANUP_BUF = {.limit = RECORD_MAX};
	struct buf path CLEANUP_BUF = {0}, fresh CLEANUP_BUF = {0};

	versioned.version = RECORD_VERSION;
	fields_encode(&record_type, FIELDS_OURS, &versioned, &text);
	buf_printf(&path, "%s/record.json", dir);
	buf_printf(&fresh, "%s/record.json.new", dir);
	if (text.failed || path.failed || fresh.failed)
		return sb_fail(err, SB_INTERNAL, "record of %s: too large", record->id);
	if (write_file(fresh.data, &text, err) < 0)
		return -1;
	if (rename(fresh.data, path.data) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path.data);
	return 0;
}
