/*
 * sandpool doctor: goes the way of real work, from the socket into a sandbox and back, and names the step
 * that fails. The daemon's and the engine's own messages say how to mend it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/verbs.h"

#define DOCTOR_TIMEOUT_MS 60000

struct doctor {
	struct cli *cli;
	char *sandbox; /* made on the way */
	struct sandpool_error err;
};

static int check_socket(struct doctor *d)
{
	char *path CLEANUP_FREE =
		d->cli->socket ? strdup(d->cli->socket) : sandpool_default_socket();

	d->cli->sp = sandpool_open(path, 5000, &d->err);
	return d->cli->sp ? 0 : -1;
}

static int check_daemon(struct doctor *d)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new("daemon.hello");
	const char *version;

	if (sandpool_call(d->cli->sp, call, DOCTOR_TIMEOUT_MS, &d->err) < 0)
		return -1;
	version = sandpool_get_string(call, "version");
	if (version && strcmp(version, PACKAGE_VERSION) == 0)
		return 0;
	(void)snprintf(d->err.message, sizeof(d->err.message),
		       "the daemon is version %s, this command is %s: restart the daemon",
		       version ? version : "unknown", PACKAGE_VERSION);
	return -1;
}

static int check_create(struct doctor *d)
{
	d->sandbox = sandpool_sandbox_create(d->cli->sp, NULL, 60, &d->err);
	return d->sandbox ? 0 : -1;
}

static int check_command(struct doctor *d)
{
	static const char *const words[] = {"/bin/true", NULL};
	int status = sandpool_command_run(d->cli->sp, d->sandbox, words, DOCTOR_TIMEOUT_MS, NULL,
					  &d->err);

	if (status > 0)
		(void)snprintf(d->err.message, sizeof(d->err.message),
			       "/bin/true ended with status %d", status);
	return status == 0 ? 0 : -1;
}

static int check_sudo(struct doctor *d)
{
	static const char *const words[] = {"sudo", "-n", "true", NULL};
	int status = sandpool_command_run(d->cli->sp, d->sandbox, words, DOCTOR_TIMEOUT_MS, NULL,
					  &d->err);

	if (status > 0)
		(void)snprintf(d->err.message, sizeof(d->err.message), "sudo ended with status %d",
			       status);
	return status == 0 ? 0 : -1;
}

static int check_files(struct doctor *d)
{
	static const char text[] = "sandpool doctor\n";
	char *back CLEANUP_FREE = NULL;
	size_t len;

	if (sandpool_file_write(d->cli->sp, d->sandbox, "/tmp/doctor", text, strlen(text),
				&d->err) < 0)
		return -1;
	back = sandpool_file_read(d->cli->sp, d->sandbox, "/tmp/doctor", &len, &d->err);
	if (!back)
		return -1;
	if (strcmp(back, text) == 0)
		return 0;
	(void)snprintf(d->err.message, sizeof(d->err.message), "a file came back changed");
	return -1;
}

static int check_kill(struct doctor *d)
{
	return sandpool_sandbox_kill(d->cli->sp, d->sandbox, &d->err);
}

static const struct {
	const char *what;
	int (*check)(struct doctor *d);
} checks[] = {
	{"the daemon's socket can be reached", check_socket},
	{"the daemon answers, and is of this version", check_daemon},
	{"a sandbox can be made", check_create},
	{"a command runs in it", check_command},
	{"sudo works in it", check_sudo},
	{"a file can be written and read back", check_files},
	{"the sandbox can be ended", check_kill},
};

int cmd_doctor(struct cli *cli, int argc, char **argv)
{
	struct doctor doctor = {.cli = cli};
	bool has_failed = false;

	(void)argv;
	if (argc != 1)
		return cli_usage(cli);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		bool is_last = checks[i].check == check_kill;

		if (has_failed && !(is_last && doctor.sandbox))
			continue; /* the later ones stand on the one that failed */
		if (checks[i].check(&doctor) == 0) {
			(void)printf("ok    %s\n", checks[i].what);
			continue;
		}
		has_failed = true;
		(void)printf("FAIL  %s\n      %s\n", checks[i].what, doctor.err.message);
	}
	free(doctor.sandbox);
	return has_failed ? EXIT_OURS : 0;
}
