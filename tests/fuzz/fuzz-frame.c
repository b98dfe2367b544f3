/* Bytes to lines, in pieces of any size, against the plain way of splitting the whole. */
#include "config.h"

#include "protocol/frame.h"
#include "tests/fuzz/fuzz.h"

#define LINE_MAX_HERE 40

/* What the rest of `*text` must give next. */
static enum frame_status expect(const char **text, size_t *len, const char **ret_line,
				size_t *ret_len)
{
	const char *end = *len ? memchr(*text, '\n', *len) : NULL;

	if (!end)
		return FRAME_NONE;
	*ret_line = *text;
	*ret_len = (size_t)(end - *text);
	*text = end + 1;
	*len -= *ret_len + 1;
	return *ret_len > LINE_MAX_HERE ? FRAME_TOO_LONG : FRAME_LINE;
}

static void take_all(struct frame_reader *reader, const char **text, size_t *len)
{
	enum frame_status status;
	char *line;
	size_t line_len;

	while ((status = frame_reader_next(reader, &line, &line_len)) != FRAME_NONE) {
		const char *expected;
		size_t expected_len;

		FUZZ_CHECK(expect(text, len, &expected, &expected_len) == status);
		if (status != FRAME_LINE)
			continue;
		FUZZ_CHECK(line_len == expected_len && line[line_len] == '\0' &&
			   memcmp(line, expected, line_len) == 0);
		memset(line, 'x', line_len); /* the caller may write in it */
	}
	FUZZ_CHECK(frame_reader_held(reader) < 64 << 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_reader reader;
	size_t piece = 1 + fuzz_choice(&data, &size, 64), fed = 0, len = size;
	CLEANUP_FREE char *whole = fuzz_text(data, size);
	const char *text = whole, *line;

	frame_reader_init(&reader);
	reader.line_max = LINE_MAX_HERE;
	while (fed < size) {
		size_t n = size - fed < piece ? size - fed : piece;
		char *space = frame_reader_space(&reader, n);

		FUZZ_CHECK(space);
		memcpy(space, whole + fed, n);
		frame_reader_added(&reader, n);
		fed += n;
		take_all(&reader, &text, &len);
		frame_reader_rest(&reader);
	}
	FUZZ_CHECK(expect(&text, &len, &line, &len) == FRAME_NONE);
	FUZZ_CHECK(frame_reader_is_empty(&reader) == (len == 0));
	frame_reader_deinit(&reader);
	return 0;
}
