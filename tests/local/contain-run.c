/*
 * A driver for the probes of containment.
 *
 *   contain-run start STATE ID N [memory=BYTES] [pids=MAX] [cpu=PERCENT] [layer=DIR]…
 *       prints "ready PID START_TIME MICROSECONDS", keeps the sandbox until its standard input ends, then kills it and says
 *       "gone" when nothing is left. N chooses its ids. Lines on standard input: freeze, thaw, usage, kill.
 *   contain-run adopt STATE ID PID START_TIME
 *       the same for a sandbox that an earlier driver has left.
 *   contain-run exec STATE ID UID COMMAND
 *       runs a shell command inside; its output, and its exit status as our own.
 *   contain-run check
 *       fails and says why, when this machine cannot have sandboxes.
 *   contain-run bench STATE COUNT
 *       the median of COUNT starts, in microseconds, beside that of the bare minimum done in turn with them:
 *       clone3 with namespaces, overlay, pivot_root and exec of /bin/true, all as the host's root.
 */
#include "config.h"

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/local/contain.h"
#include "daemon/local/idmap.h"
#include "daemon/local/rootless.h"
#include "daemon/local/sys.h"
#include "daemon/local/template.h"

enum { PATH_BYTES = 4096, LAYERS_MAX = 16, BENCH_MAX = 1000, ID_BASE = 0x70000000 };

struct run {
	char dir[PATH_BYTES], templates[PATH_BYTES], agent[PATH_BYTES], socket[PATH_BYTES];
	const char *layers[LAYERS_MAX + 1];
	char *template_dir; /* for the rest of the process */
	struct contain_spec spec;
	struct contained contained;
};

static int die(const struct sb_error *err)
{
	(void)fprintf(stderr, "contain-run: %s\n", err->text);
	return 1;
}

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void make_address(const char *state, const char *id, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	(void)snprintf(ret->sun_path, sizeof(ret->sun_path), "%.60s/%.30s.sock", state, id);
}

static int open_listener(const char *state, const char *id)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	make_address(state, id, &address);
	(void)unlink(address.sun_path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 16) < 0) {
		perror(address.sun_path);
		exit(1);
	}
	return fd;
}

static void read_option(struct run *run, const char *option)
{
	static size_t layers;
	const char *value = strchr(option, '=') ? strchr(option, '=') + 1 : "";

	if (strncmp(option, "memory=", 7) == 0)
		run->spec.limits.memory_bytes = atoll(value);
	else if (strncmp(option, "pids=", 5) == 0)
		run->spec.limits.pids_max = atoll(value);
	else if (strncmp(option, "cpu=", 4) == 0)
		run->spec.limits.cpu_percent = atoll(value);
	else if (strncmp(option, "layer=", 6) == 0 && layers < LAYERS_MAX)
		run->layers[layers++] = value;
}

/* As the engine does at its start. With a state directory, what this makes can be taken up by the next of us. */
static int enter(const char *state, struct contain_abilities *ret, struct sb_error *err)
{
	static struct rootless rootless;

	rootless_enter(state ? state : "/nowhere", &rootless);
	if (rootless.unable.code != SB_OK) {
		*err = rootless.unable;
		return -1;
	}
	if (state && rootless_keep(&rootless, state, err) < 0)
		return -1;
	return contain_probe(ret, err);
}

static int prepare(struct run *run, const char *state, const char *id, unsigned n,
		   struct sb_error *err)
{
	struct contain_abilities abilities;
	const char *agent = getenv("PROBE_AGENT");

	(void)snprintf(run->dir, sizeof(run->dir), "%s/%s", state, id);
	(void)snprintf(run->templates, sizeof(run->templates), "%s/templates", state);
	(void)mkdir(run->templates, 0700);
	(void)mkdir(run->dir, 0700);
	if (enter(state, &abilities, err) < 0 ||
	    template_prepare_base(run->templates, &run->template_dir, err) < 0)
		return -1;
	run->spec.id = id;
	run->spec.template_id = "base";
	run->spec.dir = run->dir;
	run->spec.layers = run->layers;
	run->spec.template_dir = run->template_dir;
	run->spec.agent_path = agent ? agent : "tests/local/probe-agent";
	run->spec.id_base = idmap_mode() == IDMAP_OWN ? ID_BASE + n * 65536 : idmap_shared_base();
	return 0;
}

static int wait_ready(struct run *run, struct sb_error *err)
{
	struct pollfd poller = {.fd = run->contained.control_fd, .events = POLLIN};
	enum contain_state state;

	do {
		(void)poll(&poller, 1, -1);
		state = contain_report(&run->contained, err);
	} while (state == CONTAIN_BUILDING);
	return state == CONTAIN_READY ? 0 : -1;
}

static int end(struct run *run, struct sb_error *err)
{
	struct pollfd poller = {.fd = run->contained.pid_fd, .events = POLLIN};
	int status;

	if (contain_kill(run->spec.id, &run->contained, err) < 0)
		return -1;
	(void)poll(&poller, 1, -1);
	while ((status = contain_clean(run->spec.id, &run->contained, err)) == 0)
		(void)poll(NULL, 0, 1);
	return status < 0 ? -1 : 0;
}

static int obey(struct run *run, const char *line, struct sb_error *err)
{
	struct contain_usage usage;

	if (strcmp(line, "freeze\n") == 0 || strcmp(line, "thaw\n") == 0) {
		bool frozen = line[0] == 'f';
		int status = contain_freeze(run->spec.id, frozen, err);

		while (status == 0 && contain_is_frozen(run->spec.id, err) == !frozen)
			(void)poll(NULL, 0, 1);
		(void)printf("done\n");
		return status;
	}
	if (strcmp(line, "usage\n") == 0 && contain_usage(run->spec.id, &usage, err) == 0)
		(void)printf("cpu %lld memory %lld limit %lld pids %lld oom %lld\n",
			     (long long)usage.cpu_us, (long long)usage.memory_bytes,
			     (long long)usage.memory_limit_bytes, (long long)usage.pids,
			     (long long)usage.oom_kills);
	return err->code == SB_OK ? 0 : -1;
}

/* Do as told on standard input; at its end, end the sandbox. */
static int keep(struct run *run)
{
	struct sb_error err = {0};
	char line[64];

	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "kill\n") != 0) {
		if (obey(run, line, &err) < 0)
			return die(&err);
		(void)fflush(stdout);
	}
	if (end(run, &err) < 0)
		return die(&err);
	(void)printf("gone\n");
	return 0;
}

static int adopt(char **argv)
{
	struct run run = {.spec = {.id = argv[3]}};
	struct contain_abilities abilities;
	struct sb_error err = {0};

	if (enter(argv[2], &abilities, &err) < 0 ||
	    contain_adopt(argv[3], atoi(argv[4]), strtoull(argv[5], NULL, 10), &run.contained,
			  &err) < 0)
		return die(&err);
	(void)printf("ready %s %s 0\n", argv[4], argv[5]);
	return keep(&run);
}

static int start(int argc, char **argv)
{
	static struct run run;
	struct sb_error err = {0};
	int64_t began;

	if (prepare(&run, argv[2], argv[3], (unsigned)atoi(argv[4]), &err) < 0)
		return die(&err);
	for (int i = 5; i < argc; i++)
		read_option(&run, argv[i]);
	run.spec.listen_fd = open_listener(argv[2], argv[3]);
	began = now_us();
	if (contain_start(&run.spec, &run.contained, &err) < 0)
		return die(&err);
	if (wait_ready(&run, &err) < 0) {
		struct sb_error ignored = {0};

		(void)end(&run, &ignored);
		return die(&err);
	}
	(void)printf("ready %d %llu %lld\n", (int)run.contained.pid,
		     (unsigned long long)run.contained.start_time, (long long)(now_us() - began));
	return keep(&run);
}

static int execute(char **argv)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CLEANUP_FREE char *answer = calloc(1, 8 << 20);
	size_t len = 0;
	ssize_t got;
	char *last;
	int status;

	make_address(argv[2], argv[3], &address);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(address.sun_path);
		return 125;
	}
	(void)dprintf(fd, "%s\n%s", argv[4], argv[5]);
	(void)shutdown(fd, SHUT_WR);
	while (answer && (got = read(fd, answer + len, (8 << 20) - 1 - len)) > 0)
		len += (size_t)got;
	if (!answer || len < 3)
		return 125;
	answer[len - 1] = '\0';
	last = strrchr(answer, '\n');
	status = last ? atoi(last + 1) : 125 << 8;
	if (last)
		*last = '\0';
	(void)fputs(answer, stdout);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int check(void)
{
	struct contain_abilities abilities;
	struct sb_error err = {0};

	if (enter(NULL, &abilities, &err) < 0 || template_check_host(&err) < 0)
		return die(&err);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The least that could be called a sandbox, its root being the host's /usr; -1 when it failed. */
static int64_t bare_us(const struct run *run)
{
	struct clone_args args = {.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS |
					   CLONE_NEWIPC | CLONE_NEWNET,
				  .exit_signal = SIGCHLD};
	char options[PATH_BYTES * 3];
	int64_t began = now_us();
	int status;
	pid_t pid;

	(void)snprintf(options, sizeof(options),
		       "lowerdir=/usr,upperdir=%s/layer/root,workdir=%s/work/root,userxattr",
		       run->dir, run->dir);
	pid = sys_clone3(&args);
	if (pid == 0) {
		if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("overlay", run->dir, "overlay", 0, options) < 0 || chdir(run->dir) < 0 ||
		    sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
			_exit(1);
		(void)execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		return -1;
	return now_us() - began;
}

static int64_t median(int64_t *took, int count)
{
	qsort(took, (size_t)count, sizeof(took[0]), compare);
	return took[count / 2];
}

static int bench(char **argv)
{
	static int64_t took[BENCH_MAX], bare[BENCH_MAX];
	static struct run run;
	struct sb_error err = {0};
	int count = atoi(argv[3]) < BENCH_MAX ? atoi(argv[3]) : BENCH_MAX;

	if (prepare(&run, argv[2], "bench", 2999, &err) < 0)
		return die(&err);
	run.spec.listen_fd = open_listener(argv[2], "bench");
	for (int i = 0; i < count; i++) {
		int64_t began = now_us();

		if (contain_start(&run.spec, &run.contained, &err) < 0 ||
		    wait_ready(&run, &err) < 0)
			return die(&err);
		took[i] = now_us() - began;
		if (end(&run, &err) < 0)
			return die(&err);
		bare[i] = bare_us(&run);
	}
	(void)printf("p50 %lld us, bare %lld us\n", (long long)median(took, count),
		     (long long)median(bare, count));
	return 0;
}

int main(int argc, char **argv)
{
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc >= 5 && strcmp(argv[1], "start") == 0)
		return start(argc, argv);
	if (argc == 6 && strcmp(argv[1], "adopt") == 0)
		return adopt(argv);
	if (argc == 6 && strcmp(argv[1], "exec") == 0)
		return execute(argv);
	if (argc == 2 && strcmp(argv[1], "check") == 0)
		return check();
	if (argc == 4 && strcmp(argv[1], "bench") == 0)
		return bench(argv);
	(void)fprintf(stderr, "usage: contain-run start|adopt|exec|check|bench …\n");
	return 2;
}
