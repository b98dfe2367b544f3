/*
 * The embedded engine as a process. It is started detached when its socket does not answer: it outlives
 * this daemon while it has sandboxes, and the next daemon finds it by its socket. Whoever started it, its
 * end is noticed at once. Under a service manager it is a unit of its own instead, which whoever connects to
 * its socket wakes.
 */
#ifndef SP_ENGINE_START_H
#define SP_ENGINE_START_H

#include <stdbool.h>

#include "protocol/error.h"

struct config;
struct engine_start;
struct event_base;

struct engine_start_events {
	/* It answers; or it cannot be started, and `err` says why. Once per engine_start(), never inside. */
	void (*done)(void *arg, const struct sb_error *err);
	/* It answered before, and its process has ended. */
	void (*gone)(void *arg);
	void *arg;
};

/* `config` is read during the call. */
struct engine_start *engine_start_new(struct event_base *base, const struct config *config,
				      const struct engine_start_events *events,
				      struct sb_error *err) MUST_USE;
/* The engine goes on. NULL is fine. */
struct engine_start *engine_start_free(struct engine_start *start);

/* Its sockets, for libcurl. */
const char *engine_start_api_path(const struct engine_start *start);
const char *engine_start_sandbox_path(const struct engine_start *start);

/* Does its socket answer now? Never waits. */
bool engine_start_answers(struct engine_start *start);

/* A request to it broke: look again before believing that it is there. */
void engine_start_doubt(struct engine_start *start);

/* See to it that it answers; joins a start that is under way. */
void engine_start(struct engine_start *start);

#endif
