/* One file between this machine and a sandbox. */
#include "config.h"

#include "client/cli/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/place.h"
#include "client/cli/progress.h"

static struct sandpool_call *transfer_call(const char *method, const char *sandbox,
					   const char *path, int fd)
{
	struct sandpool_call *call = cli_new_for(method, sandbox);

	sandpool_set_string(call, "path", path);
	sandpool_set_fd(call, "fd", fd);
	return call;
}

static int transfer(struct cli *cli, struct sandpool_call *call, const char *path, int64_t size)
{
	char *name CLEANUP_FREE = path_base(path);
	struct progress progress;
	int status;

	if (cli_connect(cli) < 0)
		return EXIT_OURS;
	progress_begin(&progress, cli->sp, name ? name : path, size);
	if (progress.is_shown)
		sandpool_set_bool(call, "progress", true);
	status = cli_call(cli, call);
	progress_end(&progress, cli->sp);
	return status;
}

int copy_in(struct cli *cli, int fd, int64_t size, const char *sandbox, const char *path)
{
	struct sandpool_call *call CLEANUP_CALL = transfer_call("file.write", sandbox, path, fd);

	return transfer(cli, call, path, size);
}

int copy_out(struct cli *cli, const char *sandbox, const char *path, int64_t size, int fd)
{
	struct sandpool_call *call CLEANUP_CALL = transfer_call("file.read", sandbox, path, fd);

	return transfer(cli, call, path, size);
}

/* What a copy between sandboxes waits for: both halves. */
struct halves {
	int left;
	int status;
};

static void on_half_done(void *arg, struct sandpool_call *call, const struct sandpool_error *err)
{
	struct halves *halves = arg;

	(void)call;
	halves->left--;
	if (err && halves->status == 0)
		halves->status = cli_fail_with(err);
}

static int start_half(struct cli *cli, struct sandpool_call *call, struct halves *halves)
{
	struct sandpool_error err;

	if (sandpool_start(cli->sp, call, on_half_done, halves, &err) < 0)
		return cli_fail_with(&err);
	halves->left++;
	return 0;
}

int copy_across(struct cli *cli, const char *from, const char *from_path, const char *to,
		const char *to_path)
{
	struct sandpool_call *reader CLEANUP_CALL = NULL;
	struct sandpool_call *writer CLEANUP_CALL = NULL;
	struct halves halves = {0};
	struct sandpool_error err;
	int ends[2];

	if (cli_connect(cli) < 0)
		return EXIT_OURS;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return cli_fail("pipe: %s", strerror(errno));
	reader = transfer_call("file.read", from, from_path, ends[1]);
	writer = transfer_call("file.write", to, to_path, ends[0]);
	(void)close(ends[0]);
	(void)close(ends[1]);
	if (start_half(cli, reader, &halves) || start_half(cli, writer, &halves))
		return EXIT_OURS;
	while (halves.left > 0 && halves.status == 0) {
		if (sandpool_wait(cli->sp, -1, &err) < 0)
			return halves.status ? halves.status : cli_fail_with(&err);
	}
	return halves.status;
}
