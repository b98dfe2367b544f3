/* Options of command lines. */
#include "config.h"

#include "protocol/options.h"

#include <stdio.h>
#include <string.h>

#include "protocol/cleanup.h"
#include "protocol/nearest.h"

/* A word that begins an option's name is no mistyped one: it is ambiguous, or wants a value. */
static void suggest(const char *argument, const struct option *options)
{
	CLEANUP_FREE char *word = strndup(argument + 2, strcspn(argument + 2, "="));
	struct nearest nearest = {.word = word};

	for (const struct option *option = options; word && option->name; option++) {
		if (strncmp(option->name, word, strlen(word)) == 0)
			return;
		nearest_try(&nearest, option->name);
	}
	if (word && nearest_found(&nearest))
		(void)fprintf(stderr, "Did you mean --%s?\n", nearest_found(&nearest));
}

int options_next(int argc, char **argv, const char *letters, const struct option *options,
		 int *ret_index)
{
	int option = getopt_long(argc, argv, letters, options, ret_index);

	if (option == '?' && optind > 0 && strncmp(argv[optind - 1], "--", 2) == 0)
		suggest(argv[optind - 1], options);
	return option;
}
