/*
 * The provider's part in an operation: wait until it can be asked, ask, and run the operation again with
 * the answer there. Embed it; one request at a time.
 */
#ifndef SP_REMOTE_H
#define SP_REMOTE_H

#include "daemon/e2b/api.h"
#include "daemon/op.h"
#include "daemon/provider.h"

struct remote {
	struct op *op;
	struct provider *provider;
	struct provider_wait wait;
	struct api_call api;
};

/* The operation is run by what comes back; errors are in wait.err and api.err. */
void remote_init(struct remote *remote, struct op *op, struct provider *provider);

/* Wait for the provider and go on with `step`. */
enum op_next remote_ready(struct remote *remote, int step);

/* The call to give to an api_*() function. It may outlast the operation's deadline a little. */
struct api_call *remote_call(struct remote *remote);

void remote_cancel(struct remote *remote);

/* E2B counts whole seconds: never less than was asked for. */
int64_t remote_seconds(double seconds);

#endif
