/* Parsing of git's porcelain. */
#include "config.h"

#include "daemon/git-status.h"

#include <string.h>

/* The next line of *text without its newline, NULL behind the last. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*text = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return line;
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int set_text(char **ret, const char *text)
{
	*ret = strdup(text);
	return *ret ? 0 : -1;
}

/* ---- the first line: "## main...origin/main [ahead 1, behind 2]" ------------------------------ */

static int64_t number_behind(const char *text, const char *word)
{
	const char *at = text ? strstr(text, word) : NULL;

	return at ? strtoll(at + strlen(word), NULL, 10) : 0;
}

static int parse_head(char *line, struct git_status *ret)
{
	static const char *const prefixes[] = {"No commits yet on ", "Initial commit on "};
	char *bracket = strstr(line, " ["), *dots;

	if (bracket) {
		ret->ahead = number_behind(bracket, "ahead ");
		ret->behind = number_behind(bracket, "behind ");
		*bracket = '\0';
	}
	if (begins_with(line, "HEAD") || strstr(line, "detached")) {
		ret->detached = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (begins_with(line, prefixes[i]))
			line += strlen(prefixes[i]);
	}
	dots = strstr(line, "...");
	if (dots) {
		*dots = '\0';
		if (set_text(&ret->upstream, dots + 3) < 0)
			return -1;
	}
	return set_text(&ret->current_branch, line);
}

/* ---- the others: "XY path", "R  old -> new" ---------------------------------------------------- */

static const char *label(char x, char y)
{
	static const struct {
		char letter;
		const char *label;
	} labels[] = {
		{'U', "conflict"}, {'R', "renamed"},  {'C', "copied"},     {'D', "deleted"},
		{'A', "added"},    {'M', "modified"}, {'T', "typechange"}, {'?', "untracked"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		if (x == labels[i].letter || y == labels[i].letter)
			return labels[i].label;
	}
	return "unknown";
}

static int parse_file(char *line, struct git_file *ret)
{
	const char x[] = {line[0], '\0'}, y[] = {line[1], '\0'};
	char *name = line + 3, *arrow = strstr(name, " -> ");

	ret->staged = *x != ' ' && *x != '?';
	if (arrow) {
		*arrow = '\0';
		if (set_text(&ret->renamed_from, name) < 0)
			return -1;
		name = arrow + 4;
	}
	if (set_text(&ret->index_status, x) < 0 || set_text(&ret->working_tree_status, y) < 0 ||
	    set_text(&ret->status, label(*x, *y)) < 0)
		return -1;
	return set_text(&ret->name, name);
}

static size_t count_lines(const char *text)
{
	size_t count = 1;

	while ((text = strchr(text, '\n'))) {
		text++;
		count++;
	}
	return count;
}

static void count_file(const struct git_file *file, struct git_status *ret)
{
	ret->total_count++;
	ret->staged_count += file->staged;
	ret->untracked_count += strcmp(file->status, "untracked") == 0;
	ret->conflict_count += strcmp(file->status, "conflict") == 0;
}

int git_status_parse(char *text, struct git_status *ret)
{
	struct git_file *files = calloc(count_lines(text), sizeof(*files));
	char *line;

	if (!files)
		return -1;
	ret->files.items = files;
	while ((line = next_line(&text))) {
		if (begins_with(line, "## ")) {
			if (parse_head(line + 3, ret) < 0)
				return -1;
		} else if (strlen(line) > 3) {
			struct git_file *file = &files[ret->files.count++];

			if (parse_file(line, file) < 0)
				return -1;
			count_file(file, ret);
		}
	}
	ret->unstaged_count = ret->total_count - ret->staged_count;
	ret->has_changes = ret->total_count > 0;
	ret->is_clean = !ret->has_changes;
	ret->has_staged = ret->staged_count > 0;
	ret->has_untracked = ret->untracked_count > 0;
	ret->has_conflicts = ret->conflict_count > 0;
	return 0;
}

int git_branches_parse(char *text, struct git_branches *ret)
{
	char *line;

	while ((line = next_line(&text))) {
		char *tab = strchr(line, '\t');

		if (tab)
			*tab = '\0';
		if (!*line || *line == '(') /* "(HEAD detached at …)" */
			continue;
		if (strings_add(&ret->branches, line) < 0)
			return -1;
		if (tab && tab[1] == '*' && set_text(&ret->current_branch, line) < 0)
			return -1;
	}
	return 0;
}
