/* Base64 both ways; and the comparison of signatures against the plain one. */
#include "config.h"

#include "daemon/e2b/sign.h"
#include "protocol/base64.h"
#include "tests/fuzz/fuzz.h"

static void check_round(const char *data, size_t len)
{
	CLEANUP_BUF struct buf text = {0}, plain = {0};

	base64_encode(&text, data, len);
	FUZZ_CHECK(!text.failed && text.len == BASE64_LEN(len));
	FUZZ_CHECK(base64_decode(&plain, text.data ? text.data : "", text.len) == 0);
	FUZZ_CHECK(plain.len == len && (len == 0 || memcmp(plain.data, data, len) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = fuzz_text(data, size);
	CLEANUP_FREE char *first = fuzz_line(&data, &size);
	CLEANUP_FREE char *second = fuzz_text(data, size);
	CLEANUP_BUF struct buf plain = {0};

	check_round(text, strlen(text));
	if (base64_decode(&plain, text, strlen(text)) == 0)
		check_round(plain.data, plain.len);
	FUZZ_CHECK(!sign_equal(first, second) == (strcmp(first, second) != 0));
	return 0;
}
