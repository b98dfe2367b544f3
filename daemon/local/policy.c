/* Network policies: their grammar, and what follows from them. */
#include "config.h"

#include "daemon/local/policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/e2b/wire.h"

#define DOMAIN_MAX 253
#define LABEL_MAX  63
#define PORT_WORD  "${PORT}"

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char label_characters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

/* ---- entries --------------------------------------------------------------------------------- */

static uint32_t mask_of(unsigned prefix)
{
	return prefix ? UINT32_MAX << (32 - prefix) : 0;
}

/* Up to three digits after the slash. -1 when there is something else, or more than `most`. */
static int parse_prefix(const char *text, unsigned most)
{
	size_t len = strspn(text, "0123456789");
	unsigned prefix;

	if (len == 0 || len > 3 || text[len] || (len > 1 && *text == '0'))
		return -1;
	prefix = (unsigned)strtoul(text, NULL, 10);
	return prefix <= most ? (int)prefix : -1;
}

static bool is_domain(const char *text)
{
	size_t total = strlen(text);
	bool has_letter = false;

	if (strncmp(text, "*.", 2) == 0)
		text += 2;
	if (total > DOMAIN_MAX)
		return false;
	for (;;) {
		size_t len = strspn(text, label_characters);

		if (len == 0 || len > LABEL_MAX || text[0] == '-' || text[len - 1] == '-')
			return false;
		has_letter = strcspn(text, letters) < len; /* the last one: no address has it */
		if (!text[len])
			return has_letter;
		if (text[len] != '.')
			return false;
		text += len + 1;
	}
}

enum policy_entry policy_entry(const char *text, struct policy_range *ret_range)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char address[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;
	int prefix;

	if (len >= sizeof(address))
		return !slash && is_domain(text) ? POLICY_DOMAIN : POLICY_NOTHING;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, &four) == 1) {
		prefix = slash ? parse_prefix(slash + 1, 32) : 32;
		if (prefix < 0)
			return POLICY_NOTHING;
		ret_range->prefix = (unsigned)prefix;
		ret_range->address = ntohl(four.s_addr) & mask_of(ret_range->prefix);
		return POLICY_RANGE;
	}
	if (inet_pton(AF_INET6, address, &six) == 1)
		return !slash || parse_prefix(slash + 1, 128) >= 0 ? POLICY_RANGE6 : POLICY_NOTHING;
	return !slash && is_domain(text) ? POLICY_DOMAIN : POLICY_NOTHING;
}

/* ---- making one ------------------------------------------------------------------------------ */

static bool denies_all(const struct strings *deny_out)
{
	struct policy_range range;

	for (size_t i = 0; i < deny_out->count; i++) {
		if (policy_entry(deny_out->items[i], &range) == POLICY_RANGE && range.prefix == 0)
			return true;
	}
	return false;
}

static int check_lists(const struct wire_network *network, bool has_internet, struct sb_error *err)
{
	bool may_name = !has_internet || denies_all(&network->deny_out);
	struct policy_range range;

	for (size_t i = 0; i < network->deny_out.count; i++) {
		const char *text = network->deny_out.items[i];
		enum policy_entry entry = policy_entry(text, &range);

		if (entry != POLICY_RANGE && entry != POLICY_RANGE6)
			return sb_fail(err, SB_INVALID_ARGUMENT,
				       "network.denyOut: '%.100s' is not an IP address or CIDR",
				       text);
	}
	for (size_t i = 0; i < network->allow_out.count; i++) {
		const char *text = network->allow_out.items[i];
		enum policy_entry entry = policy_entry(text, &range);

		if (entry == POLICY_NOTHING)
			return sb_fail(err, SB_INVALID_ARGUMENT,
				       "network.allowOut: '%.100s' is not an IP address, CIDR or "
				       "domain",
				       text);
		if (entry == POLICY_DOMAIN && !may_name)
			return sb_fail(err, SB_INVALID_ARGUMENT,
				       "network.allowOut: the domain '%.100s' needs 0.0.0.0/0 in "
				       "network.denyOut",
				       text);
	}
	return 0;
}

/* An ASCII host, perhaps with a port, either of which may be ${PORT}. */
static bool is_host_mask(const char *text)
{
	size_t count = 0;

	for (; *text; count++) {
		if (strncmp(text, PORT_WORD, strlen(PORT_WORD)) == 0)
			text += strlen(PORT_WORD);
		else if (strchr(label_characters, *text) || strchr(".:[]", *text))
			text++;
		else
			return false;
	}
	return count > 0 && count <= DOMAIN_MAX;
}

/* Text of a JSON value that asks for nothing. */
static bool is_nothing(const char *json)
{
	return !json || strcmp(json, "{}") == 0 || strcmp(json, "[]") == 0 ||
	       strcmp(json, "null") == 0;
}

static int check(const struct wire_network *network, bool has_internet, bool is_secure,
		 struct sb_error *err)
{
	if (check_lists(network, has_internet, err) < 0)
		return -1;
	if (!network->allow_public_traffic && !is_secure)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "network.allowPublicTraffic: false needs secure: true");
	if (network->mask_request_host && !is_host_mask(network->mask_request_host))
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "network.maskRequestHost: '%.100s' is not a host",
			       network->mask_request_host);
	if (!is_nothing(network->rules))
		return sb_fail(err, SB_PERMISSION,
			       "network.rules: the local engine does not change requests");
	if (!is_nothing(network->egress_proxy))
		return sb_fail(err, SB_PERMISSION,
			       "network.egressProxy: the local engine has no egress proxies");
	return 0;
}

static int copy_strings(const struct strings *from, struct strings *ret)
{
	for (size_t i = 0; i < from->count; i++) {
		if (strings_add(ret, from->items[i]) < 0)
			return -1;
	}
	return 0;
}

static int copy(const struct wire_network *network, struct policy *ret)
{
	ret->is_private = !network->allow_public_traffic;
	if (copy_strings(&network->allow_out, &ret->allow_out) < 0 ||
	    copy_strings(&network->deny_out, &ret->deny_out) < 0)
		return -1;
	if (!network->mask_request_host)
		return 0;
	ret->mask_request_host = strdup(network->mask_request_host);
	return ret->mask_request_host ? 0 : -1;
}

int policy_make(const struct wire_network *network, bool has_internet, bool is_secure,
		struct policy *ret, struct sb_error *err)
{
	struct policy policy = {.has_internet = has_internet};

	if (network && check(network, has_internet, is_secure, err) < 0)
		return -1;
	if (network && copy(network, &policy) < 0) {
		policy_deinit(&policy);
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "network");
	}
	*ret = policy;
	return 0;
}

void policy_deinit(struct policy *policy)
{
	strings_free(&policy->allow_out);
	strings_free(&policy->deny_out);
	free(policy->mask_request_host);
	*policy = (struct policy){0};
}

/* ---- asking ---------------------------------------------------------------------------------- */

bool policy_is_open(const struct policy *policy)
{
	return policy->has_internet && policy->deny_out.count == 0;
}

bool policy_is_closed(const struct policy *policy)
{
	return !policy->has_internet && policy->allow_out.count == 0;
}

bool policy_denies_by_default(const struct policy *policy)
{
	return !policy->has_internet || denies_all(&policy->deny_out);
}

static bool has_address(const struct strings *entries, uint32_t address)
{
	struct policy_range range;

	for (size_t i = 0; i < entries->count; i++) {
		if (policy_entry(entries->items[i], &range) == POLICY_RANGE &&
		    (address & mask_of(range.prefix)) == range.address)
			return true;
	}
	return false;
}

bool policy_allows_address(const struct policy *policy, uint32_t address)
{
	if (has_address(&policy->allow_out, address))
		return true;
	return policy->has_internet && !has_address(&policy->deny_out, address);
}

bool policy_has_domains(const struct policy *policy)
{
	struct policy_range range;

	for (size_t i = 0; i < policy->allow_out.count; i++) {
		if (policy_entry(policy->allow_out.items[i], &range) == POLICY_DOMAIN)
			return true;
	}
	return false;
}

/* "*.x" is every name below x, and not x. */
static bool fits(const char *entry, const char *domain, size_t len)
{
	size_t want = strlen(entry);

	if (strncmp(entry, "*.", 2) != 0)
		return len == want && strncasecmp(entry, domain, len) == 0;
	want--;
	return len > want && strncasecmp(entry + 1, domain + len - want, want) == 0;
}

bool policy_allows_domain(const struct policy *policy, const char *domain)
{
	size_t len = strlen(domain);
	struct policy_range range;

	if (len > 0 && domain[len - 1] == '.')
		len--;
	for (size_t i = 0; i < policy->allow_out.count; i++) {
		const char *entry = policy->allow_out.items[i];

		if (policy_entry(entry, &range) == POLICY_DOMAIN && fits(entry, domain, len))
			return true;
	}
	return false;
}
