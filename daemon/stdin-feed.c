/* SendInput and CloseStdin (wire §4.1). */
#include "config.h"

#include "daemon/stdin-feed.h"

#include <assert.h>

#include "daemon/base/list.h"
#include "daemon/sandbox.h"

#define PIECE_MAX (64u << 10) /* what a pipe takes at once */

static void on_called(struct envd_call *call);

static void send_piece(struct stdin_feed *feed)
{
	size_t len = feed->len < PIECE_MAX ? feed->len : PIECE_MAX;
	struct bytes piece = {(char *)(uintptr_t)feed->data, len};
	struct wire_selector selector = {.pid = feed->pid};
	struct wire_input input = {0};
	struct wire_input_request request = {.process = &selector, .input = &input};
	struct envd_target target;

	if (feed->is_pty)
		input.pty = piece;
	else
		input.in = piece;
	feed->data += len;
	feed->len -= len;
	sandbox_target(feed->sandbox, NULL, &target);
	envd_unary_start(&target, &feed->call, "process.Process/SendInput",
			 &wire_input_request_type, &request, &wire_empty_type, &feed->answer, 0);
}

static void send_end(struct stdin_feed *feed)
{
	struct wire_selector selector = {.pid = feed->pid};
	struct wire_select_request request = {.process = &selector};
	struct envd_target target;

	feed->closes = false;
	sandbox_target(feed->sandbox, NULL, &target);
	envd_unary_start(&target, &feed->call, "process.Process/CloseStdin",
			 &wire_select_request_type, &request, &wire_empty_type, &feed->answer, 0);
}

/* False when there is nothing left to send. */
static bool send_next(struct stdin_feed *feed)
{
	feed->call.done = on_called;
	if (feed->len > 0)
		send_piece(feed);
	else if (feed->closes)
		send_end(feed);
	else
		return false;
	return true;
}

static void on_called(struct envd_call *call)
{
	struct stdin_feed *feed = container_of(call, struct stdin_feed, call);

	if (call->err.code == SB_OK && send_next(feed))
		return;
	feed->err = call->err;
	feed->is_cut = call->is_cut;
	feed->done(feed);
}

void stdin_feed_start(struct stdin_feed *feed, const struct sandbox *sandbox, int64_t pid,
		      bool is_pty, const char *data, size_t len, bool closes)
{
	assert(len > 0 || closes);
	*feed = (struct stdin_feed){
		.done = feed->done,
		.sandbox = sandbox,
		.pid = pid,
		.is_pty = is_pty,
		.closes = closes,
		.data = data,
		.len = len,
	};
	(void)send_next(feed);
}

void stdin_feed_cancel(struct stdin_feed *feed)
{
	envd_unary_cancel(&feed->call);
}
