/* process.Process served. */
#include "config.h"

#include "daemon/local/agent/rpc-process.h"

const struct rpc_procedure process_procedures[] = {
	{.name = NULL},
};
