/*
 * Uploads. Bytes go from the connection through (perhaps) gunzip and (perhaps) the form parser into the file,
 * piece by piece: nothing is assembled, and a slow disk holds the client back. A `struct upload` lives
 * from the request's head to its on_close.
 */
#include "config.h"

#include "daemon/local/agent/upload.h"

#include <search.h>
#include <string.h>
#include <strings.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/agent/access.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/entry.h"
#include "daemon/local/agent/gunzip.h"
#include "daemon/local/agent/metadata.h"
#include "daemon/local/agent/multipart.h"
#include "daemon/local/agent/path.h"
#include "daemon/local/agent/target.h"

#define FILES_MAX 65536 /* in one request: the answer names each */

struct upload {
	struct httpd_handler handler;
	struct httpd_request *request;
	const struct agent *agent;
	struct access access;
	struct string_map metadata;
	bool is_form;
	struct multipart form;
	bool is_gzip;
	struct gunzip gunzip;
	int fd;                    /* the file being written, or -1 */
	struct list_value written; /* of struct wire_written */
	size_t written_size;       /* allocated */
	void *paths;               /* tsearch() tree of the paths in `written` */
	struct sb_error err;       /* filled: answered, and no more of the body comes */
};

static void keep(void *path)
{
	(void)path; /* belongs to `written` */
}

static void upload_free(struct upload *upload)
{
	access_deinit(&upload->access);
	string_map_free(&upload->metadata);
	multipart_deinit(&upload->form);
	gunzip_deinit(&upload->gunzip);
	cleanup_fd(&upload->fd);
	tdestroy(upload->paths, keep);
	fields_free_list(&wire_written_type, &upload->written);
	free(upload);
}

/* ---- one file ------------------------------------------------------------------------------- */

static int compare_paths(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Room for one more answer; NULL without memory. */
static struct wire_written *next_written(struct upload *upload)
{
	struct list_value *written = &upload->written;

	if (written->count == upload->written_size) {
		size_t size = upload->written_size ? upload->written_size * 2 : 4;
		void *items = reallocarray(written->items, size, sizeof(struct wire_written));

		if (!items)
			return NULL;
		written->items = items;
		upload->written_size = size;
	}
	return memset((struct wire_written *)written->items + written->count, 0,
		      sizeof(struct wire_written));
}

static int note_written(struct upload *upload, const char *path, struct sb_error *err)
{
	struct wire_written *written = next_written(upload);

	if (!written)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	upload->written.count++;
	written->path = strdup(path);
	written->name = entry_base_name(path);
	written->type = strdup("file");
	if (!written->path || !written->name || !written->type ||
	    !tsearch(written->path, &upload->paths, compare_paths))
		return sb_fail(err, SB_INTERNAL, "out of memory");
	return 0;
}

static int begin_file(struct upload *upload, const char *path, struct sb_error *err)
{
	if (tfind(path, &upload->paths, compare_paths))
		return sb_fail(
			err, SB_INVALID_ARGUMENT,
			"you cannot upload multiple files to the same path '%s' in one upload "
			"request, only the first specified file was uploaded",
			path);
	if (upload->written.count == FILES_MAX)
		return sb_fail(err, SB_TOO_LARGE, "more than %d files in one upload", FILES_MAX);
	upload->fd = target_open(path, &upload->access.user, &upload->metadata, err);
	return upload->fd < 0 ? -1 : note_written(upload, path, err);
}

static int write_file(struct upload *upload, const char *data, size_t len, struct sb_error *err)
{
	long long expected = httpd_content_length(upload->request);

	return target_write(upload->fd, data, len, expected, err);
}

/* The answer tells the metadata that the file really has now. */
static void end_file(struct upload *upload)
{
	struct wire_written *all = upload->written.items;

	cleanup_fd(&upload->fd);
	if (upload->metadata.count > 0) {
		struct wire_written *written = &all[upload->written.count - 1];

		metadata_read(written->path, &written->metadata);
	}
}

/* ---- the parts of a form --------------------------------------------------------------------- */

static int on_part(struct multipart *form, const char *name, const char *filename,
		   struct sb_error *err)
{
	struct upload *upload = container_of(form, struct upload, form);
	CLEANUP_FREE char *path = NULL;

	if (!name || strcmp(name, "file") != 0)
		return 0;
	if (upload->access.path)
		return begin_file(upload, upload->access.path, err);
	if (!filename)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "a file needs a filename, or the request a path");
	path = path_resolve(upload->agent, &upload->access.user, filename, err);
	return path ? begin_file(upload, path, err) : -1;
}

static int on_part_data(struct multipart *form, const char *data, size_t len, struct sb_error *err)
{
	struct upload *upload = container_of(form, struct upload, form);

	return upload->fd < 0 ? 0 : write_file(upload, data, len, err);
}

static int on_part_end(struct multipart *form, struct sb_error *err)
{
	struct upload *upload = container_of(form, struct upload, form);

	(void)err;
	if (upload->fd >= 0)
		end_file(upload);
	return 0;
}

/* ---- the body ------------------------------------------------------------------------------- */

static int feed_plain(struct upload *upload, const char *data, size_t len, struct sb_error *err)
{
	if (upload->is_form)
		return multipart_feed(&upload->form, data, len, err);
	return write_file(upload, data, len, err);
}

static int on_plain(struct gunzip *gunzip, const char *data, size_t len, struct sb_error *err)
{
	return feed_plain(container_of(gunzip, struct upload, gunzip), data, len, err);
}

static int feed(struct upload *upload, const char *data, size_t len, struct sb_error *err)
{
	if (upload->is_gzip)
		return gunzip_feed(&upload->gunzip, data, len, err);
	return feed_plain(upload, data, len, err);
}

static void upload_fail(struct upload *upload)
{
	cleanup_fd(&upload->fd);
	access_reply_error(upload->request, &upload->err);
}

static size_t upload_on_body(struct httpd_handler *handler, const char *data, size_t len)
{
	struct upload *upload = container_of(handler, struct upload, handler);

	if (feed(upload, data, len, &upload->err) < 0)
		upload_fail(upload);
	return len;
}

static int finish(struct upload *upload, struct sb_error *err)
{
	if (upload->is_gzip && gunzip_end(&upload->gunzip, err) < 0)
		return -1;
	if (upload->is_form)
		return multipart_end(&upload->form, err);
	end_file(upload);
	return 0;
}

static void upload_on_body_end(struct httpd_handler *handler)
{
	static const struct httpd_header headers[] = {{"Content-Type", "application/json"},
						      {NULL, NULL}};
	struct upload *upload = container_of(handler, struct upload, handler);
	CLEANUP_BUF struct buf answer = {0};

	if (finish(upload, &upload->err) < 0) {
		upload_fail(upload);
		return;
	}
	fields_encode_list(&wire_written_type, FIELDS_E2B, &upload->written, &answer);
	if (answer.failed)
		httpd_reply_error(upload->request, 500, "out of memory");
	else
		httpd_reply(upload->request, 200, headers, answer.data, answer.len);
}

static void upload_on_close(struct httpd_handler *handler, enum httpd_close why)
{
	(void)why;
	upload_free(container_of(handler, struct upload, handler));
}

/* ---- the head ------------------------------------------------------------------------------- */

static void take_header(void *arg, const char *name, const char *value)
{
	struct upload *upload = arg;

	if (!upload->err.code &&
	    metadata_add_header(&upload->metadata, name, value, &upload->err) < 0)
		return; /* read_head() sees the error */
}

static int read_coding(struct upload *upload, struct sb_error *err)
{
	const char *coding = httpd_header(upload->request, "Content-Encoding");

	if (!coding || !*coding || strcasecmp(coding, "identity") == 0)
		return 0;
	if (strcasecmp(coding, "gzip") != 0)
		return sb_fail(err, SB_INVALID_ARGUMENT, "unsupported content encoding: %s",
			       coding);
	upload->is_gzip = true;
	upload->gunzip.on_data = on_plain;
	return gunzip_init(&upload->gunzip, err);
}

static int read_type(struct upload *upload, struct sb_error *err)
{
	const char *type = httpd_header(upload->request, "Content-Type");
	size_t len = type ? strcspn(type, "; ") : 0;

	if (type && multipart_is_type(type)) {
		upload->is_form = true;
		upload->form.on_part = on_part;
		upload->form.on_data = on_part_data;
		upload->form.on_part_end = on_part_end;
		return multipart_init(&upload->form, type, err);
	}
	if (len != 24 || strncasecmp(type, "application/octet-stream", len) != 0)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "content type must be multipart/form-data or "
			       "application/octet-stream");
	if (!upload->access.path)
		return sb_fail(err, SB_INVALID_ARGUMENT, "an octet-stream upload needs a path");
	return begin_file(upload, upload->access.path, err);
}

static int read_head(struct upload *upload, struct sb_error *err)
{
	if (access_check(upload->agent, upload->request, &upload->access, err) < 0)
		return -1;
	httpd_headers(upload->request, take_header, upload);
	if (upload->err.code || read_coding(upload, err) < 0)
		return -1;
	return read_type(upload, err);
}

void upload_serve(struct agent *agent, struct httpd_request *request)
{
	struct upload *upload = calloc(1, sizeof(*upload));

	if (!upload) {
		httpd_reply_error(request, 500, "out of memory");
		return;
	}
	upload->handler.on_body = upload_on_body;
	upload->handler.on_body_end = upload_on_body_end;
	upload->handler.on_close = upload_on_close;
	upload->request = request;
	upload->agent = agent;
	upload->fd = -1;
	httpd_handle(request, &upload->handler);
	if (read_head(upload, &upload->err) < 0)
		upload_fail(upload);
}
