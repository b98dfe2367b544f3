/* Field tables of command.* and pty.*. */
#include "config.h"

#include "protocol/types-parts.h"

#define ARGV_MAX 4096

static const char *const signal_names[] = {
	[COMMAND_SIGNAL_KILL] = "KILL",
	[COMMAND_SIGNAL_TERM] = "TERM",
	NULL,
};

#define P_CMD(T)                                                                                   \
	F_STRING(struct T, cmd, .max = 1 << 20,                                                    \
		 .doc = "a command line, run by a login bash; either this or argv")
#define P_ARGV(T, text) F_STRINGS(struct T, argv, .min = 1, .max = ARGV_MAX, .doc = text)
#define P_ARGV_OR_CMD(T)                                                                           \
	P_ARGV(T,                                                                                  \
	       "a program and its arguments, executed as they are; it ends with 127 when there "   \
	       "is no such program, 126 when it cannot be executed")
#define P_COLS(T) F_INT(struct T, cols, .required = true, .min = 1, .max = 65535, .doc = "columns")
#define P_ROWS(T) F_INT(struct T, rows, .required = true, .min = 1, .max = 65535, .doc = "rows")

/* clang-format off */
const struct fields command_start_params_type = {
	"CommandStartParams", TABLE(command_start_params){
	P_SANDBOX_ID(command_start_params),
	P_CMD(command_start_params),
	P_ARGV_OR_CMD(command_start_params),
	P_ENVS(command_start_params),
	P_CWD(command_start_params),
	P_USER(command_start_params),
	F_AS(FIELD_BOOL, bool, struct command_start_params, stdin_open, "stdin",
	     .doc = "keep standard input open for command.send_stdin; else it is at end of file"),
	F_BOOL(struct command_start_params, output, .absent = true,
	       .doc = "send this connection the output and the end of the command"),
	P_FD(command_start_params, stdin_fd, "index of a descriptor to read standard input from"),
	P_FD(command_start_params, stdout_fd, "index of a descriptor to write standard output to"),
	P_FD(command_start_params, stderr_fd, "index of a descriptor to write standard error to"),
	P_RUN_TIMEOUT(command_start_params),
	P_IDLE_TIMEOUT(command_start_params),
	P_START_TIMEOUT(command_start_params),
	F_END,
}};

const struct fields command_run_params_type = {
	"CommandRunParams", TABLE(command_run_params){
	P_SANDBOX_ID(command_run_params),
	P_CMD(command_run_params),
	P_ARGV_OR_CMD(command_run_params),
	P_ENVS(command_run_params),
	P_CWD(command_run_params),
	P_USER(command_run_params),
	F_BYTES(struct command_run_params, input,
		.doc = "standard input; at end of file when absent"),
	P_RUN_TIMEOUT(command_run_params),
	P_IDLE_TIMEOUT(command_run_params),
	P_START_TIMEOUT(command_run_params),
	F_END,
}};

const struct fields command_connect_params_type = {
	"CommandConnectParams", TABLE(command_connect_params){
	P_SANDBOX_ID(command_connect_params),
	P_PID(command_connect_params),
	F_INT(struct command_connect_params, from_offset, .min = 0, .max = INT64_MAX,
	      .absent = TYPES_UNSET,
	      .doc = "first byte wanted, counted over all streams; when absent only what comes "
		     "from now on"),
	P_REQUEST_TIMEOUT(command_connect_params),
	F_END,
}};

const struct fields command_wait_params_type = {
	"CommandWaitParams", TABLE(command_wait_params){
	P_SANDBOX_ID(command_wait_params),
	P_PID(command_wait_params),
	F_NUMBER(struct command_wait_params, timeout, .min = 0, .max = TIMEOUT_MAX_S,
		 .doc = "seconds to wait; the command goes on; 0 means for ever"),
	P_REQUEST_TIMEOUT(command_wait_params),
	F_END,
}};

const struct fields command_kill_params_type = {
	"CommandKillParams", TABLE(command_kill_params){
	P_SANDBOX_ID(command_kill_params),
	P_PID(command_kill_params),
	F_ENUM(struct command_kill_params, signal, .names = signal_names,
	       .absent = COMMAND_SIGNAL_KILL, .doc = "the signal"),
	P_REQUEST_TIMEOUT(command_kill_params),
	F_END,
}};

const struct fields command_stdin_params_type = {
	"CommandStdinParams", TABLE(command_stdin_params){
	P_SANDBOX_ID(command_stdin_params),
	P_PID(command_stdin_params),
	F_BYTES(struct command_stdin_params, data, .required = true, .max = 1 << 20,
		.doc = "what to write"),
	P_REQUEST_TIMEOUT(command_stdin_params),
	F_END,
}};

const struct fields command_start_result_type = {
	"CommandStartResult", TABLE(command_start_result){
	F_INT(struct command_start_result, pid, .doc = "process id in the sandbox"),
	F_INT(struct command_start_result, offset,
	      .doc = "where this connection's command.output begins"),
	F_END,
}};

#define R_EXIT(T)                                                                                  \
	F_INT(struct T, exit_code, .doc = "exit status; -1 when a signal ended it"),               \
		F_INT(struct T, signal,                                                            \
		      .doc = "number of the signal that ended it; 0 when it exited"),              \
		F_STRING(struct T, error, .doc = "the same in words; absent after status 0")

const struct fields command_exit_type = {
	"CommandExit", TABLE(command_exit){
	F_STRING(struct command_exit, sandbox_id, .doc = "the sandbox's id"),
	F_INT(struct command_exit, pid, .doc = "the command's process id"),
	R_EXIT(command_exit),
	F_INT(struct command_exit, end_offset, .doc = "how many bytes it wrote"),
	F_END,
}};

const struct fields command_run_result_type = {
	"CommandRunResult", TABLE(command_run_result){
	F_INT(struct command_run_result, pid, .doc = "process id it had"),
	R_EXIT(command_run_result),
	F_AS(FIELD_BYTES, struct bytes, struct command_run_result, out, "stdout",
	     .doc = "standard output, at most 1 MiB"),
	F_AS(FIELD_BYTES, struct bytes, struct command_run_result, err, "stderr",
	     .doc = "standard error, at most 1 MiB"),
	F_BOOL(struct command_run_result, truncated,
	       .doc = "there was more output than is returned here"),
	F_INT(struct command_run_result, truncated_offset, .absent = TYPES_UNSET, .optional = true,
	      .doc = "of the first byte left out: command.connect gives the rest"),
	F_INT(struct command_run_result, end_offset, .doc = "how many bytes it wrote"),
	F_END,
}};

const struct fields command_output_type = {
	"CommandOutput", TABLE(command_output){
	F_STRING(struct command_output, sandbox_id, .doc = "the sandbox's id"),
	F_INT(struct command_output, pid, .doc = "the command's process id"),
	F_STRING(struct command_output, stream,
		 .doc = "\"stdout\", \"stderr\", \"pty\", or \"gap\" for bytes that are lost"),
	F_INT(struct command_output, offset, .doc = "of the first byte, counted over all streams"),
	F_BYTES(struct command_output, data, .doc = "the bytes; absent in a gap"),
	F_INT(struct command_output, lost_bytes, .optional = true, .doc = "length of a gap"),
	F_END,
}};

const struct fields command_info_type = {
	"CommandInfo", TABLE(command_info){
	F_INT(struct command_info, pid, .doc = "process id in the sandbox"),
	F_STRING(struct command_info, cmd, .doc = "the program"),
	F_STRINGS(struct command_info, args, .doc = "its arguments"),
	F_STRING(struct command_info, cwd, .doc = "its working directory, where one was asked for"),
	F_STRING(struct command_info, tag, .doc = "its tag, where it has one"),
	F_BOOL(struct command_info, is_ours, .doc = "whether this daemon keeps its output"),
	F_END,
}};

const struct fields command_list_result_type = {
	"CommandListResult", TABLE(command_list_result){
	F_LIST(struct command_list_result, commands, .type = &command_info_type,
	       .doc = "by process id"),
	F_END,
}};

const struct fields command_kill_result_type = {
	"CommandKillResult", TABLE(command_kill_result){
	F_BOOL(struct command_kill_result, killed, .doc = "false when there was no such command"),
	F_END,
}};

const struct fields pty_create_params_type = {
	"PtyCreateParams", TABLE(pty_create_params){
	P_SANDBOX_ID(pty_create_params),
	P_COLS(pty_create_params),
	P_ROWS(pty_create_params),
	P_ARGV(pty_create_params,
	       "a program and its arguments; an interactive login bash when absent"),
	P_ENVS(pty_create_params),
	P_CWD(pty_create_params),
	P_USER(pty_create_params),
	P_RUN_TIMEOUT(pty_create_params),
	P_START_TIMEOUT(pty_create_params),
	F_END,
}};

const struct fields pty_resize_params_type = {
	"PtyResizeParams", TABLE(pty_resize_params){
	P_SANDBOX_ID(pty_resize_params),
	P_PID(pty_resize_params),
	P_COLS(pty_resize_params),
	P_ROWS(pty_resize_params),
	P_REQUEST_TIMEOUT(pty_resize_params),
	F_END,
}};
/* clang-format on */
