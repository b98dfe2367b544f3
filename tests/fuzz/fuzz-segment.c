/* Files of a spool as a crash or a bad disk may leave them. */
#include "config.h"

#include <stdio.h>
#include <sys/mman.h>

#include "daemon/segment.h"
#include "tests/fuzz/fuzz.h"

/* Every record once, in order, as a reader of the spool goes through them. */
static void check_read(const char *path, int64_t offset)
{
	CLEANUP_FREE char *buf = malloc(SEGMENT_BUFFER);
	off_t position = 0;
	ssize_t len;

	FUZZ_CHECK(buf);
	while ((len = segment_read(path, offset, &position, buf)) > 0) {
		struct segment_head head;

		FUZZ_CHECK((size_t)len <= SEGMENT_BUFFER);
		if (segment_head_read(buf, (size_t)len, &head) < 0)
			return;
		FUZZ_CHECK(head.offset + head.len > offset);
		offset = head.offset + head.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FD int fd = memfd_create("segment", MFD_CLOEXEC);
	char path[32];
	off_t bytes, again;
	int64_t end, end_again;

	FUZZ_CHECK(fd >= 0 && (size == 0 || write(fd, data, size) == (ssize_t)size));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check_read(path, 0);
	check_read(path, 100);
	FUZZ_CHECK(segment_repair(path, 0, &bytes, &end) == 0);
	FUZZ_CHECK(bytes >= 0 && bytes <= (off_t)size && end >= 0);
	FUZZ_CHECK(segment_repair(path, 0, &again, &end_again) == 0);
	FUZZ_CHECK(again == bytes && end_again == end);
	check_read(path, 0);
	return 0;
}
