/* The configuration's keys in the manual. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "daemon/configuration-keys.h"
#include "docs/manual/manual.h"
#include "docs/manual/roff.h"
#include "protocol/buf.h"

static const char *kind_in_words(enum key_kind kind)
{
	switch (kind) {
	case KEY_TEXT:
		return "text";
	case KEY_PATH:
		return "absolute path";
	case KEY_MODE:
		return "octal mode";
	case KEY_LEVEL:
		return "log level";
	case KEY_COUNT:
		return "number";
	case KEY_SIZE:
		return "size";
	case KEY_SECONDS:
		return "time";
	case KEY_TYPE:
		return "`local` or `e2b`";
	}
	return "";
}

static void put(const struct key *key)
{
	struct buf text CLEANUP_BUF = {0};

	(void)printf(".It Ic %s No =\n", key->name);
	buf_printf(&text, "%c%s. (%s",
		   key->meaning[0] >= 'a' && key->meaning[0] <= 'z' ? key->meaning[0] - 'a' + 'A'
								    : key->meaning[0],
		   key->meaning + 1, kind_in_words(key->kind));
	if (key->fallback)
		buf_printf(&text, ", default `%s`", key->fallback);
	if (key->reloads)
		buf_add_str(&text, ", reloaded");
	buf_add_str(&text, ")");
	roff_text(text.data);
}

int put_keys(const char *section)
{
	int count = 0;

	(void)puts(".Bl -tag -width Ds");
	for (const struct key *key = keys; key->name; key++) {
		if (strcmp(key->section, section) == 0) {
			put(key);
			count++;
		}
	}
	(void)puts(".El");
	return count ? 0 : complain("there are no keys in [%s]", section);
}
