/* daemon.hello: who is there. */
#include "config.h"

#include "daemon/base/log.h"
#include "daemon/method.h"
#include "protocol/types.h"

#define PROTOCOL_VERSION 1

struct call_done *method_daemon_hello(struct call *call)
{
	const struct hello_params *params = call->params;
	char server[] = PACKAGE_NAME, version[] = PACKAGE_VERSION;

	if (params->client)
		log_debug("uid %u, pid %d is %s", call->peer.uid, call->peer.pid, params->client);
	return call_reply(call, &(struct hello_result){
					.server = server,
					.version = version,
					.protocol = PROTOCOL_VERSION,
					.pid = call->server->pid,
					.line_max = FRAME_LINE_MAX,
					.fds_max = FRAME_FDS_MAX,
					.transfer_window = TRANSFER_WINDOW,
				});
}
