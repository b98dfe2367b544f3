/* DNS messages: reading and making them. */
#include "config.h"

#include "daemon/local/dns-message.h"

#include <string.h>

#define FLAG_ANSWER    0x80 /* third byte of the header */
#define OPCODE_MASK    0x78
#define FLAG_TRUNCATED 0x02
#define FLAG_RECURSION 0x01 /* desired */
#define FLAG_RECURSES  0x80 /* fourth byte: available */
#define CODE_MASK      0x0f
#define LABEL_MAX      63
#define TYPE_A         1
#define TYPE_CNAME     5
#define TYPE_OPT       41
#define CLASS_IN       1
#define RECORD_SIZE    10 /* behind its name: type, class, time to live, length */
#define ADDITIONAL_MAX 2
#define DATAGRAM_MIN   512
#define DATAGRAM_MAX   4096
#define ALIASES_MAX    16

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_host_byte(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

static uint8_t small(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

/*
 * The name at `at`, and where what follows it begins; 0 when it is none. A pointer must lead backwards, past
 * none that was followed before, so this ends. Names that are none of hosts are "".
 */
static size_t read_name(const uint8_t *data, size_t len, size_t at, bool pointers,
			char ret[DNS_NAME_SIZE])
{
	size_t used = 0, end = 0, bound = at;
	bool is_odd = false;

	for (;;) {
		size_t label;

		if (at >= len)
			return 0;
		label = data[at];
		if (label == 0)
			break;
		if ((label & 0xc0) == 0xc0 && pointers && at + 1 < len) {
			size_t target = (label & 0x3f) << 8 | data[at + 1];

			if (target >= bound)
				return 0;
			end = end ? end : at + 2;
			at = bound = target;
			continue;
		}
		if (label > LABEL_MAX || label >= len - at || used + label + 1 >= DNS_NAME_SIZE - 1)
			return 0;
		for (size_t i = 1; i <= label; i++) {
			is_odd = is_odd || !is_host_byte(data[at + i]);
			ret[used++] = (char)small(data[at + i]);
		}
		ret[used++] = '.';
		at += label + 1;
	}
	ret[used && !is_odd ? used - 1 : 0] = '\0';
	return end ? end : at + 1;
}

/* ---- questions ------------------------------------------------------------------------------- */

/* Options say how large a datagram may be. False when what follows the question is not sound. */
static bool read_additional(const uint8_t *data, size_t len, unsigned count,
			    struct dns_question *ret)
{
	size_t at = ret->end;

	for (unsigned i = 0; i < count; i++) {
		char name[DNS_NAME_SIZE];
		size_t record = read_name(data, len, at, true, name), size;

		if (record == 0 || len - record < RECORD_SIZE)
			return false;
		if (dns_get16(data + record) == TYPE_OPT) {
			size = dns_get16(data + record + 2);
			if (size > DATAGRAM_MAX)
				size = DATAGRAM_MAX;
			if (size > ret->datagram_max)
				ret->datagram_max = size;
		}
		at = record + RECORD_SIZE;
		size = dns_get16(data + at - 2);
		if (size > len - at)
			return false;
		at += size;
	}
	return at == len;
}

int dns_read_question(const uint8_t *data, size_t len, struct dns_question *ret)
{
	unsigned additional;
	size_t end;

	if (len < DNS_HEADER_SIZE || (data[2] & FLAG_ANSWER))
		return -1;
	*ret = (struct dns_question){.end = DNS_HEADER_SIZE, .datagram_max = DATAGRAM_MIN};
	if (data[2] & OPCODE_MASK)
		return DNS_NOT_IMPLEMENTED;
	if (len > DNS_QUERY_MAX || (data[2] & FLAG_TRUNCATED) || dns_get16(data + 4) != 1 ||
	    dns_get16(data + 6) != 0 || dns_get16(data + 8) != 0)
		return DNS_FORMAT_ERROR;
	end = read_name(data, len, DNS_HEADER_SIZE, false, ret->name);
	if (end == 0 || len - end < 4)
		return DNS_FORMAT_ERROR;
	ret->end = end + 4;
	additional = dns_get16(data + 10);
	if (additional > ADDITIONAL_MAX || !read_additional(data, len, additional, ret))
		return DNS_FORMAT_ERROR;
	return DNS_NO_ERROR;
}

size_t dns_make_question(const char *name, uint8_t message[DNS_QUERY_MAX])
{
	size_t at = DNS_HEADER_SIZE;

	if (strlen(name) > DNS_NAME_SIZE - 3)
		return 0;
	memset(message, 0, DNS_HEADER_SIZE);
	message[2] = FLAG_RECURSION;
	dns_put16(message + 4, 1);
	while (*name) {
		size_t label = strcspn(name, ".");

		if (label == 0 || label > LABEL_MAX)
			return 0;
		message[at++] = (uint8_t)label;
		for (size_t i = 0; i < label; i++) {
			if (!is_host_byte((uint8_t)name[i]))
				return 0;
			message[at++] = (uint8_t)name[i];
		}
		name += label + (name[label] == '.');
	}
	message[at++] = 0;
	dns_put16(message + at, TYPE_A);
	dns_put16(message + at + 2, CLASS_IN);
	return at + 4;
}

/* ---- answers --------------------------------------------------------------------------------- */

bool dns_is_answer(const uint8_t *data, size_t len, const uint8_t *query, size_t end)
{
	if (len < DNS_HEADER_SIZE || memcmp(data, query, 2) != 0 || !(data[2] & FLAG_ANSWER) ||
	    (data[2] & OPCODE_MASK) != (query[2] & OPCODE_MASK))
		return false;
	/* A server that did not understand may leave the question out. */
	if (dns_get16(data + 4) == 0)
		return len == DNS_HEADER_SIZE && (data[3] & CODE_MASK) != DNS_NO_ERROR;
	if (dns_get16(data + 4) != 1 || len < end)
		return false;
	for (size_t i = DNS_HEADER_SIZE; i < end; i++) {
		if (small(data[i]) != small(query[i]))
			return false;
	}
	return true;
}

void dns_make_answer(uint8_t *message, size_t end, enum dns_code code, bool is_truncated)
{
	message[2] = (uint8_t)(FLAG_ANSWER | (message[2] & (OPCODE_MASK | FLAG_RECURSION)) |
			       (is_truncated ? FLAG_TRUNCATED : 0));
	message[3] = (uint8_t)(FLAG_RECURSES | code);
	memset(message + 4, 0, 8);
	dns_put16(message + 4, end > DNS_HEADER_SIZE);
}

/* Records come in the order of the aliases from every resolver (RFC 1034 §3.6.2), so one walk finds all. */
size_t dns_read_addresses(const uint8_t *data, size_t len, const struct dns_question *question,
			  uint32_t *ret, size_t most)
{
	unsigned left = len < question->end ? 0 : dns_get16(data + 6), aliases = 0;
	size_t at = question->end, count = 0;
	char name[DNS_NAME_SIZE], owner[DNS_NAME_SIZE];

	memcpy(name, question->name, sizeof(name));
	for (; left > 0 && count < most; left--) {
		size_t record = read_name(data, len, at, true, owner), size;

		if (record == 0 || len - record < RECORD_SIZE)
			return count;
		at = record + RECORD_SIZE;
		size = dns_get16(data + at - 2);
		if (size > len - at)
			return count;
		if (*owner && strcmp(owner, name) == 0 &&
		    dns_get16(data + record + 2) == CLASS_IN) {
			unsigned type = dns_get16(data + record);

			if (type == TYPE_A && size == 4)
				ret[count++] = (uint32_t)dns_get16(data + at) << 16 |
					       dns_get16(data + at + 2);
			else if (type == TYPE_CNAME && (aliases++ >= ALIASES_MAX ||
							read_name(data, len, at, true, name) == 0))
				return count;
		}
		at += size;
	}
	return count;
}
