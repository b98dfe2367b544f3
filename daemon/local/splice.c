/* Back-pressure: a side is read from only while the other side's unsent bytes are few. */
#include "config.h"

#include "daemon/local/splice.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stddef.h>
#include <sys/socket.h>

#define UNSENT_MOST  65536
#define UNSENT_AGAIN 16384 /* reading goes on below */

static unsigned side_of(const struct splice *splice, const struct bufferevent *side)
{
	return splice->sides[1] == side;
}

static size_t unsent(struct bufferevent *side)
{
	return evbuffer_get_length(bufferevent_get_output(side));
}

/* The end of one direction is passed on when all before it has been. */
static void pass_end(struct splice *splice, unsigned from)
{
	if (splice->has_ended[from] && unsent(splice->sides[!from]) == 0)
		(void)shutdown(bufferevent_getfd(splice->sides[!from]), SHUT_WR);
}

static bool is_done(const struct splice *splice)
{
	return splice->has_ended[0] && splice->has_ended[1] && unsent(splice->sides[0]) == 0 &&
	       unsent(splice->sides[1]) == 0;
}

static void on_readable(struct bufferevent *side, void *arg)
{
	struct splice *splice = arg;
	struct bufferevent *other = splice->sides[!side_of(splice, side)];

	(void)bufferevent_write_buffer(other, bufferevent_get_input(side));
	if (unsent(other) >= UNSENT_MOST)
		(void)bufferevent_disable(side, EV_READ);
}

static void on_written(struct bufferevent *side, void *arg)
{
	struct splice *splice = arg;
	unsigned from = !side_of(splice, side);

	if (!splice->has_ended[from])
		(void)bufferevent_enable(splice->sides[from], EV_READ);
	else
		pass_end(splice, from);
	if (is_done(splice))
		splice->on_done(splice);
}

static void on_event(struct bufferevent *side, short what, void *arg)
{
	struct splice *splice = arg;
	unsigned from = side_of(splice, side);

	if (what & BEV_EVENT_EOF) {
		splice->has_ended[from] = true;
		on_readable(side, splice);
		pass_end(splice, from);
	}
	if ((what & BEV_EVENT_ERROR) || is_done(splice))
		splice->on_done(splice);
}

void splice_start(struct splice *splice, struct bufferevent *a, struct bufferevent *b)
{
	splice->sides[0] = a;
	splice->sides[1] = b;
	for (unsigned i = 0; i < 2; i++) {
		struct bufferevent *side = splice->sides[i];

		bufferevent_setcb(side, on_readable, on_written, on_event, splice);
		bufferevent_setwatermark(side, EV_WRITE, UNSENT_AGAIN, 0);
		bufferevent_setwatermark(side, EV_READ, 0, 0);
		on_readable(side, splice);
		(void)bufferevent_enable(side, EV_READ | EV_WRITE);
	}
}
