/* Runs a harness over its corpus, tests/fuzz/corpus/<name>/, a TAP line for each file; other files by argument. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "protocol/cleanup.h"
#include "tests/fuzz/fuzz.h"

static unsigned number;

static int replay(const char *path)
{
	CLEANUP_FILE FILE *file = fopen(path, "re");
	CLEANUP_FREE uint8_t *data = NULL;
	struct stat st;

	if (!file || fstat(fileno(file), &st) < 0)
		return -1;
	data = malloc((size_t)st.st_size + 1);
	if (!data || fread(data, 1, (size_t)st.st_size, file) != (size_t)st.st_size)
		return -1;
	(void)LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	(void)printf("ok %u - %s\n", ++number, path);
	(void)fflush(stdout); /* the next one may crash */
	return 0;
}

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int replay_all(const char *dir)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, is_file, alphasort);
	int result = count > 0 ? 0 : -1;

	for (int i = 0; i < count; i++) {
		CLEANUP_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0 || replay(path) < 0)
			result = -1;
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return result;
}

/* "…/fuzz-scan" is over corpus/scan. */
static int replay_corpus(const char *program)
{
	const char *source = getenv("SP_SRCDIR");
	const char *name = strrchr(program, '-');
	CLEANUP_FREE char *dir = NULL;

	if (!name || asprintf(&dir, "%s/tests/fuzz/corpus/%s", source ? source : ".", name + 1) < 0)
		return -1;
	return replay_all(dir);
}

int main(int argc, char **argv)
{
	int result = argc > 1 ? 0 : replay_corpus(argv[0]);

	for (int i = 1; i < argc; i++)
		result |= replay(argv[i]);
	if (result < 0)
		(void)printf("not ok %u - the corpus cannot be read\n", ++number);
	(void)printf("1..%u\n", number);
	return result < 0;
}
