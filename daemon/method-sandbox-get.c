/* sandbox.get: from memory. */
#include "config.h"

#include "daemon/method.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "protocol/types.h"

struct call_done *method_sandbox_get(struct call *call)
{
	const struct sandbox_params *params = call->params;
	struct sb_error err = {0};
	struct sandbox *sandbox =
		registry_get_any(call->server->registry, params->sandbox_id, &call->peer, &err);
	struct sandbox_info info;

	if (!sandbox)
		return call_fail(call, &err);
	sandbox_info_fill(sandbox, &info);
	return call_reply(call, &info);
}
