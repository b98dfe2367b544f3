/* The configuration: defaults, file, command line; checked as a whole. libinih splits the lines. */
#include "config.h"

#include "daemon/configuration.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>
#include <sys/un.h>

#include "daemon/base/log.h"
#include "daemon/base/program.h"
#include "daemon/configuration-keys.h"
#include "protocol/nearest.h"

#define STANDARD_FILE SP_SYSCONFDIR "/sandpool/sandpoold.conf"

/* ---- defaults --------------------------------------------------------------------------------- */

static int set_path(char **at, struct sb_error *err, const char *fmt, ...) PRINTF_LIKE(3, 4);

static int set_path(char **at, struct sb_error *err, const char *fmt, ...)
{
	char *path;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&path, fmt, ap);
	va_end(ap);
	if (len < 0)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "configuration");
	free(*at);
	*at = path;
	return 0;
}

/* Set every member with a default of its own. */
static int set_fallbacks(const char *section, void *object, struct sb_error *err)
{
	bool is_provider = strcmp(section, "provider") == 0;

	for (const struct key *key = keys; key->name; key++) {
		if ((strcmp(key->section, "provider") == 0) != is_provider || !key->fallback)
			continue;
		if (key_set(key, object, key->fallback, err) < 0)
			return -1;
	}
	return 0;
}

static int fill_state_dir(struct config *config, struct sb_error *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		return set_path(&config->state_dir, err, "%s/lib/sandpool", SP_LOCALSTATEDIR);
	if (state && *state == '/')
		return set_path(&config->state_dir, err, "%s/sandpool", state);
	if (home && *home == '/')
		return set_path(&config->state_dir, err, "%s/.local/state/sandpool", home);
	return sb_fail(err, SB_INVALID_ARGUMENT, "neither HOME nor state-dir is set");
}

static int fill_runtime_dir(struct config *config, struct sb_error *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (config->socket_path)
		return set_path(&config->runtime_dir, err, "%.*s",
				(int)(strrchr(config->socket_path, '/') - config->socket_path),
				config->socket_path);
	if (geteuid() == 0)
		return set_path(&config->runtime_dir, err, "%s/sandpool", SP_RUNSTATEDIR);
	if (runtime && *runtime == '/')
		return set_path(&config->runtime_dir, err, "%s/sandpool", runtime);
	return sb_fail(
		err, SB_INVALID_ARGUMENT,
		"XDG_RUNTIME_DIR is not set (log in as this user, not by su), nor is --socket");
}

/* What follows from other keys, or from who we are. */
static int fill_paths(struct config *config, struct sb_error *err)
{
	if (!config->state_dir && fill_state_dir(config, err) < 0)
		return -1;
	if (!config->runtime_dir && fill_runtime_dir(config, err) < 0)
		return -1;
	if (!config->socket_path &&
	    set_path(&config->socket_path, err, "%s/sandpool.sock", config->runtime_dir) < 0)
		return -1;
	if (!config->engine_dir &&
	    set_path(&config->engine_dir, err, "%s/engine", config->runtime_dir) < 0)
		return -1;
	if (!config->engine_path)
		config->engine_path =
			program_find("sandpool-engine", "daemon/local/sandpool-engine");
	if (!config->engine_path)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "configuration");
	return 0;
}

/* ---- providers -------------------------------------------------------------------------------- */

static struct provider_config *find_provider(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->provider_count; i++) {
		if (strcmp(config->providers[i].name, name) == 0)
			return &config->providers[i];
	}
	return NULL;
}

static struct provider_config *add_provider(struct config *config, const char *name,
					    struct sb_error *err)
{
	struct provider_config *provider;
	void *grown = reallocarray(config->providers, config->provider_count + 1,
				   sizeof(*config->providers));

	if (grown)
		config->providers = grown;
	provider = grown ? &config->providers[config->provider_count] : NULL;
	if (provider)
		*provider = (struct provider_config){.name = strdup(name)};
	if (!provider || !provider->name) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "provider %s", name);
		return NULL;
	}
	config->provider_count++;
	return set_fallbacks("provider", provider, err) < 0 ? NULL : provider;
}

static int check_provider(struct provider_config *provider, struct sb_error *err)
{
	if (provider->type == PROVIDER_LOCAL)
		return 0;
	if (!provider->api_key_file)
		return sb_fail(err, SB_INVALID_ARGUMENT, "provider \"%s\": api-key-file is missing",
			       provider->name);
	if (!provider->domain && !provider->sandbox_url &&
	    set_path(&provider->domain, err, "e2b.app") < 0)
		return -1;
	if (!provider->api_url && !provider->domain)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "provider \"%s\": api-url and domain are missing", provider->name);
	if (!provider->api_url)
		return set_path(&provider->api_url, err, "https://api.%s", provider->domain);
	return 0;
}

/* Say where in the file a mistake is that shows only when all of it is read. */
static int fail_at(const struct config *config, int line, struct sb_error *err)
{
	return line > 0 ? sb_wrap(err, "%s:%d", config->path, line) : -1;
}

static int fail_no_provider(const struct config *config, struct sb_error *err)
{
	struct nearest nearest = {.word = config->provider};
	const char *meant;

	for (size_t i = 0; i < config->provider_count; i++)
		nearest_try(&nearest, config->providers[i].name);
	meant = nearest_found(&nearest);
	(void)sb_fail(err, SB_INVALID_ARGUMENT, "provider: there is no [provider \"%s\"]%s%s%s",
		      config->provider, meant ? "; did you mean " : "", meant ? meant : "",
		      meant ? "?" : "");
	return fail_at(config, config->provider_line, err);
}

static int check_providers(struct config *config, struct sb_error *err)
{
	if (!find_provider(config, "local")) {
		struct provider_config *local = add_provider(config, "local", err);

		if (!local)
			return -1;
		local->type = PROVIDER_LOCAL;
	}
	for (size_t i = 0; i < config->provider_count; i++) {
		if (check_provider(&config->providers[i], err) < 0)
			return fail_at(config, config->providers[i].line, err);
	}
	return find_provider(config, config->provider) ? 0 : fail_no_provider(config, err);
}

/* ---- setting ---------------------------------------------------------------------------------- */

/*
 * `section` as it stands between brackets: daemon, engine, provider "NAME". Its first word, and what its keys
 * are members of; a provider of a new name is made.
 */
static int find_section(struct config *config, const char *section, const char **ret_word,
			void **ret_object, struct sb_error *err)
{
	char name[64];
	int end = 0;
	void *object = config;

	if (sscanf(section, "provider \"%63[A-Za-z0-9_.-]\"%n", name, &end) == 1 && end > 0 &&
	    !section[end]) {
		section = "provider";
		object = find_provider(config, name);
		if (!object)
			object = add_provider(config, name, err);
	} else if (strncmp(section, "provider", strlen("provider")) == 0) {
		return sb_fail(err, SB_INVALID_ARGUMENT, "[%s]: must be [provider \"NAME\"]",
			       section);
	} else if (key_check_section(section, err) < 0) {
		return -1;
	}
	*ret_word = section;
	*ret_object = object;
	return object ? 0 : -1;
}

static int config_put(struct config *config, const char *section, const char *name,
		      const char *value, struct sb_error *err)
{
	const char *word;
	const struct key *key;
	void *object;

	if (find_section(config, section, &word, &object, err) < 0)
		return -1;
	key = key_find(word, name, err);
	return key ? key_set(key, object, value, err) : -1;
}

int config_set(struct config *config, const char *key, const char *value, struct sb_error *err)
{
	CLEANUP_FREE char *section = strdup(key);
	char *dot = section ? strchr(section, '.') : NULL;

	if (!dot)
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s: must be SECTION.KEY", key);
	*dot = '\0';
	if (config_put(config, section, dot + 1, value, err) < 0)
		return -1;
	if (string_map_add(&config->overrides, key, value) < 0)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "%s", key);
	return 0;
}

/* The engine's longest socket is DIR/boxes/<id>.sock; the kernel takes no more of a path. */
static int check_engine_dir(const struct config *config, struct sb_error *err)
{
	size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) -
		      sizeof("/boxes/i0123456789abcdefghij.sock");

	if (strlen(config->engine_dir) <= room)
		return 0;
	return sb_fail(
		err, SB_INVALID_ARGUMENT,
		"[engine] dir: %s: too long for the sockets in it, at most %zu bytes: choose "
		"another dir, or a shorter path for [daemon] socket",
		config->engine_dir, room);
}

int config_check(struct config *config, struct sb_error *err)
{
	if (fill_paths(config, err) < 0 || check_engine_dir(config, err) < 0)
		return -1;
	return check_providers(config, err);
}

/* ---- the file --------------------------------------------------------------------------------- */

struct source { /* a file being read */
	FILE *file;
	int line;
	int bad_line; /* where `err` comes from, or 0 */
	bool is_cut;  /* a line was longer than libinih reads at once */
	struct config *config;
	struct sb_error *err;
};

static int source_fail(struct source *source)
{
	source->bad_line = source->line;
	return sb_wrap(source->err, "%s:%d", source->config->path, source->line);
}

/* libinih tells of keys only: a section is looked at here, so that an empty one counts, too. */
static void source_on_section(struct source *source, const char *line)
{
	CLEANUP_FREE char *section = strndup(line + 1, strcspn(line + 1, "]"));
	struct provider_config *provider;
	const char *word;
	void *object;

	if (!section || !line[1 + strlen(section)])
		return; /* libinih says what is wrong */
	if (find_section(source->config, section, &word, &object, source->err) < 0) {
		(void)source_fail(source);
		return;
	}
	provider = strcmp(word, "provider") == 0 ? object : NULL;
	if (provider && !provider->line)
		provider->line = source->line;
}

static char *source_gets(char *text, int size, void *arg)
{
	struct source *source = arg;
	char *line = fgets(text, size, source->file);

	if (!line)
		return NULL;
	source->line++;
	if (strlen(line) == (size_t)size - 1 && !strchr(line, '\n')) {
		source->is_cut = true;
		return NULL;
	}
	if (*line == '[' && !source->err->code)
		source_on_section(source, line);
	return line;
}

static int source_on_key(void *arg, const char *section, const char *name, const char *value)
{
	struct source *source = arg;
	struct config *config = source->config;

	if (source->err->code)
		return 0; /* the first error is the one to tell */
	if (!*section)
		(void)sb_fail(source->err, SB_INVALID_ARGUMENT,
			      "%s: must stand in a section, as [daemon]", name);
	else if (config_put(config, section, name, value, source->err) == 0) {
		if (strcmp(section, "daemon") == 0 && strcmp(name, "provider") == 0)
			config->provider_line = source->line;
		return 1;
	}
	(void)source_fail(source);
	return 0;
}

static int config_read(struct config *config, FILE *file, struct sb_error *err)
{
	struct source source = {.file = file, .config = config, .err = err};
	int bad_line = ini_parse_stream(source_gets, &source, source_on_key, &source);

	if (err->code && (!bad_line || source.bad_line <= bad_line))
		return -1;
	sb_clear(err); /* libinih goes on behind a line it cannot read: that line comes first */
	if (source.is_cut)
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s:%d: the line is too long",
			       config->path, source.line);
	if (ferror(file))
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", config->path);
	if (bad_line)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "%s:%d: neither [section], key = value nor comment", config->path,
			       bad_line);
	return 0;
}

/* Open and read the file; a standard one that is not there is fine. */
static int config_read_file(struct config *config, bool is_standard, struct sb_error *err)
{
	CLEANUP_FILE FILE *file = fopen(config->path, "re");

	if (!file && is_standard && errno == ENOENT)
		return 0;
	if (!file)
		return sb_fail_errno(err, SB_INVALID_ARGUMENT, errno, "%s", config->path);
	return config_read(config, file, err);
}

struct config *config_load(const char *path, struct sb_error *err)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config)
		config->path = strdup(path ? path : STANDARD_FILE);
	if (!config || !config->path) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "configuration");
		return config_free(config);
	}
	if (set_fallbacks("daemon", config, err) < 0 || config_read_file(config, !path, err) < 0)
		return config_free(config);
	return config;
}

/* ---- reloading -------------------------------------------------------------------------------- */

static struct config *config_load_again(const struct config *config, struct sb_error *err)
{
	bool is_standard = strcmp(config->path, STANDARD_FILE) == 0;
	struct config *fresh = config_load(is_standard ? NULL : config->path, err);

	for (size_t i = 0; fresh && i < config->overrides.count; i++) {
		const struct string_pair *pair = &config->overrides.items[i];

		if (config_set(fresh, pair->key, pair->value, err) < 0)
			fresh = config_free(fresh);
	}
	if (fresh && config_check(fresh, err) < 0)
		fresh = config_free(fresh);
	return fresh;
}

static bool has_changed(const struct key *key, const void *was, const void *now)
{
	char was_text[KEY_TEXT_SIZE], now_text[KEY_TEXT_SIZE];
	const char *before = key_get(key, was, was_text), *after = key_get(key, now, now_text);

	return before && after ? strcmp(before, after) != 0 : before != after;
}

static bool has_provider_changed(const struct provider_config *was,
				 const struct provider_config *now)
{
	for (const struct key *key = keys; key->name; key++) {
		if (strcmp(key->section, "provider") == 0 && has_changed(key, was, now))
			return true;
	}
	return false;
}

/* A reload leaves providers alone, but nobody shall wonder why. */
static void warn_of_providers(const struct config *config, const struct config *fresh)
{
	for (size_t i = 0; i < fresh->provider_count; i++) {
		const struct provider_config *now = &fresh->providers[i];
		const struct provider_config *was = find_provider(config, now->name);

		if (!was || has_provider_changed(was, now))
			log_warning("%s: [provider \"%s\"] %s takes effect at the next start",
				    config->path, now->name, was ? "changed: that" : "is new: it");
	}
	for (size_t i = 0; i < config->provider_count; i++) {
		if (!find_provider(fresh, config->providers[i].name))
			log_warning("%s: [provider \"%s\"] is gone: it stays until the next start",
				    config->path, config->providers[i].name);
	}
}

int config_reload(struct config *config, struct sb_error *err)
{
	struct config *fresh = config_load_again(config, err);
	char text[KEY_TEXT_SIZE];

	if (!fresh)
		return -1;
	for (const struct key *key = keys; key->name; key++) {
		if (strcmp(key->section, "provider") == 0 || !has_changed(key, config, fresh))
			continue;
		if (!key->reloads)
			log_warning("%s: [%s] %s takes effect at the next start", config->path,
				    key->section, key->name);
		else if (key_set(key, config, key_get(key, fresh, text), err) < 0)
			break;
	}
	warn_of_providers(config, fresh);
	(void)config_free(fresh);
	return err->code ? -1 : 0;
}

/* ---- printing and the end --------------------------------------------------------------------- */

static void print_key(const struct key *key, const void *object, FILE *out)
{
	char text[KEY_TEXT_SIZE];
	const char *value = key_get(key, object, text);

	(void)fprintf(out, "\n# %s\n", key->meaning);
	if (value)
		(void)fprintf(out, "%s = %s\n", key->name, value);
	else
		(void)fprintf(out, "# %s =\n", key->name);
}

static void print_section(const char *section, const void *object, FILE *out)
{
	for (const struct key *key = keys; key->name; key++) {
		if (strcmp(key->section, section) == 0)
			print_key(key, object, out);
	}
}

void config_print(const struct config *config, FILE *out)
{
	(void)fputs("[daemon]\n", out);
	print_section("daemon", config, out);
	(void)fputs("\n[engine]\n", out);
	print_section("engine", config, out);
	for (size_t i = 0; i < config->provider_count; i++) {
		(void)fprintf(out, "\n[provider \"%s\"]\n", config->providers[i].name);
		print_section("provider", &config->providers[i], out);
	}
}

struct config *config_free(struct config *config)
{
	if (!config)
		return NULL;
	for (const struct key *key = keys; key->name; key++) {
		if (strcmp(key->section, "provider") != 0)
			key_clear(key, config);
		for (size_t i = 0; i < config->provider_count; i++) {
			if (strcmp(key->section, "provider") == 0)
				key_clear(key, &config->providers[i]);
		}
	}
	for (size_t i = 0; i < config->provider_count; i++)
		free(config->providers[i].name);
	free(config->providers);
	string_map_free(&config->overrides);
	free(config->path);
	free(config);
	return NULL;
}
