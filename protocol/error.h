/*
 * The error object. It lives on the stack or inside an operation: nothing to free, nothing to leak.
 *
 * A function that can fail takes a `struct sb_error *err` last and returns a negative value after
 * filling it, once, at the place that knows. Callers add context in front with sb_wrap() or pass it on
 * untouched. A function reports or logs, never both.
 */
#ifndef SP_ERROR_H
#define SP_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include "protocol/cleanup.h"

enum sb_code {
	SB_OK = 0, /* no error yet */
#define ERROR(name, kind, number, http_status, retryable, meaning) SB_##name,
#include "protocol/errors.def"
#undef ERROR
	SB_CODE_COUNT
};

struct sb_error {
	enum sb_code code;
	int sys;         /* errno, or 0 */
	int http_status; /* what the provider answered, or 0: then the code's own status stands */
	/* outermost context first: "sandbox.create: template 'x': not known upstream" */
	char text[512];
};

/* What errors.def says of one code. */
struct sb_code_info {
	const char *name; /* "SANDBOX_NOT_FOUND" */
	const char *kind; /* "sandbox_not_found" */
	int number;       /* JSON-RPC error code */
	int http_status;
	bool retryable;
	const char *meaning;
};

/* `code` is any of the enum; SB_OK gives kind "ok". Never NULL. */
const struct sb_code_info *sb_code_info(enum sb_code code);

/* The code whose kind is `kind`; SB_INTERNAL when there is none. */
enum sb_code sb_code_from_kind(const char *kind);

/* Report a failure. `err` must be empty: the first error wins. Always returns -1. */
int sb_fail(struct sb_error *err, enum sb_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same with errno appended as words. Always returns -1. */
int sb_fail_errno(struct sb_error *err, enum sb_code code, int sys, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/* Put context in front of an error that is there. Always returns -1. */
int sb_wrap(struct sb_error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Make `err` empty again, for a caller that handled the failure. */
void sb_clear(struct sb_error *err);

#endif
