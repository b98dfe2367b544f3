/* Timers of the loop, in milliseconds. */
#ifndef SP_TIMER_H
#define SP_TIMER_H

#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * The timer goes off once, so long from now (at once when that is past), and no more when it was set to
 * before. Without memory for it the program ends: what must come to an end at some time never would.
 */
static inline void timer_set(struct event *timer, int64_t ms)
{
	struct timeval delay = {0};

	if (ms > 0)
		delay = (struct timeval){ms / 1000, ms % 1000 * 1000};
	if (event_add(timer, &delay) < 0)
		abort();
}

#endif
