/* sandpool: the command line. main() reads the global options and hands over to one verb. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/cli.h"
#include "client/cli/complete.h"
#include "client/cli/verbs.h"
#include "protocol/nearest.h"
#include "protocol/options.h"

static void print_help(FILE *out)
{
	(void)fputs("usage: sandpool [--socket PATH] [--json] VERB …\n\n", out);
	for (const struct verb *verb = verbs; verb->name; verb++)
		(void)fprintf(out, "  %-10s %s\n", verb->name, verb->summary);
	(void)fputs("\n" GLOBAL_HELP "\n"
		    "sandpool VERB --help tells more of one. Exit status: that of the command run\n"
		    "in the sandbox; 125 when sandpool itself fails, 126 and 127 when the command\n"
		    "cannot be executed or found, 128+n when signal n ended it.\n",
		    out);
}

static int fail_no_verb(const char *name)
{
	struct nearest nearest = {.word = name};
	const char *meant;

	for (const struct verb *verb = verbs; verb->name; verb++)
		nearest_try(&nearest, verb->name);
	meant = nearest_found(&nearest);
	if (meant)
		return cli_fail("there is no verb '%s'; did you mean '%s'?", name, meant);
	return cli_fail("there is no verb '%s'; sandpool --help lists them", name);
}

/* Right behind the verb, or behind a verb of its own: sandpool git clone --help. */
static bool wants_help(const struct verb *verb, int argc, char **argv)
{
	int last = verb->run == cmd_files || verb->run == cmd_git ? 2 : 1;

	for (int i = 1; i <= last && i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

static int run_verb(struct cli *cli, int argc, char **argv)
{
	int status;

	cli->verb = verb_find(argv[0]);
	if (!cli->verb)
		return fail_no_verb(argv[0]);
	if (wants_help(cli->verb, argc, argv)) {
		(void)printf("usage: sandpool %s %s\n%s.\n%s", cli->verb->name, cli->verb->synopsis,
			     cli->verb->summary, cli->verb->help ? cli->verb->help : "");
		return 0;
	}
	optind = 0;
	status = cli->verb->run(cli, argc, argv);
	sandpool_close(cli->sp);
	if (fflush(stdout) != 0 || ferror(stdout))
		return status ? status : cli_fail("cannot write to standard output");
	return status;
}

/* A standard descriptor that our caller closed must not become our socket: it fails to read and write. */
static void keep_standard_descriptors(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", modes[fd]);
}

/* Shells stop a script for Ctrl-C only when the signal ended us, too. */
static void end_by_signal(int signo)
{
	sigset_t set;

	(void)signal(signo, SIG_DFL);
	(void)raise(signo);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, signo);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{"complete", no_argument, NULL, 'c'}, /* for the shells' scripts */
		{NULL, 0, NULL, 0},
	};
	struct cli cli = {0};
	int c, status;

	keep_standard_descriptors();
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an error we handle */
	while ((c = options_next(argc, argv, "+h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			cli.socket = optarg;
			break;
		case 'j':
			cli.json = true;
			break;
		case 'h':
			print_help(stdout);
			return 0;
		case 'v':
			(void)puts("sandpool " PACKAGE_VERSION);
			return 0;
		case 'c':
			complete(&cli, argc - optind, argv + optind);
			sandpool_close(cli.sp);
			return 0;
		default:
			return EXIT_OURS;
		}
	}
	if (optind == argc) {
		print_help(stderr);
		return EXIT_OURS;
	}
	status = run_verb(&cli, argc - optind, argv + optind);
	if (cli.ended_by)
		end_by_signal(cli.ended_by);
	return status;
}
