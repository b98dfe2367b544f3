/*
 * The life of a command: made when a start is asked for, known by pid from the agent's answer on, kept for
 * a while after its end. Watches are told, and commands are freed, from events of their own, never from
 * inside a call.
 */
#include "config.h"

#include "daemon/command.h"

#include <assert.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/timer.h"
#include "daemon/command-private.h"
#include "daemon/configuration.h"
#include "daemon/exit-status.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/server.h"
#include "daemon/store.h"

#define RETENTION_AGAIN_S 60 /* somebody still reads: look again then */

/* ---- the store --------------------------------------------------------------------------------- */

static void save(const struct command *command)
{
	const struct command_private *p = command->private;

	if (p->is_transient || p->is_superseded || command->pid == 0)
		return;
	store_put_command(command->server->store,
			  &(struct command_row){
				  .sandbox_number = command->sandbox->row.number,
				  .pid = command->pid,
				  .spool = p->spool_name,
				  .is_pty = command->is_pty,
				  .has_ended = command->state == COMMAND_ENDED,
				  .exit_code = command->exit_code,
				  .status = command->error,
				  .started_us = p->started_us,
				  .ended_us = p->ended_us,
			  },
			  NULL);
}

static void unsave(const struct command *command)
{
	const struct command_private *p = command->private;

	if (!p->is_transient && !p->is_superseded && command->pid != 0)
		store_delete_command(command->server->store, command->sandbox->row.number,
				     command->pid, NULL);
}

/* ---- making and freeing ------------------------------------------------------------------------ */

static struct command *command_free(struct command *command)
{
	struct command_private *p = command->private;

	assert(list_is_empty(&command->watches));
	if (p) {
		command_stream_deinit(command);
		if (p->changed)
			event_free(p->changed);
		if (p->retention)
			event_free(p->retention);
		free(p->spool_name);
		free(p);
	}
	(void)spool_close(command->spool);
	list_remove(&command->link);
	list_remove(&command->of_all);
	sandbox_unpin(command->sandbox);
	free(command->error);
	free(command);
	return NULL;
}

/* With its output. */
static void command_forget(struct command *command)
{
	unsave(command);
	spool_remove(take(&command->spool));
	(void)command_free(command);
}

static bool is_forgettable(const struct command *command)
{
	return command->state == COMMAND_ENDED && !command->private->is_streaming &&
	       list_is_empty(&command->watches);
}

static struct command_watch *next_untold(const struct command *command)
{
	list_for_each (struct command_watch, watch, &command->watches, link)
		if (watch->told != command->private->changes)
			return watch;
	return NULL;
}

/* A callback may begin and end watches, so the list is looked at afresh after each. */
static void tell_watches(struct command *command)
{
	struct command_watch *watch;

	command->private->changes++;
	while ((watch = next_untold(command)) != NULL) {
		watch->told = command->private->changes;
		watch->on_change(watch);
	}
}

static void on_changed(evutil_socket_t fd, short what, void *arg)
{
	struct command *command = arg;

	(void)fd;
	(void)what;
	tell_watches(command);
	if (command->private->is_discarded && is_forgettable(command))
		command_forget(command);
}

void command_changed(struct command *command)
{
	event_active(command->private->changed, EV_TIMEOUT, 0);
}

static void arm_retention(struct command *command, int64_t seconds)
{
	timer_set(command->private->retention, seconds * 1000);
}

static void on_retention(evutil_socket_t fd, short what, void *arg)
{
	struct command *command = arg;

	(void)fd;
	(void)what;
	if (is_forgettable(command))
		command_forget(command);
	else
		arm_retention(command, RETENTION_AGAIN_S);
}

static struct command *command_new(struct server *server, struct sandbox *sandbox,
				   const char *spool_name, struct sb_error *err)
{
	struct command *command = calloc(1, sizeof(*command));
	struct command_private *p;

	if (!command) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	command->server = server;
	command->sandbox = sandbox;
	command->exit_code = -1;
	list_init(&command->watches);
	list_prepend(&sandbox->commands, &command->link);
	list_append(&server->commands, &command->of_all);
	sandbox_pin(sandbox);
	command->spool = spool_open(server->spools, spool_name, err);
	if (!command->spool)
		return command_free(command);
	p = command->private = calloc(1, sizeof(*p));
	if (p) {
		p->command = command;
		p->deadline_ms = INT64_MAX;
		p->spool_name = strdup(spool_name);
		p->changed = event_new(server->base, -1, 0, on_changed, command);
		p->retention = event_new(server->base, -1, 0, on_retention, command);
	}
	if (!p || command_stream_init(command) < 0 || !p->spool_name || !p->changed ||
	    !p->retention) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return command_free(command);
	}
	return command;
}

/* Named by sandbox and moment, which no other command has. */
static struct command *command_new_now(struct server *server, struct sandbox *sandbox,
				       struct sb_error *err)
{
	const struct command *newest = list_first(&sandbox->commands, struct command, link);
	int64_t now_us = clock_wall_us();
	struct command *command;
	char name[64];

	if (newest && newest->private->started_us >= now_us)
		now_us = newest->private->started_us + 1;
	(void)snprintf(name, sizeof(name), "%" PRId64 "-%" PRIx64, sandbox->row.number,
		       (uint64_t)now_us);
	command = command_new(server, sandbox, name, err);
	if (command)
		command->private->started_us = now_us;
	return command;
}

/* ---- what to start ----------------------------------------------------------------------------- */

static int add_args(struct strings *args, const struct command_spec *spec)
{
	static const char *const shell[] = {"-l", "-c"}, *const terminal[] = {"-i", "-l"};

	if (spec->argv && spec->argv->count > 0) {
		for (size_t i = 1; i < spec->argv->count; i++)
			if (strings_add(args, spec->argv->items[i]) < 0)
				return -1;
		return 0;
	}
	for (size_t i = 0; i < 2; i++)
		if (strings_add(args, spec->is_pty ? terminal[i] : shell[i]) < 0)
			return -1;
	return spec->is_pty ? 0 : strings_add(args, spec->cmd);
}

/* The caller's, and on a terminal what programs there expect (wire §4.2). */
static int add_envs(struct string_map *envs, const struct command_spec *spec)
{
	static const char *const terminal[][2] = {
		{"TERM", "xterm-256color"}, {"LANG", "C.UTF-8"}, {"LC_ALL", "C.UTF-8"}};

	if (spec->envs && string_map_copy(spec->envs, envs) < 0)
		return -1;
	for (size_t i = 0; spec->is_pty && i < ARRAY_SIZE(terminal); i++)
		if (!string_map_get(envs, terminal[i][0]) &&
		    string_map_add(envs, terminal[i][0], terminal[i][1]) < 0)
			return -1;
	return 0;
}

/* Fills what `request` points to; all of it goes to wire_process_config_type's fields_free(). */
static int fill_config(struct wire_process_config *config, const struct command_spec *spec)
{
	bool has_argv = spec->argv && spec->argv->count > 0;

	config->cmd = strdup(has_argv ? spec->argv->items[0] : "/bin/bash");
	config->cwd = spec->cwd ? strdup(spec->cwd) : NULL;
	if (!config->cmd || (spec->cwd && !config->cwd))
		return -1;
	return add_args(&config->args, spec) < 0 || add_envs(&config->envs, spec) < 0 ? -1 : 0;
}

static int64_t to_ms(double seconds)
{
	int64_t ms = (int64_t)(seconds * 1000);

	return seconds > 0 && ms == 0 ? 1 : ms;
}

struct command *command_start(struct server *server, struct sandbox *sandbox,
			      const struct command_spec *spec, struct sb_error *err)
{
	struct wire_process_config config = {0};
	struct wire_pty_size size = {.cols = spec->cols, .rows = spec->rows};
	struct wire_pty pty = {.size = &size};
	struct wire_start_request request = {
		.process = &config,
		.pty = spec->is_pty ? &pty : NULL,
		.stdin_open = spec->is_pty || spec->stdin_open,
	};
	struct command *command = NULL;

	if (fill_config(&config, spec) < 0)
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
	else
		command = command_new_now(server, sandbox, err);
	if (command) {
		struct command_private *p = command->private;

		command->is_pty = spec->is_pty;
		p->is_transient = spec->is_transient;
		p->idle_ms = to_ms(spec->idle_timeout_s);
		if (spec->timeout_s > 0)
			p->deadline_ms = clock_mono_ms() + to_ms(spec->timeout_s);
		command_stream_start(command, spec->user, &request, to_ms(spec->timeout_s));
	}
	fields_free(&wire_process_config_type, &config);
	return command;
}

struct command *command_follow(struct server *server, struct sandbox *sandbox, int64_t pid,
			       bool is_pty, struct sb_error *err)
{
	struct command *command = command_new_now(server, sandbox, err);

	if (!command)
		return NULL;
	command->pid = pid;
	command->is_pty = is_pty;
	command_stream_connect(command);
	return command;
}

/* ---- its course -------------------------------------------------------------------------------- */

void command_set_state(struct command *command, enum command_state state)
{
	if (command->state == state)
		return;
	command->state = state;
	command_changed(command);
}

/* A pid is used again only when its process has gone. */
static void supersede(struct command *command)
{
	list_for_each (struct command, old, &command->sandbox->commands, link) {
		if (old == command || old->pid != command->pid)
			continue;
		if (old->state != COMMAND_ENDED) {
			struct sb_error err = {0};

			(void)sb_fail(&err, SB_NOT_FOUND, "the command has gone");
			command_end(old, &err);
		}
		old->private->is_superseded = true;
	}
}

void command_started(struct command *command, int64_t pid)
{
	command->pid = pid;
	command->has_started = true;
	supersede(command);
	save(command);
}

void command_end(struct command *command, const struct sb_error *why)
{
	struct command_private *p = command->private;

	if (command->state == COMMAND_ENDED)
		return;
	if (why) {
		command->err = *why;
		free(command->error);
		command->error = strdup(why->text);
	}
	if (!command->has_started)
		p->is_discarded = true; /* whoever asked is told, and nobody else knows of it */
	command_stream_stop(command);
	spool_finish(command->spool);
	p->ended_us = clock_wall_us();
	command_set_state(command, COMMAND_ENDED);
	save(command);
	arm_retention(command, command->server->config->spool_retention_s);
}

void command_discard(struct command *command)
{
	command->private->is_discarded = true;
	if (command->state == COMMAND_ENDED)
		command_changed(command);
	else
		command_stream_kill(command);
}

void commands_lost(struct sandbox *sandbox, const struct sb_error *why)
{
	list_for_each (struct command, command, &sandbox->commands, link) {
		command_end(command, why);
		command_discard(command);
	}
}

/* ---- asking ------------------------------------------------------------------------------------ */

struct command *command_find(struct sandbox *sandbox, int64_t pid)
{
	list_for_each (struct command, command, &sandbox->commands, link)
		if (command->pid == pid && !command->private->is_discarded)
			return command;
	return NULL;
}

void command_watch(struct command *command, struct command_watch *watch)
{
	watch->command = command;
	watch->told = command->private->changes;
	list_append(&command->watches, &watch->link);
}

void command_unwatch(struct command_watch *watch)
{
	if (!watch->command)
		return;
	list_remove(&watch->link);
	command_changed(watch->command);
	watch->command = NULL;
}

void command_exit_fill(const struct command *command, struct command_exit *ret)
{
	*ret = (struct command_exit){
		.sandbox_id = command->sandbox->row.id,
		.pid = command->pid,
		.exit_code = command->exit_code,
		.signal = command->signal,
		.error = command->error,
		.end_offset = spool_end(command->spool),
	};
}

unsigned commands_count(const struct server *server)
{
	unsigned count = 0;

	list_for_each (struct command, command, &server->commands, of_all)
		count += command->state != COMMAND_ENDED;
	return count;
}

/* ---- from one daemon to the next --------------------------------------------------------------- */

static void load_ended(struct command *command, const struct command_row *row)
{
	int64_t age_s = (clock_wall_us() - row->ended_us) / 1000000;

	command->state = COMMAND_ENDED;
	command->private->ended_us = row->ended_us;
	command->exit_code = row->exit_code;
	command->error = row->status ? strdup(row->status) : NULL;
	command->signal = exit_status_signal(row->status);
	spool_finish(command->spool);
	arm_retention(command, command->server->config->spool_retention_s - age_s);
}

static int load_row(void *arg, const struct command_row *row, struct sb_error *err)
{
	struct server *server = arg;
	struct sandbox *sandbox = registry_find_number(server->registry, row->sandbox_number);
	struct command *command;

	if (!sandbox) {
		store_delete_command(server->store, row->sandbox_number, row->pid, NULL);
		return 0;
	}
	command = command_new(server, sandbox, row->spool, err);
	if (!command)
		return -1;
	command->pid = row->pid;
	command->has_started = true;
	command->is_pty = row->is_pty;
	command->private->started_us = row->started_us;
	if (row->has_ended) {
		load_ended(command, row);
		return 0;
	}
	command->state = COMMAND_LOST;
	command->private->lost_ms = clock_mono_ms();
	command_stream_connect(command);
	return 0;
}

int commands_load(struct server *server, struct sb_error *err)
{
	if (store_load_commands(server->store, load_row, server, err) < 0)
		return -1;
	spools_sweep(server->spools);
	return 0;
}

void commands_unload(struct server *server)
{
	list_for_each_safe (struct command, command, &server->commands, of_all)
		(void)command_free(command);
}
