/*
 * How a sandbox comes up: one operation that reads downwards in boot.c, with one deadline. Embedded in the box
 * that it brings up, so it never outlives it.
 */
#ifndef SP_LOCAL_BOOT_H
#define SP_LOCAL_BOOT_H

#include "daemon/base/http.h"
#include "protocol/error.h"

struct box;
struct event;

enum boot_step {
	BOOT_IDLE,
	BOOT_BUILDING, /* the child builds its root and starts the agent */
	BOOT_BUILT,
	BOOT_ASKED, /* POST /init is under way */
	BOOT_INITED,
	BOOT_OVER,
};

struct boot {
	enum boot_step step;
	struct event *on_report;
	struct event *on_deadline;
	struct http_req init;
	struct sb_error err;
};

/* The box has a directory, a uid range and nothing else. */
void boot_start(struct box *box);
/* PID 1 ended while it was at work: fails with the child's last words, if it left any. */
void boot_on_exit(struct box *box);
/* Stop wherever it is; the box is told nothing. */
void boot_cancel(struct box *box);

#endif
