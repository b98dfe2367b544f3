/* Answers that refuse, as errors (wire §2.3, §8). */
#include "config.h"

#include "daemon/e2b/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "protocol/fields.h"

#define TEXT_MAX 200 /* bytes of a body that is not JSON that are worth repeating */

/* The members that refusals have, of whichever layer. */
struct refusal {
	char *code; /* JSON: a Connect code's string, or an HTTP status */
	char *message;
};

static const struct field refusal_fields[] = {
	F_JSON(struct refusal, code),
	F_STRING(struct refusal, message),
	F_END,
};
static const struct fields refusal_type = {"Refusal", sizeof(struct refusal), refusal_fields};

struct reading {       /* of one answer */
	bool is_json;  /* one of ours wrote it: an object with a message or a code */
	char code[32]; /* a Connect code that exists, or "" */
	int status;    /* the body's when it tells one, else the answer's */
	char message[400];
};

static const char *status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{409, "Conflict"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{429, "Too Many Requests"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{507, "Insufficient Storage"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i].status == status)
			return texts[i].text;
	}
	return "no reason given";
}

static bool is_connect_code(const char *code)
{
	return strcmp(code, "unknown") == 0 || strcmp(code, "internal") == 0 ||
	       strcmp(code, "data_loss") == 0 || wire_connect_status(code) != 500;
}

/* A body that is no JSON: its first line, unless it is a page for a browser. */
static void read_text(const struct fault_answer *answer, struct reading *reading)
{
	size_t start = strspn(answer->body, " \t\r\n");
	size_t len = strcspn(answer->body + start, "\r\n");

	if (len == 0 || answer->body[start] == '<' || answer->body[start] == '{')
		(void)snprintf(reading->message, sizeof(reading->message), "%s",
			       status_text(answer->status));
	else
		(void)snprintf(reading->message, sizeof(reading->message), "%.*s",
			       (int)(len > TEXT_MAX ? TEXT_MAX : len), answer->body + start);
}

static void read_code(const char *json, struct reading *reading)
{
	size_t len = strlen(json);

	if (*json != '"') {
		long status = strtol(json, NULL, 10);

		if (status >= 400 && status <= 599)
			reading->status = (int)status;
		return;
	}
	if (len - 2 >= sizeof(reading->code))
		return;
	memcpy(reading->code, json + 1, len - 2);
	reading->code[len - 2] = '\0';
	if (!is_connect_code(reading->code))
		reading->code[0] = '\0';
}

static void read_answer(const struct fault_answer *answer, struct reading *ret)
{
	struct refusal refusal = {0};
	struct sb_error err = {0};

	*ret = (struct reading){.status = answer->status};
	if (!answer->body || answer->len == 0 ||
	    fields_parse(&refusal_type, FIELDS_E2B, answer->body, answer->len, "answer", &refusal,
			 &err) < 0) {
		read_text(&(struct fault_answer){answer->status, answer->body ? answer->body : "",
						 answer->len},
			  ret);
		return;
	}
	ret->is_json = refusal.code || refusal.message;
	if (refusal.code)
		read_code(refusal.code, ret);
	(void)snprintf(ret->message, sizeof(ret->message), "%s",
		       refusal.message && *refusal.message ? refusal.message
							   : status_text(answer->status));
	fields_free(&refusal_type, &refusal);
}

/* The message alone for what has a kind of its own; before others the status, as the SDKs write it. */
static int report(enum sb_code code, int status, const char *label, const char *message,
		  struct sb_error *err)
{
	if (code == SB_SANDBOX)
		(void)sb_fail(err, code, "%s: %s", label, message);
	else
		(void)sb_fail(err, code, "%s", message);
	err->http_status = status;
	return -1;
}

static int report_status(enum sb_code code, int status, const char *message, struct sb_error *err)
{
	char label[16];

	(void)snprintf(label, sizeof(label), "%d", status);
	return report(code, status, label, message, err);
}

/* Nobody behind the front answered. */
static bool is_from_front(const struct reading *reading)
{
	return !reading->is_json &&
	       (reading->status == 502 || reading->status == 503 || reading->status == 504);
}

int fault_from_api(const struct fault_answer *answer, enum sb_code missing, struct sb_error *err)
{
	struct reading reading;
	enum sb_code code = SB_SANDBOX;

	read_answer(answer, &reading);
	if (is_from_front(&reading))
		code = SB_UPSTREAM_UNAVAILABLE;
	else if (answer->status == 401)
		code = SB_AUTHENTICATION;
	else if (answer->status == 404 && reading.is_json) /* else the URL is wrong, not the id */
		code = missing;
	else if (answer->status == 409)
		code = SB_CONFLICT;
	else if (answer->status == 429)
		code = SB_RATE_LIMIT;
	return report_status(code, answer->status, reading.message, err);
}

static enum sb_code code_from_connect(const char *connect, bool is_filesystem)
{
	static const struct {
		const char *connect;
		enum sb_code code;
	} codes[] = {
		{"invalid_argument", SB_INVALID_ARGUMENT},
		{"unauthenticated", SB_AUTHENTICATION},
		{"not_found", SB_NOT_FOUND},
		{"already_exists", SB_CONFLICT},
		{"resource_exhausted", SB_RATE_LIMIT},
		{"unimplemented", SB_UNSUPPORTED},
		{"unavailable", SB_TIMEOUT},
		{"canceled", SB_TIMEOUT},
		{"deadline_exceeded", SB_TIMEOUT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (strcmp(codes[i].connect, connect) == 0)
			return codes[i].code == SB_NOT_FOUND && is_filesystem ? SB_FILE_NOT_FOUND
									      : codes[i].code;
	}
	return SB_SANDBOX;
}

/* The proxy's answer for one that is unknown, killed, expired, or paused for good. */
static bool is_sandbox_gone(const struct reading *reading)
{
	return reading->status == 502 && strstr(reading->message, "sandbox was not found");
}

static enum sb_code code_from_status(const struct reading *reading)
{
	if (is_sandbox_gone(reading))
		return SB_SANDBOX_NOT_FOUND;
	if (is_from_front(reading))
		return SB_UPSTREAM_UNAVAILABLE;
	switch (reading->status) {
	case 400:
		return SB_INVALID_ARGUMENT;
	case 401:
		return SB_AUTHENTICATION;
	case 404: /* of a procedure: what a procedure misses comes with a Connect code */
	case 405:
	case 415:
	case 501:
	case 505:
		return SB_UNSUPPORTED;
	case 409:
		return SB_CONFLICT;
	case 413:
		return SB_TOO_LARGE;
	case 429:
		return SB_RATE_LIMIT;
	case 499:
	case 502:
	case 503:
	case 504:
		return SB_TIMEOUT;
	default:
		return SB_SANDBOX;
	}
}

int fault_from_rpc(const struct fault_answer *answer, bool is_filesystem, char *ret_code,
		   struct sb_error *err)
{
	struct reading reading;

	read_answer(answer, &reading);
	(void)snprintf(ret_code, FAULT_CODE_SIZE, "%.*s", FAULT_CODE_SIZE - 1, reading.code);
	if (reading.code[0])
		return report(code_from_connect(reading.code, is_filesystem), answer->status,
			      reading.code, reading.message, err);
	return report_status(code_from_status(&reading), reading.status, reading.message, err);
}

int fault_from_stream(const struct wire_connect_error *error, bool is_filesystem, bool is_first,
		      char *ret_code, struct sb_error *err)
{
	const char *connect = error->code && is_connect_code(error->code) ? error->code : "unknown";
	const char *message = error->message && *error->message ? error->message : connect;
	enum sb_code code = code_from_connect(connect, is_filesystem);

	if (is_first && strcmp(connect, "unavailable") == 0)
		code = SB_SANDBOX_NOT_FOUND;
	(void)snprintf(ret_code, FAULT_CODE_SIZE, "%s", connect);
	return report(code, wire_connect_status(connect), connect, message, err);
}

int fault_from_files(const struct fault_answer *answer, struct sb_error *err)
{
	struct reading reading;
	enum sb_code code;

	read_answer(answer, &reading);
	reading.status = answer->status;
	if (answer->status == 404 && reading.is_json)
		code = SB_FILE_NOT_FOUND;
	else if (answer->status == 507)
		code = SB_NOT_ENOUGH_SPACE;
	else if (answer->status == 503 || answer->status == 504 || answer->status == 499)
		code = is_from_front(&reading) ? SB_UPSTREAM_UNAVAILABLE : SB_SANDBOX;
	else
		code = code_from_status(&reading);
	if (code == SB_UNSUPPORTED || code == SB_TOO_LARGE)
		code = SB_SANDBOX;
	return report_status(code, answer->status, reading.message, err);
}

int fault_bad_answer(int status, struct sb_error *err)
{
	if (err->code != SB_INTERNAL && err->code != SB_TOO_LARGE)
		err->code = SB_SANDBOX;
	err->http_status = status;
	return sb_wrap(err, "%d: the answer is not understood", status);
}
