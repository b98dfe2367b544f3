/* The procedures of process.Process (wire §4). */
#ifndef SP_RPC_PROCESS_H
#define SP_RPC_PROCESS_H

#include "daemon/local/agent/connect.h"

extern const struct rpc_procedure process_procedures[]; /* ends with a NULL name */

#endif
