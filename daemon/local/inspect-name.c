/* Names in first bytes. */
#include "config.h"

#include "daemon/local/inspect-name.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define LABEL_MAX 63

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Labels with a dot between; the last one has a letter, which no address has. */
static bool take_name(const char *text, size_t len, char ret[INSPECT_NAME_SIZE])
{
	size_t label = 0;
	bool has_letter = false;

	if (len == 0 || len > INSPECT_NAME_SIZE - 3)
		return false;
	for (size_t i = 0; i < len; i++) {
		char byte = text[i];

		if (byte == '.' ? label == 0 : ++label > LABEL_MAX)
			return false;
		if (byte == '.') {
			label = 0;
			has_letter = false;
		} else if (is_letter(byte)) {
			has_letter = true;
		} else if (!is_digit(byte) && byte != '-' && byte != '_') {
			return false;
		}
		ret[i] = (char)(is_letter(byte) ? byte | 0x20 : byte);
	}
	ret[len] = '\0';
	return label > 0 && has_letter;
}

/* ---- TLS ------------------------------------------------------------------------------------- */

#define RECORD_HEADER    5
#define RECORD_HANDSHAKE 22
#define HANDSHAKE_HEADER 4
#define CLIENT_HELLO     1
#define EXTENSION_NAME   0
#define NAME_OF_HOST     0

struct cursor { /* reading past the end makes it broken, for good */
	const uint8_t *at;
	size_t left;
	bool is_broken;
};

static const uint8_t *take_bytes(struct cursor *cursor, size_t len)
{
	const uint8_t *at = cursor->at;

	if (cursor->is_broken || len > cursor->left) {
		cursor->is_broken = true;
		return NULL;
	}
	cursor->at += len;
	cursor->left -= len;
	return at;
}

static size_t take_number(struct cursor *cursor, unsigned bytes)
{
	const uint8_t *at = take_bytes(cursor, bytes);
	size_t number = 0;

	for (unsigned i = 0; at && i < bytes; i++)
		number = number << 8 | at[i];
	return number;
}

/* A run of bytes whose length stands in front of it. */
static struct cursor take_vector(struct cursor *cursor, unsigned bytes)
{
	size_t len = take_number(cursor, bytes);
	const uint8_t *at = take_bytes(cursor, len);

	return (struct cursor){at, at ? len : 0, !at};
}

/* One name, of a host, and nothing else. */
static bool read_server_name(struct cursor extension, char ret[INSPECT_NAME_SIZE])
{
	struct cursor list = take_vector(&extension, 2), name;

	if (take_number(&list, 1) != NAME_OF_HOST)
		return false;
	name = take_vector(&list, 2);
	return !name.is_broken && list.left == 0 && extension.left == 0 &&
	       take_name((const char *)name.at, name.left, ret);
}

static bool read_hello(struct cursor hello, char ret[INSPECT_NAME_SIZE])
{
	struct cursor extensions;
	unsigned names = 0;

	(void)take_bytes(&hello, 2 + 32); /* version, random */
	(void)take_vector(&hello, 1);     /* session */
	(void)take_vector(&hello, 2);     /* ciphers */
	(void)take_vector(&hello, 1);     /* compressions */
	extensions = take_vector(&hello, 2);
	if (hello.is_broken || hello.left > 0)
		return false;
	while (extensions.left > 0) {
		size_t type = take_number(&extensions, 2);
		struct cursor extension = take_vector(&extensions, 2);

		if (extension.is_broken)
			return false;
		if (type == EXTENSION_NAME && (names++ > 0 || !read_server_name(extension, ret)))
			return false;
	}
	return !extensions.is_broken && names == 1;
}

/* The handshake's bytes, which may be spread over several records. */
enum inspect_result inspect_name_of_tls(const uint8_t *data, size_t len,
					char ret[INSPECT_NAME_SIZE])
{
	uint8_t hello[INSPECT_BYTES_MAX];
	size_t have = 0, want = HANDSHAKE_HEADER;

	while (have < want) {
		size_t record;

		if (len > 0 && data[0] != RECORD_HANDSHAKE)
			return INSPECT_NONE;
		if (len > 1 && data[1] != 3)
			return INSPECT_NONE;
		if (len < RECORD_HEADER)
			return INSPECT_MORE;
		record = (size_t)data[3] << 8 | data[4];
		if (record == 0 || record > sizeof(hello) - have)
			return INSPECT_NONE;
		if (len - RECORD_HEADER < record)
			return INSPECT_MORE;
		memcpy(hello + have, data + RECORD_HEADER, record);
		have += record;
		data += RECORD_HEADER + record;
		len -= RECORD_HEADER + record;
		if (hello[0] != CLIENT_HELLO)
			return INSPECT_NONE;
		if (have >= HANDSHAKE_HEADER)
			want = HANDSHAKE_HEADER +
			       ((size_t)hello[1] << 16 | (size_t)hello[2] << 8 | hello[3]);
		if (want > sizeof(hello))
			return INSPECT_NONE;
	}
	if (have != want)
		return INSPECT_NONE; /* no other message may follow it at once */
	return read_hello((struct cursor){hello + HANDSHAKE_HEADER, want - HANDSHAKE_HEADER, false},
			  ret)
		       ? INSPECT_FOUND
		       : INSPECT_NONE;
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

struct line {
	const char *at;
	size_t len;
};

static bool is_token(struct line text)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < text.len; i++) {
		char byte = text.at[i];

		if (!is_letter(byte) && !is_digit(byte) &&
		    !memchr(others, byte, sizeof(others) - 1))
			return false;
	}
	return text.len > 0;
}

/* What is in front of the byte, which is dropped; everything when there is none. */
static struct line split(struct line *rest, char byte)
{
	const char *found = memchr(rest->at, byte, rest->len);
	struct line front = {rest->at, found ? (size_t)(found - rest->at) : rest->len};
	size_t used = front.len + (found != NULL);

	*rest = (struct line){rest->at + used, rest->len - used};
	return front;
}

static struct line trim(struct line text)
{
	while (text.len > 0 && (*text.at == ' ' || *text.at == '\t'))
		text = (struct line){text.at + 1, text.len - 1};
	while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
		text.len--;
	return text;
}

static bool is_word(struct line text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.at, word, text.len) == 0;
}

/* HOST or HOST:PORT. */
static bool take_authority(struct line text, char ret[INSPECT_NAME_SIZE])
{
	struct line host = split(&text, ':');

	for (size_t i = 0; i < text.len; i++) {
		if (!is_digit(text.at[i]))
			return false;
	}
	return text.len <= 5 && take_name(host.at, host.len, ret);
}

/*
 * METHOD TARGET HTTP/1.x. A target may name the host as well, in *ret then; one that is nothing but a host is a
 * proxy's.
 */
static bool read_request_line(struct line line, char ret[INSPECT_NAME_SIZE])
{
	static const char scheme[] = "http://";
	const size_t scheme_len = sizeof(scheme) - 1;
	struct line method = split(&line, ' '), target = split(&line, ' ');

	*ret = '\0';
	if (!is_token(method) || is_word(method, "CONNECT") || target.len == 0)
		return false;
	if (!is_word(line, "HTTP/1.1") && !is_word(line, "HTTP/1.0"))
		return false;
	if (*target.at == '/' || is_word(target, "*"))
		return true;
	if (target.len < scheme_len || strncasecmp(target.at, scheme, scheme_len) != 0)
		return false;
	target = (struct line){target.at + scheme_len, target.len - scheme_len};
	for (size_t i = 0; i < target.len; i++) {
		if (memchr("/?#", target.at[i], 3))
			target.len = i;
	}
	return take_authority(target, ret);
}

/* The end of the line: CR and LF, and neither of them, or a NUL, anywhere else. False: there is none, or nonsense. */
static bool take_line(struct line *head, struct line *ret)
{
	*ret = split(head, '\n');
	if (ret->len == 0 || ret->at[ret->len - 1] != '\r')
		return false;
	ret->len--;
	return !memchr(ret->at, '\r', ret->len) && !memchr(ret->at, '\0', ret->len);
}

static bool read_head(struct line head, char ret[INSPECT_NAME_SIZE])
{
	char target[INSPECT_NAME_SIZE];
	struct line line;
	unsigned hosts = 0;

	if (!take_line(&head, &line) || !read_request_line(line, target))
		return false;
	while (head.len > 0) {
		struct line name;

		if (!take_line(&head, &line) || !memchr(line.at, ':', line.len))
			return false;
		name = split(&line, ':');
		if (!is_token(name))
			return false;
		if (is_word(name, "Host") && (hosts++ > 0 || !take_authority(trim(line), ret)))
			return false;
	}
	return hosts == 1 && (!*target || strcmp(target, ret) == 0);
}

enum inspect_result inspect_name_of_http(const uint8_t *data, size_t len,
					 char ret[INSPECT_NAME_SIZE])
{
	static const char end[] = "\r\n\r\n";
	const uint8_t *found = memmem(data, len, end, sizeof(end) - 1);

	if (len > 0 && !is_letter((char)data[0]))
		return INSPECT_NONE;
	if (!found)
		return len < INSPECT_BYTES_MAX ? INSPECT_MORE : INSPECT_NONE;
	return read_head((struct line){(const char *)data, (size_t)(found - data) + 2}, ret)
		       ? INSPECT_FOUND
		       : INSPECT_NONE;
}
