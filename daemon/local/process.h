/* A process that outlives us, named for ever: by its number and the time of its start. */
#ifndef SP_LOCAL_PROCESS_H
#define SP_LOCAL_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "protocol/error.h"

/* Field 22 of /proc/PID/stat. */
int process_start_time(pid_t pid, uint64_t *ret, struct sb_error *err) MUST_USE;

/* A pidfd of that very process: -1 when it is gone, or the number is another's now. */
int process_open(pid_t pid, uint64_t start_time, int *ret_fd, struct sb_error *err) MUST_USE;

#endif
