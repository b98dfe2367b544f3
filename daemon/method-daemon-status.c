/* daemon.status: what the daemon is doing. */
#include "config.h"

#include <stdlib.h>

#include "daemon/base/clock.h"
#include "daemon/command.h"
#include "daemon/configuration.h"
#include "daemon/method.h"
#include "daemon/provider.h"
#include "daemon/registry.h"
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

/* Every provider's state; goes to fields_free_list(). */
static int list_providers(struct providers *providers, struct list_value *ret)
{
	struct provider *provider = NULL;
	struct provider_status *items;
	size_t count = 0;

	while ((provider = providers_next(providers, provider)))
		count++;
	items = calloc(count, sizeof(*items));
	*ret = (struct list_value){.items = items};
	while (items && (provider = providers_next(providers, provider)))
		if (provider_status(provider, &items[ret->count]) == 0)
			ret->count++;
	return ret->count == count ? 0 : -1;
}

struct call_done *method_daemon_status(struct call *call)
{
	const struct server *server = call->server;
	char version[] = PACKAGE_VERSION, started_at[CLOCK_TEXT_SIZE];
	struct list_value providers;
	struct call_done *done;

	if (list_providers(server->providers, &providers) < 0)
		done = call_fail_code(call, SB_INTERNAL, "out of memory");
	else
		done = call_reply(
			call,
			&(struct status_result){
				.version = version,
				.pid = server->pid,
				.started_at = clock_format(server->started_us, started_at),
				.uptime = (double)(clock_wall_us() - server->started_us) / 1e6,
				.socket = server->config->socket_path,
				.state_dir = server->config->state_dir,
				.clients = server->conn_count,
				.calls = server->call_count,
				.sandboxes = registry_count(server->registry),
				.commands = commands_count(server),
				.spool_bytes = spools_bytes(server->spools),
				.memory_bytes = resident_bytes(),
				.providers = providers,
			});
	fields_free_list(&provider_status_type, &providers);
	return done;
}
