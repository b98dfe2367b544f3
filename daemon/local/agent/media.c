/* Header values of a download. */
#include "config.h"

#include "daemon/local/agent/media.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *extension;
	const char *type;
} types[] = {
	{".avif", "image/avif"},
	{".css", "text/css; charset=utf-8"},
	{".csv", "text/csv; charset=utf-8"},
	{".gif", "image/gif"},
	{".gz", "application/gzip"},
	{".htm", "text/html; charset=utf-8"},
	{".html", "text/html; charset=utf-8"},
	{".ico", "image/vnd.microsoft.icon"},
	{".jpeg", "image/jpeg"},
	{".jpg", "image/jpeg"},
	{".js", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".md", "text/markdown; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".mp3", "audio/mpeg"},
	{".mp4", "video/mp4"},
	{".pdf", "application/pdf"},
	{".png", "image/png"},
	{".svg", "image/svg+xml"},
	{".tar", "application/x-tar"},
	{".txt", "text/plain; charset=utf-8"},
	{".wasm", "application/wasm"},
	{".webm", "video/webm"},
	{".webp", "image/webp"},
	{".xml", "text/xml; charset=utf-8"},
	{".zip", "application/zip"},
};

#define MAGIC(bytes, what)                                                                         \
	{                                                                                          \
		(bytes), sizeof(bytes) - 1, (what)                                                 \
	}

static const struct {
	const char *bytes;
	size_t len;
	const char *type;
} magics[] = {
	MAGIC("%PDF-", "application/pdf"),
	MAGIC("%!PS-Adobe-", "application/postscript"),
	MAGIC("\x89PNG\r\n\x1a\n", "image/png"),
	MAGIC("\xff\xd8\xff", "image/jpeg"),
	MAGIC("GIF87a", "image/gif"),
	MAGIC("GIF89a", "image/gif"),
	MAGIC("\x1f\x8b\x08", "application/x-gzip"),
	MAGIC("PK\x03\x04", "application/zip"),
	MAGIC("\0asm", "application/wasm"),
	MAGIC("<?xml", "text/xml; charset=utf-8"),
	MAGIC("\xfe\xff", "text/plain; charset=utf-16be"),
	MAGIC("\xff\xfe", "text/plain; charset=utf-16le"),
};

/* Bytes that no text has: controls but for tab, the line ends, form feed and escape. */
static bool is_binary(const char *head, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)head[i];

		if (c < 0x20 && !strchr("\t\n\f\r\x1b", c))
			return true;
		if (c == 0)
			return true;
	}
	return false;
}

static const char *sniff(const char *head, size_t len)
{
	size_t blanks = 0;

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (len >= magics[i].len && memcmp(head, magics[i].bytes, magics[i].len) == 0)
			return magics[i].type;
	while (blanks < len && head[blanks] && strchr("\t\n\f\r ", head[blanks]))
		blanks++;
	if (len - blanks >= 14 && strncasecmp(head + blanks, "<!doctype html", 14) == 0)
		return "text/html; charset=utf-8";
	if (len - blanks >= 5 && strncasecmp(head + blanks, "<html", 5) == 0)
		return "text/html; charset=utf-8";
	return is_binary(head, len) ? "application/octet-stream" : "text/plain; charset=utf-8";
}

const char *media_type(const char *name, const char *head, size_t len)
{
	const char *extension = strrchr(name, '.');

	for (size_t i = 0; extension && i < ARRAY_SIZE(types); i++)
		if (strcasecmp(extension, types[i].extension) == 0)
			return types[i].type;
	return head ? sniff(head, len < MEDIA_SNIFF_MAX ? len : MEDIA_SNIFF_MAX) : NULL;
}

static bool is_token(unsigned char c)
{
	return c > 0x20 && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

/* RFC 2231's charset and percent form, for names that a quoted string cannot carry. */
static void add_extended(struct buf *out, const char *name)
{
	buf_add_str(out, "filename*=utf-8''");
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (is_token(c) && !strchr("*'%", c))
			buf_add(out, name, 1);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void media_disposition(struct buf *out, const char *name)
{
	bool needs_quotes = *name == '\0';
	bool needs_extended = false;

	for (const char *at = name; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (c < 0x20 || c > 0x7e)
			needs_extended = true;
		else if (!is_token(c))
			needs_quotes = true;
	}
	buf_add_str(out, "inline; ");
	if (needs_extended) {
		add_extended(out, name);
		return;
	}
	buf_add_str(out, needs_quotes ? "filename=\"" : "filename=");
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			buf_add_str(out, "\\");
		buf_add(out, name, 1);
	}
	if (needs_quotes)
		buf_add_str(out, "\"");
}

/* "q=0.5" among the parameters of one element, in thousandths; 1000 when there is none. */
static int read_quality(const char *params, size_t len)
{
	const char *end = params + len;
	int value = 0;
	int unit = 1000;

	for (; params < end && *params != '='; params++)
		continue;
	if (params == end)
		return 1000;
	for (params++; params < end && (*params == ' ' || *params == '\t'); params++)
		continue;
	for (; params < end && unit > 0; params++) {
		if (*params == '.')
			continue;
		if (*params < '0' || *params > '9')
			break;
		value += (*params - '0') * unit;
		unit /= 10;
	}
	return value < 1000 ? value : 1000;
}

enum media_coding media_coding(const char *accept)
{
	enum { UNSAID = -1 };
	int gzip = UNSAID;
	int identity = UNSAID;
	int any = UNSAID;

	while (accept && *accept) {
		const char *name = accept + strspn(accept, " \t,");
		size_t len = strcspn(name, ",");
		size_t name_len = strcspn(name, " \t,;");
		int quality = read_quality(name + name_len, len - name_len);

		if (name_len == 4 && strncasecmp(name, "gzip", 4) == 0)
			gzip = quality;
		else if (name_len == 8 && strncasecmp(name, "identity", 8) == 0)
			identity = quality;
		else if (name_len == 1 && *name == '*')
			any = quality;
		accept = name + len;
	}
	if (gzip > 0 && gzip >= identity)
		return MEDIA_GZIP;
	if (identity > 0 || (identity == UNSAID && any != 0))
		return MEDIA_IDENTITY;
	return gzip > 0 || (gzip == UNSAID && any > 0) ? MEDIA_GZIP : MEDIA_UNACCEPTABLE;
}

char *media_date_format(time_t when, char *text)
{
	struct tm tm;

	if (!gmtime_r(&when, &tm) ||
	    strftime(text, MEDIA_DATE_SIZE, "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
		*text = '\0';
	return text;
}

bool media_date_parse(const char *text, time_t *ret)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	if (!end || *end)
		return false;
	*ret = timegm(&tm);
	return true;
}
