/* The most common calls in one line each. */
#include "config.h"

#include <string.h>

#include "client/client.h"

/* How long the calls here wait beyond the daemon's own deadline of 60 s. */
#define EASY_TIMEOUT_MS 65000

static void cleanup_call(struct sandpool_call **call)
{
	sandpool_call_free(*call);
}

#define CLEANUP_CALL CLEANUP(cleanup_call)

static struct sandpool_call *new_call(const char *method, const char *sandbox,
				      struct sandpool_error *err)
{
	struct sandpool_call *call = sandpool_call_new(method);

	if (!call)
		(void)client_fail(err, "internal", "out of memory");
	else
		sandpool_set_string(call, "sandbox_id", sandbox);
	return call;
}

char *sandpool_sandbox_create(struct sandpool *sp, const char *template_name, double timeout_s,
			      struct sandpool_error *err)
{
	struct sandpool_call *call CLEANUP_CALL = new_call("sandbox.create", NULL, err);
	char *id;

	if (!call)
		return NULL;
	sandpool_set_string(call, "template", template_name);
	sandpool_set_number(call, "timeout", timeout_s);
	if (sandpool_call(sp, call, EASY_TIMEOUT_MS, err) < 0)
		return NULL;
	id = strdup(sandpool_get_string(call, "sandbox_id")
			    ? sandpool_get_string(call, "sandbox_id")
			    : "");
	if (!id)
		(void)client_fail(err, "internal", "out of memory");
	return id;
}

int sandpool_sandbox_kill(struct sandpool *sp, const char *sandbox, struct sandpool_error *err)
{
	struct sandpool_call *call CLEANUP_CALL = new_call("sandbox.kill", sandbox, err);

	return call ? sandpool_call(sp, call, EASY_TIMEOUT_MS, err) : -1;
}

int sandpool_command_run(struct sandpool *sp, const char *sandbox, const char *const *argv,
			 int timeout_ms, struct sandpool_call **ret_call,
			 struct sandpool_error *err)
{
	struct sandpool_call *call CLEANUP_CALL = new_call("command.run", sandbox, err);
	int status;

	if (!call)
		return -1;
	for (; *argv; argv++)
		sandpool_add_string(call, "argv", *argv);
	if (sandpool_call(sp, call, timeout_ms, err) < 0)
		return -1;
	status = (int)sandpool_get_int(call, "signal");
	status = status ? 128 + status : (int)sandpool_get_int(call, "exit_code");
	if (ret_call)
		*ret_call = take(&call);
	return status;
}

int sandpool_file_write(struct sandpool *sp, const char *sandbox, const char *path,
			const void *data, size_t len, struct sandpool_error *err)
{
	struct sandpool_call *call CLEANUP_CALL = new_call("file.write", sandbox, err);

	if (!call)
		return -1;
	sandpool_set_string(call, "path", path);
	sandpool_set_bytes(call, "data", data, len);
	return sandpool_call(sp, call, EASY_TIMEOUT_MS, err);
}

void *sandpool_file_read(struct sandpool *sp, const char *sandbox, const char *path,
			 size_t *ret_len, struct sandpool_error *err)
{
	struct sandpool_call *call CLEANUP_CALL = new_call("file.read", sandbox, err);
	const void *data;
	char *copy;
	size_t len;

	if (!call)
		return NULL;
	sandpool_set_string(call, "path", path);
	if (sandpool_call(sp, call, EASY_TIMEOUT_MS, err) < 0)
		return NULL;
	data = sandpool_get_bytes(call, "data", &len);
	copy = malloc(len + 1);
	if (!copy) {
		(void)client_fail(err, "internal", "out of memory");
		return NULL;
	}
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	*ret_len = len;
	return copy;
}
