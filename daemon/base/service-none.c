/* Built without systemd: there never is a manager. */
#include "config.h"

#include "daemon/base/service.h"

void service_init(void)
{
}

bool service_is_managed(void)
{
	return false;
}

const char *service_next_socket(void)
{
	return NULL;
}

int service_take_socket(const char *name)
{
	(void)name;
	return -1;
}

int service_check_sockets(struct sb_error *err)
{
	(void)err;
	return 0;
}

void service_ready(const char *fmt, ...)
{
	(void)fmt;
}

void service_reloading(void)
{
}

void service_stopping(const char *fmt, ...)
{
	(void)fmt;
}

int service_watchdog_start(struct event_base *base, struct sb_error *err)
{
	(void)base;
	(void)err;
	return 0;
}

void service_watchdog_stop(void)
{
}
