/* Lines and descriptors: however the bytes arrive, the lines come out the same. */
#include "config.h"

#include "protocol/frame.h"

#include <fcntl.h>
#include <string.h>

#include "tests/unit/unit.h"

static void feed(struct frame_reader *reader, const char *text, size_t len)
{
	char *space = frame_reader_space(reader, len);

	assert_non_null(space);
	memcpy(space, text, len);
	frame_reader_added(reader, len);
}

static void assert_line(struct frame_reader *reader, const char *text)
{
	char *line = NULL;
	size_t len = 0;

	assert_int_equal(frame_reader_next(reader, &line, &len), FRAME_LINE);
	assert_int_equal(len, strlen(text));
	assert_string_equal(line, text);
}

static void assert_status(struct frame_reader *reader, enum frame_status status)
{
	char *line;
	size_t len;

	assert_int_equal(frame_reader_next(reader, &line, &len), status);
}

static int open_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void test_lines_cut_anywhere_come_out_whole(void **state)
{
	static const char text[] = "one\n\ntwo three\nfour\n";
	struct frame_reader reader;

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		static const char *const lines[] = {"one", "", "two three", "four"};
		size_t found = 0;

		frame_reader_init(&reader);
		for (size_t at = 0; at < sizeof(text) - 1; at += step) {
			size_t left = sizeof(text) - 1 - at;
			char *line;
			size_t len;

			feed(&reader, text + at, left < step ? left : step);
			while (frame_reader_next(&reader, &line, &len) == FRAME_LINE)
				assert_string_equal(line, lines[found++]);
		}
		assert_int_equal(found, ARRAY_SIZE(lines));
		assert_true(frame_reader_is_empty(&reader));
		frame_reader_deinit(&reader);
	}
}

static void test_a_line_of_the_limit_passes_and_one_more_does_not(void **state)
{
	struct frame_reader reader;

	(void)state;
	frame_reader_init(&reader);
	reader.line_max = 8;
	feed(&reader, "12345678\n123456789\nnext\n", 24);
	assert_line(&reader, "12345678");
	assert_status(&reader, FRAME_TOO_LONG);
	assert_line(&reader, "next");
	assert_status(&reader, FRAME_NONE);
	frame_reader_deinit(&reader);
}

static void test_a_long_line_is_dropped_as_it_arrives(void **state)
{
	struct frame_reader reader;
	char block[1000];

	(void)state;
	memset(block, 'x', sizeof(block));
	frame_reader_init(&reader);
	reader.line_max = 1500;
	for (int i = 0; i < 1000; i++) {
		feed(&reader, block, sizeof(block));
		assert_status(&reader, FRAME_NONE);
		assert_true(frame_reader_held(&reader) < 8192);
		assert_false(frame_reader_is_empty(&reader));
	}
	feed(&reader, "\nok\n", 4);
	assert_status(&reader, FRAME_TOO_LONG);
	assert_line(&reader, "ok");
	frame_reader_deinit(&reader);
}

static void test_descriptors_come_out_in_order(void **state)
{
	struct frame_reader reader;
	int in[3] = {open_fd(), open_fd(), open_fd()}, out[3] = {-1, -1, -1};

	(void)state;
	frame_reader_init(&reader);
	assert_int_equal(frame_reader_add_fds(&reader, in, 3), 0);
	assert_int_equal(frame_take_fds(&reader, out, 4), -1);
	assert_int_equal(frame_take_fds(&reader, out, 0), 0);
	assert_int_equal(frame_take_fds(&reader, out, 2), 0);
	assert_int_equal(out[0], in[0]);
	assert_int_equal(out[1], in[1]);
	assert_int_equal(frame_drop_fds(&reader), 1);
	assert_int_equal(fcntl(in[2], F_GETFD), -1);
	(void)close(out[0]);
	(void)close(out[1]);
	frame_reader_deinit(&reader);
}

static void test_too_many_descriptors_are_closed(void **state)
{
	struct frame_reader reader;
	int fds[FRAME_QUEUE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = open_fd();
	frame_reader_init(&reader);
	assert_int_equal(frame_reader_add_fds(&reader, fds, ARRAY_SIZE(fds)), -1);
	assert_int_equal(fcntl(fds[FRAME_QUEUE_MAX], F_GETFD), -1);
	fds[0] = open_fd();
	assert_int_equal(frame_reader_add_fds(&reader, fds, 1), 0);
	frame_reader_deinit(&reader);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
}

static void test_at_rest_it_holds_little(void **state)
{
	struct frame_reader reader;

	(void)state;
	frame_reader_init(&reader);
	assert_non_null(frame_reader_space(&reader, 60000));
	frame_reader_rest(&reader);
	assert_true(frame_reader_held(&reader) <= 1024);
	assert_non_null(frame_reader_space(&reader, 60000));
	feed(&reader, "line\nhalf", 9);
	assert_line(&reader, "line");
	frame_reader_rest(&reader);
	feed(&reader, " done\n", 6);
	assert_line(&reader, "half done");
	frame_reader_deinit(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_cut_anywhere_come_out_whole),
		cmocka_unit_test(test_a_line_of_the_limit_passes_and_one_more_does_not),
		cmocka_unit_test(test_a_long_line_is_dropped_as_it_arrives),
		cmocka_unit_test(test_descriptors_come_out_in_order),
		cmocka_unit_test(test_too_many_descriptors_are_closed),
		cmocka_unit_test(test_at_rest_it_holds_little),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
