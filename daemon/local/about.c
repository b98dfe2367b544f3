/* The engine, described. */
#include "config.h"

#include "daemon/local/about.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/local/api.h"
#include "daemon/local/contain.h"
#include "daemon/local/engine.h"
#include "daemon/local/idmap.h"
#include "daemon/local/rootless.h"
#include "daemon/local/uplink.h"

#define FIX_CGROUP "mount -t cgroup2 none /sys/fs/cgroup, or boot with cgroup_enable=memory"
#define FIX_DELEGATION                                                                             \
	"run it in the user's systemd: systemctl --user enable --now sandpool-engine.socket"
#define FIX_ROOT "run the engine as root: systemctl enable --now sandpool-engine.socket"

static int no_memory(struct sb_error *err)
{
	return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "the engine's description");
}

int about_add(struct engine_about *about, const char *name, bool available, const char *detail,
	      const char *fix, struct sb_error *err)
{
	struct engine_ability *items =
		reallocarray(about->abilities.items, about->abilities.count + 1, sizeof(*items));
	struct engine_ability *ability;

	if (!items)
		return no_memory(err);
	about->abilities.items = items;
	ability = &items[about->abilities.count++];
	*ability = (struct engine_ability){
		.name = strdup(name),
		.available = available,
		.detail = strdup(detail),
		.fix = fix ? strdup(fix) : NULL,
	};
	return ability->name && ability->detail && (!fix || ability->fix) ? 0 : no_memory(err);
}

static int add_group_ability(struct engine_about *about, const char *name, bool available,
			     struct sb_error *err)
{
	const char *fix = idmap_mode() == IDMAP_OWN ? FIX_CGROUP : FIX_DELEGATION;

	return about_add(about, name, available,
			 available ? "by a control group" : "no control group of this kind is ours",
			 available ? NULL : fix, err);
}

/* What depends on the ids that sandboxes have. */
static int add_id_abilities(struct engine_about *about, const struct rootless *rootless,
			    struct sb_error *err)
{
	const bool is_single = idmap_mode() == IDMAP_SINGLE, is_own = idmap_mode() == IDMAP_OWN;
	const char *fix = is_single ? rootless->fix_single : NULL;
	char detail[sizeof(rootless->why_single) + 64];

	(void)snprintf(detail, sizeof(detail), "%s%s",
		       is_single ? "one id, \"user\" inside, and no root: " : "65536 ids",
		       rootless->why_single);
	if (about_add(about, "users", !is_single, detail, fix, err) < 0 ||
	    about_add(about, "sudo", !is_single, is_single ? detail : "without a password", fix,
		      err) < 0)
		return -1;
	if (about_add(about, "own_ids", is_own,
		      is_own ? "each sandbox has ids of its own"
			     : "all sandboxes have the same ids: only namespaces part them",
		      is_own ? NULL : FIX_ROOT, err) < 0)
		return -1;
	return about_add(
		about, "system_files", !is_single,
		is_own ? "root inside may change every file"
		: is_single
			? "nobody may add to or change /usr"
			: "root inside may add to /usr and replace files, not change them in place",
		is_single ? fix : NULL, err);
}

static int add_internet_ability(struct engine_about *about, bool is_rootless, struct sb_error *err)
{
	const char *fix, *why = uplink_missing(is_rootless, &fix);

	if (why)
		return about_add(about, "internet", false, why, fix, err);
	return about_add(about, "internet", true, is_rootless ? "by pasta" : "by the host's routes",
			 NULL, err);
}

static int add_abilities(struct engine_about *about, const struct contain_abilities *abilities,
			 const struct rootless *rootless, struct sb_error *err)
{
	if (add_group_ability(about, "memory_limit", abilities->has_memory, err) < 0 ||
	    add_group_ability(about, "pids_limit", abilities->has_pids, err) < 0 ||
	    add_group_ability(about, "cpu_limit", abilities->has_cpu, err) < 0 ||
	    add_group_ability(about, "freeze", abilities->has_freezer, err) < 0 ||
	    add_internet_ability(about, rootless->is_rootless, err) < 0)
		return -1;
	return add_id_abilities(about, rootless, err);
}

static const char *mode_word(const struct rootless *rootless)
{
	if (!rootless->is_rootless)
		return "root";
	return idmap_mode() == IDMAP_SHARED ? "rootless" : "rootless-single";
}

int about_fill(struct engine *engine, const struct contain_abilities *abilities,
	       struct sb_error *err)
{
	struct engine_about *about = &engine->about;

	about->version = strdup(PACKAGE_VERSION);
	about->mode = strdup(mode_word(engine->options.rootless));
	if (!about->version || !about->mode)
		return no_memory(err);
	if (abilities)
		return add_abilities(about, abilities, engine->options.rootless, err);
	about->unable = strdup(engine->unable.text);
	return about->unable ? 0 : no_memory(err);
}

/* As `sandpool doctor` writes: a verdict in eight columns, then what it is about. */
void about_print(const struct engine_about *about, FILE *out)
{
	(void)fprintf(out, "%-8s sandboxes can be had (mode %s)\n", about->unable ? "FAILED" : "ok",
		      about->mode);
	if (about->unable)
		(void)fprintf(out, "         fix: %s\n", about->unable);
	for (size_t i = 0; i < about->abilities.count; i++) {
		const struct engine_ability *ability =
			&((const struct engine_ability *)about->abilities.items)[i];

		if (ability->available)
			continue;
		(void)fprintf(out, "%-8s %s: %s\n", "limited", ability->name, ability->detail);
		if (ability->fix)
			(void)fprintf(out, "         fix: %s\n", ability->fix);
	}
}

void api_about(struct api_call *call)
{
	api_reply(call->request, 200, &engine_about_type, &call->engine->about);
}
