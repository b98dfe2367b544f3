/* getopt_long() that names the nearest option when it meets one that it does not know. */
#ifndef SP_OPTIONS_H
#define SP_OPTIONS_H

#include <getopt.h>

/* As getopt_long(); `ret_index` may be NULL. What getopt says on stderr is followed by the option meant. */
int options_next(int argc, char **argv, const char *letters, const struct option *options,
		 int *ret_index);

#endif
