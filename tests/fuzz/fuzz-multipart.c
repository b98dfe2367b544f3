/* Forms: the same parts come out whether they are fed whole or in pieces. A line of content type, then the body. */
#include "config.h"

#include "daemon/base/list.h"
#include "daemon/local/agent/multipart.h"
#include "tests/fuzz/fuzz.h"

struct parts {
	struct multipart form;
	struct buf told;
	bool is_open;
};

static int on_part(struct multipart *form, const char *name, const char *filename,
		   struct sb_error *err)
{
	struct parts *parts = container_of(form, struct parts, form);

	(void)err;
	FUZZ_CHECK(!parts->is_open);
	parts->is_open = true;
	buf_printf(&parts->told, "<%s|%s>", name ? name : "-", filename ? filename : "-");
	return 0;
}

static int on_data(struct multipart *form, const char *data, size_t len, struct sb_error *err)
{
	struct parts *parts = container_of(form, struct parts, form);

	(void)err;
	FUZZ_CHECK(parts->is_open && len > 0);
	buf_add(&parts->told, data, len);
	return 0;
}

static int on_part_end(struct multipart *form, struct sb_error *err)
{
	struct parts *parts = container_of(form, struct parts, form);

	(void)err;
	FUZZ_CHECK(parts->is_open);
	parts->is_open = false;
	buf_add_str(&parts->told, "</>");
	return 0;
}

/* 0 when it was a whole form; what came out is in parts->told. */
static int run(struct parts *parts, const char *type, const uint8_t *data, size_t size,
	       size_t piece)
{
	struct sb_error err = {0};
	int result = multipart_init(&parts->form, type, &err);

	for (size_t fed = 0; fed < size && result == 0;) {
		size_t n = size - fed < piece ? size - fed : piece;

		result = multipart_feed(&parts->form, (const char *)data + fed, n, &err);
		fed += n;
	}
	if (result == 0)
		result = multipart_end(&parts->form, &err);
	FUZZ_CHECK((result < 0) == (err.code != SB_OK));
	multipart_deinit(&parts->form);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct multipart callbacks = {
		.on_part = on_part, .on_data = on_data, .on_part_end = on_part_end};
	struct parts whole = {.form = callbacks}, pieces = {.form = callbacks};
	size_t piece = 1 + fuzz_choice(&data, &size, 64);
	CLEANUP_FREE char *type = fuzz_line(&data, &size);
	int result = run(&whole, type, data, size, size + 1);

	FUZZ_CHECK(run(&pieces, type, data, size, piece) == result);
	FUZZ_CHECK(whole.told.len == pieces.told.len && whole.is_open == pieces.is_open);
	FUZZ_CHECK(whole.told.len == 0 ||
		   memcmp(whole.told.data, pieces.told.data, whole.told.len) == 0);
	buf_deinit(&whole.told);
	buf_deinit(&pieces.told);
	return 0;
}
