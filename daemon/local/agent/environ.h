/* The environment of a process (wire §4.5): nothing is inherited but PATH. */
#ifndef SP_ENVIRON_H
#define SP_ENVIRON_H

#include "protocol/values.h"

struct agent;
struct user;

/* Every global variable: /init's, and ours over them. Returns a new map. */
int environ_globals(const struct agent *agent, struct string_map *ret_map) MUST_USE;

/* "NAME=VALUE" for a process of `user`: globals over the user's own, `envs` of the request over both. */
int environ_build(const struct agent *agent, const struct user *user, const struct string_map *envs,
		  struct strings *ret_environ) MUST_USE;

/* Write those globals that say what sandbox this is to files of agent->run_dir (wire §4.5). */
void environ_publish(const struct agent *agent);

/* The value of PATH in such a list. */
const char *environ_path(const struct strings *variables);

#endif
