/* The error object: filled once where the failure is seen, given context on its way up. */
#include "config.h"

#include "protocol/error.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct sb_code_info codes[SB_CODE_COUNT] = {
	[SB_OK] = {"OK", "ok", 0, 200, false, "no error"},
#define ERROR(name, kind, number, http_status, retryable, meaning)                                 \
	[SB_##name] = {#name, kind, number, http_status, retryable, meaning},
#include "protocol/errors.def"
#undef ERROR
};

const struct sb_code_info *sb_code_info(enum sb_code code)
{
	assert((unsigned)code < SB_CODE_COUNT);
	return &codes[code];
}

enum sb_code sb_code_from_kind(const char *kind)
{
	for (int i = SB_OK + 1; i < SB_CODE_COUNT; i++) {
		if (strcmp(codes[i].kind, kind) == 0)
			return (enum sb_code)i;
	}
	return SB_INTERNAL;
}

static void PRINTF_LIKE(4, 0)
	error_set(struct sb_error *err, enum sb_code code, int sys, const char *fmt, va_list ap)
{
	assert(code != SB_OK);
	assert(err->code == SB_OK); /* a second report would hide the first */
	err->code = code;
	err->sys = sys;
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	if (sys != 0) {
		size_t len = strlen(err->text);

		(void)snprintf(err->text + len, sizeof(err->text) - len, ": %s", strerror(sys));
	}
}

int sb_fail(struct sb_error *err, enum sb_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_set(err, code, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int sb_fail_errno(struct sb_error *err, enum sb_code code, int sys, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_set(err, code, sys, fmt, ap);
	va_end(ap);
	return -1;
}

int sb_wrap(struct sb_error *err, const char *fmt, ...)
{
	char inner[sizeof(err->text)];
	size_t len;
	va_list ap;

	assert(err->code != SB_OK);
	memcpy(inner, err->text, sizeof(inner));
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	(void)snprintf(err->text + len, sizeof(err->text) - len, ": %s", inner);
	return -1;
}

void sb_clear(struct sb_error *err)
{
	*err = (struct sb_error){0};
}
