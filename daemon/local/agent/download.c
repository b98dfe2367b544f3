/*
 * Downloads. A regular file goes out as it is, whole or one range of it; several ranges, gzip and files that
 * lie about their size (those of /proc say 0) are pumped. Pipes, sockets and devices are refused: they have no
 * end, or would stop the agent.
 */
#include "config.h"

#include "daemon/local/agent/download.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/httpd.h"
#include "daemon/local/agent/access.h"
#include "daemon/local/agent/entry.h"
#include "daemon/local/agent/media.h"
#include "daemon/local/agent/path.h"
#include "daemon/local/agent/pump.h"
#include "daemon/local/agent/range.h"

/* A file up to this size is read at once, which also tells what it really holds. */
#define SMALL_MAX ((size_t)32 << 10)

struct download {
	struct httpd_request *request;
	struct access access;
	int fd;
	char *name;
	uint64_t size;
	time_t mtime;
	char small[SMALL_MAX + 1];
	size_t small_len; /* bytes in it: the first of the file */
	bool is_endless;  /* more came than the file's size told */
	struct buf disposition;
};

static void download_deinit(struct download *download)
{
	access_deinit(&download->access);
	cleanup_fd(&download->fd);
	free(download->name);
	buf_deinit(&download->disposition);
}

/* ---- the file ------------------------------------------------------------------------------- */

static int check_kind(const struct stat *st, const char *path, struct sb_error *err)
{
	if (S_ISDIR(st->st_mode))
		return sb_fail(err, SB_INVALID_ARGUMENT, "path '%s' is a directory", path);
	if (!S_ISREG(st->st_mode))
		return sb_fail(err, SB_INVALID_ARGUMENT, "path '%s' is not a regular file", path);
	return 0;
}

static int check_path(struct download *download, struct sb_error *err)
{
	const char *path = download->access.path;
	struct stat st;

	if (stat(path, &st) == 0)
		return check_kind(&st, path, err);
	if (errno == ENOENT || errno == ENOTDIR)
		return sb_fail(err, SB_FILE_NOT_FOUND, "path '%s' does not exist", path);
	return sb_fail_errno(err, SB_INTERNAL, errno, "error checking path '%s'", path);
}

/* Read what a small file has; a larger one's beginning is enough to tell its type. */
static int read_small(struct download *download)
{
	size_t want = download->size > SMALL_MAX ? MEDIA_SNIFF_MAX : sizeof(download->small);

	while (download->small_len < want) {
		ssize_t len = pread(download->fd, download->small + download->small_len,
				    want - download->small_len, (off_t)download->small_len);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno == EAGAIN ? 0 : -1;
		if (len == 0)
			break;
		download->small_len += (size_t)len;
	}
	return 0;
}

static int open_file(struct download *download, struct sb_error *err)
{
	const char *path = download->access.path;
	struct stat st;

	download->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (download->fd < 0 || fstat(download->fd, &st) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error opening file '%s'", path);
	if (check_kind(&st, path, err) < 0)
		return -1;
	download->size = (uint64_t)st.st_size;
	download->mtime = st.st_mtime;
	if (read_small(download) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error reading file '%s'", path);
	if (download->size <= SMALL_MAX) {
		download->size = download->small_len;
		download->is_endless = download->small_len > SMALL_MAX;
	}
	download->name = entry_base_name(path);
	if (download->name)
		media_disposition(&download->disposition, download->name);
	if (!download->name || download->disposition.failed)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	return 0;
}

/* ---- what the request asks for ---------------------------------------------------------------- */

static bool is_not_modified(const struct download *download)
{
	const char *none_match = httpd_header(download->request, "If-None-Match");
	const char *since = httpd_header(download->request, "If-Modified-Since");
	time_t when;

	if (none_match) /* no file here has an entity tag, but every file is any */
		return strcmp(none_match, "*") == 0;
	return since && media_date_parse(since, &when) && download->mtime <= when;
}

/* The Range header, unless If-Range says that the file has changed since. */
static const char *valid_range(const struct download *download)
{
	const char *condition = httpd_header(download->request, "If-Range");
	time_t when;

	if (condition && (!media_date_parse(condition, &when) || when != download->mtime))
		return NULL;
	return httpd_header(download->request, "Range");
}

static bool is_plain_wanted(const struct download *download)
{
	static const char *const names[] = {"Range",         "If-Range", "If-Modified-Since",
					    "If-None-Match", "If-Match", "If-Unmodified-Since"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (httpd_header(download->request, names[i]))
			return true;
	return false;
}

/* ---- replies -------------------------------------------------------------------------------- */

enum { HEADERS_MAX = 8 };

struct head { /* of a reply */
	struct httpd_header headers[HEADERS_MAX];
	size_t count;
	char date[MEDIA_DATE_SIZE];
	char content_range[80];
};

static void head_add(struct head *head, const char *name, const char *value)
{
	head->headers[head->count++] = (struct httpd_header){name, value};
	head->headers[head->count] = (struct httpd_header){NULL, NULL};
}

static void head_init(struct head *head, const struct download *download)
{
	head->count = 0;
	head_add(head, "Content-Disposition", download->disposition.data);
	head_add(head, "Vary", "Accept-Encoding");
}

static void reply_gzip(struct download *download)
{
	const char *type = media_type(download->name, NULL, 0);
	struct head head;

	head_init(&head, download);
	head_add(&head, "Content-Encoding", "gzip");
	head_add(&head, "Content-Type", type ? type : "application/octet-stream");
	pump_start_whole(download->request, head.headers, take_fd(&download->fd), true);
}

static void reply_unsatisfiable(struct download *download, struct head *head)
{
	static const char body[] = "{\"code\":416,\"message\":\"invalid range\"}\n";

	(void)snprintf(head->content_range, sizeof(head->content_range), "bytes */%" PRIu64,
		       download->size);
	head_add(head, "Content-Range", head->content_range);
	head_add(head, "Content-Type", "application/json; charset=utf-8");
	httpd_reply(download->request, 416, head->headers, body, sizeof(body) - 1);
}

/* One stretch of the file: all of it (200) or a range (206). */
static void reply_stretch(struct download *download, const struct head *head, unsigned status,
			  uint64_t start, uint64_t length)
{
	if (start + length <= download->small_len)
		httpd_reply(download->request, status, head->headers, download->small + start,
			    (size_t)length);
	else
		httpd_reply_fd(download->request, status, head->headers, take_fd(&download->fd),
			       start, length);
}

static void reply_ranges(struct download *download, struct head *head, const struct ranges *ranges,
			 const char *type)
{
	const struct range *first = &ranges->items[0];

	if (ranges->count > 1) {
		head_add(head, "Content-Type", "multipart/byteranges; boundary=" PUMP_BOUNDARY);
		pump_start_ranges(download->request, head->headers, take_fd(&download->fd), ranges,
				  download->size, type);
		return;
	}
	(void)snprintf(head->content_range, sizeof(head->content_range),
		       "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first->start,
		       first->start + first->length - 1, download->size);
	head_add(head, "Content-Range", head->content_range);
	head_add(head, "Content-Type", type);
	reply_stretch(download, head, 206, first->start, first->length);
}

static void reply_identity(struct download *download)
{
	const char *type = media_type(download->name, download->small, download->small_len);
	struct ranges ranges;
	struct head head;

	head_init(&head, download);
	if (download->is_endless) {
		head_add(&head, "Content-Type", type);
		pump_start_whole(download->request, head.headers, take_fd(&download->fd), false);
		return;
	}
	head_add(&head, "Last-Modified", media_date_format(download->mtime, head.date));
	head_add(&head, "Accept-Ranges", "bytes");
	if (is_not_modified(download)) {
		httpd_reply(download->request, 304, head.headers, "", 0);
		return;
	}
	switch (range_read(valid_range(download), download->size, &ranges)) {
	case RANGE_UNSATISFIABLE:
		reply_unsatisfiable(download, &head);
		break;
	case RANGE_PARTS:
		reply_ranges(download, &head, &ranges, type);
		break;
	case RANGE_WHOLE:
		head_add(&head, "Content-Type", type);
		reply_stretch(download, &head, 200, 0, download->size);
		break;
	}
}

/* The checks in the order of wire §6.5; then the reply. */
static int serve(struct agent *agent, struct download *download, struct sb_error *err)
{
	enum media_coding coding = media_coding(httpd_header(download->request, "Accept-Encoding"));

	if (access_check(agent, download->request, &download->access, err) < 0)
		return -1;
	if (!download->access.path)
		download->access.path = path_resolve(agent, &download->access.user, "", err);
	if (!download->access.path || check_path(download, err) < 0)
		return -1;
	if (coding == MEDIA_UNACCEPTABLE) {
		err->http_status = 406;
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "no acceptable encoding: identity and gzip are supported");
	}
	if (open_file(download, err) < 0)
		return -1;
	if (coding == MEDIA_GZIP && !is_plain_wanted(download))
		reply_gzip(download);
	else
		reply_identity(download);
	return 0;
}

void download_serve(struct agent *agent, struct httpd_request *request)
{
	CLEANUP(download_deinit) struct download download = {.request = request, .fd = -1};
	struct sb_error err = {0};

	if (serve(agent, &download, &err) < 0)
		access_reply_error(request, &err);
}
