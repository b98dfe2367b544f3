/*
 * sandpool cp: files and directories, here and in sandboxes. As with cp(1), a destination that is a
 * directory gets the source inside it. The permission bits come along.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cli/copy.h"
#include "client/cli/place.h"
#include "client/cli/verbs.h"

enum kind { KIND_MISSING, KIND_FILE, KIND_DIR, KIND_OTHER };

struct facts {
	enum kind kind;
	int64_t size;
	unsigned mode;
};

/* ---- looking --------------------------------------------------------------------------------- */

static int look_here(const char *path, struct facts *ret)
{
	struct stat st;

	*ret = (struct facts){.kind = KIND_MISSING};
	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : cli_fail("%s: %s", path, strerror(errno));
	ret->kind = S_ISREG(st.st_mode) ? KIND_FILE : S_ISDIR(st.st_mode) ? KIND_DIR : KIND_OTHER;
	ret->size = S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
	ret->mode = st.st_mode & 07777;
	return 0;
}

static int look_there(struct cli *cli, const struct place *place, struct facts *ret)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new_for("file.stat", place->sandbox);
	struct sandpool_error err;
	const char *type;

	*ret = (struct facts){.kind = KIND_MISSING};
	sandpool_set_string(call, "path", place->path);
	if (cli_connect(cli) < 0)
		return EXIT_OURS;
	if (sandpool_call(cli->sp, call, -1, &err) < 0)
		return strcmp(err.kind, "file_not_found") == 0 ? 0 : cli_fail_with(&err);
	type = sandpool_get_string(call, "type");
	ret->kind = !type || strcmp(type, "unknown") == 0 ? KIND_OTHER
		    : strcmp(type, "dir") == 0            ? KIND_DIR
							  : KIND_FILE;
	ret->size = sandpool_get_int(call, "size");
	ret->mode = (unsigned)sandpool_get_int(call, "mode");
	return 0;
}

static int look(struct cli *cli, const struct place *place, struct facts *ret)
{
	return place->sandbox ? look_there(cli, place, ret) : look_here(place->path, ret);
}

/* ---- one file -------------------------------------------------------------------------------- */

/* An executable stays one; the wire has no mode of its own for an upload. */
static int set_mode_there(struct cli *cli, const struct place *to, unsigned mode)
{
	struct sandpool_call *call CLEANUP_CALL = NULL;
	char octal[8];
	int status;

	if ((mode & 0777) == 0644)
		return 0;
	(void)snprintf(octal, sizeof(octal), "%o", mode & 0777);
	call = cli_new_for("command.run", to->sandbox);
	sandpool_add_string(call, "argv", "chmod");
	sandpool_add_string(call, "argv", octal);
	sandpool_add_string(call, "argv", "--");
	sandpool_add_string(call, "argv", to->path);
	status = cli_call(cli, call);
	if (status == 0 && sandpool_get_int(call, "exit_code") != 0)
		return cli_fail("%s: its mode could not be set", to->path);
	return status;
}

static int file_in(struct cli *cli, const char *from, const struct place *to,
		   const struct facts *facts)
{
	int fd CLEANUP_FD = open(from, O_RDONLY | O_CLOEXEC);
	int status;

	if (fd < 0)
		return cli_fail("%s: %s", from, strerror(errno));
	status = copy_in(cli, fd, facts->size, to->sandbox, to->path);
	return status ? status : set_mode_there(cli, to, facts->mode);
}

static int file_out(struct cli *cli, const struct place *from, const char *to,
		    const struct facts *facts)
{
	int fd CLEANUP_FD = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int status;

	if (fd < 0)
		return cli_fail("%s: %s", to, strerror(errno));
	status = copy_out(cli, from->sandbox, from->path, facts->size, fd);
	if (status == 0 && facts->mode & 0111 && fchmod(fd, facts->mode & 0777) < 0)
		return cli_fail("%s: %s", to, strerror(errno));
	return status;
}

static int copy_file(struct cli *cli, const struct place *from, const struct place *to,
		     const struct facts *facts)
{
	int status;

	if (!from->sandbox)
		return file_in(cli, from->path, to, facts);
	if (!to->sandbox)
		return file_out(cli, from, to->path, facts);
	status = copy_across(cli, from->sandbox, from->path, to->sandbox, to->path);
	return status ? status : set_mode_there(cli, to, facts->mode);
}

/* ---- directories ----------------------------------------------------------------------------- */

static int copy_any(struct cli *cli, const struct place *from, const struct place *to,
		    bool recursive);

static int make_dir(struct cli *cli, const struct place *place)
{
	struct sandpool_call *call CLEANUP_CALL = NULL;

	if (!place->sandbox) {
		if (mkdir(place->path, 0777) < 0 && errno != EEXIST)
			return cli_fail("%s: %s", place->path, strerror(errno));
		return 0;
	}
	call = cli_new_for("file.mkdir", place->sandbox);
	sandpool_set_string(call, "path", place->path);
	return cli_call(cli, call);
}

static int copy_member(struct cli *cli, const struct place *from, const struct place *to,
		       const char *name)
{
	char *from_path CLEANUP_FREE = path_join(from->path, name);
	char *to_path CLEANUP_FREE = path_join(to->path, name);
	struct place from_member = {from->sandbox, from_path};
	struct place to_member = {to->sandbox, to_path};

	if (!from_path || !to_path)
		return cli_fail("out of memory");
	return copy_any(cli, &from_member, &to_member, true);
}

static int copy_members_here(struct cli *cli, const struct place *from, const struct place *to)
{
	DIR *dir = opendir(from->path);
	struct dirent *entry;
	int status = 0;

	if (!dir)
		return cli_fail("%s: %s", from->path, strerror(errno));
	while (status == 0 && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			status = copy_member(cli, from, to, entry->d_name);
	}
	(void)closedir(dir);
	return status;
}

static int copy_members_there(struct cli *cli, const struct place *from, const struct place *to)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new_for("file.list", from->sandbox);
	int status;

	sandpool_set_string(call, "path", from->path);
	status = cli_call(cli, call);
	for (size_t i = 0; status == 0 && i < sandpool_get_count(call, "entries"); i++) {
		const char *name;
		char path[48];

		(void)snprintf(path, sizeof(path), "entries[%zu].name", i);
		name = sandpool_get_string(call, path);
		if (!name || strchr(name, '/') || strcmp(name, "..") == 0)
			return cli_fail("%s: a name that cannot be copied", from->path);
		status = copy_member(cli, from, to, name);
	}
	return status;
}

static int copy_any(struct cli *cli, const struct place *from, const struct place *to,
		    bool recursive)
{
	struct facts facts;
	int status = look(cli, from, &facts);

	if (status)
		return status;
	switch (facts.kind) {
	case KIND_MISSING:
		return cli_fail("%s: there is no such file", from->path);
	case KIND_OTHER:
		return cli_fail("%s: neither a file nor a directory", from->path);
	case KIND_FILE:
		return copy_file(cli, from, to, &facts);
	case KIND_DIR:
		if (!recursive)
			return cli_fail("%s: a directory; use -r", from->path);
		status = make_dir(cli, to);
		if (status)
			return status;
		return from->sandbox ? copy_members_there(cli, from, to)
				     : copy_members_here(cli, from, to);
	}
	abort();
}

/* A destination that is a directory gets the source inside it. */
static int settle_destination(struct cli *cli, const struct place *from, struct place *to)
{
	char *name CLEANUP_FREE = path_base(from->path);
	struct facts facts;
	char *inside;
	int status = look(cli, to, &facts);

	if (status || facts.kind != KIND_DIR)
		return status;
	inside = name ? path_join(to->path, name) : NULL;
	if (!inside)
		return cli_fail("out of memory");
	free(to->path);
	to->path = inside;
	return 0;
}

int cmd_cp(struct cli *cli, int argc, char **argv)
{
	struct place from CLEANUP(place_deinit) = {0};
	struct place to CLEANUP(place_deinit) = {0};
	bool recursive = false;
	int c, status;

	while ((c = getopt(argc, argv, "+hr")) != -1) {
		if (c != 'r')
			return cli_usage(cli);
		recursive = true;
	}
	if (optind + 2 != argc)
		return cli_usage(cli);
	if (place_parse(argv[optind], &from) < 0 || place_parse(argv[optind + 1], &to) < 0)
		return cli_fail("out of memory");
	if (!from.sandbox && !to.sandbox)
		return cli_fail("neither %s nor %s is in a sandbox; write ID:PATH", from.path,
				to.path);
	status = settle_destination(cli, &from, &to);
	return status ? status : copy_any(cli, &from, &to, recursive);
}
