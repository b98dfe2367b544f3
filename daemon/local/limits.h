/* What one sandbox may take when nobody said: enough for any work, and not enough to stop the machine. */
#ifndef SP_LOCAL_LIMITS_H
#define SP_LOCAL_LIMITS_H

#include "daemon/local/contain.h"

#define LIMIT_DEFAULT (-1)

/* Put a number in place of each LIMIT_DEFAULT; none (0) where the machine cannot limit it. */
void limits_resolve(struct contain_limits *limits, const struct contain_abilities *abilities);

#endif
