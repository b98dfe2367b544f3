/*
 * Completion: what may stand where follows from the table of verbs, from the very text that --help prints.
 * Of a verb's help, a line that begins with "  -" is an option, and a word behind its names is its value; of
 * its synopsis, what is not in brackets are the operands.
 */
#include "config.h"

#include "client/cli/complete.h"

#include <stdio.h>
#include <string.h>

#include "client/cli/complete-remote.h"

struct completion {
	struct complete_target to;
	const char *verb_name; /* NULL: before the verb */
	const char *synopsis;
	const char *help;
	char *operands; /* of the synopsis, without what is in brackets, NUL behind each */
	size_t operands_len;
	int at;             /* how many operands stand before the cursor */
	const char *action; /* the first of them, where it is one of a few words (files ls) */
	const char *option; /* whose value is under the cursor, or NULL */
};

/* ---- help as a table -------------------------------------------------------------------------- */

/* One option: its names with their value ("-e, --env K=V"), and what is said of it. */
struct help_option {
	const char *names;
	size_t names_len;
	const char *meaning;
	size_t meaning_len;
};

/* The next line of `*at` that tells of an option; false when there are no more. */
static bool next_option(const char **at, struct help_option *ret)
{
	while (*at && **at) {
		const char *line = *at, *end = strchrnul(line, '\n'), *gap;

		*at = *end ? end + 1 : end;
		if (strncmp(line, "  -", 3) != 0)
			continue;
		gap = memmem(line + 2, (size_t)(end - line) - 2, "  ", 2);
		ret->names = line + 2;
		ret->names_len = (size_t)((gap ? gap : end) - ret->names);
		for (ret->meaning = gap ? gap : end; *ret->meaning == ' '; ret->meaning++)
			;
		ret->meaning_len = (size_t)(end - ret->meaning);
		return true;
	}
	return false;
}

/* The next name among an option's names, from `*at`; false at its value or its end. */
static bool next_name(const struct help_option *option, const char **at, size_t *ret_len)
{
	const char *end = option->names + option->names_len;

	*at += strspn(*at, ", ");
	if (*at >= end || **at != '-')
		return false;
	*ret_len = strcspn(*at, ", \n");
	return true;
}

/* Does it take a value? `name` is one of its names when that is told. */
static bool find_option(const char *help, const char *name, bool *ret_takes_value)
{
	struct help_option option;

	while (next_option(&help, &option)) {
		bool is_it = false;
		const char *at = option.names;
		size_t len;

		for (; next_name(&option, &at, &len); at += len)
			is_it |= strlen(name) == len && strncmp(at, name, len) == 0;
		if (is_it) {
			*ret_takes_value = at < option.names + option.names_len;
			return true;
		}
	}
	return false;
}

static void offer_options(const struct completion *c)
{
	const char *help = c->help;
	struct help_option option;
	char name[64];

	while (next_option(&help, &option)) {
		const char *at = option.names;
		size_t len;

		for (; next_name(&option, &at, &len); at += len) {
			(void)snprintf(name, sizeof(name), "%.*s", (int)len, at);
			complete_offer(&c->to, name, "%.*s", (int)option.meaning_len,
				       option.meaning);
		}
	}
	if (c->verb_name)
		complete_offer(&c->to, "--help", "tell what it takes");
}

/* ---- the words before the cursor -------------------------------------------------------------- */

/* The operands of a synopsis: "ID:PATH… [PATH]" has one. False when out of memory. */
static bool split_operands(struct completion *c)
{
	int depth = 0;

	c->operands = calloc(1, strlen(c->synopsis) + 1);
	if (!c->operands)
		return false;
	for (const char *at = c->synopsis; *at; at++) {
		bool is_space = *at == ' ';
		bool is_behind_word =
			c->operands_len > 0 && c->operands[c->operands_len - 1] != '\0';

		depth += (*at == '[') - (*at == ']');
		if (depth == 0 && is_space && is_behind_word)
			c->operands[c->operands_len++] = '\0';
		else if (depth == 0 && !is_space && *at != ']')
			c->operands[c->operands_len++] = *at;
	}
	return true;
}

/* "[-e K=V]…" leaves its ellipsis behind, and an operand with one repeats. */
static const char *operand_at(const struct completion *c, int index)
{
	static const char ellipsis[] = "…";
	const char *last = NULL;

	for (const char *at = c->operands; at < c->operands + c->operands_len;
	     at += strlen(at) + 1) {
		if (strcmp(at, ellipsis) == 0)
			continue;
		if (index-- == 0)
			return at;
		last = at;
	}
	return last && strstr(last, ellipsis) ? last : NULL;
}

static bool is_operand(const char *operand, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(operand, kind, len) == 0 &&
	       (!operand[len] || strcmp(operand + len, "…") == 0);
}

/* A verb of its own, behind which options may follow. */
static bool is_action(const char *operand)
{
	return strchr(operand, '|') || is_operand(operand, "VERB");
}

/* Take note of a word before the cursor, which is an option, its value or an operand. */
static void take_word(struct completion *c, char *word)
{
	const char *operand = operand_at(c, 0);
	bool takes_value = false;

	if (c->option) {
		c->option = NULL;
	} else if (*word == '-' && strcmp(word, "--") != 0 && c->at == (c->action ? 1 : 0)) {
		if (find_option(c->help, word, &takes_value) && takes_value)
			c->option = word;
	} else {
		if (c->at == 0 && operand && is_action(operand))
			c->action = word;
		else if (!c->to.sandbox)
			c->to.sandbox = word;
		c->at++;
	}
}

/* ---- what may stand there --------------------------------------------------------------------- */

static void offer_verbs(const struct completion *c)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		complete_offer(&c->to, verb->name, "%s", verb->summary);
}

/* "running|paused", up to a blank or a bracket. */
static void offer_alternatives(const struct completion *c, const char *words)
{
	char word[64];

	for (const char *end = words; *end != ' ' && *end != ']' && *end; words = end + 1) {
		end = words + strcspn(words, "| ]");
		(void)snprintf(word, sizeof(word), "%.*s", (int)(end - words), words);
		complete_offer(&c->to, word, "%s", "");
	}
}

/* A few values are told in the synopsis: [--state running|paused]. */
static void offer_values(const struct completion *c)
{
	const char *at = c->synopsis ? strstr(c->synopsis, c->option) : NULL;
	size_t len;

	if (strcmp(c->option, "--socket") == 0)
		complete_files();
	if (!at)
		return;
	at += strlen(c->option);
	at += *at == ' ';
	len = strcspn(at, " ]");
	if (memchr(at, '|', len))
		offer_alternatives(c, at);
}

/* Verbs of a verb: in its help, "  clone ID URL, init ID:PATH," are two of them. */
static void offer_actions(const struct completion *c)
{
	char word[64];

	for (const char *line = c->help, *end; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (strncmp(line, "  ", 2) != 0 || line[2] == ' ' || line[2] == '-')
			continue;
		for (const char *at = line; at < end; at += strcspn(at, ",\n")) {
			at += strspn(at, ", ");
			(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, " ,\n"), at);
			if (*word)
				complete_offer(&c->to, word, "%s", "");
		}
	}
}

static void offer_operands(const struct completion *c)
{
	const char *operand = operand_at(c, c->at);

	if (!operand)
		return;
	if (strchr(operand, '|')) {
		offer_alternatives(c, operand);
	} else if (is_operand(operand, "VERB")) {
		offer_actions(c);
	} else if (is_operand(operand, "ID")) {
		complete_sandboxes(&c->to, "");
	} else if (is_operand(operand, "ID:PATH")) {
		complete_places(&c->to);
	} else if (is_operand(operand, "SRC") || is_operand(operand, "DST")) {
		complete_places(&c->to);
		complete_files();
	} else if (is_operand(operand, "PID")) {
		complete_commands(&c->to);
	} else if (is_operand(operand, "METHOD")) {
		complete_methods(&c->to);
	} else if (is_operand(operand, "--")) {
		complete_offer(&c->to, "--", "the command follows");
	}
}

static void offer(const struct completion *c)
{
	if (c->option) {
		offer_values(c);
		return;
	}
	if (*c->to.word == '-' && c->at == (c->action ? 1 : 0))
		offer_options(c);
	if (!c->verb_name)
		offer_verbs(c);
	else
		offer_operands(c);
}

/* The global options and the verb: how many words they are. */
static int take_globals(struct completion *c, int count, char **words)
{
	static const char socket[] = "--socket=";
	bool takes_value;

	for (int i = 0; i < count; i++) {
		if (c->option) {
			c->to.cli->socket = words[i];
			c->option = NULL;
		} else if (strncmp(words[i], socket, strlen(socket)) == 0) {
			c->to.cli->socket = words[i] + strlen(socket);
		} else if (find_option(c->help, words[i], &takes_value)) {
			c->option = takes_value ? words[i] : NULL;
		} else {
			c->verb_name = words[i];
			return i + 1;
		}
	}
	return count;
}

void complete(struct cli *cli, int count, char **words)
{
	int before = count - 1; /* the last word is what is to be completed */
	struct completion c = {.to = {.cli = cli}, .synopsis = "", .help = GLOBAL_HELP};
	int at;

	if (count < 1)
		return;
	c.to.word = words[before];
	at = take_globals(&c, before, words);
	if (c.verb_name) {
		const struct verb *verb = verb_find(c.verb_name);

		if (!verb)
			return;
		c.synopsis = verb->synopsis;
		c.help = verb->help ? verb->help : "";
	}
	if (split_operands(&c)) {
		for (; at < before; at++)
			take_word(&c, words[at]);
		offer(&c);
	}
	free(c.operands);
}
