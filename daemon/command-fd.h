/*
 * Descriptors of a client wired to a command: standard input from one, output to others. They work in the
 * background until the command ends or the descriptor does, also when the client has gone.
 */
#ifndef SP_COMMAND_FD_H
#define SP_COMMAND_FD_H

#include "daemon/spool.h"
#include "protocol/error.h"

struct command;

/* Write one stream to `fd` (taken), from its first byte to its last. */
int command_fd_output(struct command *command, enum spool_stream stream, int fd,
		      struct sb_error *err) MUST_USE;

/* Feed the running command's standard input from `fd` (taken), to its end of file. */
int command_fd_input(struct command *command, int fd, struct sb_error *err) MUST_USE;

#endif
