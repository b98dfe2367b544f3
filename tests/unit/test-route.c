/* Routing at the sandbox proxy: the rules of wire §2.1 and §2.3. */
#include "config.h"

#include "daemon/local/route.h"

#include <string.h>

#include "tests/unit/unit.h"

#define ID "iabcdefghij0123456789"

static void test_routes(void **state)
{
	static const struct {
		const char *host, *id, *port;
		enum route_result result;
		const char *want_id;
		unsigned want_port;
	} cases[] = {
		{"49983-" ID ".e2b.app", NULL, NULL, ROUTE_FOUND, ID, 49983},
		{"3000-" ID "-client0.x.localhost:8443", NULL, NULL, ROUTE_FOUND, ID, 3000},
		{"3000-IABC.Example", NULL, NULL, ROUTE_FOUND, "iabc", 3000},
		{"localhost", ID, "49983", ROUTE_FOUND, ID, 49983},
		{"localhost:3002", ID, "80", ROUTE_FOUND, ID, 80},
		{"127.0.0.1:9000", ID, "80", ROUTE_FOUND, ID, 80},
		{"[::1]:9000", ID, "80", ROUTE_FOUND, ID, 80},
		{"::1", ID, "80", ROUTE_FOUND, ID, 80},
		{"sandbox.e2b.app", ID, "80", ROUTE_FOUND, ID, 80},
		/* The headers do not count where the host names a sandbox. */
		{"80-iother.e2b.app", ID, "49983", ROUTE_FOUND, "iother", 80},
		{"api.e2b.app", ID, "80", ROUTE_INVALID_HOST, NULL, 0},
		{"sandbox.", ID, "80", ROUTE_INVALID_HOST, NULL, 0},
		{"localhost", NULL, NULL, ROUTE_INVALID_HOST, NULL, 0},
		{"localhost", "", "", ROUTE_INVALID_HOST, NULL, 0},
		{"80-" ID, NULL, NULL, ROUTE_INVALID_HOST, NULL, 0},
		{"", NULL, NULL, ROUTE_INVALID_HOST, NULL, 0},
		{NULL, ID, "80", ROUTE_INVALID_HOST, NULL, 0},
		{"localhost", ID, NULL, ROUTE_MISSING_HEADER, NULL, 0},
		{"10.0.0.1", NULL, "80", ROUTE_MISSING_HEADER, NULL, 0},
		{"localhost", "../x", "80", ROUTE_INVALID_ID, NULL, 0},
		{"localhost", "I", "80", ROUTE_INVALID_ID, NULL, 0},
		{"80-.e2b.app", NULL, NULL, ROUTE_INVALID_ID, NULL, 0},
		{"localhost", ID, "http", ROUTE_INVALID_PORT, NULL, 0},
		{"localhost", ID, "0", ROUTE_INVALID_PORT, NULL, 0},
		{"localhost", ID, "65536", ROUTE_INVALID_PORT, NULL, 0},
		{"localhost", ID, "99999999999999999999", ROUTE_INVALID_PORT, NULL, 0},
		{"x-" ID ".e2b.app", NULL, NULL, ROUTE_INVALID_PORT, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct route route = {0};

		assert_int_equal(route_find(cases[i].host, cases[i].id, cases[i].port, &route),
				 cases[i].result);
		if (cases[i].result != ROUTE_FOUND)
			continue;
		assert_string_equal(route.id, cases[i].want_id);
		assert_int_equal(route.port, cases[i].want_port);
	}
}

static void test_a_host_too_long_is_refused(void **state)
{
	char host[600];
	struct route route;

	(void)state;
	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	assert_int_equal(route_find(host, ID, "80", &route), ROUTE_INVALID_HOST);
}

static void test_reserved_paths(void **state)
{
	static const struct {
		const char *path, *clean;
		bool is_reserved;
	} cases[] = {
		{"/init", "/init", true},
		{"/init/", "/init", true},
		{"//x/..//init", "/init", true},
		{"/%69nit", "/init", true},
		{"/a/%2E%2e/init", "/init", true},
		{"/../../freeze", "/freeze", true},
		{"/./upgrade", "/upgrade", true},
		{"/fsthaw", "/fsthaw", true},
		{"/initial", "/initial", false},
		{"/files/init", "/files/init", false},
		{"/", "/", false},
		{"", "/", false},
		{"/a/b/../c", "/a/c", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf clean CLEANUP_BUF = {0};

		assert_int_equal(route_is_reserved(cases[i].path, &clean), cases[i].is_reserved);
		assert_string_equal(clean.data, cases[i].clean);
	}
}

static void test_navigations(void **state)
{
	const char *browser = "Mozilla/5.0 (X11)";

	(void)state;
	assert_true(route_is_navigation(browser, "text/html,*/*", "navigate", NULL));
	assert_true(route_is_navigation(browser, NULL, NULL, NULL));
	assert_true(route_is_navigation(browser, "application/json, text/html", NULL, NULL));
	assert_true(route_is_navigation(browser, NULL, "navigate", "XMLHttpRequest"));
	assert_false(route_is_navigation(NULL, NULL, NULL, NULL));
	assert_false(route_is_navigation("curl/8", "text/html", NULL, NULL));
	assert_false(route_is_navigation(browser, "application/json", NULL, NULL));
	assert_false(route_is_navigation(browser, NULL, "cors", NULL));
	assert_false(route_is_navigation(browser, NULL, NULL, "XMLHttpRequest"));
}

static void test_targets(void **state)
{
	static const char *const bad[] = {"",        "*",      "@x/init", "http://a/init",
					  ":1/init", ".evil/", "/init#",  "/init#/x",
					  "/a b",    "/a\tb",  "/\x7f",   "\\init"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(route_is_target(bad[i], ""));
	assert_false(route_is_target("/", "a#b"));
	assert_true(route_is_target("/", ""));
	assert_true(route_is_target("//a/../%23@:\xc3\xa9", "x=y&@?/%20"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_a_host_too_long_is_refused),
		cmocka_unit_test(test_reserved_paths),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_navigations),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
