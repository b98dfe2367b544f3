/* What this engine is and what it can do here, told by GET /sandpool/engine (docs/e2b-extensions.md). */
#ifndef SP_LOCAL_ABOUT_H
#define SP_LOCAL_ABOUT_H

#include <stdbool.h>
#include <stdio.h>

#include "protocol/error.h"
#include "protocol/types.h"

struct contain_abilities;
struct engine;

/* Fill engine->about, once its abilities are known; `abilities` NULL: it can have no sandbox. */
int about_fill(struct engine *engine, const struct contain_abilities *abilities,
	       struct sb_error *err) MUST_USE;

/*
 * Add one. `name` is a word; `detail` says how it is had, or why not; `fix` is what to type to have it, NULL
 * when there is nothing to mend.
 */
int about_add(struct engine_about *about, const char *name, bool available, const char *detail,
	      const char *fix, struct sb_error *err) MUST_USE;

/* Whether there can be sandboxes, and each ability that is missing, for a person. */
void about_print(const struct engine_about *about, FILE *out);

#endif
