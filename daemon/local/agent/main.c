/*
 * sandpool-agent, PID 1 of a sandbox. In a sandbox it is started with the descriptors of its socket and
 * of its engine; as a plain process, for tests, with the path of a socket to make.
 *
 * As PID 1 it inherits every orphan: process.c reaps whatever ends.
 */
#include "config.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/base/log.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/enter.h"

#define EXIT_USAGE 2
#define RUN_DIR    "/run/e2b"

struct arguments {
	const char *socket_path;
	int listen_fd;
	int control_fd;
	struct agent_options options;
};

static const char usage[] =
	"usage: sandpool-agent [OPTION]... --socket PATH\n"
	"       sandpool-agent [OPTION]... --listen-fd N --control-fd N\n"
	"  --user NAME       who a request without a user runs as, until /init says\n"
	"  --env NAME=VALUE  a global variable that /init cannot change\n"
	"  --run-dir DIR     where files say what sandbox this is; in a sandbox: " RUN_DIR "\n";

static int parse_fd(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	return *text == '\0' || *end != '\0' || fd < 0 || fd > 65535 ? -1 : (int)fd;
}

static int add_variable(struct string_map *vars, const char *pair)
{
	const char *equals = strchr(pair, '=');
	CLEANUP_FREE char *name = equals ? strndup(pair, (size_t)(equals - pair)) : NULL;

	return name && *name ? string_map_add(vars, name, equals + 1) : -1;
}

static int parse_arguments(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"listen-fd", required_argument, NULL, 'l'},
		{"control-fd", required_argument, NULL, 'c'},
		{"user", required_argument, NULL, 'u'},
		{"env", required_argument, NULL, 'e'},
		{"run-dir", required_argument, NULL, 'r'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			args->socket_path = optarg;
		else if (option == 'l')
			args->listen_fd = parse_fd(optarg);
		else if (option == 'c')
			args->control_fd = parse_fd(optarg);
		else if (option == 'u')
			args->options.default_user = optarg;
		else if (option == 'r')
			args->options.run_dir = optarg;
		else if (option != 'e' || add_variable(&args->options.own_vars, optarg) < 0)
			return -1;
	}
	if (optind != argc)
		return -1;
	if (args->socket_path)
		return args->listen_fd < 0 && args->control_fd < 0 ? 0 : -1;
	if (!args->options.run_dir)
		args->options.run_dir = RUN_DIR;
	return args->listen_fd >= 0 && args->control_fd >= 0 ? 0 : -1;
}

static int listen_at(const char *path, struct sb_error *err)
{
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s: too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "cannot listen at %s", path);
	return take_fd(&fd);
}

/* From here on the sandbox's root is ours, and the engine sends requests to the socket it gave. */
static int enter(const struct arguments *args, struct sb_error *err)
{
	if (fcntl(args->listen_fd, F_SETFL, O_NONBLOCK) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "no socket to serve on");
	return enter_sandbox(args->control_fd, err) < 0 ? -1 : args->listen_fd;
}

static void on_stop(evutil_socket_t fd, short what, void *base)
{
	(void)fd;
	(void)what;
	(void)event_base_loopbreak(base);
}

/* Serve until told to stop. */
static int run(struct arguments *args, int listen_fd, struct sb_error *err)
{
	struct event_base *base = event_base_new();
	struct event *on_term = base ? evsignal_new(base, SIGTERM, on_stop, base) : NULL;
	struct event *on_int = base ? evsignal_new(base, SIGINT, on_stop, base) : NULL;
	struct agent *agent;

	if (!on_term || !on_int || evsignal_add(on_term, NULL) < 0 ||
	    evsignal_add(on_int, NULL) < 0)
		return sb_fail(err, SB_INTERNAL, "no event loop");
	agent = agent_new(base, listen_fd, &args->options, err);
	if (!agent)
		return -1;
	(void)event_base_dispatch(base);
	agent_free(agent);
	event_free(on_term);
	event_free(on_int);
	event_base_free(base);
	return 0;
}

/*
 * Descriptors 0 to 2 of a child are its own: nothing of ours may sit there. And whatever our parent let
 * us inherit above them is none of our children's business.
 */
static int secure_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	cleanup_fd(&fd);
	return close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
}

/* The exit status. */
static int serve(struct arguments *args)
{
	struct sb_error err = {0};
	int fd = args->socket_path ? listen_at(args->socket_path, &err) : enter(args, &err);

	if (fd >= 0 && run(args, fd, &err) == 0)
		return EXIT_SUCCESS;
	log_error("%s", err.text);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct arguments args = {.listen_fd = -1, .control_fd = -1};
	int status = EXIT_USAGE;

	log_init("sandpool-agent", LOG_LEVEL_INFO);
	(void)umask(022);
	if (secure_fds() < 0 || string_map_add(&args.options.own_vars, "E2B_SANDBOX", "true") < 0 ||
	    parse_arguments(argc, argv, &args) < 0)
		(void)fputs(usage, stderr);
	else
		status = serve(&args);
	string_map_free(&args.options.own_vars);
	return status;
}
