/*
 * Runs a command on files of this machine where it can do no harm: in a sandbox of its own, which ends with it.
 * Output is shown as it comes, and the command's exit status is ours.
 *
 *	run-tests test.py module.py -- python3 test.py
 *
 * Built with: cc run-tests.c -o run-tests $(pkg-config --cflags --libs libsandpool)
 */
#include <fcntl.h>
#include <sandpool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIFETIME_S = 600, PATIENCE_MS = 60000, OUR_FAULT = 125 };

struct run {
	bool has_ended;
	int status;
};

/* The daemon tells of output and of the end as they happen; only one command runs on this connection. */
static void on_note(void *arg, struct sandpool_note *note)
{
	struct run *run = arg;
	const char *method = sandpool_note_method(note);

	if (strcmp(method, "command.output") == 0) {
		const char *stream = sandpool_note_string(note, "stream");
		size_t len = 0;
		const void *data = sandpool_note_bytes(note, "data", &len);
		FILE *to = strcmp(stream, "stderr") == 0 ? stderr : stdout;

		if (data)
			fwrite(data, 1, len, to);
		fflush(to);
	} else if (strcmp(method, "command.exit") == 0) {
		int signal = (int)sandpool_note_int(note, "signal");

		run->status = signal ? 128 + signal : (int)sandpool_note_int(note, "exit_code");
		run->has_ended = true;
	}
}

/* The daemon reads the file itself, through our descriptor: it may be of any size. */
static int upload(struct sandpool *sp, const char *box, const char *path,
		  struct sandpool_error *err)
{
	const char *slash = strrchr(path, '/');
	struct sandpool_call *call = sandpool_call_new("file.write");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result = -1;

	if (fd < 0) {
		snprintf(err->message, sizeof(err->message), "%s cannot be read", path);
	} else {
		sandpool_set_string(call, "sandbox_id", box);
		sandpool_set_string(call, "path", slash ? slash + 1 : path);
		sandpool_set_fd(call, "fd", fd);
		result = sandpool_call(sp, call, PATIENCE_MS, err);
		close(fd);
	}
	sandpool_call_free(call);
	return result;
}

/* Start argv (ends with NULL), and show what it says until it ends. */
static int execute(struct sandpool *sp, const char *box, char **argv, struct sandpool_error *err)
{
	struct run run = {0};
	struct sandpool_call *call = sandpool_call_new("command.start");
	int result;

	sandpool_on_note(sp, on_note, &run);
	sandpool_set_string(call, "sandbox_id", box);
	for (; *argv; argv++)
		sandpool_add_string(call, "argv", *argv);
	result = sandpool_call(sp, call, PATIENCE_MS, err);
	sandpool_call_free(call);
	while (result == 0 && !run.has_ended)
		result = sandpool_wait(sp, -1, err);
	return result < 0 ? -1 : run.status;
}

static int run_tests(struct sandpool *sp, char **files, char **argv, struct sandpool_error *err)
{
	char *box = sandpool_sandbox_create(sp, NULL, LIFETIME_S, err);
	int status = box ? 0 : -1;

	for (; status == 0 && *files; files++)
		status = upload(sp, box, *files, err);
	if (status == 0)
		status = execute(sp, box, argv, err);
	if (box)
		sandpool_sandbox_kill(sp, box, NULL);
	free(box);
	return status;
}

int main(int argc, char **argv)
{
	struct sandpool_error err = {0};
	struct sandpool *sp;
	int dashes = 1;
	int status = -1;

	while (dashes < argc && strcmp(argv[dashes], "--") != 0)
		dashes++;
	if (dashes + 1 >= argc) {
		fprintf(stderr, "usage: %s FILE... -- COMMAND [ARGUMENT]...\n", argv[0]);
		return OUR_FAULT;
	}
	argv[dashes] = NULL;
	sp = sandpool_open(NULL, PATIENCE_MS, &err);
	if (sp)
		status = run_tests(sp, argv + 1, argv + dashes + 1, &err);
	sandpool_close(sp);
	if (status < 0)
		fprintf(stderr, "%s: %s\n", argv[0], err.message);
	return status < 0 ? OUR_FAULT : status;
}
