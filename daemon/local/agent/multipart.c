/*
 * The parser is one state machine over bytes. Its only look-ahead is the delimiter CR LF "--" boundary: as CR
 * occurs in it nowhere but at the start, the part that matched so far is always known text, and nothing
 * of the input needs to be kept.
 */
#include "config.h"

#include "daemon/local/agent/multipart.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

enum state {
	STATE_BODY,      /* preamble or content, up to a delimiter */
	STATE_DELIMITED, /* a delimiter was read; what follows decides whether it is one */
	STATE_CLOSING,   /* "-" after it: a second one ends the form */
	STATE_PADDING,   /* blanks after it */
	STATE_LINE_FEED, /* CR after it */
	STATE_HEAD,      /* header lines of a part */
	STATE_EPILOGUE,  /* after the end: ignored */
};

bool multipart_is_type(const char *content_type)
{
	return strncasecmp(content_type, "multipart/", 10) == 0;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t\r\n");
}

/* Copies the value at `text` to `out`; returns what follows it. */
static const char *read_value(const char *text, struct buf *out)
{
	if (*text != '"') {
		size_t len = strcspn(text, "; \t\r\n");

		buf_add(out, text, len);
		return text + len;
	}
	for (text++; *text && *text != '"'; text++) {
		if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
			text++;
		buf_add(out, text, 1);
	}
	return *text ? text + 1 : text;
}

char *multipart_param(const char *value, const char *param)
{
	value += strcspn(value, ";");
	while (*value == ';') {
		CLEANUP_BUF struct buf text = {0};
		const char *name = skip_blanks(value + 1);
		size_t len = strcspn(name, "=; \t\r\n");

		value = skip_blanks(name + len);
		if (*value == '=') {
			value = read_value(skip_blanks(value + 1), &text);
			if (len == strlen(param) && strncasecmp(name, param, len) == 0) {
				buf_add_str(&text, "");
				return buf_steal(&text);
			}
		}
		value += strcspn(value, ";");
	}
	return NULL;
}

int multipart_init(struct multipart *form, const char *content_type, struct sb_error *err)
{
	CLEANUP_FREE char *boundary = multipart_param(content_type, "boundary");
	size_t len = boundary ? strlen(boundary) : 0;

	if (len == 0)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "no multipart boundary in the content type");
	if (len > MULTIPART_BOUNDARY_MAX || strpbrk(boundary, "\r\n"))
		return sb_fail(err, SB_INVALID_ARGUMENT, "the multipart boundary is malformed");
	memcpy(form->delimiter, "\r\n--", 4);
	memcpy(form->delimiter + 4, boundary, len + 1);
	form->delimiter_len = len + 4;
	form->state = STATE_BODY;
	form->matched = form->assumed = 2; /* the first delimiter may begin the input */
	form->in_part = false;
	form->head = (struct buf){.limit = MULTIPART_HEAD_MAX};
	return 0;
}

void multipart_deinit(struct multipart *form)
{
	buf_deinit(&form->head);
}

static int give(struct multipart *form, const char *data, size_t len, struct sb_error *err)
{
	if (!form->in_part || len == 0)
		return 0;
	return form->on_data(form, data, len, err);
}

/* What matched turned out to be content. */
static int give_matched(struct multipart *form, struct sb_error *err)
{
	size_t from = form->assumed;
	size_t to = form->matched;

	form->matched = form->assumed = 0;
	return give(form, form->delimiter + from, to - from, err);
}

/* Content from `data` on; sets how many bytes it took. */
static int feed_body(struct multipart *form, const char *data, size_t len, size_t *ret_used,
		     struct sb_error *err)
{
	const char *stop;
	size_t used = 0;

	while (used < len && form->matched > 0 && data[used] == form->delimiter[form->matched]) {
		used++;
		if (++form->matched == form->delimiter_len) {
			form->state = STATE_DELIMITED;
			*ret_used = used;
			return 0;
		}
	}
	*ret_used = used;
	if (used == len)
		return 0;
	if (form->matched > 0 && give_matched(form, err) < 0)
		return -1;
	stop = memchr(data + used, '\r', len - used);
	*ret_used = stop ? (size_t)(stop - data) + 1 : len;
	if (stop)
		form->matched = 1;
	return give(form, data + used, (stop ? (size_t)(stop - data) : len) - used, err);
}

static int end_part(struct multipart *form, struct sb_error *err)
{
	bool was_in_part = form->in_part;

	form->in_part = false;
	form->matched = form->assumed = 0;
	return was_in_part ? form->on_part_end(form, err) : 0;
}

/* The byte after a delimiter: it makes it one, or shows that the line only begins like it. */
static int feed_delimited(struct multipart *form, char byte, size_t *ret_used, struct sb_error *err)
{
	switch (byte) {
	case '-':
		form->state = STATE_CLOSING;
		break;
	case ' ':
	case '\t':
		form->state = STATE_PADDING;
		break;
	case '\r':
		form->state = STATE_LINE_FEED;
		break;
	case '\n':
		form->state = STATE_HEAD;
		break;
	default:
		form->state = STATE_BODY;
		*ret_used = 0;
		return give_matched(form, err);
	}
	return end_part(form, err);
}

/* The value of header `name` in the gathered lines, which are NUL-terminated one by one; or NULL. */
static const char *head_find(const struct buf *head, const char *name)
{
	size_t name_len = strlen(name);

	for (size_t at = 0; at < head->len; at += strlen(head->data + at) + 1) {
		const char *line = head->data + at;

		if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':')
			return skip_blanks(line + name_len + 1);
	}
	return NULL;
}

static int begin_part(struct multipart *form, struct sb_error *err)
{
	const char *disposition = head_find(&form->head, "Content-Disposition");
	CLEANUP_FREE char *name = disposition ? multipart_param(disposition, "name") : NULL;
	CLEANUP_FREE char *filename = disposition ? multipart_param(disposition, "filename") : NULL;

	buf_reset(&form->head);
	form->state = STATE_BODY;
	form->in_part = true;
	form->matched = form->assumed = 2; /* an empty part may have no line of its own */
	return form->on_part(form, name, filename, err);
}

/* One byte of a part's header lines. Each line is kept without its end, closed by a NUL. */
static int feed_head(struct multipart *form, char byte, struct sb_error *err)
{
	struct buf *head = &form->head;

	if (byte == '\0')
		return sb_fail(err, SB_SANDBOX, "multipart: NUL in the head of a part");
	if (byte != '\n') {
		buf_add(head, &byte, 1);
	} else {
		if (head->len > 0 && head->data[head->len - 1] == '\r')
			head->data[--head->len] = '\0';
		if (head->len == 0 || head->data[head->len - 1] == '\0')
			return begin_part(form, err);
		buf_add(head, "", 1);
	}
	if (head->failed)
		return sb_fail(err, SB_SANDBOX, "multipart: the head of a part is too long");
	return 0;
}

/* What follows a delimiter on its line. */
static int feed_line_end(struct multipart *form, char byte, struct sb_error *err)
{
	if (form->state == STATE_CLOSING && byte == '-')
		form->state = STATE_EPILOGUE;
	else if (form->state == STATE_PADDING && (byte == ' ' || byte == '\t'))
		form->state = STATE_PADDING;
	else if (form->state == STATE_PADDING && byte == '\r')
		form->state = STATE_LINE_FEED;
	else if (form->state != STATE_CLOSING && byte == '\n')
		form->state = STATE_HEAD;
	else
		return sb_fail(err, SB_SANDBOX, "multipart: malformed line after a boundary");
	return 0;
}

static int feed_some(struct multipart *form, const char *data, size_t len, size_t *ret_used,
		     struct sb_error *err)
{
	*ret_used = 1;
	switch ((enum state)form->state) {
	case STATE_BODY:
		return feed_body(form, data, len, ret_used, err);
	case STATE_DELIMITED:
		return feed_delimited(form, *data, ret_used, err);
	case STATE_CLOSING:
	case STATE_PADDING:
	case STATE_LINE_FEED:
		return feed_line_end(form, *data, err);
	case STATE_HEAD:
		return feed_head(form, *data, err);
	case STATE_EPILOGUE:
		*ret_used = len;
		return 0;
	}
	abort();
}

int multipart_feed(struct multipart *form, const char *data, size_t len, struct sb_error *err)
{
	while (len > 0) {
		size_t used;

		if (feed_some(form, data, len, &used, err) < 0)
			return -1;
		data += used;
		len -= used;
	}
	return 0;
}

int multipart_end(struct multipart *form, struct sb_error *err)
{
	if (form->state != STATE_EPILOGUE)
		return sb_fail(err, SB_SANDBOX, "multipart: unexpected end of the form");
	return 0;
}
