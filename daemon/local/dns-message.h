/*
 * DNS messages (RFC 1035, 6891) as the relay needs them: what a question is, whether an answer belongs to it, short
 * answers of our own, and addresses out of an answer. All of it reads hostile bytes: nothing is allocated, no
 * length is believed, and no loop is longer than the message.
 */
#ifndef SP_LOCAL_DNS_MESSAGE_H
#define SP_LOCAL_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_PORT        53
#define DNS_HEADER_SIZE 12
#define DNS_QUERY_MAX   1232 /* of a question with its options */
#define DNS_MESSAGE_MAX 65535
#define DNS_NAME_SIZE   256

enum dns_code {
	DNS_NO_ERROR = 0,
	DNS_FORMAT_ERROR = 1,
	DNS_SERVER_FAILURE = 2,
	DNS_NOT_IMPLEMENTED = 4,
	DNS_REFUSED = 5,
};

struct dns_question {
	size_t end;               /* of header and question, in the message */
	size_t datagram_max;      /* the largest answer that the asker takes in one datagram */
	char name[DNS_NAME_SIZE]; /* small letters; "" for the root and for what is no host name */
};

/*
 * Read a question of `len` bytes. DNS_NO_ERROR: it is one, in *ret. Another code: what to answer, ret->end bytes of
 * it being sound. -1: not to be answered.
 */
int dns_read_question(const uint8_t *data, size_t len, struct dns_question *ret);

/* Whether `data` is an answer to `query`, whose question ends at `end`; ids are compared too. */
bool dns_is_answer(const uint8_t *data, size_t len, const uint8_t *query, size_t end);

/* Turn header and question, `end` bytes, into an answer without records. */
void dns_make_answer(uint8_t *message, size_t end, enum dns_code code, bool is_truncated);

/* A question for the IPv4 addresses of `name`; its length, or 0 when it is no name. Its id is 0. */
size_t dns_make_question(const char *name, uint8_t message[DNS_QUERY_MAX]);

/*
 * Addresses (host order) of the name that was asked for, along its aliases: at most `most`, in the answer's order.
 * `data` is an answer to the question.
 */
size_t dns_read_addresses(const uint8_t *data, size_t len, const struct dns_question *question,
			  uint32_t *ret, size_t most);

static inline uint16_t dns_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void dns_put16(uint8_t *at, uint16_t number)
{
	at[0] = (uint8_t)(number >> 8);
	at[1] = (uint8_t)number;
}

#endif
