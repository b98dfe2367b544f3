/*
 * The child's side of a sandbox's making: what runs between clone3 and exec of the agent. The process is a
 * copy of the engine: it allocates nothing, logs nothing and speaks on its socket alone.
 */
#ifndef SP_CHILD_H
#define SP_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/local/overlay.h"

struct child {
	const char *id;
	const char *template_id;
	const struct layers *layers;
	int control_fd;
	int engine_fd; /* the other end of control_fd, which is not ours */
	int listen_fd;
	int agent_fd;      /* the agent's program */
	uint32_t resolver; /* in host order; 0: none */
	bool is_fresh;     /* the sandbox's own layer is new: it gets an identity */
	int root_fd;       /* of the new root, once it is mounted */
};

/* Never returns: the agent takes over, or a failure is told and the process ends. */
void child_run(struct child *child) __attribute__((noreturn));

#endif
