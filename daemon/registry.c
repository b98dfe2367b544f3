/*
 * All sandboxes in memory: by id, by name, newest first. Numbers only grow, so a new one goes to the front
 * and the order never changes. A name belongs to one that is alive; one that is being killed keeps it only
 * until somebody else wants it.
 */
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/base/log.h"
#include "daemon/provider.h"
#include "daemon/registry-private.h"
#include "protocol/hex.h"

#define LABEL_BYTES 16

struct registry_events *registry_events(struct registry *registry)
{
	return &registry->events;
}

unsigned registry_count(const struct registry *registry)
{
	return registry->count;
}

bool registry_trusts(const struct registry *registry, const struct peer *peer)
{
	return peer->uid == 0 || peer->uid == registry->uid;
}

/* ---- finding --------------------------------------------------------------------------------- */

struct sandbox *registry_find(struct registry *registry, const char *id_or_name)
{
	struct hash_node *node = hash_find(&registry->by_id, id_or_name);

	if (node) /* an id first: nobody can hide another's sandbox behind a name */
		return container_of(node, struct sandbox, by_id);
	node = hash_find(&registry->by_name, id_or_name);
	return node ? container_of(node, struct sandbox, by_name) : NULL;
}

struct sandbox *registry_find_number(struct registry *registry, int64_t number)
{
	list_for_each (struct sandbox, sandbox, &registry->sandboxes, link)
		if (sandbox->row.number == number)
			return sandbox;
	return NULL;
}

struct sandbox *registry_get_any(struct registry *registry, const char *id_or_name,
				 const struct peer *peer, struct sb_error *err)
{
	struct sandbox *sandbox = registry_find(registry, id_or_name);

	if (!sandbox || sandbox->state == SANDBOX_KILLING)
		(void)sb_fail(err, SB_SANDBOX_NOT_FOUND, "no sandbox '%s'", id_or_name);
	else if (!sandbox_allows(sandbox, peer))
		(void)sb_fail(err, SB_PERMISSION, "sandbox '%s' belongs to uid %lld", id_or_name,
			      (long long)sandbox->row.uid);
	else if (sandbox->state == SANDBOX_CREATING)
		(void)sb_fail(err, SB_CONFLICT, "sandbox '%s' is being created", id_or_name);
	return err->code ? NULL : sandbox;
}

struct sandbox *registry_get(struct registry *registry, const char *id_or_name,
			     const struct peer *peer, struct sb_error *err)
{
	struct sandbox *sandbox = registry_get_any(registry, id_or_name, peer, err);

	if (sandbox && sandbox->state == SANDBOX_PAUSED) {
		(void)sb_fail(err, SB_CONFLICT,
			      "sandbox '%s' is paused: sandbox.connect resumes it", id_or_name);
		return NULL;
	}
	return sandbox;
}

struct sandbox *registry_next(struct registry *registry, const struct sandbox *after)
{
	struct list *link = after ? after->link.next : registry->sandboxes.next;

	return link == &registry->sandboxes ? NULL : list_entry(link, struct sandbox, link);
}

/* ---- coming and going ------------------------------------------------------------------------ */

int registry_index_id(struct sandbox *sandbox)
{
	struct registry *registry = sandbox->registry;
	struct hash_node *other = hash_find(&registry->by_id, sandbox->row.id);

	/* A provider that gives an id twice speaks of the newer one. */
	if (other)
		hash_remove(&registry->by_id, other);
	return hash_add(&registry->by_id, &sandbox->by_id, sandbox->row.id);
}

static int index_name(struct sandbox *sandbox)
{
	struct registry *registry = sandbox->registry;
	struct hash_node *other = hash_find(&registry->by_name, sandbox->row.name);

	if (other)
		hash_remove(&registry->by_name, other);
	return hash_add(&registry->by_name, &sandbox->by_name, sandbox->row.name);
}

void registry_forget(struct sandbox *sandbox)
{
	hash_remove(&sandbox->registry->by_id, &sandbox->by_id);
	hash_remove(&sandbox->registry->by_name, &sandbox->by_name);
}

void sandbox_free(struct sandbox *sandbox)
{
	if (!sandbox)
		return;
	registry_forget(sandbox);
	list_remove(&sandbox->link);
	if (sandbox->expiry)
		event_free(sandbox->expiry);
	sandbox_row_deinit(&sandbox->row);
	free(sandbox);
}

static struct sandbox *make(struct registry *registry, struct provider *provider)
{
	struct sandbox *sandbox = calloc(1, sizeof(*sandbox));

	if (!sandbox)
		return NULL;
	sandbox->registry = registry;
	sandbox->provider = provider;
	list_init(&sandbox->commands);
	list_init(&sandbox->watches);
	list_init(&sandbox->link);
	sandbox->expiry = evtimer_new(registry->base, sandbox_on_expiry, sandbox);
	if (!sandbox->expiry) {
		free(sandbox);
		return NULL;
	}
	list_prepend(&registry->sandboxes, &sandbox->link);
	return sandbox;
}

/* A new one with its row begun. */
static struct sandbox *begin(struct registry *registry, struct provider *provider,
			     const struct peer *peer)
{
	struct sandbox *sandbox = make(registry, provider);

	if (!sandbox)
		return NULL;
	sandbox->row.number = store_next_number(registry->store);
	sandbox->row.uid = peer->uid;
	sandbox->row.gid = peer->gid;
	sandbox->row.created_us = clock_wall_us();
	sandbox->row.provider = strdup(provider->name);
	if (!sandbox->row.provider) {
		sandbox_free(sandbox);
		return NULL;
	}
	return sandbox;
}

static char *make_label(void)
{
	unsigned char bytes[LABEL_BYTES];
	char *text = malloc(2 * sizeof(bytes) + 1);

	if (!text || getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		free(text);
		return NULL;
	}
	hex_write(text, bytes, sizeof(bytes));
	return text;
}

static int check_name(struct registry *registry, const char *name, struct sb_error *err)
{
	struct hash_node *node;

	if (!isalpha((unsigned char)*name) ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")])
		return sb_fail(
			err, SB_INVALID_PARAMS,
			"params.name: must be a letter, then letters, digits, '.', '_' or '-'");
	if (hash_find(&registry->by_id, name)) /* it would never be reached by this name */
		return sb_fail(err, SB_CONFLICT, "'%s' is the id of a sandbox", name);
	node = hash_find(&registry->by_name, name);
	if (node && container_of(node, struct sandbox, by_name)->state != SANDBOX_KILLING)
		return sb_fail(err, SB_CONFLICT, "there is a sandbox named '%s' already", name);
	return 0;
}

static int check_metadata(const struct string_map *metadata, struct sb_error *err)
{
	for (size_t i = 0; i < metadata->count; i++)
		if (strncmp(metadata->items[i].key, SANDBOX_LABEL_PREFIX,
			    strlen(SANDBOX_LABEL_PREFIX)) == 0)
			return sb_fail(
				err, SB_INVALID_PARAMS,
				"params.metadata.%s: labels that begin with '%s' are the daemon's",
				metadata->items[i].key, SANDBOX_LABEL_PREFIX);
	return 0;
}

struct sandbox *sandbox_new(struct registry *registry, const struct sandbox_create_params *params,
			    struct provider *provider, const struct peer *peer,
			    struct sb_error *err)
{
	struct sandbox *sandbox;
	struct sandbox_row *row;

	if ((params->name && check_name(registry, params->name, err) < 0) ||
	    check_metadata(&params->metadata, err) < 0)
		return NULL;
	sandbox = begin(registry, provider, peer);
	if (!sandbox)
		goto no_memory;
	row = &sandbox->row;
	row->template = strdup(params->template ? params->template : "base");
	row->label = make_label();
	row->name = params->name ? strdup(params->name) : NULL;
	if (!row->template || !row->label || (params->name && !row->name) ||
	    string_map_copy(&params->metadata, &row->metadata) < 0 ||
	    (row->name && index_name(sandbox) < 0))
		goto no_memory;
	return sandbox;
no_memory:
	sandbox_free(sandbox);
	(void)sb_fail(err, SB_INTERNAL, "out of memory");
	return NULL;
}

struct sandbox *sandbox_adopt(struct registry *registry, struct provider *provider,
			      const struct peer *peer, struct sb_error *err)
{
	struct sandbox *sandbox = begin(registry, provider, peer);

	if (!sandbox)
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
	return sandbox;
}

/* ---- the whole ------------------------------------------------------------------------------- */

struct loading {
	struct registry *registry;
	struct providers *providers;
};

static int load_one(void *arg, const struct sandbox_row *row, struct sb_error *err)
{
	const struct loading *loading = arg;
	struct registry *registry = loading->registry;
	struct sb_error unknown = {0};
	struct provider *provider = providers_get(loading->providers, row->provider, &unknown);
	struct sandbox *sandbox;

	if (!provider) {
		log_warning("sandbox %s: left alone: %s", row->id ? row->id : "?", unknown.text);
		return 0;
	}
	sandbox = make(registry, provider);
	if (!sandbox || sandbox_row_copy(row, &sandbox->row) < 0)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	sandbox->state = sandbox_state_from_row(row);
	registry->count += sandbox_is_there(sandbox);
	if ((row->id && registry_index_id(sandbox) < 0) || (row->name && index_name(sandbox) < 0))
		return sb_fail(err, SB_INTERNAL, "out of memory");
	sandbox_set_end(sandbox, row->end_us);
	return 0;
}

struct registry *registry_new(struct event_base *base, struct store *store,
			      struct providers *providers, struct sb_error *err)
{
	struct registry *registry = calloc(1, sizeof(*registry));
	struct loading loading = {registry, providers};

	if (!registry) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	registry->base = base;
	registry->store = store;
	registry->uid = geteuid();
	list_init(&registry->sandboxes);
	if (store_load_sandboxes(store, load_one, &loading, err) < 0)
		return registry_free(registry);
	return registry;
}

struct registry *registry_free(struct registry *registry)
{
	if (!registry)
		return NULL;
	list_for_each_safe (struct sandbox, sandbox, &registry->sandboxes, link)
		sandbox_free(sandbox);
	hash_deinit(&registry->by_id);
	hash_deinit(&registry->by_name);
	free(registry);
	return NULL;
}
