/* Names in the first bytes of connections: as clients send them, cut anywhere, and ambiguous. */
#include "config.h"

#include "daemon/local/inspect-name.h"

#include <string.h>

#include "protocol/cleanup.h"
#include "tests/unit/unit.h"

/* ---- HTTP ------------------------------------------------------------------------------------ */

static void test_http(void **state)
{
	static const struct {
		const char *head;
		enum inspect_result result;
		const char *name;
	} cases[] = {
		{"GET / HTTP/1.1\r\nHost: Web.Test\r\n\r\nbody", INSPECT_FOUND, "web.test"},
		{"GET / HTTP/1.1\r\nA: b\r\nhost:web.test:8080 \r\n\r\n", INSPECT_FOUND,
		 "web.test"},
		{"OPTIONS * HTTP/1.0\r\nHost: a-b_c.x1\r\n\r\n", INSPECT_FOUND, "a-b_c.x1"},
		{"GET http://web.test:80/x HTTP/1.1\r\nHost: web.test\r\n\r\n", INSPECT_FOUND,
		 "web.test"},
		{"", INSPECT_MORE, NULL},
		{"GET / HTTP/1.1\r\nHost: web.test\r\n", INSPECT_MORE, NULL},
		{"GET / HTTP/1.1\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nHost: a.b\r\nHost: a.b\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nHost: a.b\r\nHost : c.d\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nHost: a.b\r\n c.d\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nX: y\nHost: a.b\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nX: y\rHost: a.b\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\nHost: a.b\n\r\n\r\n", INSPECT_NONE, NULL},
		{"GET http://c.d/ HTTP/1.1\r\nHost: a.b\r\n\r\n", INSPECT_NONE, NULL},
		{"GET http://u@a.b/ HTTP/1.1\r\nHost: a.b\r\n\r\n", INSPECT_NONE, NULL},
		{"GET  / HTTP/1.1\r\nHost: a.b\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1 \r\nHost: a.b\r\n\r\n", INSPECT_NONE, NULL},
		{"CONNECT a.b:80 HTTP/1.1\r\nHost: a.b\r\n\r\n", INSPECT_NONE, NULL},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nHost: a.b, c.d\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nHost: a.b.\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nHost:\r\n\r\n", INSPECT_NONE, NULL},
		{"GET / HTTP/1.1\r\nHost: a.b:80x\r\n\r\n", INSPECT_NONE, NULL},
		{"\x16\x03\x01", INSPECT_NONE, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[INSPECT_NAME_SIZE];
		const char *head = cases[i].head;

		assert_int_equal(inspect_name_of_http((const uint8_t *)head, strlen(head), name),
				 cases[i].result);
		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
	}
}

/* ---- TLS ------------------------------------------------------------------------------------- */

#define FRONT                                                                                      \
	"\3\3"                                                                                     \
	"01234567890123456789012345678901\0\0\2\x13\1\1\0"
#define SNI "\0\0\0\15\0\13\0\0\10Web.Test"

/* A hello with those extensions, in records of at most `most` bytes. */
static size_t make_hello(const char *extensions, size_t len, size_t most, uint8_t *ret)
{
	uint8_t hello[1024];
	const size_t front = sizeof(FRONT) - 1, body = front + 2 + len;
	size_t at = 0, total = 4 + body;

	hello[0] = 1;
	hello[1] = 0;
	hello[2] = (uint8_t)(body >> 8);
	hello[3] = (uint8_t)body;
	memcpy(hello + 4, FRONT, front);
	hello[4 + front] = (uint8_t)(len >> 8);
	hello[5 + front] = (uint8_t)len;
	memcpy(hello + 6 + front, extensions, len);
	for (size_t done = 0; done < total;) {
		size_t part = total - done < most ? total - done : most;
		const uint8_t head[] = {22, 3, 1, (uint8_t)(part >> 8), (uint8_t)part};

		memcpy(ret + at, head, sizeof(head));
		memcpy(ret + at + sizeof(head), hello + done, part);
		at += sizeof(head) + part;
		done += part;
	}
	return at;
}

static void test_tls(void **state)
{
#define CASE(text, result)                                                                         \
	{                                                                                          \
		text, sizeof(text) - 1, result                                                     \
	}
	static const struct {
		const char *extensions;
		size_t len;
		enum inspect_result result;
	} cases[] = {
		CASE(SNI, INSPECT_FOUND),
		CASE("\0\53\0\3\2\3\4" SNI "\0\20\0\2\0\0", INSPECT_FOUND),
		CASE("", INSPECT_NONE),
		CASE("\0\53\0\3\2\3\4", INSPECT_NONE),
		CASE(SNI SNI, INSPECT_NONE),
		CASE("\0\0\0\15\0\13\1\0\10Web.Test", INSPECT_NONE),
		CASE("\0\0\0\15\0\13\0\0\11Web.Test", INSPECT_NONE),
		CASE("\0\0\0\15\0\12\0\0\10Web.Test", INSPECT_NONE),
		CASE("\0\0\0\15\0\13\0\0\7Web.Test", INSPECT_NONE),
		CASE("\0\0\0\15\0\13\0\0\10Web Test", INSPECT_NONE),
		CASE("\0\0\0\15\0\13\0\0\10Web.Tes\0", INSPECT_NONE),
		CASE("\0\0\0\15\0\13\0\0\10"
		     "10.0.0.1",
		     INSPECT_NONE),
		CASE("\0\0\0\0", INSPECT_NONE),
		CASE(SNI "\0\1\0\5x", INSPECT_NONE),
	};
#undef CASE

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t most = 1; most < 200; most += 33) {
			uint8_t data[8192];
			char name[INSPECT_NAME_SIZE];
			size_t len = make_hello(cases[i].extensions, cases[i].len, most, data);

			assert_int_equal(inspect_name_of_tls(data, len, name), cases[i].result);
			if (cases[i].result == INSPECT_FOUND)
				assert_string_equal(name, "web.test");
			for (size_t cut = 0; cut < len; cut++)
				assert_int_equal(inspect_name_of_tls(data, cut, name),
						 INSPECT_MORE);
		}
	}
}

static void test_what_is_no_tls(void **state)
{
	uint8_t data[8192];
	char name[INSPECT_NAME_SIZE];
	size_t len = make_hello(SNI, sizeof(SNI) - 1, 4096, data);

	(void)state;
	assert_int_equal(inspect_name_of_tls(data, len, name), INSPECT_FOUND);
	data[5] = 2; /* a server's */
	assert_int_equal(inspect_name_of_tls(data, len, name), INSPECT_NONE);
	data[5] = 1;
	data[6] = 1; /* longer than anybody sends */
	assert_int_equal(inspect_name_of_tls(data, len, name), INSPECT_NONE);
	data[6] = 0;
	data[0] = 23;
	assert_int_equal(inspect_name_of_tls(data, len, name), INSPECT_NONE);
	data[0] = 22;
	data[3] = 0x7f; /* a record that is too long */
	assert_int_equal(inspect_name_of_tls(data, len, name), INSPECT_NONE);
	assert_int_equal(inspect_name_of_tls((const uint8_t *)"GET / HTTP/1.1", 14, name),
			 INSPECT_NONE);
	/* another message behind the hello, in the same record */
	len = make_hello(SNI, sizeof(SNI) - 1, 4096, data);
	data[4]++;
	data[len] = 0;
	assert_int_equal(inspect_name_of_tls(data, len + 1, name), INSPECT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_what_is_no_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
