/*
 * Life under a service manager (systemd): the sockets that it opened for us, what it wants to hear, and the
 * watchdog. The only home of libsystemd. Without a manager, or built --without-systemd, there is no socket
 * and every word is lost: callers need not ask. As the process has one manager, this is one for the process.
 */
#ifndef SP_SERVICE_H
#define SP_SERVICE_H

#include <stdbool.h>

#include "protocol/error.h"

struct event_base;

/* Take note of the sockets. First of all in main(), before other descriptors are opened. */
void service_init(void);

/* Has the manager itself started this very process, and not one above it? */
bool service_is_managed(void);

/* ---- sockets: listening, Unix, stream ---------------------------------------------------------- */

/* The path of the first one that nobody has taken yet, or NULL. Stays as long as the process. */
const char *service_next_socket(void);

/*
 * The one whose path is `name` or ends in it behind a slash, or that the manager calls so; -1 when there is
 * none. Its path is the manager's: never to be bound or removed.
 */
int service_take_socket(const char *name) MUST_USE;

/* Fails when one is left that nobody has taken: its clients would wait for ever. */
int service_check_sockets(struct sb_error *err) MUST_USE;

/* ---- words ------------------------------------------------------------------------------------- */

/* Of a state that the manager follows, with a line for its status. */
void service_ready(const char *fmt, ...) PRINTF_LIKE(1, 2);
void service_reloading(void); /* until service_ready() */
void service_stopping(const char *fmt, ...) PRINTF_LIKE(1, 2);

/*
 * Tell the manager twice in its interval that the loop turns; it restarts us when that is not heard. Ends
 * with service_watchdog_stop(), before the loop does.
 */
int service_watchdog_start(struct event_base *base, struct sb_error *err) MUST_USE;
void service_watchdog_stop(void);

#endif
