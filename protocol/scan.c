/*
 * A scanner for strict JSON: recursive descent of bounded depth, no tree, no copies.
 * Member names of the objects that are open are kept as hashes with their places, to find duplicates.
 */
#include "config.h"

#include "protocol/scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/hex.h"
#include "protocol/utf8.h"

struct member {
	uint64_t hash;    /* of the decoded name */
	const char *name; /* raw, after the opening quote */
	size_t len;
};

struct scanner {
	const char *text;
	const char *at;
	const char *end;
	unsigned depth;
	struct member *members; /* a stack: those of the innermost open object are on top */
	size_t count;
	size_t size;
	struct sb_error *err;
};

static int scan_value(struct scanner *s);

static int scan_fail(const struct scanner *s, const char *what)
{
	return sb_fail(s->err, SB_PARSE, "not JSON: %s at byte %zu", what,
		       (size_t)(s->at - s->text));
}

static void skip_space(struct scanner *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

static bool next_is(const struct scanner *s, char c)
{
	return s->at < s->end && *s->at == c;
}

/* Four hex digits at `at`; -1 when they are not there. */
static int32_t read_hex4(const char *at, const char *end)
{
	int32_t value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_value(at[i]);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/*
 * One character of a string, escaped or not, at *at: its code point, with *at moved behind it. -1 when
 * it is malformed. Plain characters of several bytes are given byte by byte, having been checked.
 */
static int32_t read_char(const char **at, const char *end)
{
	static const char plain[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	const char *found;
	int32_t high, low;

	if (**at != '\\')
		return (unsigned char)*(*at)++;
	if (end - *at < 2)
		return -1;
	if ((*at)[1] != 'u') {
		found = strchr(plain, (*at)[1]);
		if (!found || (*at)[1] == '\0')
			return -1;
		*at += 2;
		return values[found - plain];
	}
	high = read_hex4(*at + 2, end);
	if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
		return -1;
	*at += 6;
	if (high < 0xd800 || high > 0xdbff)
		return high;
	if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
		return -1;
	low = read_hex4(*at + 2, end);
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	*at += 6;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* UTF-8 of `c` to `out`; returns its length. Values below 256 from read_char() may be raw bytes. */
static size_t encode_char(int32_t c, bool is_raw, unsigned char *out)
{
	if (is_raw || c < 0x80) {
		out[0] = (unsigned char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (unsigned char)(0xc0 | c >> 6);
		out[1] = (unsigned char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (unsigned char)(0xe0 | c >> 12);
		out[1] = (unsigned char)(0x80 | (c >> 6 & 63));
		out[2] = (unsigned char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (unsigned char)(0xf0 | c >> 18);
	out[1] = (unsigned char)(0x80 | (c >> 12 & 63));
	out[2] = (unsigned char)(0x80 | (c >> 6 & 63));
	out[3] = (unsigned char)(0x80 | (c & 63));
	return 4;
}

/* The next decoded bytes of a checked string, 1 to 4; 0 at its end. */
static size_t decode_next(const char **at, const char *end, unsigned char *out)
{
	bool is_raw;

	if (*at >= end)
		return 0;
	is_raw = **at != '\\';
	return encode_char(read_char(at, end), is_raw, out);
}

/* A NUL in it, which json-c would take for its end, shows in *ret_has_nul. */
static uint64_t hash_name(const char *name, size_t len, bool *ret_has_nul)
{
	const char *at = name;
	uint64_t hash = 14695981039346656037u; /* FNV-1a */
	unsigned char bytes[4];
	size_t n;

	*ret_has_nul = false;
	while ((n = decode_next(&at, name + len, bytes)) > 0) {
		*ret_has_nul |= bytes[0] == '\0';
		for (size_t i = 0; i < n; i++)
			hash = (hash ^ bytes[i]) * 1099511628211u;
	}
	return hash;
}

/* Byte by byte, since an escape on one side may stand for raw bytes on the other. */
static bool names_equal(const struct member *a, const struct member *b)
{
	const char *left = a->name, *right = b->name;
	unsigned char left_bytes[4], right_bytes[4];
	size_t left_len = 0, right_len = 0, i = 0, j = 0;

	for (;; i++, j++) {
		if (i == left_len) {
			left_len = decode_next(&left, a->name + a->len, left_bytes);
			i = 0;
		}
		if (j == right_len) {
			right_len = decode_next(&right, b->name + b->len, right_bytes);
			j = 0;
		}
		if (left_len == 0 || right_len == 0)
			return left_len == right_len;
		if (left_bytes[i] != right_bytes[j])
			return false;
	}
}

static int compare_members(const void *left, const void *right)
{
	const struct member *a = left, *b = right;

	return (a->hash > b->hash) - (a->hash < b->hash);
}

/* The object whose members begin at `first` ends: no name may stand twice. */
static int close_object(struct scanner *s, size_t first)
{
	struct member *members;
	size_t count = s->count - first;

	s->count = first;
	if (count < 2)
		return 0;
	members = s->members + first;
	qsort(members, count, sizeof(*members), compare_members);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count && members[j].hash == members[i].hash; j++) {
			if (names_equal(&members[i], &members[j]))
				return sb_fail(
					s->err, SB_PARSE,
					"not JSON: member \"%.*s\" stands twice in one object",
					(int)(members[i].len > 64 ? 64 : members[i].len),
					members[i].name);
		}
	}
	return 0;
}

static int add_member(struct scanner *s, const char *name, size_t len)
{
	bool has_nul;
	uint64_t hash = hash_name(name, len, &has_nul);

	if (has_nul)
		return scan_fail(s, "a NUL character in a member's name");
	if (s->count == SCAN_MEMBERS_MAX)
		return sb_fail(s->err, SB_TOO_LARGE,
			       "more than %d members in the objects of one line", SCAN_MEMBERS_MAX);
	if (s->count == s->size) {
		size_t size = s->size ? s->size * 2 : 16;
		struct member *members = realloc(s->members, size * sizeof(*members));

		if (!members)
			return sb_fail_errno(s->err, SB_INTERNAL, ENOMEM, "reading JSON");
		s->members = members;
		s->size = size;
	}
	s->members[s->count++] = (struct member){hash, name, len};
	return 0;
}

/* A string, at its opening quote. Gives the raw text between the quotes. */
static int scan_string(struct scanner *s, const char **ret_text, size_t *ret_len)
{
	const char *start;

	if (!next_is(s, '"'))
		return scan_fail(s, "a string was expected");
	start = ++s->at;
	while (s->at < s->end && *s->at != '"') {
		unsigned char c = (unsigned char)*s->at;

		if (c < 0x20)
			return scan_fail(s, "a raw control character in a string");
		if (c == '\\') {
			if (read_char(&s->at, s->end) < 0)
				return scan_fail(s, "a bad escape in a string");
		} else if (c < 0x80) {
			s->at++;
		} else {
			size_t n = utf8_char_len(s->at, (size_t)(s->end - s->at));

			if (n == 0)
				return scan_fail(s, "bytes that are not UTF-8");
			s->at += n;
		}
	}
	if (s->at == s->end)
		return scan_fail(s, "a string without an end");
	*ret_text = start;
	*ret_len = (size_t)(s->at - start);
	s->at++;
	return 0;
}

static bool skip_digits(struct scanner *s)
{
	const char *start = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > start;
}

/* An integer must fit in int64_t or uint64_t: json-c would clamp it in silence. */
static int check_integer(struct scanner *s, const char *start)
{
	char digits[24];
	size_t len = (size_t)(s->at - start);

	if (len >= sizeof(digits))
		return scan_fail(s, "an integer of more than 64 bits");
	memcpy(digits, start, len);
	digits[len] = '\0';
	errno = 0;
	if (*digits == '-')
		(void)strtoll(digits, NULL, 10);
	else
		(void)strtoull(digits, NULL, 10);
	return errno ? scan_fail(s, "an integer of more than 64 bits") : 0;
}

static int scan_number(struct scanner *s)
{
	const char *start = s->at;
	bool is_integer = true;

	if (next_is(s, '-'))
		s->at++;
	if (next_is(s, '0'))
		s->at++;
	else if (!skip_digits(s))
		return scan_fail(s, "a value was expected");
	if (next_is(s, '.')) {
		is_integer = false;
		s->at++;
		if (!skip_digits(s))
			return scan_fail(s, "a number without digits after its point");
	}
	if (next_is(s, 'e') || next_is(s, 'E')) {
		is_integer = false;
		s->at++;
		if (next_is(s, '+') || next_is(s, '-'))
			s->at++;
		if (!skip_digits(s))
			return scan_fail(s, "a number without digits in its exponent");
	}
	return is_integer ? check_integer(s, start) : 0;
}

static int scan_word(struct scanner *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return scan_fail(s, "a value was expected");
	s->at += len;
	return 0;
}

static int scan_members(struct scanner *s)
{
	const char *name;
	size_t len;

	for (;;) {
		skip_space(s);
		if (scan_string(s, &name, &len) < 0 || add_member(s, name, len) < 0)
			return -1;
		skip_space(s);
		if (!next_is(s, ':'))
			return scan_fail(s, "':' was expected");
		s->at++;
		if (scan_value(s) < 0)
			return -1;
		if (!next_is(s, ','))
			return 0;
		s->at++;
	}
}

static int scan_object(struct scanner *s)
{
	size_t first = s->count;

	s->at++;
	skip_space(s);
	if (!next_is(s, '}') && scan_members(s) < 0)
		return -1;
	if (!next_is(s, '}'))
		return scan_fail(s, "',' or '}' was expected");
	s->at++;
	return close_object(s, first);
}

static int scan_array(struct scanner *s)
{
	s->at++;
	skip_space(s);
	if (next_is(s, ']')) {
		s->at++;
		return 0;
	}
	for (;;) {
		if (scan_value(s) < 0)
			return -1;
		if (!next_is(s, ','))
			break;
		s->at++;
	}
	if (!next_is(s, ']'))
		return scan_fail(s, "',' or ']' was expected");
	s->at++;
	return 0;
}

static int scan_nested(struct scanner *s)
{
	int result;

	if (s->depth == SCAN_DEPTH_MAX)
		return scan_fail(s, "nested deeper than 64 levels");
	s->depth++;
	result = *s->at == '{' ? scan_object(s) : scan_array(s);
	s->depth--;
	return result;
}

/* A value with white space around it. */
static int scan_value(struct scanner *s)
{
	const char *text;
	size_t len;
	int result;

	skip_space(s);
	if (s->at == s->end)
		return scan_fail(s, "the text ends too early");
	switch (*s->at) {
	case '{':
	case '[':
		result = scan_nested(s);
		break;
	case '"':
		result = scan_string(s, &text, &len);
		break;
	case 't':
		result = scan_word(s, "true");
		break;
	case 'f':
		result = scan_word(s, "false");
		break;
	case 'n':
		result = scan_word(s, "null");
		break;
	default:
		result = scan_number(s);
		break;
	}
	skip_space(s);
	return result;
}

int scan_json(const char *text, size_t len, struct sb_error *err)
{
	struct scanner s = {.text = text, .at = text, .end = text + len, .err = err};
	int result = scan_value(&s);

	if (result == 0 && s.at != s.end)
		result = scan_fail(&s, "something follows the value");
	free(s.members);
	return result;
}
