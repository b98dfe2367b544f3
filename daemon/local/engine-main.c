/* sandpool-engine: the embedded provider. Options, limits of the process, and the engine's life. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "daemon/base/http.h"
#include "daemon/base/log.h"
#include "daemon/base/program.h"
#include "daemon/base/service.h"
#include "daemon/local/engine.h"
#include "daemon/local/limits.h"
#include "daemon/local/rootless.h"
#include "daemon/local/uplink.h"
#include "protocol/options.h"

enum {
	OPT_STATE_DIR = 256,
	OPT_CHECK,
	OPT_REMOVE_STATE,
	OPT_RUN_DIR,
	OPT_AGENT,
	OPT_API_KEY_FILE,
	OPT_IDLE_EXIT,
	OPT_LOG_LEVEL,
	OPT_MEMORY_LIMIT,
	OPT_PIDS_LIMIT,
	OPT_CPU_LIMIT,
	OPT_NETWORK_SUBNET,
};

static const struct option long_options[] = {
	{"state-dir", required_argument, NULL, OPT_STATE_DIR},
	{"run-dir", required_argument, NULL, OPT_RUN_DIR},
	{"agent", required_argument, NULL, OPT_AGENT},
	{"api-key-file", required_argument, NULL, OPT_API_KEY_FILE},
	{"idle-exit", required_argument, NULL, OPT_IDLE_EXIT},
	{"log-level", required_argument, NULL, OPT_LOG_LEVEL},
	{"memory-limit", required_argument, NULL, OPT_MEMORY_LIMIT},
	{"pids-limit", required_argument, NULL, OPT_PIDS_LIMIT},
	{"cpu-limit", required_argument, NULL, OPT_CPU_LIMIT},
	{"network-subnet", required_argument, NULL, OPT_NETWORK_SUBNET},
	{"check", no_argument, NULL, OPT_CHECK},
	{"remove-state", no_argument, NULL, OPT_REMOVE_STATE},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static const char usage[] =
	"Usage: sandpool-engine --state-dir DIR --run-dir DIR [OPTION]…\n"
	"Serves the E2B API for sandboxes on this machine: DIR/api.sock and DIR/sandbox.sock,\n"
	"or sockets of these names that systemd has opened.\n"
	"\n"
	"  --state-dir DIR       records and files of sandboxes\n"
	"  --run-dir DIR         sockets\n"
	"  --agent PATH          the program that serves in each sandbox\n"
	"  --api-key-file FILE   the one key that callers must show; without it any will do\n"
	"  --network-subnet A.B.C.D/N\n"
	"                        addresses of sandboxes; a private range that is free\n"
	"  --idle-exit SECONDS   end after so long without sandboxes and requests\n"
	"  --log-level LEVEL     error, warning, info or debug\n"
	"  --check               try what this machine allows, print it and exit\n"
	"  --remove-state        remove the state directory, with files of other ids, and exit\n"
	"  -V, --version         print the version and exit\n"
	"  -h, --help            print this and exit\n"
	"Limits of one sandbox, 0 for none:\n"
	"  --memory-limit BYTES  memory (K, M or G may follow); three quarters of the machine's\n"
	"  --pids-limit N        processes and threads; a quarter of what the kernel has\n"
	"  --cpu-limit PERCENT   100 is one core; none\n";

/* A number from 0, with a unit behind it when `units` says so. False when it is none. */
static bool parse_number(const char *text, bool units, int64_t *ret)
{
	static const char letters[] = "KMG";
	const char *letter;
	char *end;
	long long number;
	int shift = 0;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (end == text || errno != 0 || number < 0 || *text == '+' || *text == ' ')
		return false;
	letter = units && *end ? strchr(letters, *end) : NULL;
	if (letter) {
		shift = 10 * (int)(letter - letters + 1);
		end++;
	}
	if (*end || number > INT64_MAX >> shift)
		return false;
	*ret = (int64_t)number << shift;
	return true;
}

/* 1 to go on, 0 to end well, -1 when the value is wrong. */
static int take_option(int option, struct engine_options *options)
{
	struct sb_error ignored = {0};
	enum log_level level;

	switch (option) {
	case OPT_STATE_DIR:
		options->state_dir = optarg;
		return 1;
	case OPT_RUN_DIR:
		options->run_dir = optarg;
		return 1;
	case OPT_AGENT:
		options->agent_path = optarg;
		return 1;
	case OPT_API_KEY_FILE:
		options->api_key_file = optarg;
		return 1;
	case OPT_IDLE_EXIT:
		return parse_number(optarg, false, &options->idle_exit_s) ? 1 : -1;
	case OPT_MEMORY_LIMIT:
		return parse_number(optarg, true, &options->limits.memory_bytes) ? 1 : -1;
	case OPT_PIDS_LIMIT:
		return parse_number(optarg, false, &options->limits.pids_max) ? 1 : -1;
	case OPT_CPU_LIMIT:
		return parse_number(optarg, false, &options->limits.cpu_percent) ? 1 : -1;
	case OPT_NETWORK_SUBNET:
		return network_parse_subnet(optarg, &options->subnet, &ignored) < 0 ? -1 : 1;
	case OPT_LOG_LEVEL:
		if (log_level_from_string(optarg, &level) < 0)
			return -1;
		log_set_level(level);
		return 1;
	case OPT_CHECK:
		options->is_check = true;
		return 1;
	case OPT_REMOVE_STATE:
		options->is_removal = true;
		return 1;
	case 'h':
		(void)fputs(usage, stdout);
		return 0;
	case 'V':
		(void)puts("sandpool-engine " PACKAGE_VERSION);
		return 0;
	}
	return -1;
}

static int parse_options(int argc, char **argv, struct engine_options *options)
{
	int option, index = 0;

	while ((option = options_next(argc, argv, "hV", long_options, &index)) != -1) {
		int result = take_option(option, options);

		if (result < 0 && option != '?')
			(void)fprintf(stderr, "sandpool-engine: --%s: not a value: %s\n",
				      long_options[index].name, optarg);
		if (result <= 0)
			return result;
	}
	if (optind == argc && (options->is_check || (options->is_removal && options->state_dir)))
		return 1;
	if (optind < argc || !options->state_dir || !options->run_dir) {
		(void)fputs("sandpool-engine: needs --state-dir and --run-dir, see --help\n",
			    stderr);
		return -1;
	}
	return 1;
}

/* Each sandbox and each connection costs descriptors, and none of the limits here reaches a sandbox. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* No realm of an engine that runs is joined: it would tell what was so at its start. */
static int check(struct engine_options *options, struct rootless *rootless)
{
	struct sb_error err = {0};
	int result;

	rootless_enter("/nonexistent", rootless);
	result = engine_check(options, stdout, &err);
	if (result < 0)
		log_error("%s", err.text);
	else if (fflush(stdout) != 0)
		log_error("cannot print it");
	else
		return result ? 0 : 1;
	return 2;
}

/* In a user's directory are files of ids that only this user's realm can remove. */
static int remove_state(const struct engine_options *options, struct rootless *rootless)
{
	struct sb_error err = {0};
	bool is_alive = rootless_is_alive(options->state_dir);

	rootless_enter("/nonexistent", rootless);
	if (is_alive)
		(void)sb_fail(&err, SB_CONFLICT, "%s: has sandboxes that run", options->state_dir);
	else if (engine_remove_state(options, &err) == 0)
		return 0;
	log_error("%s", err.text);
	return 1;
}

static int run(const struct engine_options *options)
{
	struct sb_error err = {0};
	struct engine *engine = NULL;
	int result = -1;

	if (http_global_init(&err) == 0)
		engine = engine_new(options, &err);
	if (engine)
		result = engine_run(engine, &err);
	if (result < 0)
		log_error("%s", err.text);
	engine_free(engine);
	return result < 0 ? 1 : 0;
}

static int open_sockets(struct uplink_sockets *sockets)
{
	struct sb_error err = {0};

	if (uplink_sockets_open(sockets, geteuid() != 0, &err) == 0)
		return 0;
	log_error("%s", err.text);
	return -1;
}

int main(int argc, char **argv)
{
	char *agent_path CLEANUP_FREE = program_find("sandpool-agent", "agent/sandpool-agent");
	struct rootless rootless;
	struct uplink_sockets uplink_sockets;
	struct engine_options options = {.agent_path = agent_path,
					 .idle_exit_s = -1,
					 .rootless = &rootless,
					 .uplink_sockets = &uplink_sockets,
					 .limits = {LIMIT_DEFAULT, LIMIT_DEFAULT, LIMIT_DEFAULT}};
	int result;

	service_init();
	log_init("sandpool-engine", LOG_LEVEL_INFO);
	result = parse_options(argc, argv, &options);
	if (result <= 0)
		return result < 0 ? 2 : 0;
	(void)umask(022);
	(void)signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	if (options.is_check)
		return check(&options, &rootless);
	if (options.is_removal)
		return remove_state(&options, &rootless);
	if (open_sockets(&uplink_sockets) < 0)
		return 1;
	rootless_enter(options.state_dir, &rootless);
	result = run(&options);
	uplink_sockets_close(&uplink_sockets);
	return result;
}
