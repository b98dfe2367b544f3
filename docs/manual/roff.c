/* Text as mdoc. Escapes what roff would take for something else, and breaks lines as its linters ask. */
#include "config.h"

#include "docs/manual/roff.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "protocol/buf.h"

#define FILL_COLUMNS 72
#define ELLIPSIS     "\xe2\x80\xa6"

/* ---- characters ------------------------------------------------------------------------------- */

/* The code point at `at`, of text that is UTF-8; its length goes to `ret_len`. */
static unsigned decode(const char *at, size_t *ret_len)
{
	unsigned char first = (unsigned char)*at;
	size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
	unsigned code = more ? first & (0x3fU >> more) : first;

	for (size_t i = 1; i <= more; i++)
		code = code << 6 | ((unsigned char)at[i] & 0x3f);
	*ret_len = more + 1;
	return code;
}

/* A dash that is no hyphen between words must stay one that can be copied and searched for. */
static bool is_hyphen(const char *text, size_t i)
{
	return i > 0 && isalpha((unsigned char)text[i - 1]) && isalpha((unsigned char)text[i + 1]);
}

/* A part of a line. `is_bold` goes over from call to call. */
static void add_escaped(const char *text, size_t len, bool *is_bold, struct buf *out)
{
	for (size_t i = 0, n; i < len; i += n) {
		unsigned code = decode(text + i, &n);

		if (code == '`' && is_bold) {
			*is_bold = !*is_bold;
			buf_add_str(out, *is_bold ? "\\fB" : "\\fP");
		} else if (code == '\\') {
			buf_add_str(out, "\\e");
		} else if (code == '-' && !is_hyphen(text, i)) {
			buf_add_str(out, "\\-");
		} else if (code == '\'' && i == 0 && out->len == 0) {
			buf_add_str(out, "\\&'");
		} else if (code == '.' && out->len == 0) {
			buf_add_str(out, "\\&.");
		} else if (strncmp(text + i, ELLIPSIS, n) == 0) {
			buf_add_str(out, "...");
		} else if (code >= 0x80) {
			buf_printf(out, "\\[u%04X]", code);
		} else {
			buf_add(out, text + i, n);
		}
	}
}

static void print_line(const struct buf *line)
{
	(void)printf("%.*s\n", (int)line->len, line->data);
}

void roff_literal(const char *line, size_t len)
{
	struct buf out CLEANUP_BUF = {0};

	add_escaped(line, len, NULL, &out);
	print_line(&out);
}

/* ---- running text ----------------------------------------------------------------------------- */

static bool ends_sentence(const char *word, size_t len)
{
	return strchr(".!?", word[len - 1]) && !(len > 1 && word[len - 2] == '.');
}

void roff_text(const char *text)
{
	struct buf line CLEANUP_BUF = {0};
	bool is_bold = false;

	while (*(text += strspn(text, " \n"))) {
		size_t len = strcspn(text, " \n");

		if (line.len > 0 && line.len + len > FILL_COLUMNS) {
			print_line(&line);
			buf_reset(&line);
		}
		if (line.len > 0)
			buf_add_str(&line, " ");
		add_escaped(text, len, &is_bold, &line);
		if (ends_sentence(text, len)) {
			print_line(&line);
			buf_reset(&line);
		}
		text += len;
	}
	if (line.len > 0)
		print_line(&line);
}

/* ---- usages ----------------------------------------------------------------------------------- */

/* A macro's argument that is spelt like a macro, or is punctuation, is no such thing. */
static void add_argument(const char *word, size_t len, struct buf *out)
{
	bool is_macro =
		len == 2 && isupper((unsigned char)word[0]) && islower((unsigned char)word[1]);
	struct buf escaped CLEANUP_BUF = {0};

	buf_add_str(&escaped, " ");
	add_escaped(word, len, NULL, &escaped);
	buf_add_str(out, is_macro ? " \\&" : " ");
	buf_add(out, escaped.data + 1, escaped.len - 1);
}

static bool is_literal_word(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!islower((unsigned char)word[i]) && word[i] != '_' && word[i] != '-')
			return false;
	}
	return true;
}

static void add_word(const char *word, size_t len, struct buf *out)
{
	if (word[0] == '-') {
		buf_add_str(out, " Fl");
		add_argument(word + 1, len - 1, out);
		return;
	}
	buf_add_str(out, is_literal_word(word, len) ? " Cm" : " Ar");
	add_argument(word, len, out);
}

/* A bracket that follows a word at once belongs to it: ID[:PATH]. */
static void add_sign(char sign, bool is_close, struct buf *out)
{
	if (sign == '[')
		buf_add_str(out, is_close ? " Ns Oo" : " Oo");
	else if (sign == ']')
		buf_add_str(out, " Oc");
	else
		buf_printf(out, " %c", sign);
}

void roff_usage(const char *usage, size_t len, bool is_item)
{
	const char *begin = usage;
	struct buf out CLEANUP_BUF = {0};
	const char *end = usage + len;

	while (usage < end) {
		size_t n = strcspn(usage, " []|,");

		if (n > (size_t)(end - usage))
			n = (size_t)(end - usage);
		if (strncmp(usage, ELLIPSIS, strlen(ELLIPSIS)) == 0) {
			buf_add_str(&out, " Ns Ar ...");
		} else if (n > 0) {
			add_word(usage, n, &out);
		} else if (*usage != ' ') {
			add_sign(*usage, usage > begin && usage[-1] != ' ', &out);
		}
		usage += n ? n : 1;
	}
	if (out.len > 0)
		(void)printf("%s%s\n", is_item ? ".It" : ".", out.data + (is_item ? 0 : 1));
}

/* Where an item's name ends and its meaning begins: at two spaces, or at the end of the line. */
static size_t name_length(const char *line)
{
	size_t len = 0;

	while (line[len] && line[len] != '\n' && strncmp(line + len, "  ", 2) != 0)
		len++;
	return len;
}

static bool goes_on(const char *line)
{
	size_t indent = strspn(line, " ");

	return indent > 6 || (indent > 2 && line[indent] != '-');
}

void roff_options(const char *help)
{
	bool is_open = false;

	while (*help) {
		size_t line = strcspn(help, "\n");
		const char *name = help + strspn(help, " ");
		size_t len = name_length(name);
		struct buf meaning CLEANUP_BUF = {0};

		buf_add(&meaning, name + len, (size_t)(help + line - name) - len);
		help += line + (help[line] != '\0');
		while (goes_on(help)) {
			line = strcspn(help, "\n");
			buf_add(&meaning, help, line);
			help += line + (help[line] != '\0');
		}
		if (!is_open)
			(void)puts(".Bl -tag -width Ds");
		is_open = true;
		roff_usage(name, len, true);
		roff_text(meaning.data);
	}
	if (is_open)
		(void)puts(".El");
}
