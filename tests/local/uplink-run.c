/*
 * What sandboxes reach the world by, without engine and sandboxes, in whatever network namespace it is started:
 *
 *	uplink-run RESOLV-CONF ADDRESS [ENTRY…]
 *
 * answers names at ADDRESS, with entries only those that they allow; and inspects names of connections there, on
 * two ports. It says "ready HTTP-PORT TLS-PORT", and serves until its standard input ends. A line on it: no entry is in
 * force any more.
 */
#include "config.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>

#include "daemon/base/log.h"
#include "daemon/local/dns.h"
#include "daemon/local/inspect.h"
#include "daemon/local/policy.h"

struct run {
	struct event_base *base;
	struct policy policy;
	struct dns_sockets sockets;
	struct dns *dns;
	struct inspect *inspect;
};

static bool may_ask(void *arg, uint32_t address, const char *name)
{
	const struct run *run = arg;

	(void)address;
	return !policy_has_domains(&run->policy) || policy_allows_domain(&run->policy, name);
}

static bool may_connect(void *arg, uint32_t address, const char *name)
{
	const struct run *run = arg;

	(void)address;
	return policy_allows_domain(&run->policy, name);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;
	char byte;

	(void)what;
	if (read(fd, &byte, 1) <= 0)
		(void)event_base_loopbreak(run->base);
	run->policy.allow_out.count = 0;
	inspect_review(run->inspect);
}

static int serve(struct run *run, const char *resolv_conf, const char *address,
		 struct sb_error *err)
{
	const struct dns_options dns = {run->base, resolv_conf, may_ask, run};
	struct inspect_options inspect = {
		.base = run->base, .may_connect = may_connect, .arg = run};
	uint16_t http_port, tls_port;
	struct in_addr at;

	if (inet_pton(AF_INET, address, &at) != 1)
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s: not an address", address);
	if (dns_sockets_open(&run->sockets, err) < 0)
		return -1;
	run->dns = dns_new(&dns, &run->sockets, err);
	if (!run->dns || dns_listen(run->dns, ntohl(at.s_addr), DNS_PORT, err) < 0)
		return -1;
	inspect.upstream = &run->dns->upstream;
	run->inspect = inspect_new(&inspect, err);
	if (!run->inspect ||
	    inspect_listen(run->inspect, ntohl(at.s_addr), &http_port, &tls_port, err) < 0)
		return -1;
	(void)printf("ready %u %u\n", http_port, tls_port);
	(void)fflush(stdout);
	return event_base_dispatch(run->base);
}

int main(int argc, char **argv)
{
	struct run run = {.base = event_base_new()};
	struct event *input =
		event_new(run.base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, &run);
	struct sb_error err = {0};
	int result;

	log_init("uplink-run", LOG_LEVEL_DEBUG);
	if (argc < 3 || !input || event_add(input, NULL) < 0)
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	run.policy.allow_out = (struct strings){.items = argv + 3, .count = (size_t)argc - 3};
	result = serve(&run, argv[1], argv[2], &err);
	if (result < 0)
		log_error("%s", err.text);
	inspect_free(run.inspect);
	dns_free(run.dns);
	event_free(input);
	event_base_free(run.base);
	return result < 0;
}
