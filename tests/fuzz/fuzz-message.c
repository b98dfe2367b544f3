/* Lines of the local protocol: the scanner in front of json-c, then the envelope. */
#include "config.h"

#include "protocol/lookup.h"
#include "protocol/message.h"
#include "protocol/scan.h"
#include "tests/fuzz/fuzz.h"

/* What was read can be written, and is JSON again. */
static void check(struct message *message)
{
	CLEANUP_BUF struct buf out = {0};
	struct sb_error err = {0}, read = {0};
	const char *body = message->body ? lookup_text(message->body) : "{}";

	switch (message->kind) {
	case MESSAGE_REQUEST:
		FUZZ_CHECK(message->id && message->method);
		message_add_request(&out, message->id, message->method, body, message->fds);
		break;
	case MESSAGE_NOTIFICATION:
		FUZZ_CHECK(!message->id && message->method);
		message_add_notification(&out, "sandbox.event", body); /* always ours */
		break;
	case MESSAGE_RESULT:
		FUZZ_CHECK(message->id);
		message_add_result(&out, message->id, body, message->fds);
		break;
	case MESSAGE_ERROR:
		message_read_error(message, &read);
		message_add_error(&out, message->id, &read);
		break;
	}
	FUZZ_CHECK(!out.failed && scan_json(out.data, out.len, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *line = fuzz_text(data, size);
	struct message_batch batch = {0};
	struct sb_error scan = {0}, err = {0};
	int scanned = scan_json(line, size, &scan);

	FUZZ_CHECK((scanned < 0) == (scan.code != SB_OK));
	if (message_parse(line, size, &batch, &err) < 0) {
		FUZZ_CHECK(err.code != SB_OK);
		return 0;
	}
	FUZZ_CHECK(scanned == 0);
	for (size_t i = 0; i < batch.count; i++)
		check(&batch.items[i]);
	message_batch_free(&batch);
	return 0;
}
