/* sandpoold: the command line of the daemon. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/base/service.h"
#include "daemon/configuration.h"
#include "daemon/server.h"
#include "protocol/options.h"

enum { OPT_CHECK = 256, OPT_PRINT, OPT_SOCKET, OPT_STATE, OPT_LEVEL };

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"socket", required_argument, NULL, OPT_SOCKET},
	{"state-dir", required_argument, NULL, OPT_STATE},
	{"log-level", required_argument, NULL, OPT_LEVEL},
	{"check-config", no_argument, NULL, OPT_CHECK},
	{"print-config", no_argument, NULL, OPT_PRINT},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const char usage[] =
	"Usage: sandpoold [OPTION]...\n"
	"Serve sandboxes to the processes of this machine, in the foreground.\n"
	"\n"
	"  -c, --config FILE    configuration file [" SP_SYSCONFDIR "/sandpool/sandpoold.conf]\n"
	"      --socket PATH    listen there, unless systemd has opened a socket\n"
	"      --state-dir DIR  keep registry and spool there\n"
	"      --log-level L    error, warning, info or debug\n"
	"      --check-config   check the configuration and exit\n"
	"      --print-config   print the whole configuration in effect and exit\n"
	"      --version        print the version and exit\n"
	"      --help           print this and exit\n";

enum mode { MODE_SERVE, MODE_CHECK, MODE_PRINT, MODE_DONE, MODE_WRONG };

struct arguments {
	enum mode mode;
	const char *config_path;
	const char *socket;
	const char *state_dir;
	const char *log_level;
};

static enum mode take_option(struct arguments *arguments, int option)
{
	switch (option) {
	case 'c':
		arguments->config_path = optarg;
		break;
	case OPT_SOCKET:
		arguments->socket = optarg;
		break;
	case OPT_STATE:
		arguments->state_dir = optarg;
		break;
	case OPT_LEVEL:
		arguments->log_level = optarg;
		break;
	case OPT_CHECK:
		return MODE_CHECK;
	case OPT_PRINT:
		return MODE_PRINT;
	case 'V':
		(void)puts("sandpoold " PACKAGE_VERSION);
		return MODE_DONE;
	case 'h':
		(void)fputs(usage, stdout);
		return MODE_DONE;
	default:
		(void)fputs("Try 'sandpoold --help'.\n", stderr);
		return MODE_WRONG;
	}
	return arguments->mode;
}

static struct arguments parse_arguments(int argc, char **argv)
{
	struct arguments arguments = {.mode = MODE_SERVE};
	int option;

	while (arguments.mode < MODE_DONE &&
	       (option = options_next(argc, argv, "c:", options, NULL)) != -1)
		arguments.mode = take_option(&arguments, option);
	if (arguments.mode < MODE_DONE && optind < argc) {
		(void)fprintf(stderr, "sandpoold: what is '%s'?\n%s", argv[optind], usage);
		arguments.mode = MODE_WRONG;
	}
	return arguments;
}

/* File, then command line, then the sockets that are there already, then the check of the whole. */
static struct config *make_config(const struct arguments *arguments, struct sb_error *err)
{
	struct config *config = config_load(arguments->config_path, err);
	const char *socket = service_next_socket();

	if (!config)
		return NULL;
	if (!socket)
		socket = arguments->socket;
	if ((socket && config_set(config, "daemon.socket", socket, err) < 0) ||
	    (arguments->state_dir &&
	     config_set(config, "daemon.state-dir", arguments->state_dir, err) < 0) ||
	    (arguments->log_level &&
	     config_set(config, "daemon.log-level", arguments->log_level, err) < 0) ||
	    config_check(config, err) < 0)
		return config_free(config);
	return config;
}

static int serve(struct config *config, struct sb_error *err)
{
	struct server *server = server_new(config, err);

	if (!server)
		return -1;
	server_run(server);
	(void)server_free(server);
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments arguments = parse_arguments(argc, argv);
	struct sb_error err = {0};
	struct config *config;
	int result = 0;

	service_init();
	log_init("sandpoold", LOG_LEVEL_INFO);
	if (arguments.mode >= MODE_DONE)
		return arguments.mode == MODE_DONE ? 0 : 2;
	config = make_config(&arguments, &err);
	if (!config) {
		log_error("%s", err.text);
		return 2;
	}
	if (arguments.mode == MODE_SERVE) {
		result = serve(config, &err);
	} else {
		if (arguments.mode == MODE_PRINT)
			config_print(config, stdout);
		(void)config_free(config);
	}
	if (result < 0)
		log_error("%s", err.text);
	return result < 0 ? 1 : 0;
}
