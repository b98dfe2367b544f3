/*
 * What a sandbox may reach (wire §1.12): parsed, checked, kept in its record, and asked. Putting it in force
 * is network.c's (by address) and the name inspector's (by domain).
 *
 * An address is allowed when an entry of allow_out has it, else denied when one of deny_out has it, else
 * allowed. No internet means a deny_out of everything. Sandboxes have no IPv6, so its ranges are accepted,
 * told back, and match nothing.
 */
#ifndef SP_LOCAL_POLICY_H
#define SP_LOCAL_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/error.h"
#include "protocol/values.h"

struct wire_network;

struct policy { /* zeroed: nothing goes out */
	bool has_internet;
	struct strings allow_out; /* addresses, ranges and domain names ("*.x" too), as they came */
	struct strings deny_out;  /* addresses and ranges */
	bool is_private; /* traffic to its servers needs a token (allowPublicTraffic: false) */
	char *mask_request_host; /* the Host that its servers see, with ${PORT}; NULL: as it came */
};

enum policy_entry { POLICY_NOTHING, POLICY_RANGE, POLICY_RANGE6, POLICY_DOMAIN };

struct policy_range { /* of IPv4, in host order, bits behind the prefix are 0 */
	uint32_t address;
	unsigned prefix;
};

/* What `text` is; *ret_range is written for POLICY_RANGE. A single address is a range of 32 bits. */
enum policy_entry policy_entry(const char *text, struct policy_range *ret_range);

/*
 * Check what was asked, `network` being NULL when nothing was, and keep a copy in *ret, which was zeroed.
 * SB_INVALID_ARGUMENT is the wire's 400, SB_PERMISSION its 403.
 */
int policy_make(const struct wire_network *network, bool has_internet, bool is_secure,
		struct policy *ret, struct sb_error *err) MUST_USE;
void policy_deinit(struct policy *policy);

/* Everything is allowed: no rules are needed. */
bool policy_is_open(const struct policy *policy);
/* Nothing is allowed: no link is needed. */
bool policy_is_closed(const struct policy *policy);
bool policy_denies_by_default(const struct policy *policy);

/* `address` in host order. A domain rule may allow more than this says. */
bool policy_allows_address(const struct policy *policy, uint32_t address);

bool policy_has_domains(const struct policy *policy);
/* Whether an entry names the domain; letters of either case, and a dot at its end, are the same. */
bool policy_allows_domain(const struct policy *policy, const char *domain);

#endif
