/* filesystem.Filesystem (wire §5), but for its watchers: the functions of connect.c's table. */
#ifndef SP_FILESYSTEM_H
#define SP_FILESYSTEM_H

#include "daemon/local/agent/connect.h"

int filesystem_stat(struct rpc *rpc, void *request, void *response, struct sb_error *err) MUST_USE;
int filesystem_make_dir(struct rpc *rpc, void *request, void *response,
			struct sb_error *err) MUST_USE;
int filesystem_move(struct rpc *rpc, void *request, void *response, struct sb_error *err) MUST_USE;
int filesystem_list_dir(struct rpc *rpc, void *request, struct sb_error *err) MUST_USE;
int filesystem_remove(struct rpc *rpc, void *request, struct sb_error *err) MUST_USE;

#endif
