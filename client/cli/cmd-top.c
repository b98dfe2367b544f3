/*
 * sandpool top: what sandboxes use, again and again. A round asks for the list and for the metrics of all that
 * run, draws what has come in time, and waits for the rest of its time, a key or a signal.
 */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/terminal.h"
#include "client/cli/units.h"
#include "client/cli/verbs.h"
#include "protocol/buf.h"
#include "protocol/options.h"

#define ROWS_MAX        500
#define CALL_TIMEOUT_MS 5000
#define METRICS_BACK_S  30 /* samples older than that say nothing of now */
#define SCREEN_ENTER    "\033[?1049h\033[?25l"
#define SCREEN_LEAVE    "\033[?25h\033[?1049l"
#define SCREEN_HOME     "\033[H"
#define LINE_END        "\033[K\r\n"
#define SCREEN_REST     "\033[J"
#define KEY_INTERRUPT   3 /* Ctrl-C, which a raw terminal gives as a byte */

struct row {
	char *id, *name, *state;
	double age_s, left_s;
	double cpu_percent; /* NAN: not known */
	int64_t memory, processes;
	struct sandpool_call *metrics; /* under way, or NULL */
	struct top *top;
};

struct top {
	struct cli *cli;
	double interval_s;
	long rounds; /* left to do; -1: for ever */
	bool is_live;
	int signal_fd;
	bool is_over;
	int failed_errno; /* of standard output */
	struct row *rows;
	size_t count;
	size_t pending; /* metrics under way */
};

/* ---- what to show ---------------------------------------------------------------------------- */

static void free_rows(struct top *top)
{
	for (size_t i = 0; i < top->count; i++) {
		struct row *row = &top->rows[i];

		sandpool_call_free(row->metrics);
		free(row->id);
		free(row->name);
		free(row->state);
	}
	free(top->rows);
	top->rows = NULL;
	top->count = 0;
	top->pending = 0;
}

/* Names come from elsewhere: no escapes to the terminal. */
static char *clean_copy(const char *text)
{
	char *copy = strdup(text ? text : "");

	for (char *c = copy; c && *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	return copy;
}

static void take_metrics(void *arg, struct sandpool_call *call, const struct sandpool_error *err)
{
	struct row *row = arg;
	size_t count = err ? 0 : sandpool_get_count(call, "metrics");

	row->top->pending--;
	row->metrics = NULL;
	if (count > 0) {
		row->cpu_percent = item_number(call, "metrics", count - 1, "cpu_used_pct");
		row->memory = item_int(call, "metrics", count - 1, "mem_used");
		row->processes = item_int(call, "metrics", count - 1, "processes");
	}
	sandpool_call_free(call);
}

static int ask_metrics(struct row *row, struct sandpool_error *err)
{
	char start[UNITS_TEXT_SIZE];

	row->metrics = cli_new_for("sandbox.metrics", row->id);
	sandpool_set_string(row->metrics, "start", units_time_from_now(-METRICS_BACK_S, start));
	if (sandpool_start(row->top->cli->sp, row->metrics, take_metrics, row, err) < 0)
		return -1;
	row->top->pending++;
	return 0;
}

static void fill_row(struct row *row, const struct sandpool_call *call, size_t index)
{
	static const char list[] = "sandboxes";

	row->id = clean_copy(item_string(call, list, index, "sandbox_id"));
	row->name = clean_copy(item_string(call, list, index, "name"));
	row->state = clean_copy(item_string(call, list, index, "state"));
	row->age_s = -units_seconds_until(item_string(call, list, index, "started_at"));
	row->left_s = units_seconds_until(item_string(call, list, index, "end_at"));
	row->cpu_percent = NAN;
}

/* The list, and the question what each uses. */
static int begin_round(struct top *top, struct sandpool_error *err)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new("sandbox.list");

	sandpool_set_int(call, "limit", ROWS_MAX);
	if (sandpool_call(top->cli->sp, call, CALL_TIMEOUT_MS, err) < 0)
		return -1;
	free_rows(top);
	top->rows = calloc(ROWS_MAX, sizeof(*top->rows));
	for (size_t i = 0; top->rows && i < sandpool_get_count(call, "sandboxes"); i++) {
		struct row *row = &top->rows[top->count++];

		row->top = top;
		fill_row(row, call, i);
		if (row->id && row->state && strcmp(row->state, "running") == 0 &&
		    ask_metrics(row, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- drawing --------------------------------------------------------------------------------- */

/* The hardest worker first; those that say nothing last, as the list had them. */
static int compare_rows(const void *a, const void *b)
{
	const struct row *const *left = a, *const *right = b;
	double x = isnan((*left)->cpu_percent) ? -1 : (*left)->cpu_percent;
	double y = isnan((*right)->cpu_percent) ? -1 : (*right)->cpu_percent;

	if (x != y)
		return x < y ? 1 : -1;
	return (*left > *right) - (*left < *right);
}

static void draw_row(const struct row *row, struct buf *out)
{
	char age[UNITS_TEXT_SIZE], left[UNITS_TEXT_SIZE], memory[UNITS_TEXT_SIZE] = "-";
	char cpu[16] = "-", processes[24] = "-";

	if (!isnan(row->cpu_percent)) {
		(void)snprintf(cpu, sizeof(cpu), "%.1f", row->cpu_percent);
		(void)units_bytes(row->memory, memory);
	}
	if (row->processes > 0)
		(void)snprintf(processes, sizeof(processes), "%lld", (long long)row->processes);
	buf_printf(out, "%-26.26s %-8.8s %7s %7s %6s %7s %6s",
		   row->name && *row->name ? row->name : row->id, row->state,
		   units_duration(row->age_s, age),
		   units_duration(row->left_s > 0 ? row->left_s : 0, left), cpu, memory, processes);
}

static void draw_head(const struct top *top, struct buf *out)
{
	size_t running = 0;
	time_t now = time(NULL);
	struct tm tm = {0};
	char clock[16] = "";

	for (size_t i = 0; i < top->count; i++)
		running += top->rows[i].state && strcmp(top->rows[i].state, "running") == 0;
	if (localtime_r(&now, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	buf_printf(out, "sandpool  %s  %zu%s sandboxes, %zu running%s", clock, top->count,
		   top->count == ROWS_MAX ? " or more" : "", running,
		   top->is_live ? "  (q quits)" : "");
}

static void draw_rows(const struct top *top, struct row **sorted, struct buf *out)
{
	const char *end = top->is_live ? LINE_END : "\n";
	int cols, rows;
	size_t fit = top->count;

	terminal_size(STDOUT_FILENO, &cols, &rows);
	if (top->is_live && fit + 3 > (size_t)rows)
		fit = rows > 4 ? (size_t)rows - 4 : 0;
	draw_head(top, out);
	buf_add_str(out, end);
	buf_printf(out, "%-26s %-8s %7s %7s %6s %7s %6s%s", "SANDBOX", "STATE", "AGE", "LEFT",
		   "CPU%", "MEMORY", "PROCS", end);
	for (size_t i = 0; i < fit; i++) {
		draw_row(sorted[i], out);
		buf_add_str(out, end);
	}
	if (fit < top->count)
		buf_printf(out, "… and %zu more%s", top->count - fit, end);
}

static void draw(struct top *top)
{
	struct buf out CLEANUP_BUF = {0};
	struct row **sorted CLEANUP_FREE = calloc(top->count + 1, sizeof(*sorted));

	if (!sorted)
		return;
	for (size_t i = 0; i < top->count; i++)
		sorted[i] = &top->rows[i];
	qsort(sorted, top->count, sizeof(*sorted), compare_rows);
	if (top->is_live)
		buf_add_str(&out, SCREEN_HOME);
	draw_rows(top, sorted, &out);
	if (top->is_live)
		buf_add_str(&out, SCREEN_REST);
	if (!out.failed && write_all(STDOUT_FILENO, out.data, out.len) < 0) {
		top->failed_errno = errno;
		top->is_over = true;
	}
}

/* ---- waiting --------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void take_key(struct top *top)
{
	char key;
	ssize_t n = read(STDIN_FILENO, &key, 1);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && key == KEY_INTERRUPT)
		top->cli->ended_by = SIGINT;
	if (n <= 0 || key == 'q' || key == 'Q' || key == KEY_INTERRUPT)
		top->is_over = true;
}

/* True when the screen has another size now. */
static bool take_signal(struct top *top)
{
	struct signalfd_siginfo info;

	if (read(top->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return false;
	if (info.ssi_signo == SIGWINCH)
		return true;
	top->cli->ended_by = (int)info.ssi_signo;
	top->is_over = true;
	return false;
}

/* Until the time has come, or, with `for_metrics`, all of them. */
static int wait_until(struct top *top, int64_t deadline_ms, bool for_metrics,
		      struct sandpool_error *err)
{
	struct sandpool *sp = top->cli->sp;

	while (!top->is_over && !(for_metrics && top->pending == 0)) {
		int64_t left_ms = deadline_ms - now_ms();
		struct pollfd fds[] = {
			{.fd = sandpool_fd(sp),
			 .events = (short)(POLLIN | (sandpool_wants_write(sp) ? POLLOUT : 0))},
			{.fd = top->signal_fd, .events = POLLIN},
			{.fd = top->is_live ? STDIN_FILENO : -1, .events = POLLIN},
		};

		if (left_ms <= 0)
			return 0;
		if (poll(fds, ARRAY_SIZE(fds), left_ms > 3600000 ? 3600000 : (int)left_ms) < 0)
			continue; /* interrupted: look again */
		if (fds[1].revents && take_signal(top))
			draw(top);
		if (fds[2].revents)
			take_key(top);
		if (fds[0].revents && sandpool_dispatch(sp, err) < 0)
			return -1;
	}
	return 0;
}

static int run_rounds(struct top *top, struct sandpool_error *err)
{
	while (!top->is_over && top->rounds != 0) {
		int64_t next_ms = now_ms() + (int64_t)(top->interval_s * 1000);
		int64_t patience_ms = top->is_live ? next_ms : now_ms() + CALL_TIMEOUT_MS;

		if (begin_round(top, err) < 0 || wait_until(top, patience_ms, true, err) < 0)
			return -1;
		if (!top->is_over)
			draw(top);
		if (top->rounds > 0)
			top->rounds--;
		if (top->rounds != 0 && wait_until(top, next_ms, false, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the terminal ---------------------------------------------------------------------------- */

/* Signals wait for us, so that whatever ends us finds the terminal as it was. */
static int open_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		(void)sigaddset(&set, numbers[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int enter_screen(struct top *top)
{
	if (!top->is_live)
		return 0;
	if (isatty(STDIN_FILENO) && terminal_make_raw(STDIN_FILENO) < 0)
		return cli_fail("the terminal cannot be made raw: %s", strerror(errno));
	return write_all(STDOUT_FILENO, SCREEN_ENTER, strlen(SCREEN_ENTER)) < 0
		       ? cli_fail("cannot write: %s", strerror(errno))
		       : 0;
}

static void leave_screen(const struct top *top)
{
	if (top->is_live)
		(void)!write_all(STDOUT_FILENO, SCREEN_LEAVE, strlen(SCREEN_LEAVE));
	terminal_restore();
}

static int run_top(struct top *top)
{
	struct sandpool_error err = {0};
	int status;

	if (cli_connect(top->cli) < 0)
		return EXIT_OURS;
	top->signal_fd = open_signals();
	if (top->signal_fd < 0)
		return cli_fail("signalfd: %s", strerror(errno));
	status = enter_screen(top);
	if (status == 0)
		status = run_rounds(top, &err);
	leave_screen(top);
	free_rows(top);
	cleanup_fd(&top->signal_fd);
	if (top->cli->ended_by)
		return EXIT_SIGNAL + top->cli->ended_by;
	if (top->failed_errno)
		return cli_fail("cannot write: %s", strerror(top->failed_errno));
	return status < 0 ? cli_fail_with(&err) : status;
}

int cmd_top(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"batch", no_argument, NULL, 'b'},
						{"rounds", required_argument, NULL, 'n'},
						{"delay", required_argument, NULL, 'd'},
						{NULL, 0, NULL, 0}};
	struct top top = {.cli = cli, .interval_s = 2, .is_live = isatty(STDOUT_FILENO)};
	char *end;
	int c;

	while ((c = options_next(argc, argv, "+hbn:d:", options, NULL)) != -1) {
		if (c == 'b')
			top.is_live = false;
		else if (c == 'd' && (top.interval_s = parse_duration(optarg)) >= 0.1)
			continue;
		else if (c == 'n' && (top.rounds = strtol(optarg, &end, 10)) > 0 && !*end)
			continue;
		else
			return cli_usage(cli);
	}
	if (optind != argc)
		return cli_usage(cli);
	if (cli->json)
		return cli_fail("top has no --json; ls, metrics and status have");
	if (top.rounds == 0)
		top.rounds = top.is_live ? -1 : 1;
	return run_top(&top);
}
