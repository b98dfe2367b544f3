/* Keys: what there is to configure, and values to text and back. */
#include "config.h"

#include "daemon/configuration-keys.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/base/log.h"
#include "protocol/buf.h"
#include "protocol/nearest.h"

#define DAEMON(m)   offsetof(struct config, m)
#define PROVIDER(m) offsetof(struct provider_config, m)

/* clang-format off */
const struct key keys[] = {
	{"daemon", "socket", KEY_PATH, DAEMON(socket_path), NULL, 0, false,
	 "where clients connect; sandpool.sock in runtime-dir unless given",
	 SP_RUNSTATEDIR "/sandpool/sandpool.sock"},
	{"daemon", "socket-mode", KEY_MODE, DAEMON(socket_mode), "0660", 0, false,
	 "its file mode"},
	{"daemon", "state-dir", KEY_PATH, DAEMON(state_dir), NULL, 0, false,
	 "registry and spool; ours alone (0700)",
	 SP_LOCALSTATEDIR "/lib/sandpool"},
	{"daemon", "runtime-dir", KEY_PATH, DAEMON(runtime_dir), NULL, 0, false,
	 "sockets; the directory of socket, when that is given",
	 SP_RUNSTATEDIR "/sandpool"},
	{"daemon", "log-level", KEY_LEVEL, DAEMON(log_level), "info", 0, true,
	 "error, warning, info or debug"},
	{"daemon", "provider", KEY_TEXT, DAEMON(provider), "local", 0, false,
	 "the provider of calls that name none"},
	{"daemon", "clients-max", KEY_COUNT, DAEMON(clients_max), "16384", 1, true,
	 "most connections at once"},
	{"daemon", "spool-command", KEY_SIZE, DAEMON(spool_command_bytes), "64M", 1 << 16, false,
	 "output kept of one command"},
	{"daemon", "spool-total", KEY_SIZE, DAEMON(spool_total_bytes), "4G", 1 << 20, false,
	 "output kept of all commands"},
	{"daemon", "spool-retention", KEY_SECONDS, DAEMON(spool_retention_s), "24h", 0, false,
	 "how long output is kept after its command ended"},
	{"engine", "path", KEY_PATH, DAEMON(engine_path), NULL, 0, false,
	 "the embedded engine's program; the one installed or built with this daemon unless given",
	 SP_LIBEXECDIR "/sandpool-engine"},
	{"engine", "dir", KEY_PATH, DAEMON(engine_dir), NULL, 0, false,
	 "its sockets; engine in runtime-dir unless given",
	 SP_RUNSTATEDIR "/sandpool/engine"},
	{"engine", "idle-exit", KEY_SECONDS, DAEMON(engine_idle_exit_s), "30s", 1, false,
	 "without a sandbox or a request for so long, it ends"},
	{"engine", "memory-limit", KEY_SIZE, DAEMON(engine_memory_bytes), "auto", CONFIG_AUTO, false,
	 "memory of one sandbox; 0: no limit; auto: three quarters of the machine's"},
	{"engine", "pids-limit", KEY_COUNT, DAEMON(engine_pids), "auto", CONFIG_AUTO, false,
	 "processes and threads of one sandbox; 0: no limit; auto: a quarter of the kernel's"},
	{"engine", "cpu-limit", KEY_COUNT, DAEMON(engine_cpu_percent), "auto", CONFIG_AUTO, false,
	 "processor of one sandbox in per cent of a core; 0 and auto: no limit"},
	{"engine", "network-subnet", KEY_TEXT, DAEMON(engine_subnet), NULL, 0, false,
	 "addresses of sandboxes, as 10.20.0.0/16; a private range that is free unless given"},
	{"provider", "type", KEY_TYPE, PROVIDER(type), "e2b", 0, false,
	 "local: the embedded engine; e2b: the E2B cloud or a cluster"},
	{"provider", "api-url", KEY_TEXT, PROVIDER(api_url), NULL, 0, false,
	 "control plane; https://api.DOMAIN unless given",
	 "https://api.e2b.app"},
	{"provider", "sandbox-url", KEY_TEXT, PROVIDER(sandbox_url), NULL, 0, false,
	 "one address for all sandboxes, which routes by header; by domain unless given",
	 "https://sandbox.e2b.app"},
	{"provider", "domain", KEY_TEXT, PROVIDER(domain), NULL, 0, false,
	 "domain of the sandboxes' host names; e2b.app unless given",
	 "e2b.app"},
	{"provider", "api-key-file", KEY_TEXT, PROVIDER(api_key_file), NULL, 0, false,
	 "file of mode 0600 that holds the key, or a name under $CREDENTIALS_DIRECTORY",
	 SP_SYSCONFDIR "/sandpool/e2b.key"},
	{"provider", "proxy", KEY_TEXT, PROVIDER(proxy), NULL, 0, false,
	 "proxy for its requests",
	 "http://proxy.example:3128"},
	{"provider", "no-proxy", KEY_TEXT, PROVIDER(no_proxy), NULL, 0, false,
	 "hosts that are asked without it",
	 "localhost,.example"},
	{"provider", "ca-file", KEY_PATH, PROVIDER(ca_file), NULL, 0, false,
	 "certificates to trust instead of the system's",
	 "/etc/ssl/certs/ca-certificates.crt"},
	{.name = NULL},
};
/* clang-format on */

static const char *const provider_types[] = {"local", "e2b"}; /* enum provider_type */

static const struct unit {
	enum key_kind kind;
	char letter;
	int64_t factor;
} units[] = {
	{KEY_SIZE, 'K', 1LL << 10},  {KEY_SIZE, 'M', 1LL << 20}, {KEY_SIZE, 'G', 1LL << 30},
	{KEY_SIZE, 'T', 1LL << 40},  {KEY_SECONDS, 's', 1},      {KEY_SECONDS, 'm', 60},
	{KEY_SECONDS, 'h', 60 * 60}, {KEY_SECONDS, 'd', 86400},
};

/* ---- finding ---------------------------------------------------------------------------------- */

static bool is_of(const struct key *key, const char *section)
{
	return strcmp(key->section, section) == 0;
}

int key_check_section(const char *section, struct sb_error *err)
{
	struct nearest nearest = {.word = section};
	const char *meant;

	for (const struct key *key = keys; key->name; key++) {
		if (is_of(key, section))
			return 0;
		nearest_try(&nearest, key->section);
	}
	meant = nearest_found(&nearest);
	if (meant)
		return sb_fail(err, SB_INVALID_ARGUMENT, "no section [%s]; did you mean [%s]?",
			       section, strcmp(meant, "provider") ? meant : "provider \"NAME\"");
	return sb_fail(err, SB_INVALID_ARGUMENT,
		       "no section [%s]: there are [daemon], [engine] and [provider \"NAME\"]",
		       section);
}

/* A key of another section, or one that is spelt like it, or all that there are. */
static void fail_no_key(const char *section, const char *name, struct sb_error *err)
{
	struct nearest nearest = {.word = name};
	CLEANUP_BUF struct buf names = {0};

	for (const struct key *key = keys; key->name; key++) {
		if (is_of(key, section)) {
			nearest_try(&nearest, key->name);
			buf_printf(&names, "%s%s", names.len ? ", " : "", key->name);
		} else if (strcmp(key->name, name) == 0) {
			(void)sb_fail(err, SB_INVALID_ARGUMENT,
				      "no key %s in [%s]; it belongs into [%s]", name, section,
				      key->section);
			return;
		}
	}
	if (nearest_found(&nearest))
		(void)sb_fail(err, SB_INVALID_ARGUMENT, "no key %s in [%s]; did you mean %s?", name,
			      section, nearest_found(&nearest));
	else
		(void)sb_fail(err, SB_INVALID_ARGUMENT, "no key %s in [%s]: there are %s", name,
			      section, names.failed ? "others" : names.data);
}

const struct key *key_find(const char *section, const char *name, struct sb_error *err)
{
	if (key_check_section(section, err) < 0)
		return NULL;
	for (const struct key *key = keys; key->name; key++) {
		if (is_of(key, section) && strcmp(key->name, name) == 0)
			return key;
	}
	fail_no_key(section, name, err);
	return NULL;
}

/* ---- values ----------------------------------------------------------------------------------- */

static int64_t unit_factor(enum key_kind kind, const char *letter)
{
	if (!*letter)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (units[i].kind == kind && units[i].letter == letter[0] && !letter[1])
			return units[i].factor;
	}
	return 0;
}

static int set_number(const struct key *key, int64_t *at, const char *value, struct sb_error *err)
{
	static const char *const forms[] = {
		[KEY_COUNT] = "a number",
		[KEY_SIZE] = "a size such as 512K, 64M or 4G",
		[KEY_SECONDS] = "a time such as 30s, 10m, 24h or 7d",
	};
	char *end;
	int64_t number, factor;

	if (key->min == CONFIG_AUTO && strcmp(value, "auto") == 0) {
		*at = CONFIG_AUTO;
		return 0;
	}
	errno = 0;
	number = strtoll(value, &end, 10);
	factor = unit_factor(key->kind, end);
	if (!isdigit((unsigned char)*value) || errno || factor == 0 || number > INT64_MAX / factor)
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s: must be %s%s", key->name,
			       forms[key->kind], key->min == CONFIG_AUTO ? ", or auto" : "");
	if (number * factor < key->min)
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s: must be at least %" PRId64, key->name,
			       key->min);
	*at = number * factor;
	return 0;
}

static int check_text(const struct key *key, const char *value, struct sb_error *err)
{
	enum log_level level;

	if (key->kind == KEY_PATH && *value != '/')
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s: must be an absolute path", key->name);
	if (key->kind == KEY_LEVEL && log_level_from_string(value, &level) < 0)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "%s: must be error, warning, info or debug", key->name);
	if (key->kind == KEY_MODE && (strspn(value, "01234567") != strlen(value) || !*value ||
				      strtoul(value, NULL, 8) > 0777))
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s: must be octal, at most 0777",
			       key->name);
	return 0;
}

static int set_text(const struct key *key, char **at, const char *value, struct sb_error *err)
{
	char *copy;

	if (check_text(key, value, err) < 0)
		return -1;
	copy = strdup(value);
	if (!copy)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "%s", key->name);
	free(*at);
	*at = copy;
	return 0;
}

static int set_type(const struct key *key, int *at, const char *value, struct sb_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(provider_types); i++) {
		if (strcmp(value, provider_types[i]) == 0) {
			*at = (int)i;
			return 0;
		}
	}
	return sb_fail(err, SB_INVALID_ARGUMENT, "%s: must be local or e2b", key->name);
}

int key_set(const struct key *key, void *object, const char *value, struct sb_error *err)
{
	void *at = (char *)object + key->at;

	switch (key->kind) {
	case KEY_TEXT:
	case KEY_PATH:
	case KEY_MODE:
	case KEY_LEVEL:
		return set_text(key, at, value, err);
	case KEY_COUNT:
	case KEY_SIZE:
	case KEY_SECONDS:
		return set_number(key, at, value, err);
	case KEY_TYPE:
		return set_type(key, at, value, err);
	}
	abort();
}

static const char *number_to_text(const struct key *key, int64_t number, char *text)
{
	const struct unit *best = NULL;

	if (key->min == CONFIG_AUTO && number == CONFIG_AUTO)
		return "auto";

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (units[i].kind == key->kind && number && number % units[i].factor == 0)
			best = &units[i];
	}
	if (best)
		(void)snprintf(text, KEY_TEXT_SIZE, "%" PRId64 "%c", number / best->factor,
			       best->letter);
	else
		(void)snprintf(text, KEY_TEXT_SIZE, "%" PRId64, number);
	return text;
}

const char *key_get(const struct key *key, const void *object, char *text)
{
	const void *at = (const char *)object + key->at;

	switch (key->kind) {
	case KEY_TEXT:
	case KEY_PATH:
	case KEY_MODE:
	case KEY_LEVEL:
		return *(char *const *)at;
	case KEY_COUNT:
	case KEY_SIZE:
	case KEY_SECONDS:
		return number_to_text(key, *(const int64_t *)at, text);
	case KEY_TYPE:
		return provider_types[*(const int *)at];
	}
	abort();
}

void key_clear(const struct key *key, void *object)
{
	switch (key->kind) {
	case KEY_TEXT:
	case KEY_PATH:
	case KEY_MODE:
	case KEY_LEVEL:
		cleanup_free((char *)object + key->at);
		break;
	case KEY_COUNT:
	case KEY_SIZE:
	case KEY_SECONDS:
	case KEY_TYPE:
		break;
	}
}
