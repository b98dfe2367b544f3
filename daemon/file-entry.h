/* What envd tells of a file, as the local protocol tells it. */
#ifndef SP_FILE_ENTRY_H
#define SP_FILE_ENTRY_H

#include "daemon/e2b/wire.h"
#include "protocol/types.h"

/* Moves strings and labels from `wire` to `*ret`, which goes to fields_free(). */
void file_entry_take(struct wire_entry *wire, struct file_entry *ret);
void file_written_take(struct wire_written *wire, int64_t bytes, struct file_written *ret);

#endif
