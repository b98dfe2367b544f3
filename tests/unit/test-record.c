/* Records: what is saved is what is loaded, and damage is an error. */
#include "config.h"

#include "daemon/local/record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"

static char dir[] = "/tmp/sandpool-record-XXXXXX";
static char path[sizeof(dir) + 32];

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/record.json", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static void write_text(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_round_trip(void **state)
{
	struct record in = {
		.is_secure = true,
		.is_ready = true,
		.timeout_s = 300,
		.started_us = INT64_C(1763683200123456),
		.end_us = INT64_C(1763683500123456),
		.id_base = 0x70010000,
		.pid = 4242,
		.start_time = INT64_C(123456789012),
	};
	struct record out = {0};
	struct sb_error err = {0};
	struct stat st;

	(void)state;
	in.id = strdup("iabc");
	in.template_id = strdup("base");
	assert_int_equal(string_map_add(&in.metadata, "k 1", "v&=é"), 0);
	assert_int_equal(string_map_add(&in.env_vars, "X", ""), 0);
	assert_int_equal(record_save(&in, dir, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(record_load(dir, &out, &err), 0);
	assert_string_equal(out.id, "iabc");
	assert_string_equal(string_map_get(&out.metadata, "k 1"), "v&=é");
	assert_string_equal(string_map_get(&out.env_vars, "X"), "");
	assert_true(out.is_secure && out.is_ready && !out.policy.has_internet);
	assert_int_equal(out.timeout_s, in.timeout_s);
	assert_int_equal(out.started_us, in.started_us);
	assert_int_equal(out.end_us, in.end_us);
	assert_int_equal(out.id_base, in.id_base);
	assert_int_equal(out.pid, in.pid);
	assert_int_equal(out.start_time, in.start_time);
	record_deinit(&in);
	record_deinit(&out);
}

static void test_damage_is_an_error(void **state)
{
	static const char *const bad[] = {
		"",
		"{\"version\":1",
		"{\"version\":1}",
		"{\"version\":2,\"id\":\"i1\",\"template_id\":\"base\",\"is_secure\":false,"
		"\"has_internet\":true,\"is_ready\":true,\"timeout_s\":1,\"started_us\":1,"
		"\"end_us\":1,\"id_base\":1,\"pid\":1,\"start_time\":1}",
		"{\"version\":1,\"id\":\"../x\",\"template_id\":\"base\",\"is_secure\":false,"
		"\"has_internet\":true,\"is_ready\":true,\"timeout_s\":1,\"started_us\":1,"
		"\"end_us\":1,\"id_base\":1,\"pid\":1,\"start_time\":1}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sb_error err = {0};
		struct record record = {0};

		write_text(bad[i]);
		assert_int_equal(record_load(dir, &record, &err), -1);
		assert_int_not_equal(err.code, SB_OK);
		assert_null(record.id);
	}
}

static void test_nothing_there_is_an_error(void **state)
{
	struct sb_error err = {0};
	struct record record = {0};

	(void)state;
	(void)unlink(path);
	assert_int_equal(record_load(dir, &record, &err), -1);
	assert_non_null(strstr(err.text, "No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage_is_an_error),
		cmocka_unit_test(test_nothing_there_is_an_error),
	};

	return cmocka_run_group_tests_name("record", tests, setup, teardown);
}
