/*
 * What rules refused: every few seconds the counters of the packet rules are read and emptied, added to the
 * box's own count, and told in the log by destination. Nothing runs for a packet, and a sandbox that tries a million
 * times costs a few lines.
 */
#ifndef SP_LOCAL_DENIALS_H
#define SP_LOCAL_DENIALS_H

#include "protocol/error.h"

struct denials;
struct engine;

struct denials *denials_new(struct engine *engine, struct sb_error *err) MUST_USE;
struct denials *denials_free(struct denials *denials); /* NULL is fine */

#endif
