/*
 * Log lines on stderr, one per event: program, level, text; no time. When stderr is the journal, which knows
 * program and time, they are "<N>" priority and text.
 * Only code that decides what happens next logs; everything else reports through struct sb_error.
 * Never log tokens, environment values, file contents or command output.
 */
#ifndef SP_LOG_H
#define SP_LOG_H

#include "protocol/cleanup.h"

enum log_level {
	LOG_LEVEL_ERROR,   /* somebody must act */
	LOG_LEVEL_WARNING, /* we went on, and say so */
	LOG_LEVEL_INFO,    /* life of daemon, engine, sandboxes */
	LOG_LEVEL_DEBUG,   /* steps */
};

/* `program` prefixes each line and is borrowed for ever. Looks once where stderr leads. */
void log_init(const char *program, enum log_level most);
void log_set_level(enum log_level most);

/* "error", "warning", "info", "debug"; -1 when `name` is none of them. */
int log_level_from_string(const char *name, enum log_level *ret_level) MUST_USE;

void log_at(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...)   log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
