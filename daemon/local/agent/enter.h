/* The last part of a sandbox's making, done by the agent to itself: from the host's root into its own. */
#ifndef SP_ENTER_H
#define SP_ENTER_H

#include "protocol/error.h"

/*
 * The first act of the agent: move into the new root (the working directory), shut every door, and tell
 * the engine on `control_fd`, which is closed then. After this nothing of the host is to be had. A failure has been
 * told to the engine too: all that is left is to end.
 */
int enter_sandbox(int control_fd, struct sb_error *err) MUST_USE;

#endif
