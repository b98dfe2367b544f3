/* Members of a JSON value by path ("sandboxes[2].state"), for readers that have no struct for it. */
#ifndef SP_LOOKUP_H
#define SP_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/buf.h"

struct json_object;

/* "" is the value itself. All give the type's zero when nothing of that type is at the path. */
const char *lookup_string(struct json_object *json, const char *path);
int64_t lookup_int(struct json_object *json, const char *path);
double lookup_number(struct json_object *json, const char *path);
bool lookup_bool(struct json_object *json, const char *path);
bool lookup_exists(struct json_object *json, const char *path);
size_t lookup_count(struct json_object *json, const char *path);
const char *lookup_key(struct json_object *json, const char *path, size_t index);

/* Append bytes as the local protocol writes them; false when there are none at the path. */
bool lookup_bytes(struct json_object *json, const char *path, struct buf *out);

/* The value as compact JSON; it belongs to the value. */
const char *lookup_text(struct json_object *json);

#endif
