/* What every verb of the sandpool command has: the connection, and ways to call, print and fail. */
#ifndef SP_CLI_H
#define SP_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/sandpool.h"
#include "protocol/cleanup.h"

/* Exit statuses of our own (docker's): those of a command in a sandbox are its own. */
enum { EXIT_OURS = 125, EXIT_CANNOT_EXECUTE = 126, EXIT_NO_SUCH_COMMAND = 127, EXIT_SIGNAL = 128 };

struct cli {
	const char *socket;  /* --socket, or NULL */
	bool json;           /* --json: print results untouched */
	struct sandpool *sp; /* connected on first use */
	const struct verb *verb;
	int ended_by; /* the signal that main() shall end by when all is cleaned up, or 0 */
};

struct verb {
	const char *name;
	int (*run)(struct cli *cli, int argc,
		   char **argv); /* argv[0] is the verb; returns the exit status */
	const char *synopsis;    /* what follows the name */
	const char *summary;
	const char *help; /* options, one a line; or NULL */
};

/* Every verb, in the order of the help; ends with a NULL name. */
extern const struct verb verbs[];
/* The verb of that name, or NULL. */
const struct verb *verb_find(const char *name);

/* "sandpool: …" on stderr. Returns EXIT_OURS. */
int cli_fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The message of a failed call. Returns EXIT_OURS. */
int cli_fail_with(const struct sandpool_error *err);
/* How the verb is used, on stderr. Returns EXIT_OURS. */
int cli_usage(const struct cli *cli);

/* Connect when that has not been done: 0, or -1 having said why. */
int cli_connect(struct cli *cli) MUST_USE;

/* A new call; ends the program when out of memory. */
struct sandpool_call *cli_new(const char *method);
/* The same with parameter sandbox_id. */
struct sandpool_call *cli_new_for(const char *method, const char *sandbox);

/* Make the call: 0, or EXIT_OURS having said why. No local time limit: the daemon has one. */
int cli_call(struct cli *cli, struct sandpool_call *call) MUST_USE;

/* cli_call(), then with --json print the result. */
int cli_call_and_print(struct cli *cli, struct sandpool_call *call) MUST_USE;

/* Print the result of an ended call as it came. */
void cli_print_json(const struct sandpool_call *call);

/* Member `name` of item `index` of a list in a result; an absent string is NULL. */
const char *item_string(const struct sandpool_call *call, const char *list, size_t index,
			const char *name);
int64_t item_int(const struct sandpool_call *call, const char *list, size_t index,
		 const char *name);
double item_number(const struct sandpool_call *call, const char *list, size_t index,
		   const char *name);
bool item_has(const struct sandpool_call *call, const char *list, size_t index, const char *name);

void cleanup_call(struct sandpool_call **call);
#define CLEANUP_CALL CLEANUP(cleanup_call)

/* "30", "30s", "5m", "2h", "1d" in seconds; -1 when it is none of these. */
double parse_duration(const char *text);

/* Split "K=V" and add it as a pair to a call's parameter; -1 without a '='. "K" alone means K=$K for envs. */
int add_pair_option(struct sandpool_call *call, const char *name, const char *option) MUST_USE;

/* Write everything, waiting as needed; -1 with errno. */
int write_all(int fd, const void *data, size_t len) MUST_USE;

/* Where the command begins behind ID and an optional "--": argv + that; NULL when there is none. */
char **command_words(int argc, char **argv, int first);

#endif
