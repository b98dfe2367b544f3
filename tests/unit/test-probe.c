/* The probe of a sandbox's health, and what it says about something that was cut. */
#include "config.h"

#include "daemon/e2b/envd.h"

#include "tests/unit/raw-provider.h"
#include "tests/unit/unit.h"

struct prober {
	struct envd_probe probe;
	bool done;
};

static void on_probed(struct envd_probe *probe)
{
	container_of(probe, struct prober, probe)->done = true;
}

static void test_the_probe_tells_life_from_death(void **state)
{
	static const struct {
		int status;
		enum envd_health health;
		enum sb_code code;
	} rows[] = {{204, ENVD_RUNNING, SB_OK},
		    {200, ENVD_RUNNING, SB_OK},
		    {502, ENVD_NOT_RUNNING, SB_OK},
		    {500, ENVD_UNKNOWN, SB_SANDBOX},
		    {401, ENVD_UNKNOWN, SB_AUTHENTICATION}};
	struct raw_provider *p = *state;
	struct envd_target target = {.upstream = &p->upstream, .sandbox_id = "i1"};
	struct buf answer CLEANUP_BUF = {0};
	struct prober prober;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		prober = (struct prober){.probe = {.done = on_probed}};
		raw_provider_expect(p, raw_answer(&answer, rows[i].status, "", ""));
		if (rows[i].status == 204)
			p->answer = "HTTP/1.1 204 X\r\n\r\n";
		envd_probe_start(&target, &prober.probe, 0);
		run_until(p->base, &prober.done);
		assert_int_equal(prober.probe.health, rows[i].health);
		assert_int_equal(prober.probe.err.code, rows[i].code);
		assert_said(p, "GET /health ");
	}
	prober = (struct prober){.probe = {.done = on_probed}};
	raw_provider_expect(p, NULL);
	envd_probe_start(&target, &prober.probe, 30);
	run_until(p->base, &prober.done);
	assert_int_equal(prober.probe.health, ENVD_UNKNOWN);
	assert_int_equal(prober.probe.err.code, SB_TIMEOUT);
}

static void test_cuts_are_explained(void **state)
{
	struct sb_error err = {0};

	(void)state;
	(void)sb_fail(&err, SB_UPSTREAM_UNAVAILABLE, "the stream broke off");
	envd_cut_explain(ENVD_RUNNING, &err);
	envd_cut_explain(ENVD_UNKNOWN, &err);
	assert_int_equal(err.code, SB_UPSTREAM_UNAVAILABLE);
	envd_cut_explain(ENVD_NOT_RUNNING, &err);
	assert_int_equal(err.code, SB_SANDBOX_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_probe_tells_life_from_death,
						raw_provider_set_up, raw_provider_tear_down),
		cmocka_unit_test(test_cuts_are_explained),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
