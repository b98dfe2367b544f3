/*
 * sandpool doctor: goes the way of real work, from the socket into a sandbox and back, tells how long each step
 * took, and stops at the one that fails, with what to do about it. Without a daemon, or when no sandbox can be
 * had, it looks at the machine instead. Signals wait while a step runs, so that the sandbox is always ended.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/machine.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"

#define STEP_TIMEOUT_MS    60000
#define CONNECT_TIMEOUT_MS 5000
#define SANDBOX_S          120 /* it ends by itself, should we be killed */
#define SLICE_MS           100
#define ABOUT_PATIENCE_MS  2000

struct doctor {
	struct cli *cli;
	char *sandbox; /* made on the way */
	struct sandpool_error err;
	char fix[600]; /* what to do about the step that failed; empty: its message says it */
	bool lacks_sudo;
	bool has_failed;
};

/* ---- telling --------------------------------------------------------------------------------- */

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* "ok       a command runs in it                                    12.3 ms" */
static void tell(const char *verdict, const char *what, int64_t took_us)
{
	if (took_us < 0)
		(void)printf("%-8s %s\n", verdict, what);
	else
		(void)printf("%-8s %-58s %8.1f ms\n", verdict, what, (double)took_us / 1000);
}

static void tell_more(const char *label, const char *text)
{
	if (text && *text)
		(void)printf("         %s%s\n", label, text);
}

static int fail(struct doctor *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

static int fail(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(d->err.message, sizeof(d->err.message), fmt, ap);
	va_end(ap);
	return -1;
}

static void set_fix(struct doctor *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void set_fix(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(d->fix, sizeof(d->fix), fmt, ap);
	va_end(ap);
}

/* ---- signals and calls ----------------------------------------------------------------------- */

/* The signal that asks us to stop, or 0. */
static int stopped_by(struct doctor *d)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	sigset_t pending;

	if (d->cli->ended_by || sigpending(&pending) < 0)
		return d->cli->ended_by;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (sigismember(&pending, numbers[i]) == 1)
			d->cli->ended_by = numbers[i];
	}
	return d->cli->ended_by;
}

struct outcome {
	bool is_there;
	struct sandpool_error err;
	bool has_failed;
};

static void on_done(void *arg, struct sandpool_call *call, const struct sandpool_error *err)
{
	struct outcome *outcome = arg;

	(void)call;
	outcome->is_there = true;
	outcome->has_failed = err != NULL;
	if (err)
		outcome->err = *err;
}

/* The call to its end; a signal cancels it when that leaves nothing behind. */
static int do_call(struct doctor *d, struct sandpool_call *call, bool may_cancel)
{
	struct outcome outcome = {0};
	int64_t deadline_us = now_us() + INT64_C(1000) * STEP_TIMEOUT_MS;
	bool is_cancelled = false;

	if (sandpool_start(d->cli->sp, call, on_done, &outcome, &d->err) < 0)
		return -1;
	while (!outcome.is_there) {
		if (now_us() > deadline_us)
			return fail(d, "no answer within %d s", STEP_TIMEOUT_MS / 1000);
		if (may_cancel && !is_cancelled && stopped_by(d)) {
			sandpool_cancel(call);
			is_cancelled = true;
		}
		if (sandpool_wait(d->cli->sp, SLICE_MS, &d->err) < 0)
			return -1;
	}
	if (outcome.has_failed)
		d->err = outcome.err;
	return outcome.has_failed ? -1 : 0;
}

/* ---- the steps ------------------------------------------------------------------------------- */

/* One that was not asked for is where a daemon without options listens. */
static void explain_socket(struct doctor *d, const char *path)
{
	bool is_named = d->cli->socket || getenv("SANDPOOL_SOCKET");
	char program[PATH_MAX + 64];
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		set_fix(d, "this is no socket: choose another by --socket or SANDPOOL_SOCKET");
	} else if (lstat(path, &st) == 0 && access(path, W_OK) < 0) {
		set_fix(d, "sudo usermod -aG $(stat -c %%G %s) $USER, and log in again", path);
	} else {
		machine_find_daemon(program, sizeof(program));
		set_fix(d, "%s, or run: %s%s%s",
			geteuid() == 0 ? "systemctl restart sandpoold.socket"
				       : "systemctl --user restart sandpoold.socket",
			program, is_named ? " --socket " : "", is_named ? path : "");
	}
}

static int check_socket(struct doctor *d)
{
	char *path CLEANUP_FREE =
		d->cli->socket ? strdup(d->cli->socket) : sandpool_default_socket();

	if (!path)
		return fail(d, "out of memory");
	d->cli->sp = sandpool_open(path, CONNECT_TIMEOUT_MS, &d->err);
	if (!d->cli->sp)
		explain_socket(d, path);
	return d->cli->sp ? 0 : -1;
}

static int check_daemon(struct doctor *d)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new("daemon.hello");
	const char *version;

	if (do_call(d, call, true) < 0)
		return -1;
	version = sandpool_get_string(call, "version");
	if (version && strcmp(version, PACKAGE_VERSION) == 0)
		return 0;
	set_fix(d, "systemctl restart sandpoold, or end it and run it again");
	return fail(d, "the daemon is version %s, this command is %s",
		    version ? version : "unknown", PACKAGE_VERSION);
}

static int check_create(struct doctor *d)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new("sandbox.create");
	const char *id;

	sandpool_set_number(call, "timeout", SANDBOX_S);
	if (do_call(d, call, false) < 0)
		return -1;
	id = sandpool_get_string(call, "sandbox_id");
	d->sandbox = id ? strdup(id) : NULL;
	return d->sandbox ? 0 : fail(d, "an answer without a sandbox's id");
}

static int run(struct doctor *d, const char *const *argv)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new_for("command.run", d->sandbox);
	int64_t status;

	for (size_t i = 0; argv[i]; i++)
		sandpool_add_string(call, "argv", argv[i]);
	if (do_call(d, call, true) < 0)
		return -1;
	status = session_status(sandpool_get_int(call, "exit_code"),
				sandpool_get_int(call, "signal"));
	if (status == 0)
		return 0;
	return fail(d, "%s ended with status %lld", argv[0], (long long)status);
}

static int check_command(struct doctor *d)
{
	return run(d, (const char *const[]){"/bin/true", NULL});
}

static int check_sudo(struct doctor *d)
{
	return run(d, (const char *const[]){"sudo", "-n", "true", NULL});
}

static int check_files(struct doctor *d)
{
	static const char text[] = "sandpool doctor\n";
	struct sandpool_call *put CLEANUP_CALL = cli_new_for("file.write", d->sandbox);
	struct sandpool_call *get CLEANUP_CALL = cli_new_for("file.read", d->sandbox);
	const char *back;
	size_t len;

	sandpool_set_string(put, "path", "/tmp/doctor");
	sandpool_set_string(put, "data", text);
	sandpool_set_string(get, "path", "/tmp/doctor");
	if (do_call(d, put, true) < 0 || do_call(d, get, true) < 0)
		return -1;
	back = sandpool_get_bytes(get, "data", &len);
	if (back && len == strlen(text) && memcmp(back, text, len) == 0)
		return 0;
	return fail(d, "a file came back changed");
}

static int check_kill(struct doctor *d)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new_for("sandbox.kill", d->sandbox);

	return do_call(d, call, false);
}

static const struct step {
	const char *what;
	int (*check)(struct doctor *d);
} before_limits[] =
	{
		{"the daemon's socket can be reached", check_socket},
		{"the daemon answers, and is of this version", check_daemon},
		{"a sandbox can be made", check_create},
},
  in_sandbox[] = {
	  {"a command runs in it", check_command},
	  {"sudo works in it", check_sudo},
	  {"a file can be written and read back", check_files},
};

static int do_step(struct doctor *d, const struct step *step)
{
	int64_t start_us = now_us();
	int result;

	*d->fix = '\0';
	result = step->check(d);
	if (result < 0 && stopped_by(d))
		return -1; /* not its fault */
	tell(result < 0 ? "FAILED" : "ok", step->what, now_us() - start_us);
	if (result < 0) {
		d->has_failed = true;
		tell_more("", d->err.message);
		tell_more("fix: ", d->fix);
	}
	return result;
}

static int do_steps(struct doctor *d, const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (d->lacks_sudo && steps[i].check == check_sudo)
			continue; /* told among the limits */
		if (do_step(d, &steps[i]) < 0 || stopped_by(d))
			return -1;
	}
	return 0;
}

/* ---- the engine and the machine -------------------------------------------------------------- */

static void tell_limit(const char *name, const char *detail, const char *fix)
{
	char line[300];

	(void)snprintf(line, sizeof(line), "%s: %s", name, detail ? detail : "not there");
	tell("limited", line, -1);
	tell_more("fix: ", fix);
}

/* What the engine said of itself; it is asked when it starts, so that may be a moment ago. */
static void tell_engine(struct doctor *d)
{
	int64_t deadline_us = now_us() + INT64_C(1000) * ABOUT_PATIENCE_MS;

	do {
		struct sandpool_call *call CLEANUP_CALL = cli_new("daemon.status");
		const char *mode, *const list = "providers[0].engine.abilities";

		if (do_call(d, call, true) < 0 || !sandpool_has(call, "providers[0]") ||
		    strcmp(item_string(call, "providers", 0, "type"), "local") != 0)
			return;
		mode = sandpool_get_string(call, "providers[0].engine.mode");
		for (size_t i = 0; mode && i < sandpool_get_count(call, list); i++) {
			const char *name = item_string(call, list, i, "name");
			char path[128];

			(void)snprintf(path, sizeof(path), "%s[%zu].available", list, i);
			if (!name || sandpool_get_bool(call, path))
				continue;
			d->lacks_sudo |= strcmp(name, "sudo") == 0;
			tell_limit(name, item_string(call, list, i, "detail"),
				   item_string(call, list, i, "fix"));
		}
		if (mode) {
			(void)printf("%-8s the engine's mode is %s\n", "ok", mode);
			return;
		}
		(void)sandpool_wait(d->cli->sp, SLICE_MS, NULL);
	} while (now_us() < deadline_us && !stopped_by(d));
}

static void tell_directory(const char *what, bool is_fit, const struct machine_directory *directory)
{
	char line[sizeof(directory->path) + 64];

	(void)snprintf(line, sizeof(line), "%s%s%s", what, *directory->path ? ": " : "",
		       directory->path);
	tell(is_fit ? "ok" : "FAILED", line, -1);
	if (!is_fit) {
		tell_more("", directory->why);
		tell_more("fix: ", directory->fix);
	}
}

static void tell_machine(void)
{
	struct machine_directory directory;
	struct sb_error err = {0};
	bool is_fit;

	(void)printf("\nThis machine, for an engine started by uid %u:\n", geteuid());
	if (machine_ask_engine(&err) < 0) {
		tell("FAILED", "the engine can be asked", -1);
		tell_more("", err.text);
		tell_more("fix: ", "install sandpool's engine again");
	}
	is_fit = machine_check_state(&directory);
	tell_directory("the daemon's state can be kept", is_fit, &directory);
	is_fit = machine_check_runtime(&directory);
	tell_directory("the daemon's socket can be made", is_fit, &directory);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void examine(struct doctor *d)
{
	static const struct step last = {"the sandbox can be ended", check_kill};

	if (do_steps(d, before_limits, ARRAY_SIZE(before_limits)) == 0) {
		tell_engine(d);
		(void)do_steps(d, in_sandbox, ARRAY_SIZE(in_sandbox));
	}
	if (d->sandbox)
		(void)do_step(d, &last);
	else if (!stopped_by(d))
		tell_machine();
}

int cmd_doctor(struct cli *cli, int argc, char **argv)
{
	struct doctor doctor = {.cli = cli};

	(void)argv;
	if (argc != 1)
		return cli_usage(cli);
	if (session_hold_signals() < 0)
		return cli_fail("signals: %s", strerror(errno));
	examine(&doctor);
	free(doctor.sandbox);
	if (cli->ended_by)
		return EXIT_SIGNAL + cli->ended_by;
	return doctor.has_failed ? EXIT_OURS : 0;
}
