/*
 * Parameters and results of every method as structs; their field tables are in types-<noun>.c. What a
 * member means, its default and its limits stand in the table, once, and rpc.discover tells them.
 *
 * Durations are seconds and may have a fraction; instants are RFC 3339 text.
 */
#ifndef SP_TYPES_H
#define SP_TYPES_H

#include "protocol/fields.h"
#include "protocol/types-file.h"
#include "protocol/types-git.h"

/* Absent optional integers. */
#define TYPES_UNSET (-1)

/* Most bytes of each stream that command.run returns. */
#define RUN_OUTPUT_MAX (1u << 20)

#define TYPE(T) extern const struct fields T##_type

/* ---- common ---------------------------------------------------------------------------------- */

struct no_params {
	double request_timeout;
};
TYPE(no_params);

struct no_result {
	char none; /* a struct may not be empty */
};
TYPE(no_result);

/* The methods that need to know a sandbox and nothing else. */
struct sandbox_params {
	char *sandbox_id; /* an id or a name */
	double request_timeout;
};
TYPE(sandbox_params);

/* The methods that need to know a command and nothing else. */
struct pid_params {
	char *sandbox_id;
	int64_t pid;
	double request_timeout;
};
TYPE(pid_params);

/* ---- daemon ---------------------------------------------------------------------------------- */

struct hello_params {
	char *client; /* "name/version", for the daemon's log */
	double request_timeout;
};
TYPE(hello_params);

struct hello_result {
	char *server; /* "sandpool" */
	char *version;
	int64_t protocol;
	int64_t pid;
	int64_t line_max;
	int64_t fds_max;
	int64_t transfer_window;
};
TYPE(hello_result);

struct engine_ability {
	char *name;
	bool available;
	char *detail;
	char *fix; /* NULL: nothing to mend */
};
TYPE(engine_ability);

struct engine_about {
	char *version;
	char *mode;                  /* "root", "rootless", … */
	char *unable;                /* why it can have no sandbox; NULL when it can */
	struct list_value abilities; /* of struct engine_ability */
};
TYPE(engine_about);

struct provider_status {
	char *name;
	char *type; /* "local" or "e2b" */
	char *api_url;
	char *state; /* "unknown", "up", "down" */
	char *last_error;
	int64_t waiting;             /* operations, for the provider to be there */
	int64_t queued;              /* of in_flight: for a connection */
	double next_check;           /* seconds; TYPES_UNSET: one is under way */
	struct engine_about *engine; /* of the local one, once it was asked */
	int64_t in_flight;
	int64_t requests;
	int64_t reused;
	int64_t connections;
};
TYPE(provider_status);

struct sandbox_counts { /* by state */
	int64_t creating;
	int64_t running;
	int64_t paused;
	int64_t killing;
};
TYPE(sandbox_counts);

struct user_status {
	int64_t uid;
	int64_t clients;
	int64_t calls;
	int64_t input_bytes;
	int64_t output_bytes;
};
TYPE(user_status);

struct operation_status {
	int64_t number;
	char *name;
	char *step;
	int64_t uid; /* TYPES_UNSET: nobody waits for it */
	double age;
	double time_left; /* TYPES_UNSET: it has no deadline */
};
TYPE(operation_status);

struct deadline_status {
	char *sandbox_id;
	char *name;
	char *end_at;
};
TYPE(deadline_status);

struct status_result {
	char *version;
	int64_t pid;
	char *started_at;
	double uptime;
	char *socket;
	char *state_dir;
	int64_t clients;
	int64_t clients_max;
	int64_t calls;
	struct list_value users;      /* of struct user_status */
	struct list_value operations; /* of struct operation_status */
	int64_t sandboxes;
	struct sandbox_counts *sandbox_states;
	struct list_value deadlines; /* of struct deadline_status */
	int64_t commands;
	int64_t spool_bytes;
	int64_t spool_total;
	int64_t registry_queue;
	bool registry_failing;
	int64_t memory_bytes;        /* resident */
	struct list_value providers; /* of struct provider_status */
};
TYPE(status_result);

/* ---- sandbox --------------------------------------------------------------------------------- */

enum sandbox_list_state { SANDBOX_LIST_ANY, SANDBOX_LIST_RUNNING, SANDBOX_LIST_PAUSED };

struct sandbox_network { /* of create */
	struct strings allow_out;
	struct strings deny_out;
	bool allow_public_traffic;
	char *mask_request_host;
	char *rules;        /* JSON */
	char *egress_proxy; /* JSON */
};

struct sandbox_create_params {
	char *template;
	double timeout;
	char *name;
	struct string_map metadata;
	struct string_map envs;
	bool secure;
	bool allow_internet_access;
	struct sandbox_network *network;
	char *provider;
	double request_timeout;
};
TYPE(sandbox_create_params);

struct sandbox_connect_params {
	char *sandbox_id;
	double timeout; /* TYPES_UNSET: the deadline stays where it is */
	char *provider;
	double request_timeout;
};
TYPE(sandbox_connect_params);

struct sandbox_list_params {
	int state; /* enum sandbox_list_state */
	struct string_map metadata;
	int64_t limit;
	char *next_token;
	double request_timeout;
};
TYPE(sandbox_list_params);

struct sandbox_network_params { /* set_network */
	char *sandbox_id;
	struct strings allow_out;
	struct strings deny_out;
	bool allow_internet_access;
	char *rules;        /* JSON */
	char *egress_proxy; /* JSON */
	double request_timeout;
};
TYPE(sandbox_network_params);

struct sandbox_timeout_params {
	char *sandbox_id;
	double timeout;
	double request_timeout;
};
TYPE(sandbox_timeout_params);

struct sandbox_info {
	char *sandbox_id;
	char *name;
	char *template;
	char *state; /* "running" or "paused" */
	char *provider;
	int64_t uid; /* of its owner */
	struct string_map metadata;
	char *started_at;
	char *end_at;
	int64_t cpu_count;
	int64_t memory_mb;
	int64_t disk_size_mb;
	char *envd_version;
};
TYPE(sandbox_info);

struct sandbox_list_result {
	struct list_value sandboxes; /* of struct sandbox_info */
	char *next_token;
};
TYPE(sandbox_list_result);

struct sandbox_kill_result {
	bool killed;
};
TYPE(sandbox_kill_result);

struct sandbox_timeout_result {
	char *end_at;
};
TYPE(sandbox_timeout_result);

struct sandbox_running_result {
	bool running;
};
TYPE(sandbox_running_result);

struct sandbox_metrics_params {
	char *sandbox_id;
	char *start; /* RFC 3339; NULL: no bound */
	char *end;
	double request_timeout;
};
TYPE(sandbox_metrics_params);

struct sandbox_metric {
	char *timestamp;
	int64_t cpu_count;
	double cpu_used_pct;
	int64_t mem_used;
	int64_t mem_total;
	int64_t mem_cache;
	int64_t disk_used;
	int64_t disk_total;
	int64_t processes; /* 0: the provider does not tell */
	int64_t refused_packets;
};
TYPE(sandbox_metric);

struct sandbox_metrics_result {
	struct list_value metrics; /* of struct sandbox_metric */
};
TYPE(sandbox_metrics_result);

/* ---- command and pty ------------------------------------------------------------------------- */

struct command_start_params { /* start */
	char *sandbox_id;
	char *cmd;           /* run by a login bash, as the SDKs do; or: */
	struct strings argv; /* executed as it is */
	struct string_map envs;
	char *cwd;
	char *user;
	bool stdin_open; /* "stdin" */
	bool output;     /* send command.output to this connection */
	int64_t stdin_fd;
	int64_t stdout_fd;
	int64_t stderr_fd;
	double timeout;
	double idle_timeout;
	double request_timeout;
};
TYPE(command_start_params);

struct command_run_params { /* run */
	char *sandbox_id;
	char *cmd;
	struct strings argv;
	struct string_map envs;
	char *cwd;
	char *user;
	struct bytes input; /* fed to stdin, which is then closed */
	double timeout;
	double idle_timeout;
	double request_timeout;
};
TYPE(command_run_params);

struct command_connect_params {
	char *sandbox_id;
	int64_t pid;
	int64_t from_offset; /* TYPES_UNSET: from now on */
	double request_timeout;
};
TYPE(command_connect_params);

struct command_wait_params {
	char *sandbox_id;
	int64_t pid;
	double timeout;
	double request_timeout;
};
TYPE(command_wait_params);

enum command_signal { COMMAND_SIGNAL_KILL, COMMAND_SIGNAL_TERM };

struct command_kill_params {
	char *sandbox_id;
	int64_t pid;
	int signal; /* enum command_signal */
	double request_timeout;
};
TYPE(command_kill_params);

struct command_stdin_params { /* command.send_stdin, pty.send_input */
	char *sandbox_id;
	int64_t pid;
	struct bytes data;
	double request_timeout;
};
TYPE(command_stdin_params);

struct command_start_result { /* start, connect, pty.create, pty.connect */
	int64_t pid;
	int64_t offset; /* where this connection's command.output begins */
};
TYPE(command_start_result);

struct command_exit { /* wait, and the notification command.exit with sandbox_id */
	char *sandbox_id;
	int64_t pid;
	int64_t exit_code; /* -1 when a signal ended it */
	int64_t signal;    /* 0 when it exited by itself */
	char *error;       /* "exit status 3", "signal: killed"; absent after 0 */
	int64_t end_offset;
};
TYPE(command_exit);

struct command_run_result {
	int64_t pid;
	int64_t exit_code;
	int64_t signal;
	char *error;
	struct bytes out; /* "stdout" */
	struct bytes err; /* "stderr" */
	bool truncated;
	int64_t truncated_offset; /* of the first byte left out; absent when none was */
	int64_t end_offset;
};
TYPE(command_run_result);

struct command_output { /* notification */
	char *sandbox_id;
	int64_t pid;
	char *stream; /* "stdout", "stderr", "pty", or "gap": bytes that are lost */
	int64_t offset;
	struct bytes data;
	int64_t lost_bytes; /* with "gap" */
};
TYPE(command_output);

struct command_info {
	int64_t pid;
	char *cmd;
	struct strings args;
	char *cwd;
	char *tag;
	bool is_ours; /* this daemon follows its output */
};
TYPE(command_info);

struct command_list_result {
	struct list_value commands; /* of struct command_info */
};
TYPE(command_list_result);

struct command_kill_result {
	bool killed;
};
TYPE(command_kill_result);

struct pty_create_params {
	char *sandbox_id;
	int64_t cols;
	int64_t rows;
	struct strings argv; /* absent: an interactive login bash */
	struct string_map envs;
	char *cwd;
	char *user;
	double timeout;
	double request_timeout;
};
TYPE(pty_create_params);

struct pty_resize_params {
	char *sandbox_id;
	int64_t pid;
	int64_t cols;
	int64_t rows;
	double request_timeout;
};
TYPE(pty_resize_params);

/* ---- notifications --------------------------------------------------------------------------- */

struct cancel_params { /* $/cancel */
	char *id;      /* JSON */
};
TYPE(cancel_params);

#undef TYPE

#endif
