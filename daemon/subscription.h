/*
 * One connection that receives the output of one command: command.output at the pace the client reads,
 * then command.exit. It belongs to the connection and ends with it, or after command.exit.
 */
#ifndef SP_SUBSCRIPTION_H
#define SP_SUBSCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/spool.h"
#include "protocol/error.h"

struct command;
struct conn;

#define SUBSCRIPTION_BIT(stream) (1u << (stream))
#define SUBSCRIPTION_ALL                                                                           \
	(SUBSCRIPTION_BIT(SPOOL_STDOUT) | SUBSCRIPTION_BIT(SPOOL_STDERR) |                         \
	 SUBSCRIPTION_BIT(SPOOL_PTY))

/*
 * Begin at `offset`, in place of an earlier subscription of this connection to this command; `streams`
 * (SUBSCRIPTION_BIT) are sent. Notifications come later, never from inside this call.
 */
int subscription_new(struct conn *conn, struct command *command, int64_t offset, unsigned streams,
		     struct sb_error *err) MUST_USE;

/* End the one of this connection; false when there is none. */
bool subscription_end(struct conn *conn, struct command *command);

#endif
