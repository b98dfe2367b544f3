/* The engine, described. */
#include "config.h"

#include "daemon/local/about.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/local/api.h"
#include "daemon/local/contain.h"
#include "daemon/local/engine.h"

#define FIX_CGROUP "mount -t cgroup2 none /sys/fs/cgroup, or boot with cgroup_enable=memory"

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

static int add_limit(struct engine_about *about, const char *name, bool available,
		     struct sb_error *err)
{
	return about_add(about, name, available,
			 available ? "enforced by a control group"
				   : "no control group of this kind can be used",
			 available ? NULL : FIX_CGROUP, err);
}

static int add_abilities(struct engine_about *about, const struct contain_abilities *abilities,
			 struct sb_error *err)
{
	if (add_limit(about, "memory_limit", abilities->has_memory, err) < 0)
		return -1;
	return add_limit(about, "pids_limit", abilities->has_pids, err);
}

int about_fill(struct engine *engine, const struct contain_abilities *abilities,
	       struct sb_error *err)
{
	struct engine_about *about = &engine->about;

	about->version = strdup(PACKAGE_VERSION);
	about->mode = strdup(geteuid() == 0 ? "root" : "rootless");
	if (!about->version || !about->mode)
		return no_memory(err);
	if (abilities)
		return add_abilities(about, abilities, err);
	about->unable = strdup(engine->unable.text);
	return about->unable ? 0 : no_memory(err);
}

void api_about(struct api_call *call)
{
	api_reply(call->request, 200, &engine_about_type, &call->engine->about);
}
