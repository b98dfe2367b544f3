/* The table of configuration keys, for configuration*.c alone. */
#ifndef SP_CONFIGURATION_KEYS_H
#define SP_CONFIGURATION_KEYS_H

#include "daemon/configuration.h"

enum key_kind {
	KEY_TEXT,    /* char * */
	KEY_PATH,    /* char *: absolute */
	KEY_MODE,    /* char *: octal */
	KEY_LEVEL,   /* char *: a log level */
	KEY_COUNT,   /* int64_t */
	KEY_SIZE,    /* int64_t, bytes: 512K, 64M, 4G */
	KEY_SECONDS, /* int64_t: 30s, 10m, 24h, 7d */
	KEY_TYPE,    /* int: enum provider_type */
};

struct key {
	const char *section; /* "daemon", "engine", "provider" */
	const char *name;
	enum key_kind kind;
	size_t at;            /* in struct config, or in struct provider_config */
	const char *fallback; /* its default as text; NULL: none, or it follows from others */
	int64_t min;          /* of numbers */
	bool reloads;         /* SIGHUP changes it; any other waits for the next start */
	const char *meaning;
	const char *example; /* a value for sandpoold.conf as it is installed; NULL: the fallback */
};

extern const struct key keys[]; /* ends with name NULL */

/* Is there such a section? -1 with `err` naming the nearest one. */
int key_check_section(const char *section, struct sb_error *err) MUST_USE;

/* The key, or NULL with `err` naming the nearest one. */
const struct key *key_find(const char *section, const char *name, struct sb_error *err);

/* Set the key's member of `*object` from text. */
int key_set(const struct key *key, void *object, const char *value, struct sb_error *err) MUST_USE;

/* The value as text that key_set() would take; `text` has KEY_TEXT_SIZE bytes. NULL: it has none. */
#define KEY_TEXT_SIZE 32
const char *key_get(const struct key *key, const void *object, char *text);

/* Free what the member holds. */
void key_clear(const struct key *key, void *object);

#endif
