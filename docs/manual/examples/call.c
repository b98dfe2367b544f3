/* A sandbox with a name and labels, made by a call of one's own. */
#include <sandpool.h>
#include <stdio.h>

int main(void)
{
	struct sandpool_error err;
	struct sandpool *sp = sandpool_open(NULL, 5000, &err);
	struct sandpool_call *call =
		sandpool_call_new("sandbox.create");
	int result = -1;

	sandpool_set_number(call, "timeout", 60);
	sandpool_add_pair(call, "metadata", "purpose",
			  "example");
	sandpool_add_pair(call, "envs", "LANG", "C.UTF-8");
	if (sp)
		result = sandpool_call(sp, call, 30000, &err);
	if (result == 0) {
		const char *id =
			sandpool_get_string(call, "sandbox_id");

		puts(id);
		result = sandpool_sandbox_kill(sp, id, &err);
	}
	if (result < 0)
		fprintf(stderr, "%s\n", err.message);
	sandpool_call_free(call);
	sandpool_close(sp);
	return result < 0;
}
