/* What the template "base" takes from the host, and what it brings itself: tables. */
#ifndef SP_TEMPLATE_FILES_H
#define SP_TEMPLATE_FILES_H

#include <sys/types.h>

#include "protocol/error.h"

enum { TEMPLATE_VERSION = 3 }; /* count up with every change of what is built */

/* Copied from the host where it has them and they are readable for all (tree.h); NULL-ended. */
extern const char *const template_host_paths[];

/* In /usr, what works only when it is root's. */
extern const char *const template_root_paths[];

/* A directory or file of ours. `text` is NULL for a directory. Paths are in a layer: `root/etc/…`. */
struct template_file {
	const char *path;
	mode_t mode;
	uid_t owner;
	gid_t group;
	const char *text;
};
extern const struct template_file template_files[];
extern const unsigned template_files_count;

/* A program a host must have, and the package it comes in. */
struct template_program {
	const char *path;
	const char *package;
};
extern const struct template_program template_programs[];
extern const unsigned template_programs_count;

#endif
