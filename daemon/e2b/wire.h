/*
 * The messages of the E2B wire as structs with field tables, for both ends: the daemon asks with them,
 * the engine and the agent serve with them. Names on the wire are in wire.c; the section of the wire
 * reference stands beside each struct. All are decoded and encoded with FIELDS_E2B, freed by fields_free().
 */
#ifndef SP_WIRE_H
#define SP_WIRE_H

#include "protocol/fields.h"

#define WIRE_ENVD_PORT    49983
#define WIRE_ENVD_VERSION "0.6.13" /* the generation that our agent speaks (wire §5.7) */

/* Sentinels of optional numbers. */
#define WIRE_UNSET INT64_MIN /* no number that anybody sends */

/* ---- control plane, wire §1 ------------------------------------------------------------------ */

struct wire_network { /* §1.12 */
	struct strings allow_out;
	struct strings deny_out;
	bool allow_public_traffic; /* absent: true */
	char *mask_request_host;
	char *rules;        /* JSON */
	char *egress_proxy; /* JSON */
};
extern const struct fields wire_network_type;

struct wire_network_update { /* §1.12, PUT: replaces all that concerns the way out */
	struct strings allow_out;
	struct strings deny_out;
	bool allow_internet_access; /* absent: true */
	char *rules;                /* JSON */
	char *egress_proxy;         /* JSON */
};
extern const struct fields wire_network_update_type;

struct wire_auto_resume {
	bool enabled;
};

struct wire_new_sandbox { /* §1.5, request */
	char *template_id;
	int64_t timeout_s; /* absent: WIRE_UNSET, the server's default is 15 */
	struct string_map metadata;
	struct string_map env_vars;
	bool secure;
	bool allow_internet_access; /* absent: true */
	bool auto_pause;
	bool auto_pause_memory; /* absent: true */
	struct wire_auto_resume *auto_resume;
	struct wire_network *network;
	char *mcp;           /* JSON */
	char *iam;           /* JSON */
	char *volume_mounts; /* JSON */
};
extern const struct fields wire_new_sandbox_type;

struct wire_sandbox { /* §1.5, response of create, connect, resume */
	char *template_id;
	char *sandbox_id;
	char *client_id;
	char *envd_version;
	char *alias;
	char *envd_access_token;
	char *traffic_access_token;
	char *domain;
};
extern const struct fields wire_sandbox_type;

struct wire_lifecycle {
	char *on_timeout; /* "kill" or "pause" */
	bool auto_resume;
};

struct wire_sandbox_info { /* §1.6 ListedSandbox, §1.7 SandboxDetail */
	char *template_id;
	char *sandbox_id;
	char *client_id;
	char *started_at;
	char *end_at;
	int64_t cpu_count;
	int64_t memory_mb;
	int64_t disk_size_mb;
	char *state; /* "running" or "paused" */
	char *envd_version;
	char *alias;
	struct string_map metadata;
	/* detail only */
	char *envd_access_token;
	char *domain;
	bool allow_internet_access; /* absent: true */
	struct wire_network *network;
	struct wire_lifecycle *lifecycle;
};
extern const struct fields wire_sandbox_info_type;

struct wire_timeout { /* §1.9, §1.10.3: bodies of timeout and connect */
	int64_t timeout_s;
};
extern const struct fields wire_timeout_type;
extern const struct fields wire_connect_v2_type; /* the same struct; WIRE_UNSET when absent */

struct wire_refresh {       /* §1.9 */
	int64_t duration_s; /* absent: WIRE_UNSET */
};
extern const struct fields wire_refresh_type;

struct wire_rest_error { /* §1.3, §6: bodies of REST and envd's plain HTTP errors */
	int64_t code;
	char *message;
	char *error_code;
};
extern const struct fields wire_rest_error_type;

/* ---- Connect, wire §3 ------------------------------------------------------------------------ */

struct wire_connect_error { /* §3.2 */
	char *code;         /* "not_found" */
	char *message;
};
extern const struct fields wire_connect_error_type;

struct wire_end_of_stream { /* §3.3 */
	struct wire_connect_error *error;
};
extern const struct fields wire_end_of_stream_type;

struct wire_empty {
	char none; /* a struct may not be empty */
};
extern const struct fields wire_empty_type;

/* ---- process.Process, wire §4.1 -------------------------------------------------------------- */

struct wire_process_config {
	char *cmd;
	struct strings args;
	struct string_map envs;
	char *cwd; /* NULL: absent, which is not "" */
};
extern const struct fields wire_process_config_type;

struct wire_selector { /* exactly one is set */
	int64_t pid;   /* WIRE_UNSET when absent */
	char *tag;
};
extern const struct fields wire_selector_type;

struct wire_pty_size {
	int64_t cols;
	int64_t rows;
};

struct wire_pty {
	struct wire_pty_size *size;
};

struct wire_start_request {
	struct wire_process_config *process;
	struct wire_pty *pty;
	char *tag;
	bool stdin_open; /* absent: true */
};
extern const struct fields wire_start_request_type;

struct wire_select_request { /* Connect, CloseStdin */
	struct wire_selector *process;
};
extern const struct fields wire_select_request_type;

struct wire_event_start {
	int64_t pid;
};

struct wire_event_data {
	struct bytes out; /* on the wire "stdout" */
	struct bytes err; /* "stderr" */
	struct bytes pty;
};

struct wire_event_end {
	int64_t exit_code;
	bool exited;
	char *status;
	char *error;
};

struct wire_process_event { /* one is set */
	struct wire_event_start *start;
	struct wire_event_data *data;
	struct wire_event_end *end;
	struct wire_empty *keepalive;
};

struct wire_process_message { /* each message of Start's and Connect's stream */
	struct wire_process_event *event;
};
extern const struct fields wire_process_message_type;

struct wire_process_info {
	struct wire_process_config *config;
	int64_t pid;
	char *tag;
};

struct wire_process_list {
	struct list_value processes; /* of struct wire_process_info */
};
extern const struct fields wire_process_list_type;

struct wire_input {
	struct bytes in; /* "stdin" */
	struct bytes pty;
};

struct wire_input_request {
	struct wire_selector *process;
	struct wire_input *input;
};
extern const struct fields wire_input_request_type;

struct wire_stream_input { /* StreamInput: `start` first, then the others */
	struct wire_select_request *start;
	struct wire_input_request *data;
	struct wire_empty *keepalive;
};
extern const struct fields wire_stream_input_type;

/* The Signal enum as wire_signal_names indexes it. */
enum wire_signal { WIRE_SIGNAL_UNSPECIFIED, WIRE_SIGNAL_TERM, WIRE_SIGNAL_KILL };

struct wire_signal_request {
	struct wire_selector *process;
	int signal; /* enum wire_signal */
};
extern const struct fields wire_signal_request_type;

struct wire_update_request {
	struct wire_selector *process;
	struct wire_pty *pty;
};
extern const struct fields wire_update_request_type;

/* ---- filesystem.Filesystem, wire §5.1 -------------------------------------------------------- */

enum wire_file_type {
	WIRE_FILE_UNSPECIFIED,
	WIRE_FILE_FILE,
	WIRE_FILE_DIRECTORY,
	WIRE_FILE_SYMLINK
};

struct wire_entry {
	char *name;
	int type; /* enum wire_file_type */
	char *path;
	int64_t size;
	int64_t mode;
	char *permissions;
	char *owner;
	char *group;
	char *modified_time;
	char *symlink_target; /* NULL when absent */
	struct string_map metadata;
};
extern const struct fields wire_entry_type;

struct wire_entry_response { /* Stat, MakeDir, Move */
	struct wire_entry *entry;
};
extern const struct fields wire_entry_response_type;

struct wire_path_request { /* Stat, MakeDir, Remove; ListDir with depth */
	char *path;
	int64_t depth;
};
extern const struct fields wire_path_request_type;

struct wire_move_request {
	char *source;
	char *destination;
};
extern const struct fields wire_move_request_type;

struct wire_entry_list {           /* ListDir */
	struct list_value entries; /* of struct wire_entry */
};
extern const struct fields wire_entry_list_type;

struct wire_watch_request { /* WatchDir, CreateWatcher */
	char *path;
	bool recursive;
	bool include_entry;
	bool allow_network_mounts;
};
extern const struct fields wire_watch_request_type;

enum wire_change {
	WIRE_CHANGE_UNSPECIFIED,
	WIRE_CHANGE_CREATE,
	WIRE_CHANGE_WRITE,
	WIRE_CHANGE_REMOVE,
	WIRE_CHANGE_RENAME,
	WIRE_CHANGE_CHMOD
};

struct wire_filesystem_event {
	char *name; /* relative to what is watched */
	int type;   /* enum wire_change */
	struct wire_entry *entry;
};

struct wire_watch_message { /* each of WatchDir's stream; one is set */
	struct wire_empty *start;
	struct wire_filesystem_event *event; /* on the wire "filesystem" */
	struct wire_empty *keepalive;
};
extern const struct fields wire_watch_message_type;

struct wire_watcher { /* CreateWatcher's answer; GetWatcherEvents, RemoveWatcher */
	char *watcher_id;
};
extern const struct fields wire_watcher_type;

struct wire_watcher_events {      /* GetWatcherEvents' answer */
	struct list_value events; /* of struct wire_filesystem_event */
};
extern const struct fields wire_watcher_events_type;

struct wire_written { /* each element of POST /files' answer, wire §6.6 */
	char *name;
	char *path;
	char *type; /* "file" */
	struct string_map metadata;
};
extern const struct fields wire_written_type;

struct wire_compose { /* body of POST /files/compose, wire §6.7 */
	struct strings source_paths;
	char *destination;
	char *username;
};
extern const struct fields wire_compose_type;

struct wire_sandbox_metric { /* §1.13 */
	char *timestamp;
	int64_t timestamp_unix;
	int64_t cpu_count;
	double cpu_used_pct;
	int64_t mem_used;
	int64_t mem_total;
	int64_t mem_cache;
	int64_t disk_used;
	int64_t disk_total;
	int64_t processes;       /* "sandpoolProcesses"; 0: not told */
	int64_t refused_packets; /* "sandpoolRefusedPackets" */
};
extern const struct fields wire_sandbox_metric_type;

/* ---- envd's plain HTTP, wire §6 -------------------------------------------------------------- */

struct wire_init { /* §6.4 */
	struct string_map env_vars;
	char *access_token;
	char *default_user;
	char *default_workdir;
	char *timestamp;
};
extern const struct fields wire_init_type;

struct wire_metrics { /* §6.2 */
	int64_t ts;
	int64_t cpu_count;
	double cpu_used_pct;
	int64_t mem_total_mib;
	int64_t mem_used_mib;
	int64_t mem_total;
	int64_t mem_used;
	int64_t mem_cache;
	int64_t disk_used;
	int64_t disk_total;
};
extern const struct fields wire_metrics_type;

/* ---- error codes, wire §3.2 ------------------------------------------------------------------ */

/* The HTTP status a Connect code goes with ("not_found" → 404); 500 for one we do not know. */
int wire_connect_status(const char *code);

#endif
