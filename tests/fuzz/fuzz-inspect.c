/* The first bytes of connections, whole and byte after byte: the result is the same. */
#include "config.h"

#include "daemon/local/inspect-name.h"
#include "protocol/cleanup.h"
#include "tests/fuzz/fuzz.h"

static void check(enum inspect_result (*read)(const uint8_t *data, size_t len, char *ret),
		  const uint8_t *data, size_t size)
{
	char name[INSPECT_NAME_SIZE] = "", early[INSPECT_NAME_SIZE];
	enum inspect_result result = read(data, size, name);

	if (result == INSPECT_FOUND) {
		FUZZ_CHECK(*name && strlen(name) < INSPECT_NAME_SIZE - 2);
		FUZZ_CHECK(name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0');
	}
	/* What is known early stays true, whatever follows. */
	for (size_t len = 0; len < size && len < 512; len++) {
		CLEANUP_FREE uint8_t *part = (uint8_t *)fuzz_text(data, len);
		enum inspect_result before = read(part, len, early);

		FUZZ_CHECK(before == INSPECT_MORE || before == result);
		FUZZ_CHECK(before != INSPECT_FOUND || strcmp(early, name) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(inspect_name_of_tls, data, size);
	check(inspect_name_of_http, data, size);
	return 0;
}
