/* A file goes in, a command works on it, a file comes back. */
#include <sandpool.h>
#include <stdio.h>
#include <stdlib.h>

static int work(struct sandpool *sp, const char *box,
		struct sandpool_error *err)
{
	const char *argv[] = {"sh", "-c", "rev <in >out", NULL};
	char *text;
	size_t len;

	if (sandpool_file_write(sp, box, "in", "olleh\n", 6,
				err) < 0)
		return -1;
	if (sandpool_command_run(sp, box, argv, 10000, NULL,
				 err) != 0)
		return -1;
	text = sandpool_file_read(sp, box, "out", &len, err);
	if (!text)
		return -1;
	fputs(text, stdout);
	free(text);
	return 0;
}

int main(void)
{
	struct sandpool_error err = {
		.message = "the command failed"};
	struct sandpool *sp = sandpool_open(NULL, 5000, &err);
	char *box =
		sp ? sandpool_sandbox_create(sp, NULL, 60, &err)
		   : NULL;
	int result = box ? work(sp, box, &err) : -1;

	if (result < 0)
		fprintf(stderr, "%s\n", err.message);
	if (box)
		(void)sandpool_sandbox_kill(sp, box, NULL);
	free(box);
	sandpool_close(sp);
	return result < 0;
}
