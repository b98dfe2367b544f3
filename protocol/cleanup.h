/* Ownership in the type of a variable: CLEANUP on every local that owns something. */
#ifndef SP_CLEANUP_H
#define SP_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))
#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Hand over what a variable owns: returns it and leaves the variable empty. */
#define take(p)                                                                                    \
	({                                                                                         \
		__typeof__(*(p)) *taker_ = (p);                                                    \
		__typeof__(*(p)) taken_ = *taker_;                                                 \
		*taker_ = NULL;                                                                    \
		taken_;                                                                            \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Those that are -1 are not there. */
static inline void close_fds(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

static inline void cleanup_free(void *p)
{
	void **owner = p;

	free(*owner);
	*owner = NULL;
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		(void)fclose(*file);
	*file = NULL;
}

#define CLEANUP_FD   CLEANUP(cleanup_fd)
#define CLEANUP_FREE CLEANUP(cleanup_free)
#define CLEANUP_FILE CLEANUP(cleanup_file)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
