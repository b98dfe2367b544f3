/* DNS messages: questions as resolvers send them, answers along aliases, and what is none; resolv.conf. */
#include "config.h"

#include "daemon/local/dns-message.h"

#include <arpa/inet.h>
#include <string.h>

#include "daemon/local/dns-upstream.h"
#include "protocol/cleanup.h"
#include "tests/unit/unit.h"

#define WEB_TEST "\3Web\4test"

struct bytes {
	const char *data;
	size_t len;
};

#define BYTES(literal)                                                                             \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

static int read_bytes(const struct bytes *bytes, struct dns_question *ret)
{
	return dns_read_question((const uint8_t *)bytes->data, bytes->len, ret);
}

static void test_questions(void **state)
{
	static const struct {
		struct bytes message;
		const char *name;
		size_t datagram_max;
	} cases[] = {
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0\0" WEB_TEST "\0\0\1\0\1"), "web.test", 512},
		{BYTES("\1\2\1\40\0\1\0\0\0\0\0\1" WEB_TEST "\0\0\34\0\1"
		       "\0\0\51\4\320\0\0\0\0\0\0"),
		 "web.test", 1232},
		{BYTES("\1\2\1\40\0\1\0\0\0\0\0\1" WEB_TEST "\0\0\34\0\1"
		       "\0\0\51\377\377\0\0\0\0\0\0"),
		 "web.test", 4096},
		{BYTES("\1\2\1\40\0\1\0\0\0\0\0\1" WEB_TEST "\0\0\34\0\1"
		       "\0\0\51\0\1\0\0\0\0\0\4\0\12\0\0"),
		 "web.test", 512},
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1"), "", 512},
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0\0\3a.b\4test\0\0\1\0\1"), "", 512},
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0\0\4_tcp\1a\0\0\1\0\1"), "_tcp.a", 512},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dns_question question;

		assert_int_equal(read_bytes(&cases[i].message, &question), DNS_NO_ERROR);
		assert_string_equal(question.name, cases[i].name);
		assert_int_equal(question.datagram_max, cases[i].datagram_max);
	}
}

static void test_what_is_no_question(void **state)
{
	static const struct {
		struct bytes message;
		int result;
	} cases[] = {
		{BYTES(""), -1},
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0"), -1},
		{BYTES("\1\2\201\0\0\1\0\0\0\0\0\0" WEB_TEST "\0\0\1\0\1"), -1},
		{BYTES("\1\2\51\0\0\1\0\0\0\0\0\0" WEB_TEST "\0\0\1\0\1"), DNS_NOT_IMPLEMENTED},
		{BYTES("\1\2\1\0\0\0\0\0\0\0\0\0"), DNS_FORMAT_ERROR},
		{BYTES("\1\2\3\0\0\1\0\0\0\0\0\0" WEB_TEST "\0\0\1\0\1"), DNS_FORMAT_ERROR},
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0\0" WEB_TEST "\0\0\1\0"), DNS_FORMAT_ERROR},
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0\0" WEB_TEST), DNS_FORMAT_ERROR},
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0\0" WEB_TEST "\0\0\1\0\1x"), DNS_FORMAT_ERROR},
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0\0\300\14\0\1\0\1"), DNS_FORMAT_ERROR},
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0\0\100x\0\0\1\0\1"), DNS_FORMAT_ERROR},
		{BYTES("\1\2\1\0\0\1\0\1\0\0\0\0" WEB_TEST "\0\0\1\0\1"), DNS_FORMAT_ERROR},
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0\1" WEB_TEST "\0\0\1\0\1"
		       "\0\0\51\4\320\0\0\0\0\0\1"),
		 DNS_FORMAT_ERROR},
		{BYTES("\1\2\1\0\0\1\0\0\0\0\0\3" WEB_TEST "\0\0\1\0\1"), DNS_FORMAT_ERROR},
	};
	struct dns_question question;
	uint8_t long_name[DNS_HEADER_SIZE + 300] = {[2] = 1, [5] = 1};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(read_bytes(&cases[i].message, &question), cases[i].result);
	for (size_t i = 0; i < 140; i++) {
		long_name[DNS_HEADER_SIZE + 2 * i] = 1;
		long_name[DNS_HEADER_SIZE + 2 * i + 1] = 'x';
	}
	assert_int_equal(dns_read_question(long_name, sizeof(long_name), &question),
			 DNS_FORMAT_ERROR);
}

/* The question for web.test, and `records`, which starts at offset 26. */
static size_t make_answer(uint8_t *message, const struct bytes *records, uint8_t count,
			  struct dns_question *question)
{
	size_t len = dns_make_question("web.test", message);

	assert_int_equal(len, 26);
	assert_int_equal(dns_read_question(message, len, question), DNS_NO_ERROR);
	dns_make_answer(message, len, DNS_NO_ERROR, false);
	message[7] = count;
	memcpy(message + len, records->data, records->len);
	return len + records->len;
}

static void test_addresses(void **state)
{
	static const struct {
		struct bytes records;
		uint8_t count;
		size_t addresses;
		uint32_t first;
	} cases[] = {
		{BYTES("\300\14\0\1\0\1\0\0\0\1\0\4\1\2\3\4"), 1, 1, 0x01020304},
		{BYTES("\300\14\0\1\0\1\0\0\0\1\0\4\1\2\3\4\300\14\0\1\0\1\0\0\0\1\0\4\5\6\7\10"),
		 2, 2, 0x01020304},
		/* an alias, and its address */
		{BYTES("\300\14\0\5\0\1\0\0\0\1\0\2\300\20\300\20\0\1\0\1\0\0\0\1\0\4\1\2\3\4"), 2,
		 1, 0x01020304},
		/* somebody else's address */
		{BYTES("\1x\0\0\1\0\1\0\0\0\1\0\4\1\2\3\4"), 1, 0, 0},
		/* lengths and pointers that lie */
		{BYTES("\300\14\0\1\0\1\0\0\0\1\0\5\1\2\3\4"), 1, 0, 0},
		{BYTES("\300\32\0\1\0\1\0\0\0\1\0\4\1\2\3\4"), 1, 0, 0},
		{BYTES("\300\60\0\1\0\1\0\0\0\1\0\4\1\2\3\4"), 1, 0, 0},
		{BYTES("\300\14\0\1\0\1\0\0\0\1\0\4\1\2\3\4"), 200, 1, 0x01020304},
		{BYTES("\300\14\0\5\0\1\0\0\0\1\0\2\300\14"), 1, 0, 0},
		{BYTES(""), 9, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t message[DNS_QUERY_MAX];
		struct dns_question question;
		uint32_t addresses[4] = {0};
		size_t len = make_answer(message, &cases[i].records, cases[i].count, &question);

		assert_int_equal(dns_read_addresses(message, len, &question, addresses, 4),
				 cases[i].addresses);
		assert_int_equal(addresses[0], cases[i].first);
	}
}

static void test_answers_belong_to_questions(void **state)
{
	uint8_t query[DNS_QUERY_MAX], answer[DNS_QUERY_MAX];
	size_t len = dns_make_question("web.test", query);

	(void)state;
	dns_put16(query, 0x1234);
	memcpy(answer, query, len);
	assert_false(dns_is_answer(answer, len, query, len));
	dns_make_answer(answer, len, DNS_SERVER_FAILURE, true);
	assert_true(dns_is_answer(answer, len, query, len));
	answer[13] = 'W'; /* letters of either case are the same */
	assert_true(dns_is_answer(answer, len, query, len));
	assert_false(dns_is_answer(answer, len - 1, query, len));
	answer[13] = 'x';
	assert_false(dns_is_answer(answer, len, query, len));
	answer[13] = 'w';
	answer[0]++;
	assert_false(dns_is_answer(answer, len, query, len));
	answer[0]--;
	answer[5] = 0; /* no question: an error may have none */
	assert_true(dns_is_answer(answer, DNS_HEADER_SIZE, query, len));
	answer[3] = 0;
	assert_false(dns_is_answer(answer, DNS_HEADER_SIZE, query, len));
	assert_int_equal(dns_make_question("a..b", query), 0);
	assert_int_equal(dns_make_question("a b", query), 0);
}

static void test_resolv_conf(void **state)
{
	struct dns_resolvers got;
	char text[INET6_ADDRSTRLEN];
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	dns_resolvers_parse("# x\nsearch a b\nnameserver 127.0.0.53\n;nameserver 9.9.9.9\n"
			    "nameserver nonsense\n\tnameserver\t2001:db8::1 \noptions edns0\n"
			    "nameserver fe80::1%lo\nnameserver 1.1.1.1\ndomain c.d\n\nnameserver",
			    fd, &got);
	assert_int_equal(got.count, 3);
	assert_string_equal(inet_ntop(AF_INET6, &got.servers[0].sin6_addr, text, sizeof(text)),
			    "::ffff:127.0.0.53");
	assert_string_equal(inet_ntop(AF_INET6, &got.servers[1].sin6_addr, text, sizeof(text)),
			    "2001:db8::1");
	assert_int_equal(got.servers[2].sin6_scope_id, 1);
	dns_resolvers_parse("", fd, &got);
	assert_int_equal(got.count, 0);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_what_is_no_question),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_answers_belong_to_questions),
		cmocka_unit_test(test_resolv_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
