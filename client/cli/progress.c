/* A progress bar. */
#include "config.h"

#include "client/cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/sandpool.h"

#define BAR_WIDTH 30

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void draw_bar(double part)
{
	int full = (int)(part * BAR_WIDTH);

	(void)fputc('[', stderr);
	for (int i = 0; i < BAR_WIDTH; i++)
		(void)fputc(i < full ? '#' : ' ', stderr);
	(void)fprintf(stderr, "] %3d%% ", (int)(part * 100));
}

static void draw(struct progress *p, int64_t bytes)
{
	double seconds = (double)(now_ms() - p->started_ms) / 1000;
	double mib = (double)bytes / (1 << 20);

	(void)fprintf(stderr, "\r%-20.20s ", p->name);
	if (p->total > 0)
		draw_bar((double)bytes / (double)p->total);
	(void)fprintf(stderr, "%8.1f MiB %7.1f MiB/s", mib, seconds > 0 ? mib / seconds : 0);
	p->was_drawn = true;
}

static void on_note(void *arg, struct sandpool_note *note)
{
	if (strcmp(sandpool_note_method(note), "transfer.progress") == 0)
		draw(arg, sandpool_note_int(note, "bytes"));
}

void progress_begin(struct progress *p, struct sandpool *sp, const char *name, int64_t total)
{
	*p = (struct progress){
		.name = name, .total = total, .is_shown = isatty(STDERR_FILENO) == 1};
	p->started_ms = now_ms();
	if (p->is_shown)
		sandpool_on_note(sp, on_note, p);
}

void progress_end(struct progress *p, struct sandpool *sp)
{
	if (p->is_shown)
		sandpool_on_note(sp, NULL, NULL);
	if (p->was_drawn)
		(void)fputc('\n', stderr);
}
