/* The options that create and run share. */
#include "config.h"

#include "client/cli/create-options.h"

static int pair_option(struct sandpool_call *create, const char *name, const char *value)
{
	if (add_pair_option(create, name, value) < 0)
		return cli_fail("'%s' must be NAME=VALUE", value);
	return 0;
}

int create_option(const struct cli *cli, struct sandpool_call *create, int option,
		  const char *value)
{
	double seconds;

	switch (option) {
	case OPT_TEMPLATE:
		sandpool_set_string(create, "template", value);
		return 0;
	case OPT_TIMEOUT:
		seconds = parse_duration(value);
		if (seconds < 0)
			return cli_fail("'%s' is no duration: try 30, 90s, 5m or 2h", value);
		sandpool_set_number(create, "timeout", seconds);
		return 0;
	case OPT_NAME:
		sandpool_set_string(create, "name", value);
		return 0;
	case OPT_PROVIDER:
		sandpool_set_string(create, "provider", value);
		return 0;
	case OPT_NO_INTERNET:
		sandpool_set_bool(create, "allow_internet_access", false);
		return 0;
	case OPT_ALLOW_OUT:
		sandpool_add_string(create, "network.allow_out", value);
		return 0;
	case OPT_DENY_OUT:
		sandpool_add_string(create, "network.deny_out", value);
		return 0;
	case 'e':
		return pair_option(create, "envs", value);
	case 'm':
		return pair_option(create, "metadata", value);
	default:
		return cli_usage(cli);
	}
}
