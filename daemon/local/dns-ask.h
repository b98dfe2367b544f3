/*
 * One question to the host's resolvers by datagram: each of them in turn, twice, from a new random port and with a
 * new random id each time; what does not belong to the question is not there.
 */
#ifndef SP_LOCAL_DNS_ASK_H
#define SP_LOCAL_DNS_ASK_H

#include <stdint.h>

#include "daemon/local/dns-message.h"
#include "protocol/error.h"

struct dns_upstream;
struct event;

struct dns_ask { /* embed me, zeroed */
	struct dns_upstream *upstream;
	struct event *on_readable, *on_timer;
	/*
	 * The answer, with the question's own id; NULL: nobody answered in time. It is over then, and may be
	 * asked again or freed. Never called from inside dns_ask_start().
	 */
	void (*on_done)(struct dns_ask *ask, const uint8_t *answer, size_t len);
	int fd;
	unsigned tries;
	uint16_t id; /* the question's own */
	size_t end;  /* of the question in the query */
	size_t len;
	uint8_t query[DNS_QUERY_MAX];
};

/*
 * Ask `query`, whose question ends at `end`; it is copied. -1: too much is under way, or out of memory.
 */
int dns_ask_start(struct dns_ask *ask, struct dns_upstream *upstream, const uint8_t *query,
		  size_t len, size_t end) MUST_USE;
/* No on_done any more; harmless when nothing is asked. */
void dns_ask_cancel(struct dns_ask *ask);

#endif
