/* Percent-encoding and query strings. */
#include "config.h"

#include "daemon/base/uri.h"

#include <string.h>

#include "protocol/hex.h"

static bool is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void uri_encode(struct buf *out, const char *text, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (is_unreserved(c)) {
			buf_add(out, &text[i], 1);
		} else {
			const char escape[] = {'%', digits[c >> 4], digits[c & 15]};

			buf_add(out, escape, sizeof(escape));
		}
	}
}

int uri_decode(struct buf *out, const char *text, size_t len, bool plus_is_space)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '+' && plus_is_space) {
			c = ' ';
		} else if (c == '%') {
			int high = i + 1 < len ? hex_value(text[i + 1]) : -1;
			int low = i + 2 < len ? hex_value(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			c = (char)(high << 4 | low);
			i += 2;
		}
		buf_add(out, &c, 1);
	}
	return 0;
}

/* Returns new: the decoded text, or NULL when it is malformed or holds a NUL. */
static char *decode_string(const char *text, size_t len, bool plus_is_space)
{
	CLEANUP_BUF struct buf out = {0};

	buf_add(&out, "", 0); /* so that nothing decodes to an empty string, not to NULL */
	if (uri_decode(&out, text, len, plus_is_space) < 0 || out.failed)
		return NULL;
	if (memchr(out.data, '\0', out.len))
		return NULL;
	return buf_steal(&out);
}

/* True when the raw name in a query decodes to `name`. */
static bool is_named(const char *raw, size_t len, const char *name)
{
	CLEANUP_FREE char *decoded = decode_string(raw, len, true);

	return decoded && strcmp(decoded, name) == 0;
}

char *uri_query_get(const char *query, const char *name, bool *ret_found)
{
	*ret_found = false;
	while (*query) {
		size_t len = strcspn(query, "&");
		const char *equals = memchr(query, '=', len);
		size_t name_len = equals ? (size_t)(equals - query) : len;

		if (is_named(query, name_len, name)) {
			*ret_found = true;
			return equals ? decode_string(equals + 1, len - name_len - 1, true)
				      : strdup("");
		}
		query += len;
		query += *query == '&';
	}
	return NULL;
}

void uri_query_add(struct buf *url, const char *name, const char *value)
{
	bool has_query = url->data && memchr(url->data, '?', url->len);

	buf_add_str(url, has_query ? "&" : "?");
	uri_encode(url, name, strlen(name));
	buf_add_str(url, "=");
	uri_encode(url, value, strlen(value));
}

char *uri_path_segment(const char *path, unsigned index)
{
	size_t len;

	path += *path == '/';
	for (; index > 0; index--) {
		path = strchr(path, '/');
		if (!path)
			return NULL;
		path++;
	}
	len = strcspn(path, "/");
	return len == 0 ? NULL : decode_string(path, len, false);
}
