/*
 * Metadata of files: pairs kept as extended attributes "user.e2b.<key>" (wire §5.3, §6.6). File systems
 * without them lose it silently, as the wire says.
 */
#ifndef SP_METADATA_H
#define SP_METADATA_H

#include "protocol/error.h"
#include "protocol/values.h"

#define METADATA_HEADER    "X-Metadata-"
#define METADATA_KEY_MAX   246
#define METADATA_TOTAL_MAX 4096

/*
 * Takes one request header into `map`: the key is lower-cased, a key given twice keeps its first value.
 * 0 as well when the header is no metadata; -1 when key, value or the sum breaks a limit.
 */
int metadata_add_header(struct string_map *map, const char *name, const char *value,
			struct sb_error *err) MUST_USE;

/* Give the open file exactly this metadata. Best effort. */
void metadata_replace(int fd, const struct string_map *map);

/* Append what the file at `path` (links followed) has, sorted by key. Best effort. */
void metadata_read(const char *path, struct string_map *map);

#endif
