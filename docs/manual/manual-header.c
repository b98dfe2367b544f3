/* The library in the manual: prototypes as the public header has them, and examples as they are compiled. */
#include "config.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "docs/manual/manual.h"
#include "docs/manual/roff.h"
#include "protocol/buf.h"

#define HEADER "client/sandpool.h"
#define MARK   "SANDPOOL_API "

/* One declaration on one line: white space becomes one space each, none behind a bracket. */
static char *tidy(const char *text, size_t len)
{
	struct buf line CLEANUP_BUF = {0};

	for (size_t i = 0; i < len; i++) {
		if (!isspace((unsigned char)text[i]))
			buf_add(&line, text + i, 1);
		else if (line.len > 0 && !strchr(" (", line.data[line.len - 1]))
			buf_add_str(&line, " ");
	}
	return buf_steal(&line);
}

/* Where the name that stands before the bracket of "TYPE name(" begins. */
static char *name_before(char *declaration, char *bracket)
{
	char *name = bracket;

	while (name > declaration && (isalnum((unsigned char)name[-1]) || name[-1] == '_'))
		name--;
	return name;
}

/* "TYPE name(ARGUMENT, …)" as Ft and Fn. */
static int put_prototype(char *declaration)
{
	char *bracket = strchr(declaration, '(');
	char *end = strrchr(declaration, ')');
	char *name, *argument;

	if (!bracket || !end)
		return complain(HEADER ": what is '%s'?", declaration);
	name = name_before(declaration, bracket);
	*bracket = *end = '\0';
	(void)printf(".Ft \"%.*s\"\n.Fo %s\n", (int)(name - declaration) - (name[-1] == ' '),
		     declaration, name);
	for (char *rest = bracket + 1; (argument = strsep(&rest, ","));)
		(void)printf(".Fa \"%s\"\n", argument + strspn(argument, " "));
	(void)puts(".Fc");
	return 0;
}

/* Does the declaration that begins here declare this name? */
static bool declares(const char *declaration, const char *name, size_t len)
{
	size_t n = strcspn(declaration, "(");

	return n > len && strncmp(declaration + n - len, name, len) == 0 &&
	       !isalnum((unsigned char)declaration[n - len - 1]) && declaration[n - len - 1] != '_';
}

static int put_function(const char *header, const char *name, size_t len)
{
	for (const char *at = strstr(header, MARK); at; at = strstr(at, MARK)) {
		at += strlen(MARK);
		if (declares(at, name, len)) {
			char *declaration CLEANUP_FREE = tidy(at, strcspn(at, ";"));

			return declaration ? put_prototype(declaration) : complain("no memory");
		}
	}
	return complain(HEADER " has no function %.*s", (int)len, name);
}

int put_functions(const char *names)
{
	char *header CLEANUP_FREE = read_file(source_dir, HEADER);

	while (header && *names) {
		size_t len = strcspn(names, " ");

		if (put_function(header, names, len) < 0)
			return -1;
		names += len + strspn(names + len, " ");
	}
	return header ? 0 : -1;
}

static void put_display(const char *text, size_t len)
{
	const char *end = text + len;

	(void)puts(".Bd -literal -offset indent");
	while (text < end) {
		size_t line = strcspn(text, "\n");

		roff_literal(text, line);
		text += line + 1;
	}
	(void)puts(".Ed");
}

int put_struct(const char *name)
{
	char *header CLEANUP_FREE = read_file(source_dir, HEADER);
	struct buf head CLEANUP_BUF = {0};
	const char *begin, *end;

	if (!header)
		return -1;
	buf_printf(&head, "struct %s {", name);
	begin = strstr(header, head.data);
	end = begin ? strstr(begin, "\n};\n") : NULL;
	if (!end)
		return complain(HEADER " has no struct %s", name);
	put_display(begin, (size_t)(end - begin) + strlen("\n};\n"));
	return 0;
}

int put_file(const char *path)
{
	char *text CLEANUP_FREE = read_file(source_dir, path);

	if (!text)
		return -1;
	put_display(text, strlen(text));
	return 0;
}
