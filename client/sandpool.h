/*
 * libsandpool: the client of the sandpool daemon.
 *
 * Two things: a connection to the daemon's socket, and calls made on it. A call names a method of
 * sandpool-protocol(7), is given parameters by name, and afterwards gives its result's members by path:
 *
 *	struct sandpool_error err;
 *	struct sandpool *sp = sandpool_open(NULL, 5000, &err);
 *	struct sandpool_call *call = sandpool_call_new("sandbox.create");
 *
 *	sandpool_set_string(call, "template", "base");
 *	sandpool_set_number(call, "timeout", 60);
 *	if (sandpool_call(sp, call, 30000, &err) == 0)
 *		puts(sandpool_get_string(call, "sandbox_id"));
 *	sandpool_call_free(call);
 *	sandpool_close(sp);
 *
 * Blocking programs use sandpool_call() and sandpool_wait(). Programs with a loop of their own watch
 * sandpool_fd() and call sandpool_dispatch(); calls then end in a callback. Both may be mixed.
 *
 * Functions return 0 or -1 with *err filled; `err` may be NULL everywhere. Nothing here prints, exits,
 * changes signal handlers or keeps global state. A connection and its calls belong to one thread at a time.
 */
#ifndef SANDPOOL_H
#define SANDPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SANDPOOL_API __attribute__((visibility("default")))
#else
#define SANDPOOL_API
#endif

struct sandpool;      /* a connection */
struct sandpool_call; /* a call: parameters, then a result */
struct sandpool_note; /* a notification, while its callback runs */

struct sandpool_error {
	bool from_daemon;  /* the daemon said no; otherwise it could not be asked */
	char kind[32];     /* "sandbox_not_found", "timeout", … see sandpool-protocol(7) */
	int http_status;   /* the nearest HTTP status, or 0 */
	bool retryable;    /* the same call may succeed later */
	char message[512]; /* one line for a person */
};

/* ---- the connection -------------------------------------------------------------------------- */

/*
 * The socket that sandpool_open(NULL, …) uses: $SANDPOOL_SOCKET, or the user's own daemon's under
 * $XDG_RUNTIME_DIR when it is there, or the system's. Returns new, free() it; NULL when out of memory.
 */
SANDPOOL_API char *sandpool_default_socket(void);

/* Connect to the daemon at `path`. Timeouts are milliseconds here and below; -1 means no limit. */
SANDPOOL_API struct sandpool *sandpool_open(const char *path, int timeout_ms,
					    struct sandpool_error *err);

/* Closes; calls still under way are forgotten without a callback. NULL is fine. */
SANDPOOL_API void sandpool_close(struct sandpool *sp);

/* Wait until this descriptor is readable (or writable, while sandpool_wants_write()), then dispatch. */
SANDPOOL_API int sandpool_fd(const struct sandpool *sp);
SANDPOOL_API bool sandpool_wants_write(const struct sandpool *sp);

/*
 * Do what can be done without waiting: send, receive, run callbacks. -1 when the connection is lost;
 * every call under way has then ended with that error.
 */
SANDPOOL_API int sandpool_dispatch(struct sandpool *sp, struct sandpool_error *err);

/* Wait up to `timeout_ms` for something to happen, then dispatch. 0 also when the time passed. */
SANDPOOL_API int sandpool_wait(struct sandpool *sp, int timeout_ms, struct sandpool_error *err);

/* Called for every notification, from sandpool_dispatch(), sandpool_wait() and sandpool_call(). */
typedef void sandpool_note_fn(void *arg, struct sandpool_note *note);
SANDPOOL_API void sandpool_on_note(struct sandpool *sp, sandpool_note_fn *fn, void *arg);

/* ---- calls ----------------------------------------------------------------------------------- */

/* NULL when out of memory. A call object is used for one call. */
SANDPOOL_API struct sandpool_call *sandpool_call_new(const char *method);
/* One under way is cancelled first. NULL is fine. */
SANDPOOL_API void sandpool_call_free(struct sandpool_call *call);

/*
 * Parameters. Strings are copied; NULL values are left out. What cannot be stored (no memory, text that
 * is not UTF-8, too many descriptors) makes the call itself fail, so these need no checking.
 */
SANDPOOL_API void sandpool_set_string(struct sandpool_call *call, const char *name,
				      const char *value);
SANDPOOL_API void sandpool_set_int(struct sandpool_call *call, const char *name, int64_t value);
SANDPOOL_API void sandpool_set_number(struct sandpool_call *call, const char *name, double value);
SANDPOOL_API void sandpool_set_bool(struct sandpool_call *call, const char *name, bool value);
/* Any bytes, text or not. */
SANDPOOL_API void sandpool_set_bytes(struct sandpool_call *call, const char *name, const void *data,
				     size_t len);
/* Append to a list of strings: argv. "network.allow_out" is the list of that name in the object `network`. */
SANDPOOL_API void sandpool_add_string(struct sandpool_call *call, const char *name,
				      const char *value);
/* Add a member to an object of strings: envs, metadata. */
SANDPOOL_API void sandpool_add_pair(struct sandpool_call *call, const char *name, const char *key,
				    const char *value);
/* Send a copy of this descriptor along, and its index as the parameter. `fd` stays the caller's. */
SANDPOOL_API void sandpool_set_fd(struct sandpool_call *call, const char *name, int fd);
/* All parameters as one JSON object, instead of the above. */
SANDPOOL_API void sandpool_set_params(struct sandpool_call *call, const char *json);

/*
 * Make the call and wait for its end. 0: the result is there. The time includes everything; when it
 * passes, the call is cancelled. Notifications that come meanwhile go to the callback.
 */
SANDPOOL_API int sandpool_call(struct sandpool *sp, struct sandpool_call *call, int timeout_ms,
			       struct sandpool_error *err);

/*
 * Begin the call; `done` is called when it ends (`err` NULL: with a result), never from inside this
 * function. The call object stays the caller's and may be freed in `done`.
 */
typedef void sandpool_done_fn(void *arg, struct sandpool_call *call,
			      const struct sandpool_error *err);
SANDPOOL_API int sandpool_start(struct sandpool *sp, struct sandpool_call *call,
				sandpool_done_fn *done, void *arg, struct sandpool_error *err);

/* Ask the daemon to give up a call; it still ends, with "cancelled" or with a result. */
SANDPOOL_API void sandpool_cancel(struct sandpool_call *call);

/* The id a call under way has in the protocol, for transfer.data and transfer.credit. */
SANDPOOL_API int64_t sandpool_call_id(const struct sandpool_call *call);

/* Send a notification to the daemon; parameters come from `call`, which may be used again. */
SANDPOOL_API int sandpool_notify(struct sandpool *sp, struct sandpool_call *call,
				 struct sandpool_error *err);

/* ---- results --------------------------------------------------------------------------------- */

/*
 * Members by path: "sandbox_id", "sandboxes[2].state". What is not there, or has another type, is NULL, 0,
 * false. Strings belong to the call.
 */
SANDPOOL_API const char *sandpool_get_string(const struct sandpool_call *call, const char *path);
SANDPOOL_API int64_t sandpool_get_int(const struct sandpool_call *call, const char *path);
SANDPOOL_API double sandpool_get_number(const struct sandpool_call *call, const char *path);
SANDPOOL_API bool sandpool_get_bool(const struct sandpool_call *call, const char *path);
SANDPOOL_API bool sandpool_has(const struct sandpool_call *call, const char *path);
/* Bytes, decoded; NULL when absent. They belong to the call until the next sandpool_get_bytes(). */
SANDPOOL_API const void *sandpool_get_bytes(struct sandpool_call *call, const char *path,
					    size_t *ret_len);
/* How many items a list, or members an object, has. */
SANDPOOL_API size_t sandpool_get_count(const struct sandpool_call *call, const char *path);
/* Name of member `index` of an object; its value is at "path.name", and at "path[index]" whatever its name. */
SANDPOOL_API const char *sandpool_get_key(const struct sandpool_call *call, const char *path,
					  size_t index);
/* The whole result as JSON text. */
SANDPOOL_API const char *sandpool_get_json(const struct sandpool_call *call);
/* How many descriptors came with the result, and one of them as the caller's own (-1: none, or taken). */
SANDPOOL_API size_t sandpool_fd_count(const struct sandpool_call *call);
SANDPOOL_API int sandpool_take_fd(struct sandpool_call *call, size_t index);

/* ---- notifications --------------------------------------------------------------------------- */

SANDPOOL_API const char *sandpool_note_method(const struct sandpool_note *note);
SANDPOOL_API const char *sandpool_note_string(const struct sandpool_note *note, const char *path);
SANDPOOL_API int64_t sandpool_note_int(const struct sandpool_note *note, const char *path);
SANDPOOL_API bool sandpool_note_bool(const struct sandpool_note *note, const char *path);
SANDPOOL_API const void *sandpool_note_bytes(struct sandpool_note *note, const char *path,
					     size_t *ret_len);
SANDPOOL_API const char *sandpool_note_json(const struct sandpool_note *note);

/* ---- the most common calls in one line ------------------------------------------------------- */

/* Make a sandbox that lives `timeout_s`; its id is new, free() it. `template_name` NULL: base. */
SANDPOOL_API char *sandpool_sandbox_create(struct sandpool *sp, const char *template_name,
					   double timeout_s, struct sandpool_error *err);
SANDPOOL_API int sandpool_sandbox_kill(struct sandpool *sp, const char *sandbox,
				       struct sandpool_error *err);

/*
 * Run argv (ends with NULL) to its end, within `timeout_ms`. Returns its exit status, 128+n after signal
 * n, or -1 with *err. The call holds "stdout" and "stderr" when `ret_call` is not NULL; free it then.
 */
SANDPOOL_API int sandpool_command_run(struct sandpool *sp, const char *sandbox,
				      const char *const *argv, int timeout_ms,
				      struct sandpool_call **ret_call, struct sandpool_error *err);

/* Write `len` bytes to a file; read a whole small file (new, NUL-terminated, free() it). */
SANDPOOL_API int sandpool_file_write(struct sandpool *sp, const char *sandbox, const char *path,
				     const void *data, size_t len, struct sandpool_error *err);
SANDPOOL_API void *sandpool_file_read(struct sandpool *sp, const char *sandbox, const char *path,
				      size_t *ret_len, struct sandpool_error *err);

#ifdef __cplusplus
}
#endif

#endif
