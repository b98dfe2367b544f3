/* A file of a sandbox straight to standard output. */
#include <sandpool.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sandpool_error err = {
		.message = "usage: SANDBOX PATH"};
	struct sandpool *sp = NULL;
	struct sandpool_call *call =
		sandpool_call_new("file.read");
	int result = -1;

	if (argc == 3)
		sp = sandpool_open(NULL, 5000, &err);
	if (sp) {
		sandpool_set_string(call, "sandbox_id",
				    argv[1]);
		sandpool_set_string(call, "path", argv[2]);
		sandpool_set_fd(call, "fd", STDOUT_FILENO);
		result = sandpool_call(sp, call, -1, &err);
	}
	if (result < 0)
		fprintf(stderr, "%s\n", err.message);
	sandpool_call_free(call);
	sandpool_close(sp);
	return result < 0;
}
