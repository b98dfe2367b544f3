/* One file between this machine and a sandbox, by descriptor: the bytes never pass through here. */
#ifndef SP_COPY_H
#define SP_COPY_H

#include "client/cli/cli.h"

/* Write all of `fd` to the file; `size` -1 when not known. 0 or an exit status, having said why. */
int copy_in(struct cli *cli, int fd, int64_t size, const char *sandbox, const char *path) MUST_USE;

/* Write the file's content to `fd`. */
int copy_out(struct cli *cli, const char *sandbox, const char *path, int64_t size, int fd) MUST_USE;

/* From one sandbox to another (or the same), through a pipe. */
int copy_across(struct cli *cli, const char *from, const char *from_path, const char *to,
		const char *to_path) MUST_USE;

#endif
