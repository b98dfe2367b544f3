/* Counters of refused packets, read by a timer. */
#include "config.h"

#include "daemon/local/denials.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>

#include "daemon/base/log.h"
#include "daemon/base/timer.h"
#include "daemon/local/box.h"
#include "daemon/local/engine.h"

#define EVERY_MS  5000
#define LINES_MAX 16 /* of the log, each time */

struct denials {
	struct engine *engine;
	struct event *timer;
	unsigned lines;
};

static struct box *find_box(const struct engine *engine, unsigned port)
{
	list_for_each (struct box, box, &engine->boxes, link) {
		if (box->record.port == port)
			return box;
	}
	return NULL;
}

static void on_count(void *arg, unsigned port, uint64_t packets)
{
	struct denials *denials = arg;
	struct box *box = find_box(denials->engine, port);

	if (box)
		box->refused_packets += (int64_t)packets;
}

static void on_target(void *arg, unsigned port, const struct rules_target *target)
{
	struct denials *denials = arg;
	const struct box *box = find_box(denials->engine, port);
	uint32_t address = target->address;

	if (!box || denials->lines++ >= LINES_MAX)
		return;
	log_info("%s: refused %s %u.%u.%u.%u:%u, packets: %" PRIu64, box->record.id,
		 target->is_udp ? "udp" : "tcp", address >> 24, address >> 16 & 255,
		 address >> 8 & 255, address & 255, target->port, target->packets);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct denials *denials = arg;
	struct network *network = &denials->engine->network;
	struct sb_error err = {0};

	(void)fd;
	(void)what;
	denials->lines = 0;
	if (network->is_made &&
	    rules_take_denied(&network->rules, on_count, on_target, denials, &err) < 0)
		log_warning("counters of refused packets: %s", err.text);
	if (denials->lines > LINES_MAX)
		log_info("refused: %u more destinations", denials->lines - LINES_MAX);
	timer_set(denials->timer, EVERY_MS);
}

struct denials *denials_new(struct engine *engine, struct sb_error *err)
{
	struct denials *denials = calloc(1, sizeof(*denials));

	if (denials)
		denials->timer = evtimer_new(engine->base, on_tick, denials);
	if (!denials || !denials->timer) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "counters of refused packets");
		return denials_free(denials);
	}
	denials->engine = engine;
	timer_set(denials->timer, EVERY_MS);
	return denials;
}

struct denials *denials_free(struct denials *denials)
{
	if (denials && denials->timer)
		event_free(denials->timer);
	free(denials);
	return NULL;
}
