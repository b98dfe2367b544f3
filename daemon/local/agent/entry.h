/* One file described as EntryInfo (wire §5.3). */
#ifndef SP_ENTRY_H
#define SP_ENTRY_H

#include <sys/types.h>

#include "protocol/error.h"

struct accounts;
struct wire_entry;

#define ENTRY_PERMISSIONS_SIZE 20

/*
 * Describe `name` in directory `at` (or AT_FDCWD), calling it `path`. -1 with SB_FILE_NOT_FOUND when there is
 * no such file; a link that leads nowhere is one. The result goes to fields_free(&wire_entry_type, …).
 */
int entry_read(int at, const char *name, const char *path, struct accounts *accounts,
	       struct wire_entry *ret, struct sb_error *err) MUST_USE;

/* Go's way to write a mode: "-rw-r--r--", "dtrwxrwxrwx". Returns text of ENTRY_PERMISSIONS_SIZE bytes. */
char *entry_permissions(mode_t mode, char *text);

/* The last component of a path, whatever slashes follow it: returns new. "/" is its own. */
char *entry_base_name(const char *path) MUST_USE;

#endif
