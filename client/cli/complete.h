/*
 * Completion of command lines, for the scripts in completions/: they ask `sandpool --complete WORD…` with
 * the words behind "sandpool", the last being the one under the cursor, and get what it may become, one a line:
 *
 *	WORD<TAB>what it is     a candidate; one that ends with ':', '/' or '=' wants no space behind it
 *	:files                  paths of this machine, too
 */
#ifndef SP_CLI_COMPLETE_H
#define SP_CLI_COMPLETE_H

#include "client/cli/cli.h"

/* What is told of the global options in --help: complete.c reads them there as it reads those of verbs. */
#define GLOBAL_HELP                                                                                \
	"  --socket PATH  the daemon's socket (else $SANDPOOL_SOCKET,\n"                           \
	"                 $XDG_RUNTIME_DIR/sandpool/sandpool.sock,\n"                              \
	"                 /run/sandpool/sandpool.sock)\n"                                          \
	"  --json         print the daemon's answer untouched\n"                                   \
	"  -h, --help     print this; behind a VERB, what it takes\n"                              \
	"  --version      print the version\n"

/* Print the candidates. Silent when there are none, or no daemon. */
void complete(struct cli *cli, int count, char **words);

#endif
