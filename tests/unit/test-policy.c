/* Network policies: what is accepted, and what it allows (wire §1.12). */
#include "config.h"

#include "daemon/local/policy.h"

#include <string.h>

#include "daemon/e2b/wire.h"
#include "tests/unit/unit.h"

#define ADDRESS(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static void test_entries(void **state)
{
	static const struct {
		const char *text;
		enum policy_entry entry;
		uint32_t address;
		unsigned prefix;
	} rows[] = {
		{"1.2.3.4", POLICY_RANGE, ADDRESS(1, 2, 3, 4), 32},
		{"0.0.0.0/0", POLICY_RANGE, 0, 0},
		{"10.1.2.3/8", POLICY_RANGE, ADDRESS(10, 0, 0, 0), 8},
		{"255.255.255.255/32", POLICY_RANGE, UINT32_MAX, 32},
		{"::1", POLICY_RANGE6, 0, 0},
		{"fd00::/8", POLICY_RANGE6, 0, 0},
		{"example.com", POLICY_DOMAIN, 0, 0},
		{"*.example.com", POLICY_DOMAIN, 0, 0},
		{"x", POLICY_DOMAIN, 0, 0},
		{"a-b.xn--p1ai", POLICY_DOMAIN, 0, 0},
		{"", POLICY_NOTHING, 0, 0},
		{"*", POLICY_NOTHING, 0, 0},
		{"*.", POLICY_NOTHING, 0, 0},
		{"a.*.b", POLICY_NOTHING, 0, 0},
		{"1.2.3", POLICY_NOTHING, 0, 0},
		{"1.2.3.256", POLICY_NOTHING, 0, 0},
		{"1.2.3.4/33", POLICY_NOTHING, 0, 0},
		{"1.2.3.4/", POLICY_NOTHING, 0, 0},
		{"1.2.3.4/08", POLICY_NOTHING, 0, 0},
		{"1.2.3.4/-1", POLICY_NOTHING, 0, 0},
		{"::1/129", POLICY_NOTHING, 0, 0},
		{"example.com/8", POLICY_NOTHING, 0, 0},
		{"exa mple.com", POLICY_NOTHING, 0, 0},
		{"a..b", POLICY_NOTHING, 0, 0},
		{"-a.com", POLICY_NOTHING, 0, 0},
		{"a.com.", POLICY_NOTHING, 0, 0},
		{"ex\xc3\xa4mple.com", POLICY_NOTHING, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy_range range = {0};

		if (policy_entry(rows[i].text, &range) != rows[i].entry)
			fail_msg("'%s'", rows[i].text);
		if (rows[i].entry != POLICY_RANGE)
			continue;
		assert_int_equal(range.address, rows[i].address);
		assert_int_equal(range.prefix, rows[i].prefix);
	}
}

/* A policy from the text of a `network` object. */
static enum sb_code make(const char *json, bool has_internet, bool is_secure, struct policy *ret)
{
	struct wire_network network = {0};
	struct sb_error err = {0};

	assert_int_equal(fields_parse(&wire_network_type, FIELDS_E2B, json, strlen(json), "network",
				      &network, &err),
			 0);
	if (policy_make(&network, has_internet, is_secure, ret, &err) < 0)
		assert_int_not_equal(err.code, SB_OK);
	fields_free(&wire_network_type, &network);
	return err.code;
}

static void test_refusals(void **state)
{
	static const struct {
		const char *json;
		enum sb_code code;
	} rows[] = {
		{"{}", SB_OK},
		{"{\"denyOut\":[\"example.com\"]}", SB_INVALID_ARGUMENT},
		{"{\"denyOut\":[\"\"]}", SB_INVALID_ARGUMENT},
		{"{\"allowOut\":[\"a b\"]}", SB_INVALID_ARGUMENT},
		{"{\"allowOut\":[\"example.com\"]}", SB_INVALID_ARGUMENT},
		{"{\"allowOut\":[\"example.com\"],\"denyOut\":[\"1.0.0.0/8\"]}",
		 SB_INVALID_ARGUMENT},
		{"{\"allowOut\":[\"*.example.com\",\"1.1.1.1\"],\"denyOut\":[\"0.0.0.0/0\"]}",
		 SB_OK},
		{"{\"allowPublicTraffic\":false}", SB_INVALID_ARGUMENT},
		{"{\"maskRequestHost\":\"local:${PORT}\"}", SB_OK},
		{"{\"maskRequestHost\":\"\"}", SB_INVALID_ARGUMENT},
		{"{\"maskRequestHost\":\"a b\"}", SB_INVALID_ARGUMENT},
		{"{\"maskRequestHost\":\"a\\r\\nX: y\"}", SB_INVALID_ARGUMENT},
		{"{\"maskRequestHost\":\"h\xc3\xb6st\"}", SB_INVALID_ARGUMENT},
		{"{\"rules\":{\"a.com\":[]}}", SB_PERMISSION},
		{"{\"rules\":{}}", SB_OK},
		{"{\"egressProxy\":{\"address\":\"a:1\"}}", SB_PERMISSION},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy policy = {0};

		if (make(rows[i].json, true, false, &policy) != rows[i].code)
			fail_msg("%s", rows[i].json);
		policy_deinit(&policy);
	}
}

static void test_private(void **state)
{
	struct policy policy = {0};

	(void)state;
	assert_int_equal(make("{\"allowPublicTraffic\":false}", true, true, &policy), SB_OK);
	assert_true(policy.is_private && policy_is_open(&policy));
	policy_deinit(&policy);
}

static void test_addresses(void **state)
{
	const uint32_t one = ADDRESS(1, 1, 1, 1), lan = ADDRESS(10, 2, 3, 4);
	struct policy policy = {0};

	(void)state;
	assert_false(policy_allows_address(&policy, one)); /* zeroed is closed */
	assert_true(policy_is_closed(&policy) && policy_denies_by_default(&policy));

	assert_int_equal(make("{}", true, false, &policy), SB_OK);
	assert_true(policy_is_open(&policy) && policy_allows_address(&policy, lan));

	assert_int_equal(make("{\"denyOut\":[\"10.0.0.0/8\"]}", true, false, &policy), SB_OK);
	assert_true(policy_allows_address(&policy, one) && !policy_allows_address(&policy, lan));
	assert_false(policy_is_open(&policy) || policy_denies_by_default(&policy));
	policy_deinit(&policy);

	assert_int_equal(make("{\"allowOut\":[\"10.2.0.0/16\"],\"denyOut\":[\"10.0.0.0/8\"]}", true,
			      false, &policy),
			 SB_OK);
	assert_true(policy_allows_address(&policy, lan));
	assert_false(policy_allows_address(&policy, ADDRESS(10, 3, 0, 0)));
	policy_deinit(&policy);

	/* No internet is a deny of everything, whatever denyOut says; allowOut still wins. */
	assert_int_equal(make("{\"allowOut\":[\"1.1.1.1\"],\"denyOut\":[\"9.9.9.9\"]}", false,
			      false, &policy),
			 SB_OK);
	assert_true(policy_allows_address(&policy, one) && !policy_allows_address(&policy, lan));
	assert_false(policy_is_closed(&policy));
	policy_deinit(&policy);
}

static void test_domains(void **state)
{
	struct policy policy = {0};

	(void)state;
	assert_int_equal(make("{\"allowOut\":[\"a.example\",\"*.Wild.example\",\"1.1.1.1\"],"
			      "\"denyOut\":[\"0.0.0.0/0\"]}",
			      true, false, &policy),
			 SB_OK);
	assert_true(policy_has_domains(&policy));
	assert_true(policy_allows_domain(&policy, "A.Example."));
	assert_true(policy_allows_domain(&policy, "x.y.wild.example"));
	assert_false(policy_allows_domain(&policy, "wild.example"));
	assert_false(policy_allows_domain(&policy, "notwild.example"));
	assert_false(policy_allows_domain(&policy, "b.a.example"));
	assert_false(policy_allows_domain(&policy, "1.1.1.1"));
	assert_false(policy_allows_domain(&policy, ""));
	assert_false(policy_allows_domain(&policy, "."));
	policy_deinit(&policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_private), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
