/* What a line "@directive argument" of a page's source puts in its place. All print to standard output. */
#ifndef SP_MANUAL_H
#define SP_MANUAL_H

#include "protocol/cleanup.h"

/* They return 0, or -1 having said on stderr what is wrong with the argument. */

/* The command line: one verb with its synopsis, meaning and options; all that no directive named before. */
int put_verb(const char *name) MUST_USE;
int put_other_verbs(const char *unused) MUST_USE;
/* The options in what a program printed for --help, from docs/manual/PROGRAM.help. */
int put_options(const char *program) MUST_USE;

/* The keys of one section of the configuration file. */
int put_keys(const char *section) MUST_USE;

/* The protocol, from the tables of protocol/. */
int put_methods(const char *unused) MUST_USE;
int put_notifications(const char *unused) MUST_USE;
int put_types(const char *unused) MUST_USE;
int put_errors(const char *unused) MUST_USE;

/* The prototypes of these functions, and a struct, as the public header has them; a whole file. */
int put_functions(const char *names) MUST_USE;
int put_struct(const char *name) MUST_USE;
int put_file(const char *path) MUST_USE;

extern const char *source_dir; /* the top directory of the source */

/* The whole file `path` below `dir`: new, or NULL having said why. */
char *read_file(const char *dir, const char *path) MUST_USE;
/* "manual: …" on stderr. Returns -1. */
int complain(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
