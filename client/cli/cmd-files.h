/* What the actions of "sandpool files" share. */
#ifndef SP_CMD_FILES_H
#define SP_CMD_FILES_H

#include <stdbool.h>

#include "client/cli/place.h"
#include "client/cli/verbs.h"

struct files_args {
	struct cli *cli;
	const char *user;
	bool recursive;
};

/* A call of `method` for that path, as args say. */
struct sandpool_call *file_call(const struct files_args *args, const char *method,
				const struct place *place);

/* Returns the exit status. */
int files_watch(const struct files_args *args, const struct place *place);

#endif
