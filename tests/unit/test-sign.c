/* Signatures: the vectors of wire §6.8, RFC 4231's for the tokens. */
#include "config.h"

#include "daemon/e2b/sign.h"

#include "tests/unit/unit.h"

#define TOKEN "0tQG31xiMp0IOQfaz9dcwi72L1CPo8e0"

static void test_url_signatures_match_the_wire(void **state)
{
	char text[SIGN_TEXT_SIZE];

	(void)state;
	sign_url("hello.txt", "read", "user", TOKEN, SIGN_NO_EXPIRY, text);
	assert_string_equal(text, "v1_gUtH/s9YCJWgCizjfUxuWfhFE4QSydOWEIIvfLwDr6E");
	sign_url("hello.txt", "read", "user", TOKEN, 1700000000, text);
	assert_string_equal(text, "v1_x1gU0mV8Kid6FIK4Jop2wrli3RLOriJgoanr76XYFKM");
	sign_url("", "write", "", TOKEN, SIGN_NO_EXPIRY, text);
	assert_string_equal(text, "v1_+Ndakv8aCLGD5gjOtfiA7J8PrN3cGaRiZZq/4vOYGKA");
}

static void test_token_is_hmac_sha256_in_hex(void **state)
{
	char text[SIGN_TOKEN_SIZE];

	(void)state;
	sign_token("Jefe", 4, "what do ya want for nothing?", text);
	assert_string_equal(text,
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_equality_knows_lengths_and_null(void **state)
{
	(void)state;
	assert_true(sign_equal("abc", "abc"));
	assert_true(sign_equal("", ""));
	assert_false(sign_equal("abc", "abd"));
	assert_false(sign_equal("abc", "ab"));
	assert_false(sign_equal("ab", "abc"));
	assert_false(sign_equal(NULL, "a"));
	assert_false(sign_equal("a", NULL));
	assert_false(sign_equal(NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url_signatures_match_the_wire),
		cmocka_unit_test(test_token_is_hmac_sha256_in_hex),
		cmocka_unit_test(test_equality_knows_lengths_and_null),
	};

	return cmocka_run_group_tests_name("sign", tests, NULL, NULL);
}
