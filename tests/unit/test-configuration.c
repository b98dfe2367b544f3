/* The configuration: what is taken, what is refused and how it says so. */
#include "config.h"

#include "daemon/configuration.h"

#include <string.h>

#include "tests/unit/unit.h"

static char path[] = "/tmp/test-configuration.XXXXXX";

static void write_file(const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static struct config *load(const char *text)
{
	struct sb_error err = {0};
	struct config *config;

	write_file(text);
	config = config_load(path, &err);
	if (!config)
		fail_msg("%s", err.text);
	if (config_set(config, "daemon.socket", "/tmp/x/s.sock", &err) < 0 ||
	    config_set(config, "daemon.state-dir", "/tmp/x/state", &err) < 0 ||
	    config_check(config, &err) < 0)
		fail_msg("%s", err.text);
	return config;
}

static void test_defaults_and_what_follows(void **state)
{
	struct config *config = load("");

	(void)state;
	assert_string_equal(config->socket_path, "/tmp/x/s.sock");
	assert_string_equal(config->runtime_dir, "/tmp/x");
	assert_string_equal(config->engine_dir, "/tmp/x/engine");
	assert_string_equal(config->log_level, "info");
	assert_int_equal(config->provider_count, 1);
	assert_string_equal(config->providers[0].name, "local");
	assert_int_equal(config->providers[0].type, PROVIDER_LOCAL);
	assert_int_equal(config->spool_command_bytes, 64 << 20);
	assert_int_equal(config->engine_memory_bytes, CONFIG_AUTO);
	(void)config_free(config);
}

static void test_values_and_units(void **state)
{
	struct config *config =
		load("# comment\n[daemon]\nclients-max = 7\nspool-total = 2G ; note\n"
		     "spool-retention=10m\nprovider = cloud\n"
		     "[engine]\nmemory-limit = 2G\npids-limit = 0\ncpu-limit = auto\n"
		     "[provider \"cloud\"]\ntype = e2b\napi-key-file = key\n"
		     "[provider \"own\"]\ndomain = example.org\napi-key-file = /k\n");

	(void)state;
	assert_int_equal(config->clients_max, 7);
	assert_true(config->spool_total_bytes == 2LL << 30);
	assert_int_equal(config->spool_retention_s, 600);
	assert_true(config->engine_memory_bytes == 2LL << 30);
	assert_int_equal(config->engine_pids, 0);
	assert_int_equal(config->engine_cpu_percent, CONFIG_AUTO);
	assert_int_equal(config->provider_count, 3);
	assert_string_equal(config->providers[0].domain, "e2b.app");
	assert_string_equal(config->providers[0].api_url, "https://api.e2b.app");
	assert_string_equal(config->providers[1].api_url, "https://api.example.org");
	(void)config_free(config);
}

static void test_mistakes_are_named(void **state)
{
	static const struct {
		const char *text, *words;
	} files[] = {
		{"[daemon]\n\nclient-max = 3\n",
		 ":3: no key client-max in [daemon]; did you mean clients-max?"},
		{"[deamon]\nsocket = /x\n", ":1: no section [deamon]; did you mean [daemon]?"},
		{"[daemon]\n[egnine]\n", ":2: no section [egnine]; did you mean [engine]?"},
		{"[porvider \"x\"]\n", ":1: no section [porvider \"x\"]"},
		{"[elephant]\n", "there are [daemon], [engine] and [provider \"NAME\"]"},
		{"clients-max = 3\n", ":1: clients-max: must stand in a section"},
		{"[daemon]\nfavourite-colour = red\n", ":2: no key favourite-colour in [daemon]: "
						       "there are socket, socket-mode, "},
		{"[engine]\nlog-level = debug\n",
		 ":2: no key log-level in [engine]; it belongs into [daemon]"},
		{"[daemon]\nwhat is this\n[deamon]\n", ":2: neither"},
		{"[daemon]\nclients-max = 0\n", "must be at least 1"},
		{"[daemon]\nclients-max = -1\n", "must be a number"},
		{"[daemon]\nclients-max = many\n", "must be a number"},
		{"[daemon]\nclients-max = 99999999999999999999\n", "must be a number"},
		{"[daemon]\nspool-total = 5X\n", "must be a size"},
		{"[engine]\nmemory-limit = much\n",
		 "must be a size such as 512K, 64M or 4G, or auto"},
		{"[daemon]\nspool-total = auto\n", "must be a size"},
		{"[daemon]\nspool-total = 9999999999T\n", "must be a size"},
		{"[daemon]\nspool-retention = 5M\n", "must be a time"},
		{"[daemon]\nsocket = relative\n", "absolute path"},
		{"[daemon]\nsocket-mode = 0999\n", "octal"},
		{"[daemon]\nlog-level = loud\n", "error, warning, info or debug"},
		{"[daemon]\nnonsense\n", ":2: neither"},
		{"[provider]\ntype = e2b\n", "[provider \"NAME\"]"},
		{"[provider \"a b\"]\ntype = e2b\n", "[provider \"NAME\"]"},
		{"[provider \"a\"]\ntype = e3b\n", "must be local or e2b"},
		{"[daemon\nsocket = /x\n", ":1: neither"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct sb_error err = {0};

		write_file(files[i].text);
		assert_null(config_load(path, &err));
		if (!strstr(err.text, files[i].words) || strncmp(err.text, path, strlen(path)) != 0)
			fail_msg("said \"%s\" instead of \"%s\"", err.text, files[i].words);
	}
}

static void assert_check_fails(const char *text, const char *words)
{
	struct sb_error err = {0};
	struct config *config;

	write_file(text);
	config = config_load(path, &err);
	assert_non_null(config);
	assert_int_equal(config_set(config, "daemon.socket", "/tmp/x/s.sock", &err), 0);
	assert_int_equal(config_check(config, &err), -1);
	assert_non_null(strstr(err.text, words));
	(void)config_free(config);
}

static void test_the_whole_is_checked(void **state)
{
	(void)state;
	assert_check_fails("[daemon]\nprovider = cloud\n",
			   ":2: provider: there is no [provider \"cloud\"]");
	assert_check_fails("[daemon]\n\nprovider = clod\n"
			   "[provider \"cloud\"]\napi-key-file = k\n",
			   ":3: provider: there is no [provider \"clod\"]; did you mean cloud?");
	assert_check_fails("[daemon]\n[provider \"cloud\"]\ntype = e2b\n",
			   ":2: provider \"cloud\": api-key-file is missing");
	assert_check_fails("[provider \"c\"]\n", "api-key-file is missing");
	assert_check_fails("[provider \"c\"]\nsandbox-url = http://x\napi-key-file = k\n",
			   ":1: provider \"c\": api-url and domain are missing");
}

static void test_a_missing_file_is_an_error_when_named(void **state)
{
	struct sb_error err = {0};

	(void)state;
	assert_null(config_load("/nonexistent/sandpoold.conf", &err));
	assert_non_null(strstr(err.text, "/nonexistent/sandpoold.conf"));
}

static void test_what_is_printed_can_be_read(void **state)
{
	struct config *config = load("[daemon]\nspool-command = 3M\n[provider \"cloud\"]\n"
				     "api-key-file = key\nproxy = http://p:1\n");
	struct sb_error err = {0};
	char *printed[2] = {NULL, NULL};
	size_t size;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(printed); i++) {
		FILE *out = open_memstream(&printed[i], &size);

		assert_non_null(out);
		config_print(config, out);
		assert_int_equal(fclose(out), 0);
		(void)config_free(config);
		write_file(printed[i]);
		config = config_load(path, &err);
		if (!config || config_check(config, &err) < 0)
			fail_msg("%s", err.text);
	}
	assert_non_null(strstr(printed[0], "spool-command = 3M\n"));
	assert_string_equal(printed[0], printed[1]);
	free(printed[0]);
	free(printed[1]);
	(void)config_free(config);
}

static void test_reloading(void **state)
{
	struct config *config = load("[daemon]\nclients-max = 5\nlog-level = error\n");
	struct sb_error err = {0};

	(void)state;
	write_file("[daemon]\nclients-max = 6\nlog-level = loud\n");
	assert_int_equal(config_reload(config, &err), -1);
	assert_non_null(strstr(err.text, ":3: log-level"));
	assert_int_equal(config->clients_max, 5);
	sb_clear(&err);
	write_file("[daemon]\nclients-max = 6\nsocket = /other\n");
	assert_int_equal(config_reload(config, &err), 0);
	assert_int_equal(config->clients_max, 6);
	assert_string_equal(config->log_level, "info");
	assert_string_equal(config->socket_path, "/tmp/x/s.sock"); /* the command line wins */
	write_file("[daemon]\nclients-max = 7\nprovider = clod\n"
		   "[provider \"cloud\"]\napi-key-file = k\n");
	assert_int_equal(config_reload(config, &err), -1);
	assert_int_equal(config->clients_max, 6);
	assert_int_equal(config->provider_count, 1);
	sb_clear(&err);
	(void)config_free(config);
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	return close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_and_what_follows),
		cmocka_unit_test(test_values_and_units),
		cmocka_unit_test(test_mistakes_are_named),
		cmocka_unit_test(test_the_whole_is_checked),
		cmocka_unit_test(test_a_missing_file_is_an_error_when_named),
		cmocka_unit_test(test_what_is_printed_can_be_read),
		cmocka_unit_test(test_reloading),
	};

	return cmocka_run_group_tests_name("configuration", tests, set_up, tear_down);
}
