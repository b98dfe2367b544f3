/* Providers from the configuration: which one is the default, and whose key files are trusted. */
#include "config.h"

#include "daemon/provider.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/http.h"
#include "daemon/configuration.h"
#include "tests/unit/unit.h"

struct fixture {
	struct event_base *base;
	char dir[64];
	char conf[96];
	char key[96];
};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sb_error err = {0};
	char text[512];

	assert_non_null(f);
	assert_int_equal(http_global_init(&err), 0);
	f->base = event_base_new();
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test-provider-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->conf, sizeof(f->conf), "%s/conf", f->dir);
	(void)snprintf(f->key, sizeof(f->key), "%s/key", f->dir);
	(void)snprintf(text, sizeof(text),
		       "[daemon]\nprovider = cloud\nsocket = %s/s\nstate-dir = %s\n"
		       "[provider \"cloud\"]\ntype = e2b\napi-url = https://api.example.org//\n"
		       "domain = example.org\napi-key-file = %s\n",
		       f->dir, f->dir, f->key);
	write_file(f->conf, text);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	(void)unlink(f->conf);
	(void)unlink(f->key);
	assert_int_equal(rmdir(f->dir), 0);
	event_base_free(f->base);
	free(f);
	return 0;
}

static struct providers *open_providers(struct fixture *f, struct sb_error *err)
{
	struct config *config = config_load(f->conf, err);
	struct providers *providers;

	if (!config || config_check(config, err) < 0)
		fail_msg("%s", err->text);
	providers = providers_new(f->base, config, err);
	(void)config_free(config);
	return providers;
}

static void expect_refusal(struct fixture *f, const char *word)
{
	struct sb_error err = {0};

	assert_null(open_providers(f, &err));
	if (err.code != SB_AUTHENTICATION || !strstr(err.text, word) ||
	    !strstr(err.text, "cloud") || !strstr(err.text, f->key))
		fail_msg("no \"%s\" in: %s", word, err.text);
}

static void test_a_cloud_and_its_key(void **state)
{
	struct fixture *f = *state;
	struct sb_error err = {0};
	struct providers *providers;
	struct provider *cloud;

	write_file(f->key, " e2b_0123abcd\n");
	providers = open_providers(f, &err);
	if (!providers)
		fail_msg("%s", err.text);
	cloud = providers_default(providers);
	assert_string_equal(cloud->name, "cloud");
	assert_false(cloud->is_local);
	assert_ptr_equal(providers_get(providers, "cloud", &err), cloud);
	assert_ptr_equal(providers_get(providers, NULL, &err), cloud);
	assert_null(providers_get(providers, "nowhere", &err));
	assert_int_equal(err.code, SB_INVALID_PARAMS);
	assert_string_equal(cloud->upstream.api_url, "https://api.example.org");
	assert_string_equal(cloud->upstream.domain, "example.org");
	assert_string_equal(cloud->upstream.api_key, "e2b_0123abcd");
	assert_null(cloud->upstream.api_unix);
	providers = providers_free(providers);
}

static void test_key_files_that_are_refused(void **state)
{
	struct fixture *f = *state;

	expect_refusal(f, "No such file");
	write_file(f->key, "e2b_00");
	assert_int_equal(chmod(f->key, 0640), 0);
	expect_refusal(f, "0640");
	write_file(f->key, "");
	expect_refusal(f, "no key");
	write_file(f->key, "two words");
	expect_refusal(f, "no key");
	write_file(f->key, "e2b_\x01");
	expect_refusal(f, "no key");
	assert_int_equal(unlink(f->key), 0);
	assert_int_equal(mkfifo(f->key, 0600), 0); /* and nobody waits for a writer */
	expect_refusal(f, "regular");
	if (geteuid() == 0) {
		assert_int_equal(unlink(f->key), 0);
		write_file(f->key, "e2b_00");
		assert_int_equal(chown(f->key, 65534, 65534), 0);
		expect_refusal(f, "65534");
	}
}

struct waiter {
	struct provider_wait wait;
	unsigned count;
};

static void on_ready(struct provider_wait *wait)
{
	container_of(wait, struct waiter, wait)->count++;
}

/* Ready at once, and yet never told from inside. */
static void test_waiting_for_what_is_there(void **state)
{
	struct fixture *f = *state;
	struct waiter told = {.wait.done = on_ready}, cancelled = {.wait.done = on_ready};
	struct sb_error err = {0};
	struct providers *providers;

	write_file(f->key, "e2b_00");
	providers = open_providers(f, &err);
	assert_non_null(providers);
	provider_ready(providers_default(providers), &told.wait);
	provider_ready(providers_default(providers), &cancelled.wait);
	assert_int_equal(told.count, 0);
	provider_wait_cancel(&cancelled.wait);
	provider_wait_cancel(&cancelled.wait);
	assert_int_not_equal(event_base_loop(f->base, EVLOOP_NONBLOCK), -1);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.wait.err.code, SB_OK);
	assert_int_equal(cancelled.count, 0);
	providers = providers_free(providers);
}

#define PROVIDER_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROVIDER_TEST(test_a_cloud_and_its_key),
		PROVIDER_TEST(test_key_files_that_are_refused),
		PROVIDER_TEST(test_waiting_for_what_is_there),
	};

	return cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
