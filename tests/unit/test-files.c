/* Download and upload: ranges, pauses, both upload forms, and every row of wire §8.4. */
#include "config.h"

#include "daemon/e2b/files.h"

#include <stdio.h>
#include <string.h>

#include "daemon/e2b/wire.h"
#include "tests/unit/raw-provider.h"
#include "tests/unit/unit.h"

struct down {
	struct file_download download;
	struct buf got;
	int64_t size; /* when data came */
	bool done;
	bool refuses;
	bool was_refused;
	bool cancels;
};

static bool on_data(struct file_download *download, const char *data, size_t len)
{
	struct down *d = container_of(download, struct down, download);

	d->size = download->size;
	if (d->cancels) {
		file_download_cancel(download);
		return false;
	}
	if (d->refuses) {
		d->was_refused = true;
		return false;
	}
	buf_add(&d->got, data, len);
	return true;
}

static void on_down_done(struct file_download *download)
{
	struct down *d = container_of(download, struct down, download);

	assert_false(d->done);
	d->done = true;
}

static struct envd_target target_of(struct raw_provider *p)
{
	return (struct envd_target){.upstream = &p->upstream, .sandbox_id = "i1"};
}

static void start_down(struct raw_provider *p, struct down *d, int64_t offset, int64_t length)
{
	struct envd_target target = target_of(p);

	*d = (struct down){.download = {.on_data = on_data, .done = on_down_done}, .size = -2};
	file_download_start(&target, &d->download, "/a b", offset, length, 0, 0);
}

static void finish_down(struct raw_provider *p, struct down *d)
{
	assert_false(d->done);
	run_until(p->base, &d->done);
}

static void assert_got(struct down *d, const char *text)
{
	buf_add(&d->got, "", 0);
	assert_string_equal(d->got.data, text);
	buf_deinit(&d->got);
}

/* ---- download -------------------------------------------------------------------------------- */

static void test_downloads_name_path_and_user(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct envd_target target = target_of(p);
	struct down d;

	raw_provider_expect(p, raw_answer(&answer, 200, "", "content"));
	start_down(p, &d, 0, -1);
	finish_down(p, &d);
	assert_int_equal(d.download.err.code, SB_OK);
	assert_int_equal(d.size, 7);
	assert_got(&d, "content");
	assert_said(p, "GET /files?path=%2Fa%20b HTTP/1.1\r\n");
	assert_not_said(p, "Range");
	target.user = "joe";
	d = (struct down){.download = {.on_data = on_data, .done = on_down_done}};
	file_download_start(&target, &d.download, "x&y", 0, -1, 0, 0);
	finish_down(p, &d);
	assert_said(p, "GET /files?path=x%26y&username=joe HTTP/1.1\r\n");
	assert_said(p, "Authorization: Basic am9lOg==\r\n");
	buf_deinit(&d.got);
}

static void test_ranges(void **state)
{
	static const struct {
		int64_t offset, length;
		const char *asked; /* NULL: no range */
		int status;
		const char *headers;
		const char *body;
		const char *got;
		int64_t size;
	} rows[] = {
		{2, 3, "Range: bytes=2-4\r\n", 206, "Content-Range: bytes 2-4/10\r\n", "234", "234",
		 3},
		{2, -1, "Range: bytes=2-\r\n", 206, "Content-Range: bytes 2-9/10\r\n", "23456789",
		 "23456789", 8},
		{0, 4, "Range: bytes=0-3\r\n", 206, "Content-Range: bytes 0-3/10\r\n", "0123",
		 "0123", 4},
		/* the server ignores ranges, or gives more */
		{2, 3, "Range: bytes=2-4\r\n", 200, "", "0123456789", "234", 3},
		{2, -1, "Range: bytes=2-\r\n", 200, "", "0123456789", "23456789", 8},
		{20, 3, "Range: bytes=20-22\r\n", 200, "", "0123456789", "", -2},
		{5, 2, "Range: bytes=5-6\r\n", 206, "Content-Range: bytes 4-8/10\r\n", "45678",
		 "56", 2},
		/* behind the end */
		{20, 3, "Range: bytes=20-22\r\n", 416, "Content-Range: bytes */10\r\n", "x", "",
		 -2},
		{0, 0, NULL, 200, "", "0123", "", -2},
		{3, INT64_MAX, "Range: bytes=3-\r\n", 206, "Content-Range: bytes 3-3/4\r\n", "3",
		 "3", 1},
	};
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct down d;

		raw_provider_expect(
			p, raw_answer(&answer, rows[i].status, rows[i].headers, rows[i].body));
		start_down(p, &d, rows[i].offset, rows[i].length);
		finish_down(p, &d);
		assert_int_equal(d.download.err.code, SB_OK);
		assert_int_equal(d.size, rows[i].size);
		assert_got(&d, rows[i].got);
		if (rows[i].asked)
			assert_said(p, rows[i].asked);
		else
			assert_not_said(p, "Range");
	}
}

static void test_a_wrong_range_is_refused(void **state)
{
	static const char *const headers[] = {"Content-Range: bytes 3-5/10\r\n",
					      "Content-Range: nonsense\r\n", ""};
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		struct down d;

		raw_provider_expect(p, raw_answer(&answer, 206, headers[i], "345"));
		start_down(p, &d, 2, 3);
		finish_down(p, &d);
		assert_int_equal(d.download.err.code, SB_SANDBOX);
		assert_got(&d, "");
	}
}

static void test_downloads_pause_and_go_on(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct down d;

	raw_provider_expect(p, raw_answer(&answer, 200, "", "0123456789"));
	start_down(p, &d, 2, 3);
	d.refuses = true;
	run_until(p->base, &d.was_refused);
	run_turns(p->base, 20);
	assert_false(d.done);
	d.refuses = false;
	file_download_resume(&d.download);
	finish_down(p, &d);
	assert_int_equal(d.download.err.code, SB_OK);
	assert_got(&d, "234");
}

static void test_downloads_may_be_cancelled_from_inside(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct down d;

	raw_provider_expect(p, raw_answer(&answer, 200, "", "0123456789"));
	start_down(p, &d, 0, 3);
	d.cancels = true;
	run_until(p->base, &p->heard);
	run_turns(p->base, 20);
	assert_int_equal(d.size, 3);
	assert_false(d.done);
}

static void test_a_cut_download_says_so(void **state)
{
	struct raw_provider *p = *state;
	struct down d;

	raw_provider_expect(p, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123");
	start_down(p, &d, 0, -1);
	run_until(p->base, &p->heard);
	run_turns(p->base, 10);
	raw_reset(p->conn);
	finish_down(p, &d);
	assert_int_equal(d.download.err.code, SB_UPSTREAM_UNAVAILABLE);
	assert_true(d.download.is_cut);
	assert_got(&d, "0123");
}

static const struct {
	int status;
	const char *body;
	enum sb_code code;
	const char *text;
} rows[] = {
	{400, "{\"code\":400,\"message\":\"path 'x' is a directory\"}", SB_INVALID_ARGUMENT,
	 "path 'x' is a directory"},
	{401, "{\"code\":401,\"message\":\"no\"}", SB_AUTHENTICATION, "no"},
	{403, "{\"code\":403,\"message\":\"no\"}", SB_SANDBOX, "403: no"},
	{404, "{\"code\":404,\"message\":\"path 'x' does not exist\"}", SB_FILE_NOT_FOUND,
	 "path 'x' does not exist"},
	{404, "<html>", SB_SANDBOX, "404: Not Found"},
	{409, "{\"code\":409,\"message\":\"m\"}", SB_CONFLICT, "m"},
	{429, "{\"code\":429,\"message\":\"m\"}", SB_RATE_LIMIT, "m"},
	{500, "{\"code\":500,\"message\":\"m\"}", SB_SANDBOX, "500: m"},
	{502, "{\"code\":502,\"message\":\"The sandbox was not found\"}", SB_SANDBOX_NOT_FOUND,
	 "The sandbox was not found"},
	{502, "{\"code\":502,\"message\":\"port is not open\"}", SB_TIMEOUT, "port is not open"},
	{502, "<html>", SB_UPSTREAM_UNAVAILABLE, "Bad Gateway"},
	{503, "{\"code\":503,\"message\":\"m\"}", SB_SANDBOX, "503: m"},
	{507, "{\"code\":507,\"message\":\"not enough disk space available\"}", SB_NOT_ENOUGH_SPACE,
	 "not enough disk space available"},
};

static void test_refused_downloads_become_kinds(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct down d;

		raw_provider_expect(p, raw_answer(&answer, rows[i].status, "", rows[i].body));
		start_down(p, &d, 0, -1);
		finish_down(p, &d);
		assert_int_equal(d.download.err.code, rows[i].code);
		assert_string_equal(d.download.err.text, rows[i].text);
		assert_int_equal(d.download.err.http_status, rows[i].status);
		assert_false(d.download.is_cut);
		assert_got(&d, ""); /* what the refusal says is no file */
	}
}

/* ---- upload ---------------------------------------------------------------------------------- */

struct up {
	struct file_upload upload;
	struct list_value written;
	const char *left;
	bool done;
	bool waits;
	bool was_asked;
	bool cancels;
};

static ssize_t on_upload(struct file_upload *upload, char *data, size_t size)
{
	struct up *u = container_of(upload, struct up, upload);
	size_t len = u->left ? strlen(u->left) : 0;

	u->was_asked = true;
	if (u->cancels) {
		file_upload_cancel(upload);
		return 0;
	}
	if (u->waits)
		return HTTP_UPLOAD_WAIT;
	if (len > size)
		len = size;
	if (len > 3)
		len = 3;
	memcpy(data, u->left, len);
	u->left += len;
	return (ssize_t)len;
}

static void on_up_done(struct file_upload *upload)
{
	struct up *u = container_of(upload, struct up, upload);

	assert_false(u->done);
	u->done = true;
}

static void start_up(struct raw_provider *p, struct up *u, const char *version, const char *content,
		     int64_t size)
{
	struct envd_target target = target_of(p);
	struct file_upload_options options = {.size = size};

	*u = (struct up){.upload = {.on_upload = on_upload, .done = on_up_done}, .left = content};
	target.version = version;
	file_upload_start(&target, &u->upload, "/a", &options, &u->written);
}

static const char written[] =
	"[{\"metadata\":{\"author\":\"me\"},\"name\":\"a\",\"path\":\"/a\",\"type\":\"file\"}]";

static void test_uploads_as_octets(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	for (int64_t size = -1; size < 12; size += 12) {
		struct wire_written *first;
		struct up u;

		raw_provider_expect(p, raw_answer(&answer, 200, "", written));
		start_up(p, &u, NULL, "hello world", size);
		run_until(p->base, &u.done);
		assert_int_equal(u.upload.err.code, SB_OK);
		assert_string_equal(p->body.data, "hello world");
		assert_said(p, "POST /files?path=%2Fa HTTP/1.1\r\n");
		assert_said(p, "Content-Type: application/octet-stream\r\n");
		assert_said(p,
			    size < 0 ? "Transfer-Encoding: chunked\r\n" : "Content-Length: 11\r\n");
		assert_int_equal(u.written.count, 1);
		first = u.written.items;
		assert_string_equal(first->path, "/a");
		assert_string_equal(string_map_get(&first->metadata, "author"), "me");
		fields_free_list(&wire_written_type, &u.written);
	}
}

static void test_uploads_to_old_servers_are_multipart(void **state)
{
	static const char *const contents[] = {"hello world", ""};
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	for (int i = 0; i < 4; i++) {
		const char *content = contents[i / 2], *boundary;
		struct buf expected CLEANUP_BUF = {0};
		struct up u;

		raw_provider_expect(p, raw_answer(&answer, 200, "", written));
		start_up(p, &u, "0.5.6", content, i % 2 ? (int64_t)strlen(content) : -1);
		run_until(p->base, &u.done);
		assert_int_equal(u.upload.err.code, SB_OK);
		boundary = strstr(p->head.data, "multipart/form-data; boundary=");
		assert_non_null(boundary);
		boundary += strlen("multipart/form-data; boundary=");
		buf_printf(&expected,
			   "--%.32s\r\nContent-Disposition: form-data; name=\"file\"; "
			   "filename=\"file\"\r\nContent-Type: application/octet-stream\r\n\r\n"
			   "%s\r\n--%.32s--\r\n",
			   boundary, content, boundary);
		assert_string_equal(p->body.data, expected.data);
		assert_said(p, i % 2 ? "Content-Length: " : "Transfer-Encoding: chunked\r\n");
		fields_free_list(&wire_written_type, &u.written);
	}
}

static void test_uploads_carry_metadata(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct envd_target target = target_of(p);
	struct string_pair pair = {(char *)(uintptr_t) "author", (char *)(uintptr_t) "me"};
	struct string_map metadata = {&pair, 1};
	struct file_upload_options options = {.size = 0, .metadata = &metadata};
	struct up u = {.upload = {.on_upload = on_upload, .done = on_up_done}};

	raw_provider_expect(p, raw_answer(&answer, 200, "", written));
	file_upload_start(&target, &u.upload, "/a", &options, &u.written);
	run_until(p->base, &u.done);
	assert_int_equal(u.upload.err.code, SB_OK);
	assert_said(p, "X-Metadata-author: me\r\n");
	assert_said(p, "Content-Length: 0\r\n");
	fields_free_list(&wire_written_type, &u.written);
}

static void test_uploads_wait_and_go_on(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	for (int old = 0; old < 2; old++) {
		struct up u;

		raw_provider_expect(p, raw_answer(&answer, 200, "", written));
		start_up(p, &u, old ? "0.5.0" : NULL, "hello", 5);
		u.waits = true;
		run_until(p->base, &u.was_asked);
		run_turns(p->base, 20);
		assert_false(p->heard);
		u.waits = false;
		file_upload_resume(&u.upload);
		run_until(p->base, &u.done);
		assert_int_equal(u.upload.err.code, SB_OK);
		assert_non_null(strstr(p->body.data, "hello"));
		fields_free_list(&wire_written_type, &u.written);
	}
}

static void test_uploads_that_break(void **state)
{
	struct raw_provider *p = *state;
	struct up u;

	for (int old = 0; old < 2; old++) {
		raw_provider_expect(p, NULL);
		start_up(p, &u, old ? "0.5.0" : NULL, "hel", 5); /* shorter than told */
		run_until(p->base, &u.done);
		assert_int_equal(u.upload.err.code, SB_CANCELLED);
		start_up(p, &u, old ? "0.5.0" : NULL, "hello", -1);
		u.cancels = true;
		run_until(p->base, &u.was_asked);
		run_turns(p->base, 20);
		assert_false(u.done);
		assert_false(p->heard);
	}
	start_up(p, &u, NULL, "hello", 5);
	run_until(p->base, &p->heard);
	raw_reset(p->conn);
	run_until(p->base, &u.done);
	assert_int_equal(u.upload.err.code, SB_UPSTREAM_UNAVAILABLE);
	assert_true(u.upload.is_cut);
}

static void test_refused_uploads_become_kinds(void **state)
{
	static const char *const bad[] = {"", "{}", "[7]", "<html>"};
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct up u;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		raw_provider_expect(p, raw_answer(&answer, rows[i].status, "", rows[i].body));
		start_up(p, &u, NULL, "x", 1);
		run_until(p->base, &u.done);
		assert_int_equal(u.upload.err.code, rows[i].code);
		assert_string_equal(u.upload.err.text, rows[i].text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		raw_provider_expect(p, raw_answer(&answer, 200, "", bad[i]));
		start_up(p, &u, NULL, "x", 1);
		run_until(p->base, &u.done);
		assert_int_equal(u.upload.err.code, SB_SANDBOX);
		assert_null(u.written.items);
	}
}

#define TEST(name)                                                                                 \
	cmocka_unit_test_setup_teardown(name, raw_provider_set_up, raw_provider_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_downloads_name_path_and_user),
		TEST(test_ranges),
		TEST(test_a_wrong_range_is_refused),
		TEST(test_downloads_pause_and_go_on),
		TEST(test_downloads_may_be_cancelled_from_inside),
		TEST(test_a_cut_download_says_so),
		TEST(test_refused_downloads_become_kinds),
		TEST(test_uploads_as_octets),
		TEST(test_uploads_to_old_servers_are_multipart),
		TEST(test_uploads_carry_metadata),
		TEST(test_uploads_wait_and_go_on),
		TEST(test_uploads_that_break),
		TEST(test_refused_uploads_become_kinds),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
