/*
 * The configuration: one table of keys, read into a fresh struct, checked as a whole, swapped on success.
 * Files are INI (sandpoold.conf): [daemon], [engine], and one [provider "name"] per upstream.
 */
#ifndef SP_CONFIGURATION_H
#define SP_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "protocol/error.h"
#include "protocol/values.h"

#define CONFIG_AUTO (-1) /* of a number that may be "auto" */

enum provider_type { PROVIDER_LOCAL, PROVIDER_E2B };

struct provider_config {
	char *name;
	int line;           /* of its section in the file; 0: it has none */
	int type;           /* enum provider_type */
	char *api_url;      /* e2b: "https://api.e2b.app" */
	char *sandbox_url;  /* e2b: NULL means by domain (wire §1.1) */
	char *domain;       /* e2b: "e2b.app" */
	char *api_key_file; /* e2b: 0600 file, or a name under $CREDENTIALS_DIRECTORY */
	char *proxy;
	char *no_proxy;
	char *ca_file;
};

struct config {
	char *path;                  /* the file it was read from */
	struct string_map overrides; /* what config_set() set, to be set again by a reload */
	char *socket_path;
	char *socket_mode; /* octal text */
	char *state_dir;
	char *runtime_dir;
	char *log_level;
	char *provider;    /* the default one's name */
	int provider_line; /* where the file says so, or 0 */
	int64_t clients_max;
	int64_t spool_command_bytes; /* kept of one command's output */
	int64_t spool_total_bytes;
	int64_t spool_retention_s; /* after the command's end */
	char *engine_path;         /* sandpool-engine's program file */
	char *engine_dir;          /* its run directory: api.sock and sandbox.sock */
	/* of one sandbox; 0: none, CONFIG_AUTO: what the engine takes for right */
	int64_t engine_memory_bytes, engine_pids, engine_cpu_percent;
	char *engine_subnet;        /* NULL: the engine's own choice */
	int64_t engine_idle_exit_s; /* it ends when it had nothing to do for so long */
	struct provider_config *providers;
	size_t provider_count;
};

/*
 * The defaults, then `path` (NULL: the standard file when there is one), then nothing: the command line is
 * applied by main.c through config_set(). Errors name file, line, and the nearest valid key.
 */
struct config *config_load(const char *path, struct sb_error *err) MUST_USE;
struct config *config_free(struct config *config);

/* Set one key, "daemon.socket" style, from text. */
int config_set(struct config *config, const char *key, const char *value,
	       struct sb_error *err) MUST_USE;

/* Fill in what follows from other keys, and check what only shows when everything is there. */
int config_check(struct config *config, struct sb_error *err) MUST_USE;

/*
 * Read the file again. Keys that may change while the daemon runs are taken over, for others a warning is
 * logged. On failure nothing changes.
 */
int config_reload(struct config *config, struct sb_error *err) MUST_USE;

/* Write a complete configuration file with every key, its value and what it means. */
void config_print(const struct config *config, FILE *out);

#endif
