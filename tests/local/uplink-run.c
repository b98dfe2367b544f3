/*
 * What sandboxes reach the world by, without engine and sandboxes, in whatever network namespace it is started:
 *
 *	uplink-run RESOLV-CONF ADDRESS [ENTRY…]    answers names at ADDRESS; with entries, only those that they allow
 *
 * It says "ready", and serves until its standard input ends.
 */
#include "config.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>

#include "daemon/base/log.h"
#include "daemon/local/dns.h"
#include "daemon/local/policy.h"

static bool may_ask(void *arg, uint32_t address, const char *name)
{
	const struct policy *policy = arg;

	(void)address;
	return !policy_has_domains(policy) || policy_allows_domain(policy, name);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	char byte;

	(void)what;
	if (read(fd, &byte, 1) <= 0)
		(void)event_base_loopbreak(arg);
}

static int serve(struct event_base *base, const char *resolv_conf, const char *address,
		 struct policy *policy, struct sb_error *err)
{
	const struct dns_options options = {base, resolv_conf, may_ask, policy};
	struct event *input = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, base);
	struct dns_sockets sockets;
	struct in_addr at;
	struct dns *dns = NULL;
	int result = -1;

	if (inet_pton(AF_INET, address, &at) != 1)
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s: not an address", address);
	if (input && event_add(input, NULL) == 0 && dns_sockets_open(&sockets, err) == 0)
		dns = dns_new(&options, &sockets, err);
	if (dns && dns_listen(dns, ntohl(at.s_addr), DNS_PORT, err) == 0) {
		(void)puts("ready");
		(void)fflush(stdout);
		result = event_base_dispatch(base);
	}
	dns_free(dns);
	event_free(input);
	return result;
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct policy policy = {.has_internet = true};
	struct sb_error err = {0};
	int result;

	log_init("uplink-run", LOG_LEVEL_DEBUG);
	if (argc < 3 || !base)
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	policy.allow_out = (struct strings){.items = argv + 3, .count = (size_t)argc - 3};
	result = serve(base, argv[1], argv[2], &policy, &err);
	if (result < 0)
		log_error("%s", err.text);
	event_base_free(base);
	return result < 0;
}
