/* daemon.status: what the daemon is doing. */
#include "config.h"

#include "daemon/base/clock.h"
#include "daemon/configuration.h"
#include "daemon/method.h"
#include "daemon/spool.h"
#include "protocol/types.h"

/* Resident memory, or 0 when /proc cannot tell. */
static int64_t resident_bytes(void)
{
	CLEANUP_FILE FILE *statm = fopen("/proc/self/statm", "re");
	long pages;

	if (!statm || fscanf(statm, "%*s %ld", &pages) != 1)
		return 0;
	return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

struct call_done *method_daemon_status(struct call *call)
{
	const struct server *server = call->server;
	char version[] = PACKAGE_VERSION, started_at[CLOCK_TEXT_SIZE];

	return call_reply(call,
			  &(struct status_result){
				  .version = version,
				  .pid = getpid(),
				  .started_at = clock_format(server->started_us, started_at),
				  .uptime = (double)(clock_wall_us() - server->started_us) / 1e6,
				  .socket = server->config->socket_path,
				  .state_dir = server->config->state_dir,
				  .clients = server->conn_count,
				  .calls = server->call_count,
				  .spool_bytes = spools_bytes(server->spools),
				  .memory_bytes = resident_bytes(),
			  });
}
