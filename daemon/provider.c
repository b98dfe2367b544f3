/* Upstreams from the configuration. Strings that struct upstream borrows belong to the provider. */
#include "config.h"

#include "daemon/provider.h"

#include <ctype.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/http.h"
#include "daemon/base/log.h"
#include "daemon/configuration.h"
#include "daemon/engine-start.h"
#include "protocol/hex.h"

#define KEY_MAX_BYTES   512
#define LOCAL_KEY_BYTES 20
#define LOCAL_URL       "http://localhost"
#define LOCAL_DOMAIN    "sandpool.local"
#define DEFAULT_API_URL "https://api.e2b.app"
#define DEFAULT_DOMAIN  "e2b.app"

struct providers {
	struct event_base *base;
	struct list list;
	struct provider *preferred; /* the default one */
	providers_on_change *on_change;
	void *on_change_arg;
};

/* ---- keys ------------------------------------------------------------------------------------ */

static bool is_credential(const char *name)
{
	return !strchr(name, '/') && getenv("CREDENTIALS_DIRECTORY");
}

static char *key_path(const char *name)
{
	char *path;

	if (!is_credential(name))
		return strdup(name);
	return asprintf(&path, "%s/%s", getenv("CREDENTIALS_DIRECTORY"), name) < 0 ? NULL : path;
}

/* A key in a file that others can read is no secret. systemd guards its own directory as a whole. */
static int check_key_file(int fd, bool credential, struct sb_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return sb_fail_errno(err, SB_AUTHENTICATION, errno, "stat");
	if (!S_ISREG(st.st_mode))
		return sb_fail(err, SB_AUTHENTICATION, "not a regular file");
	if (!credential && st.st_uid != geteuid())
		return sb_fail(err, SB_AUTHENTICATION, "belongs to uid %u and not to us, %u",
			       (unsigned)st.st_uid, (unsigned)geteuid());
	if (!credential && (st.st_mode & 077))
		return sb_fail(err, SB_AUTHENTICATION,
			       "others can use it (mode %04o): chmod 600 it",
			       (unsigned)st.st_mode & 07777);
	return 0;
}

/* One word of printable ASCII, which may have white space around it; it goes into a header. */
static int read_key(int fd, char **ret_key, struct sb_error *err)
{
	char text[KEY_MAX_BYTES];
	ssize_t count = read(fd, text, sizeof(text) - 1);
	size_t start, len;

	if (count < 0)
		return sb_fail_errno(err, SB_AUTHENTICATION, errno, "read");
	text[count] = '\0';
	start = strspn(text, " \t\r\n");
	len = strcspn(text + start, " \t\r\n");
	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)text[start + i]) || text[start + i] & 0x80)
			return sb_fail(err, SB_AUTHENTICATION, "holds no key");
	if (len == 0 || text[start + len + strspn(text + start + len, " \t\r\n")])
		return sb_fail(err, SB_AUTHENTICATION, "holds no key");
	*ret_key = strndup(text + start, len);
	explicit_bzero(text, sizeof(text));
	return *ret_key ? 0 : sb_fail(err, SB_INTERNAL, "out of memory");
}

static int load_key(const char *name, char **ret_key, struct sb_error *err)
{
	CLEANUP_FREE char *path = key_path(name);
	CLEANUP_FD int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;

	if (!path)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	if (fd < 0)
		return sb_fail_errno(err, SB_AUTHENTICATION, errno, "key file %s", path);
	if (check_key_file(fd, is_credential(name), err) < 0 || read_key(fd, ret_key, err) < 0)
		return sb_wrap(err, "key file %s", path);
	return 0;
}

/* The engine takes any key of the right form: what guards it is the mode of its sockets. */
static char *make_key(void)
{
	static const char prefix[] = "e2b_";
	unsigned char bytes[LOCAL_KEY_BYTES];
	char *key = malloc(sizeof(prefix) + 2 * sizeof(bytes));

	if (!key || getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		free(key);
		return NULL;
	}
	memcpy(key, prefix, sizeof(prefix));
	hex_write(key + strlen(prefix), bytes, sizeof(bytes));
	return key;
}

/* ---- the engine, described ---------------------------------------------------------------------- */

static void on_described(struct api_call *call)
{
	struct provider *provider = container_of(call, struct provider, asking);

	if (call->err.code)
		return; /* whatever fails here fails for those who wait for the engine, too */
	fields_free(&engine_about_type, &provider->about);
	provider->about = provider->answer;
	provider->answer = (struct engine_about){0};
	provider->is_described = true;
}

static void ask_engine(struct provider *provider)
{
	if (!provider->engine || provider->is_described || provider->asking.req.slot)
		return;
	provider->asking.done = on_described;
	api_about(&provider->upstream, &provider->asking, &provider->answer);
}

/* A deep copy, new; NULL when there is nothing to copy, or no memory. */
static struct engine_about *copy_about(const struct engine_about *about)
{
	CLEANUP_BUF struct buf json = {0};
	struct engine_about *copy = about->mode ? calloc(1, sizeof(*copy)) : NULL;
	struct sb_error ignored = {0};

	if (!copy)
		return NULL;
	fields_encode(&engine_about_type, FIELDS_E2B, about, &json);
	if (!json.failed && fields_parse(&engine_about_type, FIELDS_E2B, json.data, json.len,
					 "engine", copy, &ignored) == 0)
		return copy;
	free(copy);
	return NULL;
}

/* ---- being ready ----------------------------------------------------------------------------- */

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct provider *provider = arg;
	struct provider_wait *wait;

	(void)fd;
	(void)what;
	while ((wait = list_first(&provider->ready, struct provider_wait, link))) {
		list_remove(&wait->link);
		wait->provider = NULL;
		wait->done(wait);
	}
}

void provider_ready(struct provider *provider, struct provider_wait *wait)
{
	wait->provider = provider;
	sb_clear(&wait->err);
	list_init(&wait->link);
	if (!provider->engine || engine_start_answers(provider->engine)) {
		ask_engine(provider);
		list_append(&provider->ready, &wait->link);
		event_active(provider->wake, EV_TIMEOUT, 0);
		return;
	}
	list_append(&provider->waits, &wait->link);
	engine_start(provider->engine);
}

void provider_wait_cancel(struct provider_wait *wait)
{
	if (!wait->provider)
		return;
	list_remove(&wait->link);
	wait->provider = NULL;
}

static void on_engine_done(void *arg, const struct sb_error *err)
{
	struct provider *provider = arg;

	provider_note(provider, err);
	if (!err->code)
		ask_engine(provider);
	list_for_each (struct provider_wait, wait, &provider->waits, link)
		wait->err = *err;
	list_move_all(&provider->waits, &provider->ready);
	event_active(provider->wake, EV_TIMEOUT, 0);
}

static void tell_change(struct provider *provider)
{
	const struct providers *providers = provider->providers;

	if (providers->on_change)
		providers->on_change(providers->on_change_arg, provider);
}

static void on_engine_gone(void *arg)
{
	struct provider *provider = arg;

	provider->state = PROVIDER_UNKNOWN;
	provider->is_described = false;
	tell_change(provider);
}

void provider_note(struct provider *provider, const struct sb_error *err)
{
	enum provider_state before = provider->state;

	if (err->code == SB_UPSTREAM_UNAVAILABLE) {
		if (before != PROVIDER_DOWN)
			log_warning("provider %s: down: %s", provider->name, err->text);
		provider->state = PROVIDER_DOWN;
		free(provider->last_error);
		provider->last_error = strdup(err->text);
		if (provider->engine)
			engine_start_doubt(provider->engine);
		return;
	}
	if (err->code == SB_TIMEOUT || err->code == SB_CANCELLED)
		return; /* says nothing */
	provider->state = PROVIDER_UP;
	if (before == PROVIDER_DOWN) {
		log_info("provider %s: up again", provider->name);
		tell_change(provider);
	}
}

int provider_status(const struct provider *provider, struct provider_status *ret)
{
	static const char *const states[] = {
		[PROVIDER_UNKNOWN] = "unknown", [PROVIDER_UP] = "up", [PROVIDER_DOWN] = "down"};
	struct http_stats stats;
	struct provider_status status = {
		.name = strdup(provider->name),
		.type = strdup(provider->is_local ? "local" : "e2b"),
		.api_url = strdup(provider->upstream.api_unix ? provider->upstream.api_unix
							      : provider->upstream.api_url),
		.state = strdup(states[provider->state]),
		.last_error = provider->last_error ? strdup(provider->last_error) : NULL,
	};

	if (!status.name || !status.type || !status.api_url || !status.state) {
		fields_free(&provider_status_type, &status);
		return -1;
	}
	http_get_stats(provider->upstream.http, &stats);
	status.engine = copy_about(&provider->about);
	status.in_flight = (int64_t)stats.in_flight;
	list_for_each (struct provider_wait, wait, &provider->waits, link)
		status.waiting++;
	status.queued = (int64_t)stats.queued;
	status.requests = (int64_t)stats.requests;
	status.reused = (int64_t)stats.reused;
	status.connections = (int64_t)stats.connections;
	*ret = status;
	return 0;
}

/* ---- making them ----------------------------------------------------------------------------- */

static int no_memory(struct sb_error *err)
{
	return sb_fail(err, SB_INTERNAL, "out of memory");
}

/* URLs are joined with paths that begin with a slash. */
static char *copy_url(const char *url)
{
	char *copy = strdup(url);

	for (size_t len = copy ? strlen(copy) : 0; len > 0 && copy[len - 1] == '/'; len--)
		copy[len - 1] = '\0';
	return copy;
}

static int set_up_local(struct provider *provider, const struct config *config,
			struct sb_error *err)
{
	const struct engine_start_events events = {on_engine_done, on_engine_gone, provider};

	provider->api_url = strdup(LOCAL_URL);
	provider->sandbox_url = strdup(LOCAL_URL);
	provider->domain = strdup(LOCAL_DOMAIN);
	provider->api_key = make_key();
	if (!provider->api_url || !provider->sandbox_url || !provider->domain || !provider->api_key)
		return no_memory(err);
	provider->engine = engine_start_new(provider->providers->base, config, &events, err);
	if (!provider->engine)
		return -1;
	provider->upstream.api_unix = engine_start_api_path(provider->engine);
	provider->upstream.sandbox_unix = engine_start_sandbox_path(provider->engine);
	return 0;
}

static int set_up_e2b(struct provider *provider, const struct provider_config *config,
		      struct sb_error *err)
{
	provider->api_url = copy_url(config->api_url ? config->api_url : DEFAULT_API_URL);
	provider->sandbox_url = config->sandbox_url ? copy_url(config->sandbox_url) : NULL;
	provider->domain = strdup(config->domain ? config->domain : DEFAULT_DOMAIN);
	if (!provider->api_url || (config->sandbox_url && !provider->sandbox_url) ||
	    !provider->domain)
		return no_memory(err);
	if (!config->api_key_file)
		return sb_fail(err, SB_AUTHENTICATION, "api-key-file is not set");
	return load_key(config->api_key_file, &provider->api_key, err);
}

static int set_up(struct provider *provider, const struct provider_config *config,
		  const struct config *all, struct sb_error *err)
{
	const struct http_options options = {
		.proxy = config->proxy, .no_proxy = config->no_proxy, .ca_file = config->ca_file};

	provider->is_local = config->type == PROVIDER_LOCAL;
	provider->name = strdup(config->name);
	provider->wake = evtimer_new(provider->providers->base, on_wake, provider);
	if (!provider->name || !provider->wake)
		return no_memory(err);
	if ((provider->is_local ? set_up_local(provider, all, err)
				: set_up_e2b(provider, config, err)) < 0)
		return sb_wrap(err, "provider '%s'", config->name);
	provider->upstream.http = http_new(provider->providers->base, &options, err);
	if (!provider->upstream.http)
		return sb_wrap(err, "provider '%s'", config->name);
	provider->upstream.api_url = provider->api_url;
	provider->upstream.sandbox_url = provider->sandbox_url;
	provider->upstream.domain = provider->domain;
	provider->upstream.api_key = provider->api_key;
	return 0;
}

static void provider_free(struct provider *provider)
{
	list_remove(&provider->link);
	api_cancel(&provider->asking);
	fields_free(&engine_about_type, &provider->answer);
	fields_free(&engine_about_type, &provider->about);
	(void)http_free(provider->upstream.http);
	(void)engine_start_free(provider->engine);
	if (provider->wake)
		event_free(provider->wake);
	if (provider->api_key)
		explicit_bzero(provider->api_key, strlen(provider->api_key));
	free(provider->api_key);
	free(provider->api_url);
	free(provider->sandbox_url);
	free(provider->domain);
	free(provider->last_error);
	free(provider->name);
	free(provider);
}

static int add(struct providers *providers, const struct provider_config *config,
	       const struct config *all, struct sb_error *err)
{
	struct provider *provider = calloc(1, sizeof(*provider));

	if (!provider)
		return no_memory(err);
	provider->providers = providers;
	list_init(&provider->waits);
	list_init(&provider->ready);
	list_init(&provider->link);
	if (set_up(provider, config, all, err) < 0) {
		provider_free(provider);
		return -1;
	}
	if (strcmp(provider->name, all->provider) == 0) {
		providers->preferred = provider;
		list_prepend(&providers->list, &provider->link);
	} else {
		list_append(&providers->list, &provider->link);
	}
	return 0;
}

struct providers *providers_new(struct event_base *base, const struct config *config,
				struct sb_error *err)
{
	struct providers *providers = calloc(1, sizeof(*providers));

	if (!providers) {
		(void)no_memory(err);
		return NULL;
	}
	providers->base = base;
	list_init(&providers->list);
	for (size_t i = 0; i < config->provider_count; i++)
		if (add(providers, &config->providers[i], config, err) < 0)
			return providers_free(providers);
	if (!providers->preferred) {
		(void)sb_fail(err, SB_INVALID_ARGUMENT,
			      "the default provider '%s' is not configured", config->provider);
		return providers_free(providers);
	}
	return providers;
}

struct providers *providers_free(struct providers *providers)
{
	if (!providers)
		return NULL;
	list_for_each_safe (struct provider, provider, &providers->list, link)
		provider_free(provider);
	free(providers);
	return NULL;
}

struct provider *providers_get(struct providers *providers, const char *name, struct sb_error *err)
{
	if (!name)
		return providers->preferred;
	list_for_each (struct provider, provider, &providers->list, link)
		if (strcmp(provider->name, name) == 0)
			return provider;
	(void)sb_fail(err, SB_INVALID_PARAMS, "params.provider: there is no provider '%s'", name);
	return NULL;
}

struct provider *providers_default(struct providers *providers)
{
	return providers->preferred;
}

struct provider *providers_next(struct providers *providers, const struct provider *after)
{
	struct list *link = after ? after->link.next : providers->list.next;

	return link == &providers->list ? NULL : list_entry(link, struct provider, link);
}

void providers_set_on_change(struct providers *providers, providers_on_change *on_change, void *arg)
{
	providers->on_change = on_change;
	providers->on_change_arg = arg;
}
