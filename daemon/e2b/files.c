/* Download and upload of files by envd's /files (wire §6.5, §6.6). */
#include "config.h"

#include "daemon/e2b/files.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/base/list.h"
#include "daemon/base/uri.h"
#include "daemon/e2b/ask.h"
#include "daemon/e2b/fault.h"
#include "daemon/e2b/wire.h"
#include "protocol/hex.h"

#define REFUSAL_MAX (64u << 10)

static void ask_file(struct ask *ask, const struct envd_target *target, const char *method,
		     const char *path)
{
	const char *user = ask_user(target);

	ask_envd(ask, target, method, "/files");
	uri_query_add(&ask->url, "path", path);
	if (user)
		uri_query_add(&ask->url, "username", user);
	ask->spec.http1 = true;
}

/* ---- download -------------------------------------------------------------------------------- */

static void download_release(struct file_download *download)
{
	http_cancel(&download->req);
	buf_deinit(&download->refusal);
	if (download->is_gone)
		*download->is_gone = true;
	download->is_gone = NULL;
}

/* download->err is what it shall be; nothing of the download is touched afterwards. */
static void download_end(struct file_download *download)
{
	download_release(download);
	download->done(download);
}

/* Where a 206's range begins, from "bytes 5-9/10"; -1 when that is not said. */
static int64_t range_start(const struct http_req *req)
{
	const char *range = http_header(req, "Content-Range");
	int64_t start = -1;

	if (!range || sscanf(range, "bytes %" SCNd64, &start) != 1)
		return -1;
	return start;
}

static void on_download_head(struct http_req *req, int status)
{
	struct file_download *download = container_of(req, struct file_download, req);
	const char *length = http_header(req, "Content-Length");
	int64_t start = status == 206 ? range_start(req) : 0;

	download->status = status;
	download->size = length ? strtoll(length, NULL, 10) : -1;
	if (status != 200 && status != 206)
		return;
	if (start < 0 || start > download->offset) {
		(void)sb_fail(&download->err, SB_SANDBOX, "206: not the range that was asked for");
		return;
	}
	download->skip = download->offset - start;
	if (download->size >= 0)
		download->size =
			download->size > download->skip ? download->size - download->skip : 0;
	if (download->left >= 0 && (download->size < 0 || download->size > download->left))
		download->size = download->size < 0 ? -1 : download->left;
}

/* Pass on the part of `data` that was asked for. False: not taken. */
static bool download_tell(struct file_download *download, const char *data, size_t len)
{
	size_t skip = download->skip < (int64_t)len ? (size_t)download->skip : len;
	size_t rest = len - skip;
	bool is_gone = false, is_taken;

	if (download->left >= 0 && (int64_t)rest > download->left)
		rest = (size_t)download->left;
	if (rest > 0) {
		download->is_gone = &is_gone;
		is_taken = download->on_data(download, data + skip, rest);
		if (is_gone)
			return true;
		download->is_gone = NULL;
		if (!is_taken)
			return false;
	}
	download->skip -= (int64_t)skip;
	if (download->left >= 0)
		download->left -= (int64_t)rest;
	if (download->left == 0)
		download_end(download); /* the server would go on */
	return true;
}

static bool on_download_data(struct http_req *req, const char *data, size_t len)
{
	struct file_download *download = container_of(req, struct file_download, req);

	if (download->err.code != SB_OK) {
		download_end(download);
		return true;
	}
	if (download->status == 200 || download->status == 206)
		return download_tell(download, data, len);
	if (download->refusal.len + len <= REFUSAL_MAX)
		buf_add(&download->refusal, data, len);
	return true;
}

static void on_download_done(struct http_req *req, const struct http_reply *reply)
{
	struct file_download *download = container_of(req, struct file_download, req);
	struct fault_answer answer = {reply->status, download->refusal.data, download->refusal.len};

	download->status = reply->status;
	if (download->err.code == SB_OK) {
		if (reply->err->code != SB_OK)
			download->err = *reply->err;
		else if (reply->status != 200 && reply->status != 206 && reply->status != 416)
			(void)fault_from_files(&answer, &download->err);
	}
	download->is_cut = reply->err->code == SB_UPSTREAM_UNAVAILABLE && !reply->sent_nothing;
	download_end(download);
}

void file_download_start(const struct envd_target *target, struct file_download *download,
			 const char *path, int64_t offset, int64_t length, int64_t head_timeout_ms,
			 int64_t timeout_ms)
{
	struct ask ask;

	assert(!download->req.slot && offset >= 0);
	*download = (struct file_download){
		.on_data = download->on_data,
		.done = download->done,
		.size = -1,
		.req = {.on_head = on_download_head,
			.on_data = on_download_data,
			.done = on_download_done},
		.offset = offset,
		.left = length < 0 ? -1 : length,
	};
	ask_file(&ask, target, "GET", path);
	if (length > 0 && length <= INT64_MAX - offset)
		ask_header(&ask, "Range: bytes=%" PRId64 "-%" PRId64, offset, offset + length - 1);
	else if (offset > 0 || length > 0)
		ask_header(&ask, "Range: bytes=%" PRId64 "-", offset);
	ask.spec.head_timeout_ms = head_timeout_ms;
	ask.spec.timeout_ms = timeout_ms;
	ask_start(&ask, &download->req, &download->err);
}

void file_download_resume(struct file_download *download)
{
	http_resume(&download->req);
}

void file_download_cancel(struct file_download *download)
{
	download_release(download);
}

/* ---- upload ---------------------------------------------------------------------------------- */

static void upload_release(struct file_upload *upload)
{
	http_cancel(&upload->req);
	buf_deinit(&upload->frame);
	if (upload->is_gone)
		*upload->is_gone = true;
	upload->is_gone = NULL;
}

static ssize_t on_octets(struct http_req *req, char *data, size_t size)
{
	struct file_upload *upload = container_of(req, struct file_upload, req);

	return upload->on_upload(upload, data, size);
}

static ssize_t send_frame(struct file_upload *upload, char *data, size_t size)
{
	size_t len = upload->frame.len < size ? upload->frame.len : size;

	memcpy(data, upload->frame.data, len);
	buf_consume(&upload->frame, len);
	return (ssize_t)len;
}

static void frame_opening(struct file_upload *upload, struct buf *out)
{
	buf_printf(out,
		   "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n"
		   "Content-Type: application/octet-stream\r\n\r\n",
		   upload->boundary);
}

static void frame_closing(struct file_upload *upload, struct buf *out)
{
	buf_printf(out, "\r\n--%s--\r\n", upload->boundary);
}

/* Bytes of the file; HTTP_UPLOAD_ABORT when the upload was cancelled meanwhile. */
static ssize_t send_file(struct file_upload *upload, char *data, size_t size)
{
	bool is_gone = false;
	ssize_t len;

	if (upload->left >= 0 && (int64_t)size > upload->left)
		size = (size_t)upload->left;
	if (size == 0)
		return 0;
	upload->is_gone = &is_gone;
	len = upload->on_upload(upload, data, size);
	if (is_gone)
		return HTTP_UPLOAD_ABORT;
	upload->is_gone = NULL;
	if (len > 0 && upload->left > 0)
		upload->left -= len;
	return len;
}

/* The frame's opening, the file, the frame's closing. */
static ssize_t on_multipart(struct http_req *req, char *data, size_t size)
{
	struct file_upload *upload = container_of(req, struct file_upload, req);
	ssize_t len;

	if (upload->frame.len > 0)
		return send_frame(upload, data, size);
	if (upload->is_closing)
		return 0;
	len = send_file(upload, data, size);
	if (len != 0)
		return len;
	if (upload->left > 0)
		return HTTP_UPLOAD_ABORT;
	upload->is_closing = true;
	buf_reset(&upload->frame);
	frame_closing(upload, &upload->frame);
	return upload->frame.failed ? HTTP_UPLOAD_ABORT : send_frame(upload, data, size);
}

static void on_uploaded(struct http_req *req, const struct http_reply *reply)
{
	struct file_upload *upload = container_of(req, struct file_upload, req);
	struct fault_answer answer = {reply->status, reply->body, reply->body_len};

	upload->status = reply->status;
	upload->is_cut = reply->err->code == SB_UPSTREAM_UNAVAILABLE && !reply->sent_nothing;
	if (upload->err.code == SB_OK) {
		if (reply->err->code != SB_OK)
			upload->err = *reply->err;
		else if (reply->status != 200)
			(void)fault_from_files(&answer, &upload->err);
		else if (fields_parse_list(&wire_written_type, FIELDS_E2B, reply->body,
					   reply->body_len, "answer", upload->result,
					   &upload->err) < 0)
			(void)fault_bad_answer(reply->status, &upload->err);
	}
	upload_release(upload);
	upload->done(upload);
}

static void ask_octets(struct ask *ask, struct file_upload *upload, int64_t size)
{
	upload->req.on_upload = on_octets;
	ask->spec.upload_len = size;
	ask_header(ask, "Content-Type: application/octet-stream");
}

static void ask_multipart(struct ask *ask, struct file_upload *upload, int64_t size)
{
	unsigned char random[16] = {0};
	struct buf closing CLEANUP_BUF = {0};

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		ask->failed = true;
	hex_write(upload->boundary, random, sizeof(random));
	upload->req.on_upload = on_multipart;
	upload->left = size;
	frame_opening(upload, &upload->frame);
	frame_closing(upload, &closing);
	if (upload->frame.failed || closing.failed)
		ask->failed = true;
	ask->spec.upload_len =
		size < 0 ? -1 : size + (int64_t)upload->frame.len + (int64_t)closing.len;
	ask_header(ask, "Content-Type: multipart/form-data; boundary=%s", upload->boundary);
}

void file_upload_start(const struct envd_target *target, struct file_upload *upload,
		       const char *path, const struct file_upload_options *options,
		       struct list_value *result)
{
	int64_t size = options->size < 0 ? -1 : options->size;
	struct ask ask;

	assert(!upload->req.slot);
	*upload = (struct file_upload){
		.on_upload = upload->on_upload,
		.done = upload->done,
		.req = {.done = on_uploaded},
		.result = result,
	};
	ask_file(&ask, target, "POST", path);
	if (ask_is_version(target, 0, 5, 7))
		ask_octets(&ask, upload, size);
	else
		ask_multipart(&ask, upload, size);
	for (size_t i = 0; options->metadata && i < options->metadata->count; i++)
		ask_header(&ask, "X-Metadata-%s: %s", options->metadata->items[i].key,
			   options->metadata->items[i].value);
	ask.spec.timeout_ms = options->timeout_ms;
	ask_start(&ask, &upload->req, &upload->err);
}

void file_upload_resume(struct file_upload *upload)
{
	http_resume_upload(&upload->req);
}

void file_upload_cancel(struct file_upload *upload)
{
	upload_release(upload);
}
