/* Members of a JSON value by path. */
#include "config.h"

#include "protocol/lookup.h"

#include <json-c/json.h>
#include <string.h>

#include "protocol/base64.h"

/* Item `index` of a list, or the value of member `index` of an object. */
static json_object *item_at(json_object *json, size_t index)
{
	if (json_object_is_type(json, json_type_array))
		return json_object_array_get_idx(json, index);
	if (!json_object_is_type(json, json_type_object))
		return NULL;
	json_object_object_foreach(json, key, value)
	{
		(void)key;
		if (index-- == 0)
			return value;
	}
	return NULL;
}

/* One step of a path: a member name, or an index in brackets. Returns the rest; NULL when malformed. */
static const char *lookup_step(json_object *json, const char *path, json_object **ret)
{
	size_t len = strcspn(path, ".[");
	char name[64];
	char *end;

	*ret = NULL;
	if (*path == '[') {
		size_t index = strtoul(path + 1, &end, 10);

		if (*end != ']')
			return NULL;
		*ret = item_at(json, index);
		path = end + 1;
	} else {
		if (len == 0 || len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		if (json_object_is_type(json, json_type_object))
			(void)json_object_object_get_ex(json, name, ret);
		path += len;
	}
	return *path == '.' ? path + 1 : path;
}

static json_object *lookup(json_object *json, const char *path)
{
	while (json && path && *path)
		path = lookup_step(json, path, &json);
	return path ? json : NULL;
}

const char *lookup_string(json_object *json, const char *path)
{
	json_object *at = lookup(json, path);

	return json_object_is_type(at, json_type_string) ? json_object_get_string(at) : NULL;
}

int64_t lookup_int(json_object *json, const char *path)
{
	json_object *at = lookup(json, path);

	return json_object_is_type(at, json_type_int) ? json_object_get_int64(at) : 0;
}

double lookup_number(json_object *json, const char *path)
{
	json_object *at = lookup(json, path);

	if (!json_object_is_type(at, json_type_int) && !json_object_is_type(at, json_type_double))
		return 0;
	return json_object_get_double(at);
}

bool lookup_bool(json_object *json, const char *path)
{
	json_object *at = lookup(json, path);

	return json_object_is_type(at, json_type_boolean) && json_object_get_boolean(at);
}

bool lookup_exists(json_object *json, const char *path)
{
	return lookup(json, path) != NULL;
}

size_t lookup_count(json_object *json, const char *path)
{
	json_object *at = lookup(json, path);

	if (json_object_is_type(at, json_type_array))
		return json_object_array_length(at);
	if (json_object_is_type(at, json_type_object))
		return (size_t)json_object_object_length(at);
	return 0;
}

const char *lookup_key(json_object *json, const char *path, size_t index)
{
	json_object *at = lookup(json, path);

	if (!json_object_is_type(at, json_type_object))
		return NULL;
	json_object_object_foreach(at, key, value)
	{
		(void)value;
		if (index-- == 0)
			return key;
	}
	return NULL;
}

bool lookup_bytes(json_object *json, const char *path, struct buf *out)
{
	json_object *at = lookup(json, path);
	json_object *inner = NULL;

	if (json_object_is_type(at, json_type_string)) {
		buf_add(out, json_object_get_string(at), (size_t)json_object_get_string_len(at));
		return true;
	}
	if (!json_object_is_type(at, json_type_object) ||
	    !json_object_object_get_ex(at, "base64", &inner) ||
	    !json_object_is_type(inner, json_type_string))
		return false;
	return base64_decode(out, json_object_get_string(inner),
			     (size_t)json_object_get_string_len(inner)) == 0;
}

const char *lookup_text(json_object *json)
{
	return json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE);
}
