/* Field tables of the E2B messages: the one place where their names on the wire are spelt. */
#include "config.h"

#include "daemon/e2b/wire.h"

#include <string.h>

/* Shorthands: a member `m` of `T`, called `wire` there. */
#define W_BOOL(T, m, wire, ...)      F_AS(FIELD_BOOL, bool, T, m, wire, __VA_ARGS__)
#define W_INT(T, m, wire, ...)       F_AS(FIELD_INT, int64_t, T, m, wire, __VA_ARGS__)
#define W_INT64(T, m, wire, ...)     F_AS(FIELD_INT64, int64_t, T, m, wire, __VA_ARGS__)
#define W_NUMBER(T, m, wire, ...)    F_AS(FIELD_NUMBER, double, T, m, wire, __VA_ARGS__)
#define W_STRING(T, m, wire, ...)    F_AS(FIELD_STRING, char *, T, m, wire, __VA_ARGS__)
#define W_BYTES(T, m, wire, ...)     F_AS(FIELD_BYTES, struct bytes, T, m, wire, __VA_ARGS__)
#define W_ENUM(T, m, wire, ...)      F_AS(FIELD_ENUM, int, T, m, wire, __VA_ARGS__)
#define W_STRINGS(T, m, wire, ...)   F_AS(FIELD_STRINGS, struct strings, T, m, wire, __VA_ARGS__)
#define W_MAP(T, m, wire, ...)       F_AS(FIELD_MAP, struct string_map, T, m, wire, __VA_ARGS__)
#define W_LIST(T, m, wire, ...)      F_AS(FIELD_LIST, struct list_value, T, m, wire, __VA_ARGS__)
#define W_JSON(T, m, wire, ...)      F_AS(FIELD_JSON, char *, T, m, wire, __VA_ARGS__)
#define W_OBJECT(C, T, m, wire, ...) F_AS(FIELD_OBJECT, C *, T, m, wire, __VA_ARGS__)

/* Bytes of what tells how a command ended, which is remembered long: "exit status 3". */
#define STATUS_MAX 1024

#define TYPE(T) sizeof(struct T), (const struct field[])

/* ---- control plane --------------------------------------------------------------------------- */

/* clang-format off */
const struct fields wire_network_type = {"SandboxNetworkConfig", TYPE(wire_network){
	W_STRINGS(struct wire_network, allow_out, "allowOut"),
	W_STRINGS(struct wire_network, deny_out, "denyOut"),
	W_BOOL(struct wire_network, allow_public_traffic, "allowPublicTraffic", .absent = true),
	W_STRING(struct wire_network, mask_request_host, "maskRequestHost"),
	W_JSON(struct wire_network, rules, "rules"),
	W_JSON(struct wire_network, egress_proxy, "egressProxy"),
	F_END,
}};

const struct fields wire_network_update_type = {"NetworkUpdate", TYPE(wire_network_update){
	W_STRINGS(struct wire_network_update, allow_out, "allowOut"),
	W_STRINGS(struct wire_network_update, deny_out, "denyOut"),
	W_BOOL(struct wire_network_update, allow_internet_access, "allow_internet_access",
	       .absent = true),
	W_JSON(struct wire_network_update, rules, "rules"),
	W_JSON(struct wire_network_update, egress_proxy, "egressProxy"),
	F_END,
}};

static const struct fields wire_auto_resume_type = {"AutoResume", TYPE(wire_auto_resume){
	W_BOOL(struct wire_auto_resume, enabled, "enabled", .always = true),
	F_END,
}};

const struct fields wire_new_sandbox_type = {"NewSandbox", TYPE(wire_new_sandbox){
	W_STRING(struct wire_new_sandbox, template_id, "templateID", .required = true),
	W_INT(struct wire_new_sandbox, timeout_s, "timeout", .absent = WIRE_UNSET),
	W_MAP(struct wire_new_sandbox, metadata, "metadata"),
	W_MAP(struct wire_new_sandbox, env_vars, "envVars"),
	W_BOOL(struct wire_new_sandbox, secure, "secure", .always = true),
	W_BOOL(struct wire_new_sandbox, allow_internet_access, "allow_internet_access",
	       .absent = true, .always = true),
	W_BOOL(struct wire_new_sandbox, auto_pause, "autoPause"),
	W_BOOL(struct wire_new_sandbox, auto_pause_memory, "autoPauseMemory", .absent = true),
	W_OBJECT(struct wire_auto_resume, struct wire_new_sandbox, auto_resume, "autoResume",
		 .type = &wire_auto_resume_type),
	W_OBJECT(struct wire_network, struct wire_new_sandbox, network, "network",
		 .type = &wire_network_type),
	W_JSON(struct wire_new_sandbox, mcp, "mcp"),
	W_JSON(struct wire_new_sandbox, iam, "iam"),
	W_JSON(struct wire_new_sandbox, volume_mounts, "volumeMounts"),
	F_END,
}};

const struct fields wire_sandbox_type = {"Sandbox", TYPE(wire_sandbox){
	W_STRING(struct wire_sandbox, template_id, "templateID"),
	W_STRING(struct wire_sandbox, sandbox_id, "sandboxID", .required = true),
	W_STRING(struct wire_sandbox, client_id, "clientID"),
	W_STRING(struct wire_sandbox, envd_version, "envdVersion"),
	W_STRING(struct wire_sandbox, alias, "alias"),
	W_STRING(struct wire_sandbox, envd_access_token, "envdAccessToken"),
	W_STRING(struct wire_sandbox, traffic_access_token, "trafficAccessToken"),
	W_STRING(struct wire_sandbox, domain, "domain"),
	F_END,
}};

static const struct fields wire_lifecycle_type = {"Lifecycle", TYPE(wire_lifecycle){
	W_STRING(struct wire_lifecycle, on_timeout, "onTimeout"),
	W_BOOL(struct wire_lifecycle, auto_resume, "autoResume", .always = true),
	F_END,
}};

const struct fields wire_sandbox_info_type = {"SandboxDetail", TYPE(wire_sandbox_info){
	W_STRING(struct wire_sandbox_info, template_id, "templateID"),
	W_STRING(struct wire_sandbox_info, sandbox_id, "sandboxID", .required = true),
	W_STRING(struct wire_sandbox_info, client_id, "clientID"),
	W_STRING(struct wire_sandbox_info, started_at, "startedAt"),
	W_STRING(struct wire_sandbox_info, end_at, "endAt"),
	W_INT(struct wire_sandbox_info, cpu_count, "cpuCount", .always = true),
	W_INT(struct wire_sandbox_info, memory_mb, "memoryMB", .always = true),
	W_INT(struct wire_sandbox_info, disk_size_mb, "diskSizeMB", .always = true),
	W_STRING(struct wire_sandbox_info, state, "state"),
	W_STRING(struct wire_sandbox_info, envd_version, "envdVersion"),
	W_STRING(struct wire_sandbox_info, alias, "alias"),
	W_MAP(struct wire_sandbox_info, metadata, "metadata"),
	W_STRING(struct wire_sandbox_info, envd_access_token, "envdAccessToken"),
	W_STRING(struct wire_sandbox_info, domain, "domain"),
	W_BOOL(struct wire_sandbox_info, allow_internet_access, "allowInternetAccess",
	       .absent = true),
	W_OBJECT(struct wire_network, struct wire_sandbox_info, network, "network",
		 .type = &wire_network_type),
	W_OBJECT(struct wire_lifecycle, struct wire_sandbox_info, lifecycle, "lifecycle",
		 .type = &wire_lifecycle_type),
	F_END,
}};

const struct fields wire_timeout_type = {"Timeout", TYPE(wire_timeout){
	W_INT(struct wire_timeout, timeout_s, "timeout", .required = true, .always = true,
	      .min = INT32_MIN, .max = INT32_MAX),
	F_END,
}};

const struct fields wire_connect_v2_type = {"ConnectSandboxV2", TYPE(wire_timeout){
	W_INT(struct wire_timeout, timeout_s, "timeout", .absent = WIRE_UNSET),
	F_END}};

const struct fields wire_refresh_type = {"Refresh", TYPE(wire_refresh){
	W_INT(struct wire_refresh, duration_s, "duration", .absent = WIRE_UNSET),
	F_END,
}};

const struct fields wire_rest_error_type = {"Error", TYPE(wire_rest_error){
	W_INT(struct wire_rest_error, code, "code", .always = true),
	W_STRING(struct wire_rest_error, message, "message"),
	W_STRING(struct wire_rest_error, error_code, "error_code"),
	F_END,
}};

/* ---- Connect --------------------------------------------------------------------------------- */

const struct fields wire_connect_error_type = {"ConnectError", TYPE(wire_connect_error){
	W_STRING(struct wire_connect_error, code, "code"),
	W_STRING(struct wire_connect_error, message, "message"),
	F_END,
}};

const struct fields wire_end_of_stream_type = {"EndStreamResponse", TYPE(wire_end_of_stream){
	W_OBJECT(struct wire_connect_error, struct wire_end_of_stream, error, "error",
		 .type = &wire_connect_error_type),
	F_END,
}};

const struct fields wire_empty_type = {"Empty", TYPE(wire_empty){
	F_END,
}};

/* ---- process.Process ------------------------------------------------------------------------- */

const struct fields wire_process_config_type = {"ProcessConfig", TYPE(wire_process_config){
	W_STRING(struct wire_process_config, cmd, "cmd"),
	W_STRINGS(struct wire_process_config, args, "args"),
	W_MAP(struct wire_process_config, envs, "envs"),
	W_STRING(struct wire_process_config, cwd, "cwd"),
	F_END,
}};

const struct fields wire_selector_type = {"ProcessSelector", TYPE(wire_selector){
	W_INT(struct wire_selector, pid, "pid", .absent = WIRE_UNSET, .min = 0, .max = UINT32_MAX),
	W_STRING(struct wire_selector, tag, "tag"),
	F_END,
}};

static const struct fields wire_pty_size_type = {"PTY.Size", TYPE(wire_pty_size){
	W_INT(struct wire_pty_size, cols, "cols", .min = 0, .max = UINT32_MAX),
	W_INT(struct wire_pty_size, rows, "rows", .min = 0, .max = UINT32_MAX),
	F_END,
}};

static const struct fields wire_pty_type = {"PTY", TYPE(wire_pty){
	W_OBJECT(struct wire_pty_size, struct wire_pty, size, "size", .type = &wire_pty_size_type),
	F_END,
}};

const struct fields wire_start_request_type = {"StartRequest", TYPE(wire_start_request){
	W_OBJECT(struct wire_process_config, struct wire_start_request, process, "process",
		 .type = &wire_process_config_type),
	W_OBJECT(struct wire_pty, struct wire_start_request, pty, "pty", .type = &wire_pty_type),
	W_STRING(struct wire_start_request, tag, "tag"),
	W_BOOL(struct wire_start_request, stdin_open, "stdin", .absent = true, .always = true),
	F_END,
}};

const struct fields wire_select_request_type = {"ConnectRequest", TYPE(wire_select_request){
	W_OBJECT(struct wire_selector, struct wire_select_request, process, "process",
		 .type = &wire_selector_type),
	F_END,
}};

static const struct fields wire_event_start_type = {"StartEvent", TYPE(wire_event_start){
	W_INT(struct wire_event_start, pid, "pid", .max = UINT32_MAX),
	F_END,
}};

static const struct fields wire_event_data_type = {"DataEvent", TYPE(wire_event_data){
	W_BYTES(struct wire_event_data, out, "stdout"),
	W_BYTES(struct wire_event_data, err, "stderr"),
	W_BYTES(struct wire_event_data, pty, "pty"),
	F_END,
}};

static const struct fields wire_event_end_type = {"EndEvent", TYPE(wire_event_end){
	W_INT(struct wire_event_end, exit_code, "exitCode", .alias = "exit_code",
	      .min = INT32_MIN, .max = INT32_MAX),
	W_BOOL(struct wire_event_end, exited, "exited"),
	W_STRING(struct wire_event_end, status, "status", .max = STATUS_MAX),
	W_STRING(struct wire_event_end, error, "error", .max = STATUS_MAX),
	F_END,
}};

static const struct fields wire_process_event_type = {"ProcessEvent", TYPE(wire_process_event){
	W_OBJECT(struct wire_event_start, struct wire_process_event, start, "start",
		 .type = &wire_event_start_type),
	W_OBJECT(struct wire_event_data, struct wire_process_event, data, "data",
		 .type = &wire_event_data_type),
	W_OBJECT(struct wire_event_end, struct wire_process_event, end, "end",
		 .type = &wire_event_end_type),
	W_OBJECT(struct wire_empty, struct wire_process_event, keepalive, "keepalive",
		 .type = &wire_empty_type),
	F_END,
}};

const struct fields wire_process_message_type = {"StartResponse", TYPE(wire_process_message){
	W_OBJECT(struct wire_process_event, struct wire_process_message, event, "event",
		 .type = &wire_process_event_type),
	F_END,
}};

static const struct fields wire_process_info_type = {"ProcessInfo", TYPE(wire_process_info){
	W_OBJECT(struct wire_process_config, struct wire_process_info, config, "config",
		 .type = &wire_process_config_type),
	W_INT(struct wire_process_info, pid, "pid"),
	W_STRING(struct wire_process_info, tag, "tag"),
	F_END,
}};

const struct fields wire_process_list_type = {"ListResponse", TYPE(wire_process_list){
	W_LIST(struct wire_process_list, processes, "processes", .type = &wire_process_info_type),
	F_END,
}};

static const struct fields wire_input_type = {"ProcessInput", TYPE(wire_input){
	W_BYTES(struct wire_input, in, "stdin"),
	W_BYTES(struct wire_input, pty, "pty"),
	F_END,
}};

const struct fields wire_input_request_type = {"SendInputRequest", TYPE(wire_input_request){
	W_OBJECT(struct wire_selector, struct wire_input_request, process, "process",
		 .type = &wire_selector_type),
	W_OBJECT(struct wire_input, struct wire_input_request, input, "input",
		 .type = &wire_input_type),
	F_END,
}};

const struct fields wire_stream_input_type = {"StreamInputRequest", TYPE(wire_stream_input){
	W_OBJECT(struct wire_select_request, struct wire_stream_input, start, "start",
		 .type = &wire_select_request_type),
	W_OBJECT(struct wire_input_request, struct wire_stream_input, data, "data",
		 .type = &wire_input_request_type),
	W_OBJECT(struct wire_empty, struct wire_stream_input, keepalive, "keepalive",
		 .type = &wire_empty_type),
	F_END,
}};

/* On the wire the enum's numbers are 0, 15 and 9; names are what both SDKs send. */
static const char *const wire_signal_names[] = {
	[WIRE_SIGNAL_UNSPECIFIED] = "SIGNAL_UNSPECIFIED",
	[WIRE_SIGNAL_TERM] = "SIGNAL_SIGTERM",
	[WIRE_SIGNAL_KILL] = "SIGNAL_SIGKILL",
	NULL,
};
static const int64_t wire_signal_numbers[] = {0, 15, 9};

const struct fields wire_signal_request_type = {"SendSignalRequest", TYPE(wire_signal_request){
	W_OBJECT(struct wire_selector, struct wire_signal_request, process, "process",
		 .type = &wire_selector_type),
	W_ENUM(struct wire_signal_request, signal, "signal", .names = wire_signal_names,
	       .numbers = wire_signal_numbers),
	F_END,
}};

const struct fields wire_update_request_type = {"UpdateRequest", TYPE(wire_update_request){
	W_OBJECT(struct wire_selector, struct wire_update_request, process, "process",
		 .type = &wire_selector_type),
	W_OBJECT(struct wire_pty, struct wire_update_request, pty, "pty", .type = &wire_pty_type),
	F_END,
}};

/* ---- filesystem.Filesystem ------------------------------------------------------------------- */

static const char *const wire_file_type_names[] = {
	[WIRE_FILE_UNSPECIFIED] = "FILE_TYPE_UNSPECIFIED",
	[WIRE_FILE_FILE] = "FILE_TYPE_FILE",
	[WIRE_FILE_DIRECTORY] = "FILE_TYPE_DIRECTORY",
	[WIRE_FILE_SYMLINK] = "FILE_TYPE_SYMLINK",
	NULL,
};

const struct fields wire_entry_type = {"EntryInfo", TYPE(wire_entry){
	W_STRING(struct wire_entry, name, "name"),
	W_ENUM(struct wire_entry, type, "type", .names = wire_file_type_names),
	W_STRING(struct wire_entry, path, "path"),
	W_INT64(struct wire_entry, size, "size"),
	W_INT(struct wire_entry, mode, "mode"),
	W_STRING(struct wire_entry, permissions, "permissions"),
	W_STRING(struct wire_entry, owner, "owner"),
	W_STRING(struct wire_entry, group, "group"),
	W_STRING(struct wire_entry, modified_time, "modifiedTime", .alias = "modified_time"),
	W_STRING(struct wire_entry, symlink_target, "symlinkTarget", .alias = "symlink_target"),
	W_MAP(struct wire_entry, metadata, "metadata"),
	F_END,
}};

const struct fields wire_entry_response_type = {"EntryResponse", TYPE(wire_entry_response){
	W_OBJECT(struct wire_entry, struct wire_entry_response, entry, "entry",
		 .type = &wire_entry_type),
	F_END,
}};

const struct fields wire_path_request_type = {"PathRequest", TYPE(wire_path_request){
	W_STRING(struct wire_path_request, path, "path"),
	W_INT(struct wire_path_request, depth, "depth", .min = 0, .max = UINT32_MAX),
	F_END,
}};

const struct fields wire_move_request_type = {"MoveRequest", TYPE(wire_move_request){
	W_STRING(struct wire_move_request, source, "source"),
	W_STRING(struct wire_move_request, destination, "destination"),
	F_END,
}};

const struct fields wire_entry_list_type = {"ListDirResponse", TYPE(wire_entry_list){
	W_LIST(struct wire_entry_list, entries, "entries", .type = &wire_entry_type),
	F_END,
}};

const struct fields wire_watch_request_type = {"WatchDirRequest", TYPE(wire_watch_request){
	W_STRING(struct wire_watch_request, path, "path"),
	W_BOOL(struct wire_watch_request, recursive, "recursive"),
	W_BOOL(struct wire_watch_request, include_entry, "includeEntry"),
	W_BOOL(struct wire_watch_request, allow_network_mounts, "allowNetworkMounts"),
	F_END,
}};

static const char *const wire_change_names[] = {
	[WIRE_CHANGE_UNSPECIFIED] = "EVENT_TYPE_UNSPECIFIED",
	[WIRE_CHANGE_CREATE] = "EVENT_TYPE_CREATE",
	[WIRE_CHANGE_WRITE] = "EVENT_TYPE_WRITE",
	[WIRE_CHANGE_REMOVE] = "EVENT_TYPE_REMOVE",
	[WIRE_CHANGE_RENAME] = "EVENT_TYPE_RENAME",
	[WIRE_CHANGE_CHMOD] = "EVENT_TYPE_CHMOD",
	NULL,
};

static const struct fields wire_filesystem_event_type = {"FilesystemEvent", TYPE(wire_filesystem_event){
	W_STRING(struct wire_filesystem_event, name, "name"),
	W_ENUM(struct wire_filesystem_event, type, "type", .names = wire_change_names),
	W_OBJECT(struct wire_entry, struct wire_filesystem_event, entry, "entry",
		 .type = &wire_entry_type),
	F_END,
}};

const struct fields wire_watch_message_type = {"WatchDirResponse", TYPE(wire_watch_message){
	W_OBJECT(struct wire_empty, struct wire_watch_message, start, "start",
		 .type = &wire_empty_type),
	W_OBJECT(struct wire_filesystem_event, struct wire_watch_message, event, "filesystem",
		 .type = &wire_filesystem_event_type),
	W_OBJECT(struct wire_empty, struct wire_watch_message, keepalive, "keepalive",
		 .type = &wire_empty_type),
	F_END,
}};

const struct fields wire_watcher_type = {"Watcher", TYPE(wire_watcher){
	W_STRING(struct wire_watcher, watcher_id, "watcherId"),
	F_END,
}};

const struct fields wire_watcher_events_type = {"GetWatcherEventsResponse", TYPE(wire_watcher_events){
	W_LIST(struct wire_watcher_events, events, "events", .type = &wire_filesystem_event_type),
	F_END,
}};

const struct fields wire_written_type = {"WriteInfo", TYPE(wire_written){
	W_MAP(struct wire_written, metadata, "metadata"),
	W_STRING(struct wire_written, name, "name"),
	W_STRING(struct wire_written, path, "path"),
	W_STRING(struct wire_written, type, "type"),
	F_END,
}};

const struct fields wire_compose_type = {"Compose", TYPE(wire_compose){
	W_STRINGS(struct wire_compose, source_paths, "source_paths"),
	W_STRING(struct wire_compose, destination, "destination"),
	W_STRING(struct wire_compose, username, "username"),
	F_END,
}};

const struct fields wire_sandbox_metric_type = {"SandboxMetric", TYPE(wire_sandbox_metric){
	W_STRING(struct wire_sandbox_metric, timestamp, "timestamp"),
	W_INT(struct wire_sandbox_metric, timestamp_unix, "timestampUnix", .always = true),
	W_INT(struct wire_sandbox_metric, cpu_count, "cpuCount", .always = true),
	W_NUMBER(struct wire_sandbox_metric, cpu_used_pct, "cpuUsedPct", .always = true),
	W_INT(struct wire_sandbox_metric, mem_used, "memUsed", .always = true),
	W_INT(struct wire_sandbox_metric, mem_total, "memTotal", .always = true),
	W_INT(struct wire_sandbox_metric, mem_cache, "memCache", .always = true),
	W_INT(struct wire_sandbox_metric, disk_used, "diskUsed", .always = true),
	W_INT(struct wire_sandbox_metric, disk_total, "diskTotal", .always = true),
	W_INT(struct wire_sandbox_metric, processes, "sandpoolProcesses"),
	W_INT(struct wire_sandbox_metric, refused_packets, "sandpoolRefusedPackets"),
	F_END,
}};

/* ---- envd's plain HTTP ----------------------------------------------------------------------- */

const struct fields wire_init_type = {"Init", TYPE(wire_init){
	W_MAP(struct wire_init, env_vars, "envVars"),
	W_STRING(struct wire_init, access_token, "accessToken"),
	W_STRING(struct wire_init, default_user, "defaultUser"),
	W_STRING(struct wire_init, default_workdir, "defaultWorkdir"),
	W_STRING(struct wire_init, timestamp, "timestamp"),
	F_END,
}};

const struct fields wire_metrics_type = {"Metrics", TYPE(wire_metrics){
	W_INT(struct wire_metrics, ts, "ts", .always = true),
	W_INT(struct wire_metrics, cpu_count, "cpu_count", .always = true),
	W_NUMBER(struct wire_metrics, cpu_used_pct, "cpu_used_pct", .always = true),
	W_INT(struct wire_metrics, mem_total_mib, "mem_total_mib", .always = true),
	W_INT(struct wire_metrics, mem_used_mib, "mem_used_mib", .always = true),
	W_INT(struct wire_metrics, mem_total, "mem_total", .always = true),
	W_INT(struct wire_metrics, mem_used, "mem_used", .always = true),
	W_INT(struct wire_metrics, mem_cache, "mem_cache", .always = true),
	W_INT(struct wire_metrics, disk_used, "disk_used", .always = true),
	W_INT(struct wire_metrics, disk_total, "disk_total", .always = true),
	F_END,
}};

/* clang-format on */

/* ---- error codes ----------------------------------------------------------------------------- */

static const struct {
	const char *code;
	int status;
} connect_codes[] = {
	{"canceled", 499},
	{"unknown", 500},
	{"invalid_argument", 400},
	{"deadline_exceeded", 504},
	{"not_found", 404},
	{"already_exists", 409},
	{"permission_denied", 403},
	{"resource_exhausted", 429},
	{"failed_precondition", 400},
	{"aborted", 409},
	{"out_of_range", 400},
	{"unimplemented", 501},
	{"internal", 500},
	{"unavailable", 503},
	{"data_loss", 500},
	{"unauthenticated", 401},
};

int wire_connect_status(const char *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(connect_codes); i++) {
		if (strcmp(connect_codes[i].code, code) == 0)
			return connect_codes[i].status;
	}
	return 500;
}
