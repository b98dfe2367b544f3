/* Field tables shared by several nouns, and those of daemon.*. */
#include "config.h"

#include "protocol/types-parts.h"

/* clang-format off */
const struct fields no_params_type = {"NoParams", TABLE(no_params){
	P_REQUEST_TIMEOUT(no_params),
	F_END,
}};

const struct fields no_result_type = {"NoResult", TABLE(no_result){
	F_END,
}};

const struct fields sandbox_params_type = {
	"SandboxParams", TABLE(sandbox_params){
	P_SANDBOX_ID(sandbox_params),
	P_REQUEST_TIMEOUT(sandbox_params),
	F_END,
}};

const struct fields pid_params_type = {
	"PidParams", TABLE(pid_params){
	P_SANDBOX_ID(pid_params),
	P_PID(pid_params),
	P_REQUEST_TIMEOUT(pid_params),
	F_END,
}};

const struct fields hello_params_type = {
	"HelloParams", TABLE(hello_params){
	F_STRING(struct hello_params, client, .max = 128,
		 .doc = "name/version of the client, for the log"),
	P_REQUEST_TIMEOUT(hello_params),
	F_END,
}};

const struct fields hello_result_type = {
	"HelloResult", TABLE(hello_result){
	F_STRING(struct hello_result, server, .doc = "\"sandpool\""),
	F_STRING(struct hello_result, version, .doc = "version of the daemon"),
	F_INT(struct hello_result, protocol, .doc = "version of this protocol"),
	F_INT(struct hello_result, pid, .doc = "the daemon's process id"),
	F_INT(struct hello_result, line_max, .doc = "longest line, in bytes, without its newline"),
	F_INT(struct hello_result, fds_max, .doc = "most descriptors of one line"),
	F_INT(struct hello_result, transfer_window, .doc = "first credit of a transfer, in bytes"),
	F_END,
}};

const struct fields engine_ability_type = {
	"EngineAbility", TABLE(engine_ability){
	F_STRING(struct engine_ability, name, .doc = "one word: \"memory_limit\""),
	F_BOOL(struct engine_ability, available, .always = true, .doc = "whether it is there"),
	F_STRING(struct engine_ability, detail, .doc = "how it is had, or why it is not there"),
	F_STRING(struct engine_ability, fix, .doc = "what to do to have it"),
	F_END,
}};

const struct fields engine_about_type = {
	"EngineAbout", TABLE(engine_about){
	F_STRING(struct engine_about, version, .doc = "version of the engine"),
	F_STRING(struct engine_about, mode, .doc = "\"root\" or a kind of \"rootless\""),
	F_STRING(struct engine_about, unable, .doc = "why it can have no sandbox at all"),
	F_LIST(struct engine_about, abilities, .type = &engine_ability_type,
	       .doc = "what it can do here, and what it cannot"),
	F_END,
}};

const struct fields provider_status_type = {
	"ProviderStatus", TABLE(provider_status){
	F_STRING(struct provider_status, name, .doc = "the name in the configuration"),
	F_STRING(struct provider_status, type, .doc = "\"local\" or \"e2b\""),
	F_STRING(struct provider_status, api_url, .doc = "where its control plane is"),
	F_STRING(struct provider_status, state,
		 .doc = "\"unknown\", \"up\" or \"down\", by the last answer"),
	F_STRING(struct provider_status, last_error, .doc = "why it is down"),
	F_OBJECT(struct engine_about, struct provider_status, engine, .type = &engine_about_type,
		 .doc = "the embedded engine, as it described itself when it was last started"),
	F_INT(struct provider_status, in_flight, .doc = "requests under way"),
	F_INT(struct provider_status, queued, .doc = "of these, requests that wait for a connection"),
	F_INT(struct provider_status, waiting, .doc = "operations that wait for it to be there"),
	F_NUMBER(struct provider_status, next_check, .absent = TYPES_UNSET, .optional = true,
		 .doc = "seconds until the sandboxes known here are compared with its own; absent "
			"while that is done"),
	F_INT(struct provider_status, requests, .doc = "requests made"),
	F_INT(struct provider_status, reused, .doc = "requests made on a pooled connection"),
	F_INT(struct provider_status, connections, .doc = "connections opened"),
	F_END,
}};

const struct fields sandbox_counts_type = {
	"SandboxCounts", TABLE(sandbox_counts){
	F_INT(struct sandbox_counts, creating, .doc = "asked for and not there yet"),
	F_INT(struct sandbox_counts, running, .doc = "there"),
	F_INT(struct sandbox_counts, paused, .doc = "there, and standing still"),
	F_INT(struct sandbox_counts, killing, .doc = "to be ended, as soon as their provider does it"),
	F_END,
}};

const struct fields user_status_type = {
	"UserStatus", TABLE(user_status){
	F_INT(struct user_status, uid, .doc = "who"),
	F_INT(struct user_status, clients, .doc = "his connections"),
	F_INT(struct user_status, calls, .doc = "his calls under way"),
	F_INT(struct user_status, input_bytes, .doc = "held of what his clients have sent"),
	F_INT(struct user_status, output_bytes, .doc = "waiting for his clients to take it"),
	F_END,
}};

const struct fields operation_status_type = {
	"OperationStatus", TABLE(operation_status){
	F_INT(struct operation_status, number, .doc = "its number, as in the log"),
	F_STRING(struct operation_status, name, .doc = "the method, or work of the daemon's own"),
	F_STRING(struct operation_status, step, .doc = "where it is"),
	F_INT(struct operation_status, uid, .absent = TYPES_UNSET, .optional = true,
	      .doc = "who waits for it; absent when nobody does"),
	F_NUMBER(struct operation_status, age, .doc = "seconds since it began"),
	F_NUMBER(struct operation_status, time_left, .absent = TYPES_UNSET, .optional = true,
		 .doc = "seconds until it is given up; absent when it has no deadline"),
	F_END,
}};

const struct fields deadline_status_type = {
	"DeadlineStatus", TABLE(deadline_status){
	F_STRING(struct deadline_status, sandbox_id, .doc = "the sandbox"),
	F_STRING(struct deadline_status, name, .doc = "its name"),
	F_STRING(struct deadline_status, end_at, .doc = "when it ends unless its deadline is moved"),
	F_END,
}};

const struct fields status_result_type = {
	"StatusResult", TABLE(status_result){
	F_STRING(struct status_result, version, .doc = "version of the daemon"),
	F_INT(struct status_result, pid, .doc = "the daemon's process id"),
	F_STRING(struct status_result, started_at, .doc = "when the daemon started"),
	F_NUMBER(struct status_result, uptime, .doc = "seconds since then"),
	F_STRING(struct status_result, socket, .doc = "the socket it listens on"),
	F_STRING(struct status_result, state_dir, .doc = "where registry and spool are"),
	F_INT(struct status_result, clients, .doc = "connections"),
	F_INT(struct status_result, clients_max, .doc = "most connections"),
	F_INT(struct status_result, calls, .doc = "calls under way"),
	F_LIST(struct status_result, users, .type = &user_status_type,
	       .doc = "the users that connections and calls are of"),
	F_LIST(struct status_result, operations, .type = &operation_status_type,
	       .doc = "work under way, the oldest first, at most 100"),
	F_INT(struct status_result, sandboxes,
	      .doc = "sandboxes in the registry that have not ended"),
	F_OBJECT(struct sandbox_counts, struct status_result, sandbox_states,
		 .type = &sandbox_counts_type, .doc = "all sandboxes by state"),
	F_LIST(struct status_result, deadlines, .type = &deadline_status_type,
	       .doc = "the next ones of the caller's sandboxes, at most 10"),
	F_INT(struct status_result, commands, .doc = "commands followed"),
	F_INT(struct status_result, spool_bytes, .doc = "output kept on disk"),
	F_INT(struct status_result, spool_total, .doc = "most output kept"),
	F_INT(struct status_result, registry_queue,
	      .doc = "changes of the registry on their way to the disk"),
	F_BOOL(struct status_result, registry_failing,
	       .doc = "the last of them could not be written"),
	F_INT(struct status_result, memory_bytes, .doc = "resident memory of the daemon"),
	F_LIST(struct status_result, providers, .type = &provider_status_type,
	       .doc = "the providers, the default one first"),
	F_END,
}};

const struct fields transfer_data_type = {
	"TransferData", TABLE(transfer_data){
	F_JSON(struct transfer_data, id, .required = true, .doc = "id of the call it belongs to"),
	F_INT(struct transfer_data, offset, .min = 0, .max = INT64_MAX,
	      .doc = "of the first byte, in the file"),
	F_BYTES(struct transfer_data, data, .max = TRANSFER_WINDOW, .doc = "the bytes"),
	F_BOOL(struct transfer_data, end, .optional = true,
	       .doc = "from the client: the file is complete"),
	F_END,
}};

const struct fields transfer_credit_type = {
	"TransferCredit", TABLE(transfer_credit){
	F_JSON(struct transfer_credit, id, .required = true, .doc = "id of the call it belongs to"),
	F_INT(struct transfer_credit, bytes, .required = true, .min = 1, .max = TRANSFER_WINDOW,
	      .doc = "how many more bytes may be sent"),
	F_END,
}};

const struct fields transfer_progress_type = {
	"TransferProgress", TABLE(transfer_progress){
	F_JSON(struct transfer_progress, id, .required = true,
	       .doc = "id of the call it belongs to"),
	F_INT(struct transfer_progress, bytes, .doc = "moved so far"),
	F_INT(struct transfer_progress, total, .absent = TYPES_UNSET, .optional = true,
	      .doc = "in all, where that is known"),
	F_END,
}};

const struct fields cancel_params_type = {
	"CancelParams", TABLE(cancel_params){
	F_JSON(struct cancel_params, id, .required = true, .doc = "id of the call to give up"),
	F_END,
}};
/* clang-format on */
