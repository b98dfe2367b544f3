/* The E2B messages: the wire reference's examples, and proto3 JSON's rules (wire §3.7). */
#include "config.h"

#include "daemon/e2b/wire.h"

#include <string.h>

#include "tests/unit/unit.h"

union message {
	struct wire_new_sandbox new_sandbox;
	struct wire_sandbox sandbox;
	struct wire_sandbox_info info;
	struct wire_timeout timeout;
	struct wire_refresh refresh;
	struct wire_rest_error rest_error;
	struct wire_connect_error connect_error;
	struct wire_end_of_stream end;
	struct wire_empty empty;
	struct wire_start_request start;
	struct wire_select_request select;
	struct wire_process_message process_message;
	struct wire_process_list process_list;
	struct wire_input_request input;
	struct wire_stream_input stream_input;
	struct wire_signal_request signal;
	struct wire_update_request update;
	struct wire_entry_response entry;
	struct wire_path_request path;
	struct wire_move_request move;
	struct wire_entry_list entries;
	struct wire_written written;
	struct wire_compose compose;
	struct wire_init init;
	struct wire_metrics metrics;
	struct wire_network network;
};

static void read_message(const struct fields *type, const char *text, union message *message)
{
	struct sb_error err = {0};

	memset(message, 0, sizeof(*message));
	if (fields_parse(type, FIELDS_E2B, text, strlen(text), "message", message, &err) < 0)
		fail_msg("%s\n%s", err.text, text);
}

static void assert_written(const struct fields *type, const union message *message,
			   const char *expected)
{
	struct buf out CLEANUP_BUF = {0};

	fields_encode(type, FIELDS_E2B, message, &out);
	assert_string_equal(out.data, expected);
}

/* Texts in our order of members and without needless ones come back as they were. */
static void test_messages_come_back(void **state)
{
	static const struct {
		const struct fields *type;
		const char *text;
	} rows[] = {
		{&wire_new_sandbox_type,
		 "{\"templateID\":\"base\",\"timeout\":13,\"metadata\":{\"a\":\"b c&d\"},"
		 "\"envVars\":{\"X\":\"1\"},\"secure\":true,\"allow_internet_access\":true}"},
		{&wire_new_sandbox_type,
		 "{\"templateID\":\"t\",\"secure\":false,\"allow_internet_access\":false,"
		 "\"autoPause\":true,\"autoPauseMemory\":false,\"autoResume\":{\"enabled\":false},"
		 "\"network\":{\"allowOut\":[\"1.1.1.1\"],\"denyOut\":[\"0.0.0.0/0\"],"
		 "\"allowPublicTraffic\":false,\"maskRequestHost\":\"h:${PORT}\","
		 "\"rules\":{\"x\":[]}},\"mcp\":{\"s\":{}},\"volumeMounts\":[{\"name\":\"n\","
		 "\"path\":\"/p\"}]}"},
		{&wire_sandbox_type,
		 "{\"templateID\":\"base\",\"sandboxID\":\"i1\",\"clientID\":\"c\","
		 "\"envdVersion\":\"0.6.13\",\"alias\":\"a\",\"envdAccessToken\":\"t\","
		 "\"trafficAccessToken\":\"u\",\"domain\":\"d\"}"},
		{&wire_sandbox_info_type,
		 "{\"templateID\":\"t\",\"sandboxID\":\"i1\",\"clientID\":\"c\","
		 "\"startedAt\":\"2025-01-31T12:00:00Z\",\"endAt\":\"2025-01-31T12:05:00Z\","
		 "\"cpuCount\":2,\"memoryMB\":512,\"diskSizeMB\":0,\"state\":\"running\","
		 "\"envdVersion\":\"0.6.13\",\"alias\":\"a\",\"metadata\":{\"k\":\"v\"},"
		 "\"envdAccessToken\":\"t\",\"domain\":\"d\",\"allowInternetAccess\":false,"
		 "\"network\":{\"denyOut\":[\"10.0.0.0/8\"]},"
		 "\"lifecycle\":{\"onTimeout\":\"pause\",\"autoResume\":false}}"},
		{&wire_timeout_type, "{\"timeout\":0}"},
		{&wire_timeout_type, "{\"timeout\":-1}"},
		{&wire_refresh_type, "{}"},
		{&wire_refresh_type, "{\"duration\":0}"},
		{&wire_rest_error_type, "{\"code\":404,\"message\":\"m\",\"error_code\":\"e\"}"},
		{&wire_connect_error_type, "{\"code\":\"not_found\",\"message\":\"m\"}"},
		{&wire_end_of_stream_type, "{}"},
		{&wire_end_of_stream_type,
		 "{\"error\":{\"code\":\"invalid_argument\",\"message\":\"cwd '/nope' does not "
		 "exist\"}}"},
		{&wire_empty_type, "{}"},
		/* wire §11.2, §4.2 */
		{&wire_start_request_type,
		 "{\"process\":{\"cmd\":\"/bin/bash\",\"args\":[\"-l\",\"-c\",\"echo "
		 "hi\"]},\"stdin\":false}"},
		{&wire_start_request_type,
		 "{\"process\":{\"cmd\":\"/bin/bash\",\"args\":[\"-i\",\"-l\"],\"envs\":{\"TERM\":"
		 "\"xterm-256color\"},\"cwd\":\"\"},\"pty\":{\"size\":{\"cols\":80,\"rows\":24}},"
		 "\"tag\":\"x\",\"stdin\":true}"},
		{&wire_select_request_type, "{\"process\":{\"pid\":7}}"},
		{&wire_select_request_type, "{\"process\":{\"tag\":\"x\"}}"},
		/* wire §4.1: the example */
		{&wire_process_message_type, "{\"event\":{\"start\":{\"pid\":512}}}"},
		{&wire_process_message_type, "{\"event\":{\"data\":{\"stdout\":\"aGkK\"}}}"},
		{&wire_process_message_type, "{\"event\":{\"data\":{\"stderr\":\"\"}}}"},
		{&wire_process_message_type, "{\"event\":{\"data\":{\"pty\":\"/w==\"}}}"},
		{&wire_process_message_type,
		 "{\"event\":{\"end\":{\"exited\":true,\"status\":\"exit status 0\"}}}"},
		{&wire_process_message_type,
		 "{\"event\":{\"end\":{\"exitCode\":-1,\"status\":\"signal: killed\",\"error\":"
		 "\"signal: killed\"}}}"},
		{&wire_process_message_type, "{\"event\":{\"keepalive\":{}}}"},
		{&wire_process_list_type, "{}"},
		{&wire_process_list_type, "{\"processes\":[{\"config\":{\"cmd\":\"a\"},\"pid\":1},{"
					  "\"config\":{\"cmd\":\"b\"},"
					  "\"pid\":2,\"tag\":\"t\"}]}"},
		{&wire_input_request_type,
		 "{\"process\":{\"pid\":7},\"input\":{\"stdin\":\"aGk=\"}}"},
		{&wire_stream_input_type, "{\"start\":{\"process\":{\"pid\":7}}}"},
		{&wire_stream_input_type, "{\"data\":{\"input\":{\"pty\":\"aGk=\"}}}"},
		{&wire_stream_input_type, "{\"keepalive\":{}}"},
		/* wire §11.3 */
		{&wire_signal_request_type,
		 "{\"process\":{\"pid\":999999},\"signal\":\"SIGNAL_SIGKILL\"}"},
		{&wire_update_request_type,
		 "{\"process\":{\"pid\":7},\"pty\":{\"size\":{\"cols\":1,\"rows\":2}}}"},
		{&wire_entry_response_type,
		 "{\"entry\":{\"name\":\"a\",\"type\":\"FILE_TYPE_FILE\",\"path\":\"/a\",\"size\":"
		 "\"4\",\"mode\":420,\"permissions\":\"-rw-r--r--\",\"owner\":\"user\",\"group\":"
		 "\"user\",\"modifiedTime\":\"2025-01-31T12:00:00.000000001Z\","
		 "\"symlinkTarget\":\"/b\",\"metadata\":{\"k\":\"v\"}}}"},
		{&wire_path_request_type, "{\"path\":\"/a\",\"depth\":1}"},
		{&wire_move_request_type, "{\"source\":\"a\",\"destination\":\"b\"}"},
		{&wire_entry_list_type, "{\"entries\":[{\"name\":\"a\",\"type\":\"FILE_TYPE_"
					"DIRECTORY\"},{\"name\":\"b\"}]}"},
		/* wire §11.4 */
		{&wire_written_type, "{\"metadata\":{\"author\":\"me\"},\"name\":\"a.txt\","
				     "\"path\":\"/home/user/a.txt\","
				     "\"type\":\"file\"}"},
		{&wire_compose_type,
		 "{\"source_paths\":[\"a\",\"b\"],\"destination\":\"c\",\"username\":\"u\"}"},
		{&wire_init_type,
		 "{\"envVars\":{\"A\":\"1\"},\"accessToken\":\"t\",\"defaultUser\":\"u\","
		 "\"defaultWorkdir\":\"/w\",\"timestamp\":\"2025-01-31T12:00:00Z\"}"},
		{&wire_metrics_type,
		 "{\"ts\":1,\"cpu_count\":2,\"cpu_used_pct\":3.25,\"mem_total_mib\":4,"
		 "\"mem_used_mib\":5,\"mem_total\":6,\"mem_used\":7,\"mem_cache\":8,"
		 "\"disk_used\":9,\"disk_total\":0}"},
		{&wire_network_type, "{\"allowOut\":[\"a\"],\"egressProxy\":{\"address\":\"x\"}}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		union message message;

		read_message(rows[i].type, rows[i].text, &message);
		assert_written(rows[i].type, &message, rows[i].text);
		fields_free(rows[i].type, &message);
	}
}

/* Other spellings of the same message are read, and written in the one way. */
static void test_other_spellings_are_read(void **state)
{
	static const struct {
		const struct fields *type;
		const char *text;
		const char *written;
	} rows[] = {
		/* explicit defaults and nulls */
		{&wire_process_message_type,
		 "{\"event\":{\"end\":{\"exitCode\":0,\"exited\":true,\"status\":\"\",\"error\":"
		 "null}}}",
		 "{\"event\":{\"end\":{\"exited\":true,\"status\":\"\"}}}"},
		{&wire_sandbox_type, "{\"sandboxID\":\"i\",\"domain\":null,\"alias\":null}",
		 "{\"sandboxID\":\"i\"}"},
		{&wire_process_message_type, "{\"event\":null}", "{}"},
		/* snake_case */
		{&wire_process_message_type, "{\"event\":{\"end\":{\"exit_code\":3}}}",
		 "{\"event\":{\"end\":{\"exitCode\":3}}}"},
		{&wire_entry_response_type,
		 "{\"entry\":{\"modified_time\":\"t\",\"symlink_target\":\"s\"}}",
		 "{\"entry\":{\"modifiedTime\":\"t\",\"symlinkTarget\":\"s\"}}"},
		/* numbers as strings and the reverse */
		{&wire_entry_response_type, "{\"entry\":{\"size\":4,\"mode\":\"420\"}}",
		 "{\"entry\":{\"size\":\"4\",\"mode\":420}}"},
		{&wire_entry_response_type, "{\"entry\":{\"size\":\"9007199254740993\"}}",
		 "{\"entry\":{\"size\":\"9007199254740993\"}}"},
		{&wire_select_request_type, "{\"process\":{\"pid\":\"7\"}}",
		 "{\"process\":{\"pid\":7}}"},
		/* enums by number; unknown ones are absent */
		{&wire_signal_request_type, "{\"signal\":15}", "{\"signal\":\"SIGNAL_SIGTERM\"}"},
		{&wire_signal_request_type, "{\"signal\":9}", "{\"signal\":\"SIGNAL_SIGKILL\"}"},
		{&wire_signal_request_type, "{\"signal\":0}", "{}"},
		{&wire_signal_request_type, "{\"signal\":1}", "{}"},
		{&wire_signal_request_type, "{\"signal\":\"SIGNAL_SIGHUP\"}", "{}"},
		{&wire_signal_request_type, "{\"signal\":\"SIGNAL_UNSPECIFIED\"}", "{}"},
		{&wire_entry_response_type, "{\"entry\":{\"type\":2}}",
		 "{\"entry\":{\"type\":\"FILE_TYPE_DIRECTORY\"}}"},
		{&wire_entry_response_type, "{\"entry\":{\"type\":\"FILE_TYPE_DOOR\"}}",
		 "{\"entry\":{}}"},
		/* base64: URL-safe, unpadded */
		{&wire_input_request_type, "{\"input\":{\"stdin\":\"-_8\"}}",
		 "{\"input\":{\"stdin\":\"+/8=\"}}"},
		{&wire_input_request_type, "{\"input\":{\"pty\":\"aGk\"}}",
		 "{\"input\":{\"pty\":\"aGk=\"}}"},
		/* members that we do not know */
		{&wire_process_message_type,
		 "{\"new\":[1,{}],\"event\":{\"start\":{\"pid\":5,\"x\":null},\"y\":1}}",
		 "{\"event\":{\"start\":{\"pid\":5}}}"},
		{&wire_end_of_stream_type, "{\"metadata\":{\"k\":[\"v\"]}}", "{}"},
		/* white space, which protojson puts in at random */
		{&wire_path_request_type, "{ \"path\" : \"/a\" ,\n\"depth\":  1 }",
		 "{\"path\":\"/a\",\"depth\":1}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		union message message;

		read_message(rows[i].type, rows[i].text, &message);
		assert_written(rows[i].type, &message, rows[i].written);
		fields_free(rows[i].type, &message);
	}
}

static void test_absent_is_not_zero(void **state)
{
	union message message;

	(void)state;
	read_message(&wire_new_sandbox_type, "{\"templateID\":\"base\"}", &message);
	assert_int_equal(message.new_sandbox.timeout_s, WIRE_UNSET);
	assert_false(message.new_sandbox.secure);
	assert_true(message.new_sandbox.allow_internet_access);
	assert_false(message.new_sandbox.auto_pause);
	assert_true(message.new_sandbox.auto_pause_memory);
	assert_null(message.new_sandbox.auto_resume);
	fields_free(&wire_new_sandbox_type, &message);

	read_message(&wire_start_request_type, "{\"process\":{\"cmd\":\"x\"}}", &message);
	assert_true(message.start.stdin_open);
	assert_null(message.start.process->cwd);
	assert_null(message.start.pty);
	fields_free(&wire_start_request_type, &message);

	read_message(&wire_select_request_type, "{\"process\":{\"tag\":\"\"}}", &message);
	assert_int_equal(message.select.process->pid, WIRE_UNSET);
	assert_string_equal(message.select.process->tag, "");
	fields_free(&wire_select_request_type, &message);

	read_message(&wire_network_type, "{}", &message);
	assert_true(message.network.allow_public_traffic);
	fields_free(&wire_network_type, &message);

	read_message(&wire_refresh_type, "{}", &message);
	assert_int_equal(message.refresh.duration_s, WIRE_UNSET);
}

static void test_what_cannot_be_is_refused(void **state)
{
	static const struct {
		const struct fields *type;
		const char *text;
		const char *why;
	} rows[] = {
		{&wire_new_sandbox_type, "{}", "m.templateID: is missing"},
		{&wire_new_sandbox_type, "{\"templateID\":\"t\",\"metadata\":{\"a\":1}}",
		 "m.metadata.a: must be a string"},
		{&wire_sandbox_type, "{\"templateID\":\"t\"}", "m.sandboxID: is missing"},
		{&wire_timeout_type, "{}", "m.timeout: is missing"},
		{&wire_timeout_type, "{\"timeout\":2147483648}",
		 "m.timeout: must be from -2147483648 to 2147483647"},
		{&wire_select_request_type, "{\"process\":{\"pid\":-1}}",
		 "m.process.pid: must be from 0 to 4294967295"},
		{&wire_select_request_type, "{\"process\":{\"pid\":4294967296}}",
		 "m.process.pid: must be from 0 to 4294967295"},
		{&wire_process_message_type, "{\"event\":{\"data\":{\"stdout\":\"?\"}}}",
		 "m.event.data.stdout: is not base64"},
		{&wire_path_request_type, "{\"depth\":-1}",
		 "m.depth: must be from 0 to 4294967295"},
		{&wire_process_message_type, "{\"event\":{\"start\":{\"pid\":-1}}}",
		 "m.event.start.pid: must be from 0 to 4294967295"},
		{&wire_process_message_type, "{\"event\":{\"end\":{\"exitCode\":2147483648}}}",
		 "m.event.end.exitCode: must be from -2147483648 to 2147483647"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		union message message = {0};
		struct sb_error err = {0};

		assert_int_equal(fields_parse(rows[i].type, FIELDS_E2B, rows[i].text,
					      strlen(rows[i].text), "m", &message, &err),
				 -1);
		assert_int_equal(err.code, SB_SANDBOX);
		assert_string_equal(err.text, rows[i].why);
	}
}

/* An agent's words on the end of a command are kept long after it. */
static void test_how_a_command_ended_is_short(void **state)
{
	struct buf text CLEANUP_BUF = {0};
	union message message = {0};
	struct sb_error err = {0};

	(void)state;
	buf_printf(&text, "{\"event\":{\"end\":{\"status\":\"%01025d\"}}}", 0);
	assert_int_equal(fields_parse(&wire_process_message_type, FIELDS_E2B, text.data, text.len,
				      "m", &message, &err),
			 -1);
	assert_string_equal(err.text, "m.event.end.status: must have at most 1024 bytes");
}

static void test_connect_codes_have_statuses(void **state)
{
	static const struct {
		const char *code;
		int status;
	} rows[] = {{"canceled", 499},
		    {"unknown", 500},
		    {"invalid_argument", 400},
		    {"deadline_exceeded", 504},
		    {"not_found", 404},
		    {"already_exists", 409},
		    {"permission_denied", 403},
		    {"resource_exhausted", 429},
		    {"failed_precondition", 400},
		    {"aborted", 409},
		    {"out_of_range", 400},
		    {"unimplemented", 501},
		    {"internal", 500},
		    {"unavailable", 503},
		    {"data_loss", 500},
		    {"unauthenticated", 401},
		    {"nonsense", 500},
		    {"", 500}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(wire_connect_status(rows[i].code), rows[i].status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_come_back),
		cmocka_unit_test(test_other_spellings_are_read),
		cmocka_unit_test(test_absent_is_not_zero),
		cmocka_unit_test(test_what_cannot_be_is_refused),
		cmocka_unit_test(test_how_a_command_ended_is_short),
		cmocka_unit_test(test_connect_codes_have_statuses),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
