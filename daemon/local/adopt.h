/* What an earlier engine left: running sandboxes are taken up, everything else is removed. */
#ifndef SP_LOCAL_ADOPT_H
#define SP_LOCAL_ADOPT_H

#include "protocol/error.h"

struct engine;

/* Before the sockets open. Removal goes on in the loop. */
int adopt_all(struct engine *engine, struct sb_error *err) MUST_USE;

#endif
