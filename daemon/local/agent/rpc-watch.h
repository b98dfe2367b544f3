/* Watching directories: WatchDir, a stream, and the three procedures of those who ask again and again (wire §5.5). */
#ifndef SP_RPC_WATCH_H
#define SP_RPC_WATCH_H

#include "daemon/local/agent/connect.h"

extern const struct rpc_procedure watch_procedures[]; /* ends with a NULL name */

/* Forget all watchers. */
void watchers_free(struct agent *agent);

#endif
