/* The command line in the manual: verbs from their table, and options as --help prints them. */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/cli.h"
#include "docs/manual/manual.h"
#include "docs/manual/roff.h"
#include "protocol/buf.h"

static bool was_put[256]; /* by index into verbs[] */

static void put(const struct verb *verb)
{
	struct buf summary CLEANUP_BUF = {0};

	(void)printf(".Ss %s\n.Nm\n.Cm %s\n", verb->name, verb->name);
	roff_usage(verb->synopsis, strlen(verb->synopsis), false);
	(void)puts(".Pp");
	buf_printf(&summary, "%s.", verb->summary);
	roff_text(summary.data);
	if (verb->help)
		roff_options(verb->help);
	was_put[verb - verbs] = true;
}

int put_verb(const char *name)
{
	for (const struct verb *verb = verbs; verb->name; verb++) {
		if (strcmp(verb->name, name) == 0) {
			put(verb);
			return 0;
		}
	}
	return complain("there is no verb '%s'", name);
}

int put_other_verbs(const char *unused)
{
	(void)unused;
	for (const struct verb *verb = verbs; verb->name; verb++) {
		if (!was_put[verb - verbs])
			put(verb);
	}
	return 0;
}

/* Is this line of a help an option, or does it go on with one? */
static bool belongs_to_option(const char *line, bool was_option)
{
	size_t indent = strspn(line, " ");

	return indent > 0 && (line[indent] == '-' || (was_option && indent > 6));
}

int put_options(const char *program)
{
	struct buf name CLEANUP_BUF = {0};
	struct buf options CLEANUP_BUF = {0};
	char *help CLEANUP_FREE = NULL;
	bool is_option = false;
	char *rest;

	buf_printf(&name, "docs/manual/%s.help", program);
	help = read_file(".", name.data);
	rest = help;
	while (rest && *rest) {
		const char *line = strsep(&rest, "\n");

		is_option = belongs_to_option(line, is_option);
		if (is_option)
			buf_printf(&options, "%s\n", line);
	}
	if (!options.data)
		return complain("%s: no options", name.data);
	roff_options(options.data);
	return 0;
}
