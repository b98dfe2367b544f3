/* The options that create and run share. */
#ifndef SP_CREATE_OPTIONS_H
#define SP_CREATE_OPTIONS_H

#include <getopt.h>

#include "client/cli/cli.h"

#define CREATE_SYNOPSIS                                                                            \
	"[--template T] [--timeout S] [--name N] [-e K=V]… [-m K=V]… [--no-internet] "         \
	"[--allow-out WHERE]… [--deny-out WHERE]… [--provider P]"

#define CREATE_HELP                                                                                \
	"  --template T        the template it is made from (default: base)\n"                     \
	"  --timeout S         how long it lives: 30, 90s, 5m, 2h (default: 5m)\n"                 \
	"  --name N            a name to use instead of its id\n"                                  \
	"  -e, --env K=V       an environment variable; K alone takes it from yours\n"             \
	"  -m, --metadata K=V  a label, to find it by with ls -m\n"                                \
	"  --no-internet       without a way to the internet\n"                                    \
	"  --allow-out WHERE   an address, range or name it may reach, in spite of --deny-out\n"   \
	"  --deny-out WHERE    an address or range it may not reach; all: 0.0.0.0/0\n"             \
	"  --provider P        where to make it (default: the daemon's choice)\n"

/* For getopt_long(); values are above all characters. */
enum {
	OPT_TEMPLATE = 256,
	OPT_TIMEOUT,
	OPT_NAME,
	OPT_NO_INTERNET,
	OPT_ALLOW_OUT,
	OPT_DENY_OUT,
	OPT_PROVIDER
};

#define CREATE_LONG_OPTIONS                                                                        \
	{"template", required_argument, NULL, OPT_TEMPLATE},                                       \
		{"timeout", required_argument, NULL, OPT_TIMEOUT},                                 \
		{"name", required_argument, NULL, OPT_NAME},                                       \
		{"env", required_argument, NULL, 'e'}, {"metadata", required_argument, NULL, 'm'}, \
		{"no-internet", no_argument, NULL, OPT_NO_INTERNET},                               \
		{"allow-out", required_argument, NULL, OPT_ALLOW_OUT},                             \
		{"deny-out", required_argument, NULL, OPT_DENY_OUT},                               \
		{"provider", required_argument, NULL, OPT_PROVIDER},                               \
	{                                                                                          \
		"help", no_argument, NULL, 'h'                                                     \
	}

/*
 * Apply one option (getopt_long()'s value and optarg) to a sandbox.create call. 0, or EXIT_OURS having
 * said what is wrong; also for a value that is none of these options.
 */
int create_option(const struct cli *cli, struct sandpool_call *create, int option,
		  const char *value) MUST_USE;

#endif
