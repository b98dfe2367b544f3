/* command.disconnect: no more output of a command for this connection. */
#include "config.h"

#include <inttypes.h>

#include "daemon/command.h"
#include "daemon/method.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/subscription.h"
#include "protocol/types.h"

struct call_done *method_command_disconnect(struct call *call)
{
	const struct pid_params *params = call->params;
	struct sb_error err = {0};
	struct sandbox *sandbox =
		registry_get(call->server->registry, params->sandbox_id, &call->peer, &err);
	struct command *command;

	if (!sandbox)
		return call_fail(call, &err);
	command = command_find(sandbox, params->pid);
	if (!command || !subscription_end(call->conn, command))
		return call_fail_code(call, SB_NOT_FOUND,
				      "this connection gets no output of process %" PRId64,
				      params->pid);
	return call_reply(call, &(struct no_result){0});
}
