/* Lines are `name-or-uid:first:count`; what is not understood is not ours to judge, newuidmap will. */
#include "config.h"

#include "daemon/local/subid.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 512, FIRST_USUAL = 100000 };

/* A whole decimal number, `*end` at the separator behind it. */
static bool parse_id(const char *text, char separator, const char **end, uint32_t *ret)
{
	unsigned long long number;
	char *after;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, &after, 10);
	if (errno != 0 || number > UINT32_MAX || *after != separator)
		return false;
	*end = after + 1;
	*ret = (uint32_t)number;
	return true;
}

static bool is_of_user(const char *line, size_t len, uid_t uid, const char *name)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", uid);
	if (strlen(number) == len && strncmp(line, number, len) == 0)
		return true;
	return name && strlen(name) == len && strncmp(line, name, len) == 0;
}

/* The numbers of a line; the user's name stays at its begin, `*ret_len` long. */
static bool parse_line(char *line, size_t *ret_len, struct subid_range *ret)
{
	size_t len = strcspn(line, ":");
	const char *at = line + len + 1;

	line[strcspn(line, "\n")] = '\0';
	if (line[len] != ':')
		return false;
	*ret_len = len;
	return parse_id(at, ':', &at, &ret->first) && parse_id(at, '\0', &at, &ret->count) &&
	       ret->count > 0 && ret->count <= UINT32_MAX - ret->first;
}

uint32_t subid_sum(const struct subid_ranges *ranges)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < ranges->count; i++)
		sum += ranges->items[i].count;
	return sum;
}

int subid_read(const char *path, uid_t uid, const char *name, uint32_t wanted,
	       struct subid_ranges *ret, struct sb_error *err)
{
	struct subid_ranges found = {.count = 0};
	char line[LINE_MAX_BYTES];
	CLEANUP_FILE FILE *file = fopen(path, "re");
	uint32_t missing = wanted;

	if (!file && errno != ENOENT)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	while (file && missing > 0 && found.count < SUBID_RANGES_MAX &&
	       fgets(line, sizeof(line), file)) {
		struct subid_range *range = &found.items[found.count];
		size_t len;

		if (!parse_line(line, &len, range) || !is_of_user(line, len, uid, name))
			continue;
		if (range->count > missing)
			range->count = missing;
		missing -= range->count;
		found.count++;
	}
	*ret = found;
	return 0;
}

static uint32_t end_of_all(const char *path)
{
	CLEANUP_FILE FILE *file = fopen(path, "re");
	char line[LINE_MAX_BYTES];
	uint32_t end = FIRST_USUAL;
	struct subid_range range;
	size_t len;

	while (file && fgets(line, sizeof(line), file)) {
		if (parse_line(line, &len, &range) && range.first + range.count > end)
			end = range.first + range.count;
	}
	return end;
}

uint32_t subid_first_free(const char *path, const char *other_path)
{
	uint32_t end = end_of_all(path), other_end = end_of_all(other_path);

	return end > other_end ? end : other_end;
}

const char *subid_user_name(const char *path, uid_t uid, char name[SUBID_NAME_SIZE])
{
	CLEANUP_FILE FILE *file = fopen(path, "re");
	char line[LINE_MAX_BYTES];

	while (file && fgets(line, sizeof(line), file)) {
		const char *password = strchr(line, ':');
		const char *number = password ? strchr(password + 1, ':') : NULL;
		size_t len = strcspn(line, ":");
		uint32_t id;

		if (!number || len >= SUBID_NAME_SIZE || !parse_id(number + 1, ':', &number, &id) ||
		    id != uid)
			continue;
		memcpy(name, line, len);
		name[len] = '\0';
		return name;
	}
	return NULL;
}
