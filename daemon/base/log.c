/* Log lines on stderr. */
#include "config.h"

#include "daemon/base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const int syslog_priority[] = {3, 4, 6, 7};

static struct {
	const char *program;
	enum log_level most;
	bool is_journal; /* stderr goes to the journal: it wants priorities and adds the time itself */
} logger = {"sandpool", LOG_LEVEL_INFO, false};

/* The variable outlives a redirection, as that of a test or of the engine's own log: is it this stderr? */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_init(const char *program, enum log_level most)
{
	logger.program = program;
	logger.most = most;
	logger.is_journal = is_journal();
}

void log_set_level(enum log_level most)
{
	logger.most = most;
}

int log_level_from_string(const char *name, enum log_level *ret_level)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (level > logger.most)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < 0x20)
			*c = ' '; /* one event, one line: names come from outside */
	}
	if (logger.is_journal)
		(void)fprintf(stderr, "<%d>%s\n", syslog_priority[level], line);
	else
		(void)fprintf(stderr, "%s: %s: %s\n", logger.program, level_names[level], line);
}
