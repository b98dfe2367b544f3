/* What git prints about a repository, parsed (wire §7.4). */
#ifndef SP_GIT_STATUS_H
#define SP_GIT_STATUS_H

#include "protocol/types.h"

/* Of `git status --porcelain=1 -b`, which is changed. -1 when out of memory; free *ret in every case. */
int git_status_parse(char *text, struct git_status *ret) MUST_USE;

/* Of `git branch --format=%(refname:short)<TAB>%(HEAD)`. The same. */
int git_branches_parse(char *text, struct git_branches *ret) MUST_USE;

#endif
