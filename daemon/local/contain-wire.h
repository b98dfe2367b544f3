/*
 * What travels on the socketpair between the engine and the process it builds a sandbox in. The kind is
 * SOCK_SEQPACKET, so one message is one packet. Both ends are the same build on the same machine: plain
 * structs.
 *
 *     engine  → child   struct contain_go            everything the parent does is done
 *     engine  → agent   the seccomp program          array of struct sock_filter
 *     child or agent → engine   struct contain_message   ready, or failed at a step; then nothing more
 */
#ifndef SP_CONTAIN_WIRE_H
#define SP_CONTAIN_WIRE_H

#include <stdint.h>

enum { CONTAIN_FILTER_MAX = 4096 /* BPF_MAXINSNS */ };

/* Descriptors the agent finds open after exec, beside 0, 1 and 2. */
enum { CONTAIN_LISTEN_FD = 3, CONTAIN_CONTROL_FD = 4 };

struct contain_go {
	uint32_t is_go; /* always 1: a packet of no bytes would look like the end */
};

enum contain_message_kind { CONTAIN_SAYS_READY = 1, CONTAIN_SAYS_FAILED = 2 };

struct contain_message {
	uint32_t kind;
	int32_t sys;   /* errno */
	char step[32]; /* the step that failed */
	char what[96]; /* the object of it, as a path */
};

#endif
