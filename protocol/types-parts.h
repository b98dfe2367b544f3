/* Members that many parameter tables have in common. Included by types-*.c only. */
#ifndef SP_TYPES_PARTS_H
#define SP_TYPES_PARTS_H

#include "protocol/types.h"

#define TABLE(T) sizeof(struct T), (const struct field[])

#define NAME_MAX_BYTES 64
#define PATH_MAX_BYTES 4096
#define TIMEOUT_MAX_S  (366 * 24 * 3600)

#define P_REQUEST_TIMEOUT(T)                                                                       \
	F_NUMBER(struct T, request_timeout, .min = 0, .max = TIMEOUT_MAX_S, .absent = 60,          \
		 .doc = "seconds until the call fails with timeout; 0 means never")
#define P_SANDBOX_ID(T)                                                                            \
	F_STRING(struct T, sandbox_id, .required = true, .min = 1, .max = NAME_MAX_BYTES,          \
		 .doc = "the sandbox: its id or its name")
#define P_PID(T)                                                                                   \
	F_INT(struct T, pid, .required = true, .min = 1, .max = UINT32_MAX,                        \
	      .doc = "the command's process id in its sandbox")
#define P_USER(T)                                                                                  \
	F_STRING(struct T, user, .min = 1, .max = NAME_MAX_BYTES,                                  \
		 .doc = "the user in the sandbox; the template's default when absent")
#define P_PATH(T, m, ...)                                                                          \
	F_STRING(struct T, m, .required = true, .max = PATH_MAX_BYTES,                             \
		 .doc = "absolute, relative to the user's home, or beginning with ~/" __VA_ARGS__)
#define P_ENVS(T)                                                                                  \
	F_MAP(struct T, envs, .max = 1000, .are_variables = true, .doc = "environment variables")
#define P_CWD(T)                                                                                   \
	F_STRING(struct T, cwd, .max = PATH_MAX_BYTES,                                             \
		 .doc = "working directory; the user's home when absent")
#define P_RUN_TIMEOUT(T)                                                                           \
	F_NUMBER(struct T, timeout, .min = 0, .max = TIMEOUT_MAX_S,                                \
		 .doc = "seconds after which the command is killed; 0 means never")
#define P_IDLE_TIMEOUT(T)                                                                          \
	F_NUMBER(struct T, idle_timeout, .min = 0, .max = TIMEOUT_MAX_S,                           \
		 .doc = "seconds without output after which the command is killed; 0 means never")
#define P_START_TIMEOUT(T)                                                                         \
	F_NUMBER(struct T, request_timeout, .min = 0, .max = TIMEOUT_MAX_S, .absent = 60,          \
		 .doc = "seconds within which the command must have started; 0 means no limit")
#define P_FD(T, m, text)                                                                           \
	F_INT(struct T, m, .min = TYPES_UNSET, .max = 15, .absent = TYPES_UNSET, .doc = text)

#endif
