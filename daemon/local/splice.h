/* Two connections become one: what comes from either goes to the other, with bounded memory between. */
#ifndef SP_LOCAL_SPLICE_H
#define SP_LOCAL_SPLICE_H

#include <stdbool.h>

struct bufferevent;

struct splice { /* embed me, zeroed */
	struct bufferevent *sides[2];
	bool has_ended[2]; /* nothing more comes from that side */
	/* Both directions have ended, or one has failed; may free the sides. Not called from splice_start(). */
	void (*on_done)(struct splice *splice);
};

/* What was read from the sides already goes to the other. Borrows the sides, whose callbacks are the splice's now. */
void splice_start(struct splice *splice, struct bufferevent *a, struct bufferevent *b);

#endif
