/*
 * A directory below STATE/boxes is the mark of a sandbox: it is made before anything else of it and goes last.
 * One with a good record whose first process lives is taken up; any other is ended as if it had run.
 */
#include "config.h"

#include "daemon/local/adopt.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/local/box.h"
#include "daemon/local/engine.h"

static void close_dir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

/* Another may have the range only when a record lies: then neither is to be trusted with it. */
static int claim_range(struct engine *engine, struct record *record, struct sb_error *err)
{
	int64_t base = record->id_base;

	record->id_base = 0;
	if (ids_ranges_claim(&engine->ranges, base) < 0)
		return sb_fail(err, SB_SANDBOX, "its uid range is not free");
	record->id_base = base;
	return 0;
}

static int load(struct engine *engine, const char *id, struct record *ret, struct sb_error *err)
{
	char *dir CLEANUP_FREE = engine_path("%s/boxes/%s", engine->options.state_dir, id);

	if (!dir)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "record");
	if (record_load(dir, ret, err) < 0)
		return -1;
	if (strcmp(ret->id, id) != 0) {
		record_deinit(ret);
		return sb_fail(err, SB_SANDBOX, "its record names another");
	}
	return claim_range(engine, ret, err);
}

static int adopt_one(struct engine *engine, const char *id, struct sb_error *err)
{
	struct sb_error why = {0};
	struct record record = {0};
	struct box *box;

	if (load(engine, id, &record, &why) < 0 && !record.id)
		record.id = strdup(id);
	if (!record.id)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "sandbox %s", id);
	box = box_new(engine, &record, err);
	if (!box) {
		record_deinit(&record);
		return -1;
	}
	if (why.code == SB_OK && box_adopt(box, &why) == 0)
		return 0;
	log_info("%s: cannot be taken up: %s", id, why.text);
	box_end(box, "left over");
	return 0;
}

static int adopt_boxes(struct engine *engine, struct sb_error *err)
{
	char *path CLEANUP_FREE = engine_path("%s/boxes", engine->options.state_dir);
	DIR *dir CLEANUP(close_dir) = path ? opendir(path) : NULL;
	struct dirent *entry;

	if (!dir)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path ? path : "boxes");
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		if (!ids_is_valid(entry->d_name))
			log_warning("%s/%s: not the directory of a sandbox", path, entry->d_name);
		else if (adopt_one(engine, entry->d_name, err) < 0)
			return -1;
	}
	return 0;
}

/* Sockets that no box names: their agents are gone. */
static int remove_sockets(struct engine *engine, struct sb_error *err)
{
	char *path CLEANUP_FREE = engine_path("%s/boxes", engine->options.run_dir);
	DIR *dir CLEANUP(close_dir) = path ? opendir(path) : NULL;
	struct dirent *entry;

	if (!dir)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path ? path : "boxes");
	while ((entry = readdir(dir))) {
		char id[80];
		const char *suffix = strrchr(entry->d_name, '.');

		if (!suffix || strcmp(suffix, ".sock") != 0)
			continue;
		(void)snprintf(id, sizeof(id), "%.*s", (int)(suffix - entry->d_name),
			       entry->d_name);
		if (!engine_find_box(engine, id))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	return 0;
}

int adopt_all(struct engine *engine, struct sb_error *err)
{
	if (adopt_boxes(engine, err) < 0)
		return -1;
	return remove_sockets(engine, err);
}
