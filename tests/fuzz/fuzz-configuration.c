/* The configuration file. */
#include "config.h"

#include <stdio.h>
#include <sys/mman.h>

#include "daemon/configuration.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FD int fd = memfd_create("configuration", MFD_CLOEXEC);
	struct sb_error err = {0};
	struct config *config;
	char path[32];

	FUZZ_CHECK(fd >= 0 && (size == 0 || write(fd, data, size) == (ssize_t)size));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config = config_load(path, &err);
	FUZZ_CHECK((config == NULL) == (err.code != SB_OK));
	if (config) {
		(void)!config_check(config, &err);
		(void)!config_reload(config, &(struct sb_error){0});
	}
	config_free(config);
	return 0;
}
