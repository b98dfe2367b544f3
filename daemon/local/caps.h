/* What root of a sandbox may do, and what nobody in it may. */
#ifndef SP_CAPS_H
#define SP_CAPS_H

#include "protocol/cleanup.h"

/*
 * Keep only the sandbox's capabilities, in every set, for this process and all that come from it. Raises
 * nothing and allows setuid programs their root. -1 with errno.
 */
int caps_drop(void) MUST_USE;

#endif
