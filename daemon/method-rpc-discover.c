/* rpc.discover: what can be called, told from the table that is served from. */
#include "config.h"

#include "daemon/discover.h"
#include "daemon/method.h"

struct call_done *method_rpc_discover(struct call *call)
{
	struct buf document CLEANUP_BUF = {0};

	discover_write(&document);
	if (document.failed)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	return call_reply_json(call, document.data);
}
