/*
 * The seccomp policy: made once by the engine, loaded by each sandbox's PID 1, which needs neither
 * libseccomp nor the time to compile it.
 */
#ifndef SP_FILTER_H
#define SP_FILTER_H

#include <linux/filter.h>
#include <stddef.h>

#include "daemon/local/contain-wire.h"
#include "protocol/error.h"

struct filter {
	struct sock_filter program[CONTAIN_FILTER_MAX];
	size_t count;
};

int filter_make(struct filter *ret, struct sb_error *err) MUST_USE;

#endif
