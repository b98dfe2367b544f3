/* Several calls at once, with a loop of one's own. */
#include <poll.h>
#include <sandpool.h>
#include <stdio.h>

static void on_done(void *arg, struct sandpool_call *call,
		    const struct sandpool_error *err)
{
	int *left = arg;

	if (err)
		fprintf(stderr, "%s\n", err->message);
	else
		puts(sandpool_get_json(call));
	sandpool_call_free(call);
	(*left)--;
}

int main(void)
{
	struct sandpool_error err;
	struct sandpool *sp = sandpool_open(NULL, 5000, &err);
	int left = 0;

	for (int i = 0; sp && i < 2; i++) {
		struct sandpool_call *call = sandpool_call_new(
			i ? "daemon.status" : "sandbox.list");

		if (sandpool_start(sp, call, on_done, &left,
				   &err) == 0)
			left++;
	}
	while (sp && left > 0) {
		struct pollfd ready = {
			.fd = sandpool_fd(sp),
			.events = POLLIN,
		};

		if (sandpool_wants_write(sp))
			ready.events |= POLLOUT;
		if (poll(&ready, 1, -1) < 0 ||
		    sandpool_dispatch(sp, &err) < 0)
			break;
	}
	if (!sp || left > 0)
		fprintf(stderr, "%s\n", err.message);
	sandpool_close(sp);
	return sp && left == 0 ? 0 : 1;
}
