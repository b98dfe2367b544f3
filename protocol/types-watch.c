/* Field tables of watch.*. */
#include "config.h"

#include "protocol/types-parts.h"

static const char *const changes[] = {
	[WATCH_UNKNOWN] = "unknown", [WATCH_CREATE] = "create",
	[WATCH_WRITE] = "write",     [WATCH_REMOVE] = "remove",
	[WATCH_RENAME] = "rename",   [WATCH_CHMOD] = "chmod",
	[WATCH_END] = "end",         NULL,
};

#define P_WATCH_ID(T)                                                                              \
	F_STRING(struct T, watch_id, .required = true, .min = 1, .max = NAME_MAX_BYTES,            \
		 .doc = "what watch.start gave")

/* clang-format off */
const struct fields watch_start_params_type = {
	"WatchStartParams", TABLE(watch_start_params){
	P_SANDBOX_ID(watch_start_params),
	P_PATH(watch_start_params, path),
	F_BOOL(struct watch_start_params, recursive, .doc = "and all directories below it"),
	F_BOOL(struct watch_start_params, include_entry,
	       .doc = "tell what is there after a create, write or chmod"),
	F_BOOL(struct watch_start_params, allow_network_mounts,
	       .doc = "also on a network mount, where changes of others are not seen"),
	F_BOOL(struct watch_start_params, stream, .absent = true,
	       .doc = "send watch.event to this connection, with which the watch ends; false: the "
		      "sandbox keeps the changes for watch.events until watch.stop"),
	P_USER(watch_start_params),
	F_NUMBER(struct watch_start_params, timeout, .min = 0, .max = TIMEOUT_MAX_S,
		 .doc = "seconds after which a streamed watch ends; 0 means never"),
	P_REQUEST_TIMEOUT(watch_start_params),
	F_END,
}};

const struct fields watch_start_result_type = {
	"WatchStartResult", TABLE(watch_start_result){
	F_STRING(struct watch_start_result, watch_id, .doc = "for watch.events and watch.stop"),
	F_END,
}};

const struct fields watch_params_type = {
	"WatchParams", TABLE(watch_params){
	P_SANDBOX_ID(watch_params),
	P_WATCH_ID(watch_params),
	P_REQUEST_TIMEOUT(watch_params),
	F_END,
}};

const struct fields watch_event_type = {
	"WatchEvent", TABLE(watch_event){
	F_STRING(struct watch_event, sandbox_id, .doc = "the sandbox's id"),
	F_STRING(struct watch_event, watch_id, .doc = "what watch.start gave"),
	F_ENUM(struct watch_event, type, .names = changes,
	       .doc = "what happened; after end nothing follows"),
	F_STRING(struct watch_event, name, .optional = true,
		 .doc = "relative to the watched directory, which itself is \".\""),
	F_OBJECT(struct file_entry, struct watch_event, entry, .type = &file_entry_type,
		 .optional = true, .doc = "what is there now, when it was asked for"),
	F_STRING(struct watch_event, error, .optional = true,
		 .doc = "with end: the kind of error that ended it"),
	F_AS(FIELD_STRING, char *, struct watch_event, error_text, "message", .optional = true,
	     .doc = "with error: in words"),
	F_END,
}};

static const struct fields watch_noted_type = {
	"WatchNoted", TABLE(watch_noted){
	F_ENUM(struct watch_noted, type, .names = changes, .doc = "what happened"),
	F_STRING(struct watch_noted, name, .doc = "relative to the watched directory"),
	F_OBJECT(struct file_entry, struct watch_noted, entry, .type = &file_entry_type,
		 .optional = true, .doc = "what was there then, when it was asked for"),
	F_END,
}};

const struct fields watch_events_result_type = {
	"WatchEventsResult", TABLE(watch_events_result){
	F_LIST(struct watch_events_result, events, .type = &watch_noted_type,
	       .doc = "since the last call, in order"),
	F_END,
}};
/* clang-format on */
