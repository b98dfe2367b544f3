/* daemon.status: what the daemon is doing. From memory: it answers also when nothing else does. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/command.h"
#include "daemon/configuration.h"
#include "daemon/method.h"
#include "daemon/provider.h"
#include "daemon/reconcile.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/spool.h"
#include "daemon/store.h"
#include "daemon/user.h"
#include "protocol/types.h"

#define OPERATIONS_MAX 100
#define DEADLINES_MAX  10

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
static int list_providers(const struct server *server, struct list_value *ret)
{
	struct provider *provider = NULL;
	struct provider_status *items;
	size_t count = 0;

	while ((provider = providers_next(server->providers, provider)))
		count++;
	items = calloc(count, sizeof(*items));
	*ret = (struct list_value){.items = items};
	while (items && (provider = providers_next(server->providers, provider))) {
		struct provider_status *item = &items[ret->count];

		if (provider_status(provider, item) < 0)
			return -1;
		item->next_check = reconcile_next_s(server->reconcile, provider);
		ret->count++;
	}
	return items ? 0 : -1;
}

/* Lists whose strings belong to others; their items are freed. */
struct lists {
	struct list_value users, operations, deadlines;
};

static void cleanup_lists(struct lists *lists)
{
	free(lists->users.items);
	free(lists->operations.items);
	free(lists->deadlines.items);
}

static int list_users(const struct server *server, struct list_value *ret)
{
	struct conn *conn = NULL;
	struct user_status *items;
	size_t count = 0;

	list_for_each (struct user, user, &server->users, link)
		count++;
	items = calloc(count + 1, sizeof(*items));
	if (!items)
		return -1;
	*ret = (struct list_value){.items = items};
	list_for_each (struct user, user, &server->users, link)
		items[ret->count++] = (struct user_status){
			.uid = user->uid,
			.clients = user->conns,
			.calls = user->calls,
			.input_bytes = (int64_t)user->input_bytes,
		};
	while ((conn = conns_next(server, conn))) {
		for (size_t i = 0; i < count; i++) {
			if (items[i].uid == conn_peer(conn)->uid)
				items[i].output_bytes += (int64_t)conn_waiting(conn);
		}
	}
	return 0;
}

/* The oldest first. */
static int list_operations(const struct server *server, struct list_value *ret)
{
	struct operation_status *items = calloc(OPERATIONS_MAX, sizeof(*items));
	int64_t now_ms = clock_mono_ms();

	*ret = (struct list_value){.items = items};
	if (!items)
		return -1;
	list_for_each (struct op, op, &server->ops, link) {
		if (ret->count == OPERATIONS_MAX)
			break;
		items[ret->count++] = (struct operation_status){
			.number = (int64_t)op->number,
			.name = (char *)(uintptr_t)op->type->name,
			.step = (char *)(uintptr_t)op->type->steps[op->step],
			.uid = op->call ? (int64_t)op->call->peer.uid : TYPES_UNSET,
			.age = (double)(now_ms - op->started_ms) / 1000,
			.time_left = op->deadline_ms == INT64_MAX
					     ? TYPES_UNSET
					     : (double)(op->deadline_ms - now_ms) / 1000,
		};
	}
	return 0;
}

/* Put it where it belongs among the nearest, of which there are never more than DEADLINES_MAX. */
static void insert_nearest(struct sandbox **nearest, size_t *count, struct sandbox *sandbox)
{
	size_t at = *count;

	while (at > 0 && nearest[at - 1]->row.end_us > sandbox->row.end_us)
		at--;
	if (at == DEADLINES_MAX)
		return;
	*count += *count < DEADLINES_MAX;
	memmove(&nearest[at + 1], &nearest[at], (*count - at - 1) * sizeof(*nearest));
	nearest[at] = sandbox;
}

/* The next deadlines of what the caller may see. */
static int list_deadlines(const struct server *server, const struct peer *peer,
			  struct list_value *ret)
{
	struct deadline_status *items = calloc(DEADLINES_MAX, sizeof(*items));
	struct sandbox *nearest[DEADLINES_MAX], *sandbox = NULL;
	size_t count = 0;

	*ret = (struct list_value){.items = items};
	if (!items)
		return -1;
	while ((sandbox = registry_next(server->registry, sandbox))) {
		if (sandbox->state == SANDBOX_RUNNING && sandbox_allows(sandbox, peer))
			insert_nearest(nearest, &count, sandbox);
	}
	for (; ret->count < count; ret->count++) {
		struct sandbox_info info;

		sandbox_info_fill(nearest[ret->count], &info);
		items[ret->count] = (struct deadline_status){
			.sandbox_id = info.sandbox_id, .name = info.name, .end_at = info.end_at};
	}
	return 0;
}

static struct sandbox_counts count_sandboxes(struct registry *registry)
{
	struct sandbox_counts counts = {0};
	struct sandbox *sandbox = NULL;

	while ((sandbox = registry_next(registry, sandbox))) {
		switch (sandbox->state) {
		case SANDBOX_CREATING:
			counts.creating++;
			break;
		case SANDBOX_RUNNING:
			counts.running++;
			break;
		case SANDBOX_PAUSED:
			counts.paused++;
			break;
		case SANDBOX_KILLING:
			counts.killing++;
			break;
		case SANDBOX_ENDED:
			break;
		}
	}
	return counts;
}

static struct call_done *reply(struct call *call, const struct lists *lists,
			       const struct list_value *providers)
{
	const struct server *server = call->server;
	char version[] = PACKAGE_VERSION, started_at[CLOCK_TEXT_SIZE];
	struct sandbox_counts counts = count_sandboxes(server->registry);
	struct store_stats store;

	store_get_stats(server->store, &store);
	return call_reply(call,
			  &(struct status_result){
				  .version = version,
				  .pid = server->pid,
				  .started_at = clock_format(server->started_us, started_at),
				  .uptime = (double)(clock_mono_ms() - server->started_ms) / 1000,
				  .socket = server->config->socket_path,
				  .state_dir = server->config->state_dir,
				  .clients = server->conn_count,
				  .clients_max = server->config->clients_max,
				  .calls = server->call_count,
				  .users = lists->users,
				  .operations = lists->operations,
				  .sandboxes = registry_count(server->registry),
				  .sandbox_states = &counts,
				  .deadlines = lists->deadlines,
				  .commands = commands_count(server),
				  .spool_bytes = spools_bytes(server->spools),
				  .spool_total = server->config->spool_total_bytes,
				  .registry_queue = store.queued,
				  .registry_failing = store.is_failing,
				  .memory_bytes = resident_bytes(),
				  .providers = *providers,
			  });
}

struct call_done *method_daemon_status(struct call *call)
{
	const struct server *server = call->server;
	struct lists lists CLEANUP(cleanup_lists) = {0};
	struct list_value providers = {0};
	struct call_done *done;

	if (list_users(server, &lists.users) < 0 ||
	    list_operations(server, &lists.operations) < 0 ||
	    list_deadlines(server, &call->peer, &lists.deadlines) < 0 ||
	    list_providers(server, &providers) < 0)
		done = call_fail_code(call, SB_INTERNAL, "out of memory");
	else
		done = reply(call, &lists, &providers);
	fields_free_list(&provider_status_type, &providers);
	return done;
}
