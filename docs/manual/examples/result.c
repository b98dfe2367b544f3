/* The sandboxes there are, and how each is called. */
#include <sandpool.h>
#include <stdio.h>

int main(void)
{
	struct sandpool_error err;
	struct sandpool *sp = sandpool_open(NULL, 5000, &err);
	struct sandpool_call *call =
		sandpool_call_new("sandbox.list");
	size_t count;

	if (!sp || sandpool_call(sp, call, 5000, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	count = sandpool_get_count(call, "sandboxes");
	for (size_t i = 0; i < count; i++) {
		const char *id, *name;
		char path[64];

		snprintf(path, sizeof(path),
			 "sandboxes[%zu].sandbox_id", i);
		id = sandpool_get_string(call, path);
		snprintf(path, sizeof(path),
			 "sandboxes[%zu].name", i);
		name = sandpool_get_string(call, path);
		printf("%s %s\n", id, name ? name : "-");
	}
	sandpool_call_free(call);
	sandpool_close(sp);
	return 0;
}
