/* What to decide by is the kind of an error. */
#include <sandpool.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	struct sandpool_error err;
	struct sandpool *sp = sandpool_open(NULL, 5000, &err);
	struct sandpool_call *call =
		sandpool_call_new("sandbox.get");
	int result = -1;

	sandpool_set_string(call, "sandbox_id", "nobody");
	if (sp)
		result = sandpool_call(sp, call, 5000, &err);
	if (result == 0)
		puts("there is one of that name");
	else if (strcmp(err.kind, "sandbox_not_found") == 0)
		puts("there is none");
	else if (err.retryable)
		fprintf(stderr, "try again: %s\n", err.message);
	else
		fprintf(stderr, "%s\n", err.message);
	sandpool_call_free(call);
	sandpool_close(sp);
	return sp ? 0 : 1;
}
