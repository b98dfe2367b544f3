/*
 * Makes a page of the manual: copies its source from standard input, and puts in what stands in tables, so
 * that it is said once. Run as: manual SRCDIR <PAGE.in >PAGE
 *
 * A line "@directive argument" is replaced by what manual.h says; "@sysconfdir@" and others of `words` inside
 * a line by their value.
 */
#include "config.h"

#include "docs/manual/manual.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "protocol/buf.h"

const char *source_dir;

static const struct {
	const char *name;
	int (*put)(const char *argument);
} directives[] = {
	{"verb", put_verb},           {"other-verbs", put_other_verbs},
	{"options", put_options},     {"keys", put_keys},
	{"methods", put_methods},     {"notifications", put_notifications},
	{"types", put_types},         {"errors", put_errors},
	{"functions", put_functions}, {"struct", put_struct},
	{"file", put_file},
};

static const struct {
	const char *name;
	const char *value;
} words[] = {
	{"@sysconfdir@", SP_SYSCONFDIR},
	{"@localstatedir@", SP_LOCALSTATEDIR},
	{"@runstatedir@", SP_RUNSTATEDIR},
	{"@libexecdir@", SP_LIBEXECDIR},
};

int complain(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("manual: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return -1;
}

static char *read_all(FILE *file)
{
	struct buf text CLEANUP_BUF = {0};
	char piece[4096];
	size_t n;

	buf_add_str(&text, "");
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(&text, piece, n);
	return buf_steal(&text);
}

char *read_file(const char *dir, const char *path)
{
	struct buf name CLEANUP_BUF = {0};
	FILE *file CLEANUP_FILE = NULL;

	buf_printf(&name, "%s/%s", dir, path);
	file = fopen(name.data, "r");
	if (!file) {
		(void)complain("%s: %s", name.data, strerror(errno));
		return NULL;
	}
	return read_all(file);
}

static int put_directive(const char *line)
{
	size_t len = strcspn(line, " ");

	for (size_t i = 0; i < ARRAY_SIZE(directives); i++) {
		if (strlen(directives[i].name) == len &&
		    strncmp(directives[i].name, line, len) == 0)
			return directives[i].put(line + len + strspn(line + len, " "));
	}
	return complain("there is no directive @%s", line);
}

static void put_line(const char *line)
{
	while (*line) {
		size_t i = 0;

		while (i < ARRAY_SIZE(words) &&
		       strncmp(line, words[i].name, strlen(words[i].name)) != 0)
			i++;
		if (i < ARRAY_SIZE(words)) {
			(void)fputs(words[i].value, stdout);
			line += strlen(words[i].name);
		} else {
			(void)fputc(*line++, stdout);
		}
	}
	(void)fputc('\n', stdout);
}

static int put_page(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")) && (*line || text)) {
		if (*line != '@')
			put_line(line);
		else if (put_directive(line + 1) < 0)
			return -1;
	}
	return fflush(stdout) == 0 ? 0 : complain("standard output: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	char *text CLEANUP_FREE = NULL;

	if (argc != 2) {
		(void)complain("run as: manual SRCDIR <PAGE.in");
		return 2;
	}
	source_dir = argv[1];
	text = read_all(stdin);
	return text && put_page(text) == 0 ? 0 : 1;
}
