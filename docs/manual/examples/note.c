/* A command's output as it comes. */
#include <sandpool.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_note(void *arg, struct sandpool_note *note)
{
	const char *method = sandpool_note_method(note);
	bool *has_ended = arg;
	const void *data;
	size_t len;

	if (strcmp(method, "command.output") == 0) {
		data = sandpool_note_bytes(note, "data", &len);
		if (data)
			fwrite(data, 1, len, stdout);
	} else if (strcmp(method, "command.exit") == 0) {
		printf("status %lld\n",
		       (long long)sandpool_note_int(
			       note, "exit_code"));
		*has_ended = true;
	}
}

int main(void)
{
	struct sandpool_error err;
	struct sandpool *sp = sandpool_open(NULL, 5000, &err);
	char *id =
		sp ? sandpool_sandbox_create(sp, NULL, 60, &err)
		   : NULL;
	struct sandpool_call *call =
		sandpool_call_new("command.start");
	bool has_ended = false;
	int result = -1;

	sandpool_set_string(call, "sandbox_id", id);
	sandpool_set_string(call, "cmd",
			    "for i in 1 2 3; do date; done");
	if (id) {
		sandpool_on_note(sp, on_note, &has_ended);
		result = sandpool_call(sp, call, 30000, &err);
		while (result == 0 && !has_ended)
			result = sandpool_wait(sp, -1, &err);
		(void)sandpool_sandbox_kill(sp, id, NULL);
	}
	if (result < 0)
		fprintf(stderr, "%s\n", err.message);
	sandpool_call_free(call);
	sandpool_close(sp);
	free(id);
	return result < 0;
}
