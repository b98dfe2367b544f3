/* Go's names of signals on Linux, as os.ProcessState writes them. */
#include "config.h"

#include "daemon/exit-status.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/cleanup.h"

#define PREFIX "signal: "
#define CORE   " (core dumped)"

static const char *const names[] = {
	[1] = "hangup",
	[2] = "interrupt",
	[3] = "quit",
	[4] = "illegal instruction",
	[5] = "trace/breakpoint trap",
	[6] = "aborted",
	[7] = "bus error",
	[8] = "floating point exception",
	[9] = "killed",
	[10] = "user defined signal 1",
	[11] = "segmentation fault",
	[12] = "user defined signal 2",
	[13] = "broken pipe",
	[14] = "alarm clock",
	[15] = "terminated",
};

/* Is `text` this name, perhaps with the note of a core behind it? */
static bool is_name(const char *text, const char *name)
{
	size_t len = strlen(name);

	return strncmp(text, name, len) == 0 &&
	       (text[len] == '\0' || strcmp(text + len, CORE) == 0);
}

/* Signals without a name are written "signal 31". */
static int from_number(const char *text)
{
	char *end;
	long number;

	if (strncmp(text, "signal ", 7) != 0)
		return 0;
	errno = 0;
	number = strtol(text + 7, &end, 10);
	if (errno != 0 || end == text + 7 || number < 1 || number > 64 || !is_name(end, ""))
		return 0;
	return (int)number;
}

int exit_status_signal(const char *status)
{
	if (!status || strncmp(status, PREFIX, strlen(PREFIX)) != 0)
		return 0;
	status += strlen(PREFIX);
	for (size_t i = 1; i < ARRAY_SIZE(names); i++)
		if (is_name(status, names[i]))
			return (int)i;
	return from_number(status);
}
