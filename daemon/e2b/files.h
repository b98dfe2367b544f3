/*
 * envd's /files (wire §6.5, §6.6), asked: download and upload of one file as a stream, on HTTP/1.1
 * connections of their own, where a reader that stalls is held back by TCP. The rules of envd.h hold.
 *
 * Errors (wire §8.4): 400 SB_INVALID_ARGUMENT, 401 SB_AUTHENTICATION, 404 SB_FILE_NOT_FOUND, 409
 * SB_CONFLICT, 429 SB_RATE_LIMIT, 502 SB_SANDBOX_NOT_FOUND when the proxy says so and else SB_TIMEOUT, 507
 * SB_NOT_ENOUGH_SPACE, others SB_SANDBOX with "<status>: <message>"; broken connections as in envd.h.
 */
#ifndef SP_FILES_H
#define SP_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/http.h"
#include "daemon/e2b/envd.h"
#include "protocol/buf.h"
#include "protocol/error.h"
#include "protocol/values.h"

/* ---- download -------------------------------------------------------------------------------- */

struct file_download { /* embed me; zero means idle */
	/* Bytes of the file. False pauses: the same bytes come again after file_download_resume(). */
	bool (*on_data)(struct file_download *download, const char *data, size_t len);
	void (*done)(struct file_download *download);
	/* Once data comes: how many bytes will, or -1 when the server does not know. */
	int64_t size;
	/* the outcome */
	struct sb_error err;
	int status;
	bool is_cut;
	/* private */
	struct http_req req;
	struct buf refusal;
	int64_t offset; /* of the range asked for */
	int64_t skip;   /* bytes before the range, from a server that ignores ranges */
	int64_t left;   /* bytes of the range still wanted; -1: all */
	bool *is_gone;  /* set when it is cancelled inside on_data */
};

/*
 * GET /files of `length` bytes (-1: all) from `offset`. A range behind the end of the file is empty, not
 * an error. `head_timeout_ms` is until the answer begins and `timeout_ms` for all of it; 0 means none.
 */
void file_download_start(const struct envd_target *target, struct file_download *download,
			 const char *path, int64_t offset, int64_t length, int64_t head_timeout_ms,
			 int64_t timeout_ms);
void file_download_resume(struct file_download *download);
void file_download_cancel(struct file_download *download); /* safe when idle */

/* ---- upload ---------------------------------------------------------------------------------- */

struct file_upload { /* embed me; zero means idle */
	/*
	 * Bytes wanted, as http_req.on_upload: returns how many it wrote to `data`, 0 at the end,
	 * HTTP_UPLOAD_WAIT to pause until file_upload_resume(), HTTP_UPLOAD_ABORT to give up.
	 */
	ssize_t (*on_upload)(struct file_upload *upload, char *data, size_t size);
	void (*done)(struct file_upload *upload);
	/* the outcome */
	struct sb_error err;
	int status;
	bool is_cut;
	/* private */
	struct http_req req;
	struct list_value *result;
	struct buf frame; /* multipart: what is left to send before or after the file */
	char boundary[40];
	int64_t left;    /* multipart: bytes of the file still to send; -1: as many as come */
	bool is_closing; /* multipart: the frame holds the end */
	bool *is_gone;   /* set when it is cancelled inside on_upload */
};

struct file_upload_options {
	int64_t size;                      /* of the file; -1 when it is not known */
	const struct string_map *metadata; /* replaces the file's; or NULL. Names are lower-case */
	int64_t timeout_ms;                /* for all of it; 0 means none */
};

/*
 * POST /files: the bytes become the content of `path`. As application/octet-stream, or to an envd older
 * than 0.5.7 as multipart/form-data. On success `result` holds the server's list of struct wire_written
 * (one), freed by fields_free_list().
 */
void file_upload_start(const struct envd_target *target, struct file_upload *upload,
		       const char *path, const struct file_upload_options *options,
		       struct list_value *result);
void file_upload_resume(struct file_upload *upload);
void file_upload_cancel(struct file_upload *upload); /* safe when idle */

#endif
