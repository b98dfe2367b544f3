/*
 * The registry in memory, on a real store and loop: states, names, owners, deadlines, what is there after a
 * restart, and what a pass of reconciliation decides.
 */
#include "config.h"

#include "daemon/sandbox.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/http.h"
#include "daemon/configuration.h"
#include "daemon/e2b/wire.h"
#include "daemon/provider.h"
#include "daemon/reconcile-private.h"
#include "daemon/registry.h"
#include "daemon/server.h"
#include "tests/unit/unit.h"

#define ID "iabcdefghij0123456789"

static const struct peer owner = {.uid = 12345, .gid = 12345};
static const struct peer other = {.uid = 23456, .gid = 23456};
static const struct peer root = {.uid = 0, .gid = 0};

struct fixture {
	struct server server;
	char dir[64];
	char path[128];
	struct sandbox *ended; /* by the last event */
	struct sandbox *expired;
};

static struct fixture *current;

static void on_ended(struct sandbox *sandbox, const struct sb_error *why)
{
	assert_int_equal(why->code, SB_SANDBOX_NOT_FOUND);
	current->ended = sandbox;
}

static void on_expired(void *arg, struct sandbox *sandbox)
{
	struct fixture *f = arg;

	f->expired = sandbox;
	(void)event_base_loopbreak(f->server.base);
}

static void open_all(struct fixture *f)
{
	struct server *server = &f->server;
	struct sb_error err = {0};

	server->store = store_open(server->base, f->path, &err);
	assert_non_null(server->store);
	server->registry = registry_new(server->base, server->store, server->providers, &err);
	assert_non_null(server->registry);
	*registry_events(server->registry) = (struct registry_events){
		.ended = on_ended, .expired = on_expired, .expired_arg = f};
}

static void close_all(struct fixture *f)
{
	f->server.registry = registry_free(f->server.registry);
	f->server.store = store_close(f->server.store);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sb_error err = {0};

	assert_non_null(f);
	current = f;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test-sandbox-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/registry", f->dir);
	assert_int_equal(http_global_init(&err), 0);
	f->server.base = event_base_new();
	f->server.config = config_load("/dev/null", &err);
	assert_non_null(f->server.config);
	assert_int_equal(config_set(f->server.config, "daemon.state-dir", f->dir, &err), 0);
	assert_int_equal(config_set(f->server.config, "daemon.socket", f->path, &err), 0);
	assert_int_equal(config_check(f->server.config, &err), 0);
	f->server.providers = providers_new(f->server.base, f->server.config, &err);
	if (!f->server.providers)
		fail_msg("%s", err.text);
	open_all(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal"};
	struct fixture *f = *state;
	char path[160];

	close_all(f);
	(void)providers_free(f->server.providers);
	(void)config_free(f->server.config);
	event_base_free(f->server.base);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

/* ---- helpers --------------------------------------------------------------------------------- */

static struct sandbox *try_new(struct fixture *f, const char *name, struct sb_error *err)
{
	struct sandbox_create_params params = {0};
	char text[80];

	(void)snprintf(text, sizeof(text), "%s", name ? name : "");
	params.name = name ? text : NULL;
	return sandbox_new(f->server.registry, &params, providers_default(f->server.providers),
			   &owner, err);
}

static struct sandbox *new_pinned(struct fixture *f, const char *name)
{
	struct sb_error err = {0};
	struct sandbox *sandbox = try_new(f, name, &err);

	assert_non_null(sandbox);
	sandbox_pin(sandbox);
	return sandbox;
}

static void give_id(struct sandbox *sandbox, const char *id)
{
	char text[40], version[] = "0.6.13", token[] = "secret";
	struct wire_sandbox wire = {
		.sandbox_id = text, .envd_version = version, .envd_access_token = token};
	struct sb_error err = {0};

	(void)snprintf(text, sizeof(text), "%s", id);
	assert_int_equal(sandbox_apply(sandbox, &wire, &err), 0);
}

static struct sandbox *new_running(struct fixture *f, const char *name, const char *id)
{
	struct sandbox *sandbox = new_pinned(f, name);

	give_id(sandbox, id);
	sandbox_set_state(sandbox, SANDBOX_RUNNING, NULL, NULL);
	return sandbox;
}

static enum sb_code code_of_get(struct fixture *f, const char *which, const struct peer *peer)
{
	struct sb_error err = {0};
	struct sandbox *sandbox = registry_get(f->server.registry, which, peer, &err);

	assert_int_equal(sandbox == NULL, err.code != SB_OK);
	return err.code;
}

/* ---- states ---------------------------------------------------------------------------------- */

static void test_life_of_a_sandbox(void **state)
{
	struct fixture *f = *state;
	struct sandbox *sandbox = new_pinned(f, "ci");

	assert_int_equal(registry_count(f->server.registry), 0);
	assert_ptr_equal(registry_find(f->server.registry, "ci"), sandbox);
	assert_int_equal(code_of_get(f, "ci", &owner), SB_CONFLICT);
	give_id(sandbox, ID);
	sandbox_set_state(sandbox, SANDBOX_RUNNING, NULL, NULL);
	assert_int_equal(registry_count(f->server.registry), 1);
	assert_int_equal(code_of_get(f, "ci", &owner), SB_OK);
	assert_int_equal(code_of_get(f, ID, &owner), SB_OK);
	sandbox_set_state(sandbox, SANDBOX_PAUSED, NULL, NULL);
	assert_int_equal(code_of_get(f, ID, &owner), SB_CONFLICT);
	assert_int_equal(registry_count(f->server.registry), 1);
	sandbox_set_state(sandbox, SANDBOX_KILLING, NULL, NULL);
	assert_int_equal(code_of_get(f, ID, &owner), SB_SANDBOX_NOT_FOUND);
	assert_int_equal(registry_count(f->server.registry), 0);
	sandbox_set_state(sandbox, SANDBOX_ENDED, "killed", NULL);
	assert_ptr_equal(f->ended, sandbox);
	assert_null(registry_find(f->server.registry, "ci"));
	assert_null(registry_find(f->server.registry, ID));
	assert_null(sandbox->row.access_token);
	sandbox_unpin(sandbox);
	assert_null(registry_next(f->server.registry, NULL));
}

static void test_owners(void **state)
{
	struct fixture *f = *state;
	const struct peer self = {.uid = geteuid()};
	struct sandbox *sandbox = new_running(f, "ci", ID);

	assert_int_equal(code_of_get(f, "ci", &owner), SB_OK);
	assert_int_equal(code_of_get(f, "ci", &other), SB_PERMISSION);
	assert_int_equal(code_of_get(f, "ci", &root), SB_OK);
	assert_int_equal(code_of_get(f, "ci", &self), SB_OK);
	assert_int_equal(code_of_get(f, "nobody", &other), SB_SANDBOX_NOT_FOUND);
	sandbox_unpin(sandbox);
}

static void test_names(void **state)
{
	static const char *const bad[] = {"1a", "-a", "a b", "a/b", "\xc3\xa9", "a\n"};
	struct fixture *f = *state;
	struct sandbox *first = new_running(f, "ci", ID);
	struct sandbox *second;
	struct sb_error err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_null(try_new(f, bad[i], &err));
		assert_int_equal(err.code, SB_INVALID_PARAMS);
		sb_clear(&err);
	}
	assert_null(try_new(f, "ci", &err));
	assert_int_equal(err.code, SB_CONFLICT);
	/* One that is being killed gives its name to whoever wants it, and is found by it until then. */
	sandbox_set_state(first, SANDBOX_KILLING, NULL, NULL);
	assert_ptr_equal(registry_find(f->server.registry, "ci"), first);
	second = new_pinned(f, "ci");
	assert_ptr_equal(registry_find(f->server.registry, "ci"), second);
	sandbox_set_state(first, SANDBOX_ENDED, "killed", NULL);
	sandbox_unpin(first);
	assert_ptr_equal(registry_find(f->server.registry, "ci"), second);
	sandbox_unpin(second);
}

/* Somebody calls his sandbox by the id of another: the id wins. */
static void test_a_name_hides_no_id(void **state)
{
	struct fixture *f = *state;
	struct sandbox *named = new_pinned(f, ID);
	struct sandbox *sandbox = new_running(f, NULL, ID);

	assert_ptr_equal(registry_find(f->server.registry, ID), sandbox);
	sandbox_unpin(named);
	sandbox_unpin(sandbox);
}

static void test_newest_first(void **state)
{
	struct fixture *f = *state;
	struct sandbox *a = new_pinned(f, "a"), *b = new_pinned(f, "b");

	assert_ptr_equal(registry_next(f->server.registry, NULL), b);
	assert_ptr_equal(registry_next(f->server.registry, b), a);
	assert_null(registry_next(f->server.registry, a));
	sandbox_unpin(a);
	sandbox_unpin(b);
}

struct watcher {
	struct sandbox_watch watch;
	unsigned count;
};

static void on_change(struct sandbox_watch *watch)
{
	container_of(watch, struct watcher, watch)->count++;
}

static void test_watches_are_told_once(void **state)
{
	struct fixture *f = *state;
	struct sandbox *sandbox = new_running(f, NULL, ID);
	struct watcher told = {.watch.on_change = on_change};
	struct watcher gone = {.watch.on_change = on_change};

	sandbox_watch(sandbox, &told.watch);
	sandbox_watch(sandbox, &gone.watch);
	sandbox_unwatch(&gone.watch);
	sandbox_set_state(sandbox, SANDBOX_KILLING, NULL, NULL);
	sandbox_set_state(sandbox, SANDBOX_ENDED, "killed", NULL);
	assert_int_equal(told.count, 1);
	assert_int_equal(gone.count, 0);
	sandbox_unwatch(&told.watch);
	sandbox_unpin(sandbox);
}

/* ---- deadlines ------------------------------------------------------------------------------- */

static void test_deadlines_are_told(void **state)
{
	struct fixture *f = *state;
	struct sandbox *late = new_running(f, "late", ID);
	struct sandbox *sandbox = new_running(f, "soon", "ibbbbbbbbbbbbbbbbbbbb");

	sandbox_set_end(late, clock_wall_us() + INT64_C(3600) * 1000000);
	sandbox_set_end(sandbox, clock_wall_us() + 20000);
	assert_int_not_equal(event_base_dispatch(f->server.base), -1);
	assert_ptr_equal(f->expired, sandbox);
	assert_true(clock_wall_us() >= sandbox->row.end_us - 5000);
	sandbox_recheck(late, 1);
	assert_int_not_equal(event_base_dispatch(f->server.base), -1);
	assert_ptr_equal(f->expired, late);
	/* Not its deadline, then: somebody else did it. */
	sandbox_set_gone(late);
	assert_string_equal(late->row.ended_cause, "provider");
	sandbox_set_gone(sandbox);
	assert_string_equal(sandbox->row.ended_cause, "timeout");
	sandbox_unpin(late);
	sandbox_unpin(sandbox);
}

static void test_what_the_provider_tells(void **state)
{
	struct fixture *f = *state;
	struct sandbox *sandbox = new_running(f, "ci", ID);
	char paused[] = "paused", running[] = "running", end[] = "2030-01-01T00:00:00Z";
	struct wire_sandbox_info info = {.end_at = end, .state = paused, .cpu_count = 2};
	struct sandbox_info filled;
	struct sb_error err = {0};

	assert_int_equal(string_map_add(&info.metadata, SANDBOX_LABEL, "x"), 0);
	assert_int_equal(sandbox_apply_info(sandbox, &info, &err), 0);
	assert_int_equal(sandbox->state, SANDBOX_PAUSED);
	sandbox_info_fill(sandbox, &filled);
	assert_string_equal(filled.state, "paused");
	assert_string_equal(filled.sandbox_id, ID);
	assert_int_equal(filled.cpu_count, 2);
	assert_int_equal(filled.metadata.count, 0); /* our label is not the user's */
	assert_true(strncmp(filled.end_at, "2030-01-01T00:00:00", 19) == 0);
	info.state = running;
	sandbox_set_state(sandbox, SANDBOX_KILLING, NULL, NULL);
	assert_int_equal(sandbox_apply_info(sandbox, &info, &err), 0);
	assert_int_equal(sandbox->state, SANDBOX_KILLING); /* nothing brings it back */
	string_map_free(&info.metadata);
	sandbox_unpin(sandbox);
}

/* ---- restart and reconciliation -------------------------------------------------------------- */

static void test_all_is_there_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct sandbox *creating = new_pinned(f, "creating");
	struct sandbox *sandbox = new_running(f, "running", ID);
	struct sandbox *killing = new_running(f, "killing", "icccccccccccccccccccc");
	struct sandbox *ended = new_running(f, "ended", "idddddddddddddddddddd");

	sandbox_save(creating, NULL);
	sandbox->row.end_us = clock_wall_us() + 1000000;
	sandbox_save(sandbox, NULL);
	sandbox_set_state(killing, SANDBOX_KILLING, NULL, NULL);
	sandbox_set_state(ended, SANDBOX_ENDED, "killed", NULL);
	close_all(f);
	open_all(f);
	assert_int_equal(registry_find(f->server.registry, "creating")->state, SANDBOX_CREATING);
	sandbox = registry_find(f->server.registry, "running");
	assert_int_equal(sandbox->state, SANDBOX_RUNNING);
	assert_string_equal(sandbox->row.access_token, "secret");
	assert_int_equal(sandbox->row.uid, owner.uid);
	assert_ptr_equal(registry_find(f->server.registry, ID), sandbox);
	assert_int_equal(registry_find(f->server.registry, "killing")->state, SANDBOX_KILLING);
	assert_null(registry_find(f->server.registry, "ended"));
	assert_int_equal(registry_count(f->server.registry), 1);
}

static void test_what_a_pass_decides(void **state)
{
	struct fixture *f = *state;
	const uint64_t pass = 7;
	struct sandbox *sandbox = new_pinned(f, "ci");
	int64_t now = sandbox->row.created_us;
	int64_t later = now + INT64_C(3600) * 1000000;

	/* without an id: it may still turn up, for a while; not while its create is at work */
	assert_int_equal(pass_judge(sandbox, pass, now), PASS_NOTHING);
	assert_int_equal(pass_judge(sandbox, pass, later), PASS_FORGET);
	sandbox->is_creating = true;
	assert_int_equal(pass_judge(sandbox, pass, later), PASS_NOTHING);
	sandbox->is_creating = false;
	/* its id was found by its label */
	give_id(sandbox, ID);
	assert_int_equal(pass_judge(sandbox, pass, later), PASS_ASK);
	/* there, seen by this pass or not */
	sandbox_set_state(sandbox, SANDBOX_RUNNING, NULL, NULL);
	assert_int_equal(pass_judge(sandbox, pass, now), PASS_ASK);
	sandbox->is_checking = true;
	assert_int_equal(pass_judge(sandbox, pass, now), PASS_NOTHING);
	sandbox->is_checking = false;
	sandbox->pass = pass;
	assert_int_equal(pass_judge(sandbox, pass, now), PASS_NOTHING);
	assert_int_equal(pass_judge(sandbox, pass + 1, now), PASS_ASK);
	/* to be killed, seen or not */
	sandbox_set_state(sandbox, SANDBOX_KILLING, NULL, NULL);
	assert_int_equal(pass_judge(sandbox, pass, now), PASS_KILL);
	sandbox_set_state(sandbox, SANDBOX_ENDED, "killed", NULL);
	assert_int_equal(pass_judge(sandbox, pass, now), PASS_NOTHING);
	sandbox_unpin(sandbox);
}

static void test_labels_name_lost_creates_only(void **state)
{
	struct fixture *f = *state;
	struct sandbox *sandbox = new_pinned(f, "ci");
	struct provider *provider = providers_default(f->server.providers);
	struct wire_sandbox_info info = {0};

	assert_null(pass_find_label(&f->server, provider, &info));
	assert_int_equal(string_map_add(&info.metadata, SANDBOX_LABEL, "of another daemon"), 0);
	assert_null(pass_find_label(&f->server, provider, &info));
	string_map_free(&info.metadata);
	assert_int_equal(string_map_add(&info.metadata, SANDBOX_LABEL, sandbox->row.label), 0);
	assert_ptr_equal(pass_find_label(&f->server, provider, &info), sandbox);
	give_id(sandbox, ID);
	assert_null(pass_find_label(&f->server, provider, &info));
	string_map_free(&info.metadata);
	sandbox_unpin(sandbox);
}

#define SANDBOX_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SANDBOX_TEST(test_life_of_a_sandbox),
		SANDBOX_TEST(test_owners),
		SANDBOX_TEST(test_names),
		SANDBOX_TEST(test_a_name_hides_no_id),
		SANDBOX_TEST(test_newest_first),
		SANDBOX_TEST(test_watches_are_told_once),
		SANDBOX_TEST(test_deadlines_are_told),
		SANDBOX_TEST(test_what_the_provider_tells),
		SANDBOX_TEST(test_all_is_there_after_a_restart),
		SANDBOX_TEST(test_what_a_pass_decides),
		SANDBOX_TEST(test_labels_name_lost_creates_only),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
