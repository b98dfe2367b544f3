/* DNS: a question from a sandbox, then what a resolver answered, its first byte saying where it begins. */
#include "config.h"

#include "daemon/local/dns-message.h"
#include "protocol/cleanup.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = fuzz_choice(&data, &size, 256);
	CLEANUP_FREE uint8_t *query = NULL;
	struct dns_question question;
	uint32_t addresses[8];
	int code;

	if (len > size)
		len = size;
	query = (uint8_t *)fuzz_text(data, len);
	code = dns_read_question(query, len, &question);
	if (code < 0)
		return 0;
	FUZZ_CHECK(question.end <= len && strlen(question.name) < DNS_NAME_SIZE);
	FUZZ_CHECK(question.datagram_max >= 512 && question.datagram_max <= 4096);
	if (code == DNS_NO_ERROR && dns_is_answer(data + len, size - len, query, question.end))
		FUZZ_CHECK(dns_read_addresses(data + len, size - len, &question, addresses, 8) <=
			   8);
	dns_make_answer(query, question.end, DNS_REFUSED, true);
	FUZZ_CHECK(dns_is_answer(query, question.end, query, question.end) ||
		   question.end == DNS_HEADER_SIZE);
	return 0;
}
