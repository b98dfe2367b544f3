/* Addresses of a network. What it makes is tested by network.bats. */
#include "config.h"

#include "daemon/local/network.h"

#include "tests/unit/unit.h"

static void test_ports(void **state)
{
	static const struct {
		unsigned prefix, ports;
	} rows[] = {{28, 13}, {19, 8189}, {18, NETWORK_PORTS_MAX}, {16, NETWORK_PORTS_MAX}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const uint32_t gateway = UINT32_C(0x0ade0001);
		const struct network network = {
			.is_made = true,
			.rules = {.gateway = gateway, .range = {gateway - 1, rows[i].prefix}},
		};

		assert_int_equal(network_port_of(&network, gateway), 0);
		assert_int_equal(network_port_of(&network, gateway + 1), 1);
		assert_int_equal(network_port_of(&network, gateway + rows[i].ports), rows[i].ports);
		assert_int_equal(network_port_of(&network, gateway + rows[i].ports + 1), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
