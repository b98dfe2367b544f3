/* The procedures of filesystem.Filesystem (wire §5). */
#ifndef SP_FILESYSTEM_H
#define SP_FILESYSTEM_H

#include "daemon/local/agent/connect.h"

extern const struct rpc_procedure filesystem_procedures[]; /* ends with a NULL name */

#endif
