/*
 * Decoding JSON into structs by their tables, and freeing them. Every member is checked for its JSON type
 * before a getter of json-c is asked: those convert in silence.
 */
#include "config.h"

#include "protocol/fields.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "protocol/base64.h"
#include "protocol/scan.h"
#include "protocol/utf8.h"

struct decoder {
	enum fields_dialect dialect;
	struct sb_error *err;
};

/* Where the decoder is, for messages: "params.envs.PATH", built only when something is wrong. */
struct place {
	const struct place *above;
	const char *name; /* NULL: an index */
	size_t index;
};

static int decode_struct(const struct decoder *d, const struct fields *type, json_object *json,
			 const struct place *place, void *ret);

static void place_print(const struct place *place, struct buf *out)
{
	if (place->above)
		place_print(place->above, out);
	if (!place->name)
		buf_printf(out, "[%zu]", place->index);
	else if (place->above)
		buf_printf(out, ".%.64s", place->name);
	else
		buf_add_str(out, place->name);
}

static int place_fail(const struct decoder *d, const struct place *place, const char *what)
{
	struct buf path CLEANUP_BUF = {.limit = 256};
	enum sb_code code = d->dialect == FIELDS_OURS ? SB_INVALID_PARAMS : SB_SANDBOX;

	place_print(place, &path);
	return sb_fail(d->err, code, "%s: %s", path.data ? path.data : "value", what);
}

static int out_of_memory(const struct decoder *d)
{
	return sb_fail_errno(d->err, SB_INTERNAL, ENOMEM, "decoding");
}

static int check_size(const struct decoder *d, const struct field *field, const struct place *place,
		      size_t size, const char *unit)
{
	char what[96];

	if (field->max && (int64_t)size > field->max) {
		(void)snprintf(what, sizeof(what), "must have at most %lld %s",
			       (long long)field->max, unit);
		return place_fail(d, place, what);
	}
	if ((int64_t)size < field->min) {
		(void)snprintf(what, sizeof(what), "must have at least %lld %s",
			       (long long)field->min, unit);
		return place_fail(d, place, what);
	}
	return 0;
}

static int check_range(const struct decoder *d, const struct field *field,
		       const struct place *place, bool is_inside)
{
	char what[96];

	if (is_inside)
		return 0;
	(void)snprintf(what, sizeof(what), "must be from %lld to %lld", (long long)field->min,
		       (long long)field->max);
	return place_fail(d, place, what);
}

static bool has_range(const struct field *field)
{
	return field->min != 0 || field->max != 0;
}

/* A copy of a JSON string that holds no NUL. */
static int copy_string(const struct decoder *d, json_object *json, const struct place *place,
		       char **ret)
{
	const char *text;
	size_t len;

	if (!json_object_is_type(json, json_type_string))
		return place_fail(d, place, "must be a string");
	text = json_object_get_string(json);
	len = (size_t)json_object_get_string_len(json);
	if (memchr(text, '\0', len))
		return place_fail(d, place, "must not contain a NUL character");
	*ret = strndup(text, len);
	return *ret ? 0 : out_of_memory(d);
}

static int decode_string(const struct decoder *d, const struct field *field, json_object *json,
			 const struct place *place, char **ret)
{
	if (copy_string(d, json, place, ret) < 0)
		return -1;
	return check_size(d, field, place, strlen(*ret), "bytes");
}

static int decode_int(const struct decoder *d, const struct field *field, json_object *json,
		      const struct place *place, int64_t *ret)
{
	bool may_be_text = d->dialect == FIELDS_E2B;
	int64_t value;

	if (may_be_text && json_object_is_type(json, json_type_string)) {
		const char *text = json_object_get_string(json);
		char *end;

		errno = 0;
		value = strtoll(text, &end, 10);
		if (errno || end == text || *end || isspace((unsigned char)*text) || *text == '+')
			return place_fail(d, place, "must be an integer");
	} else if (json_object_is_type(json, json_type_int)) {
		value = json_object_get_int64(json);
		if (value == INT64_MAX && json_object_get_uint64(json) > INT64_MAX)
			return place_fail(d, place, "is too large");
	} else {
		return place_fail(d, place, "must be an integer");
	}
	*ret = value;
	return check_range(d, field, place,
			   !has_range(field) || (value >= field->min && value <= field->max));
}

static int decode_number(const struct decoder *d, const struct field *field, json_object *json,
			 const struct place *place, double *ret)
{
	double value;

	if (!json_object_is_type(json, json_type_int) &&
	    !json_object_is_type(json, json_type_double))
		return place_fail(d, place, "must be a number");
	value = json_object_get_double(json);
	*ret = value;
	return check_range(d, field, place,
			   !has_range(field) ||
				   (value >= (double)field->min && value <= (double)field->max));
}

static int decode_base64(const struct decoder *d, json_object *json, const struct place *place,
			 struct bytes *ret)
{
	struct buf out CLEANUP_BUF = {0};

	if (!json_object_is_type(json, json_type_string))
		return place_fail(d, place, "must be a base64 string");
	if (base64_decode(&out, json_object_get_string(json),
			  (size_t)json_object_get_string_len(json)) < 0)
		return out.failed ? out_of_memory(d) : place_fail(d, place, "is not base64");
	ret->len = out.len;
	ret->data = buf_steal(&out);
	return ret->data ? 0 : out_of_memory(d);
}

static int decode_bytes(const struct decoder *d, const struct field *field, json_object *json,
			const struct place *place, struct bytes *ret)
{
	json_object *inner;

	if (d->dialect == FIELDS_E2B) {
		if (decode_base64(d, json, place, ret) < 0)
			return -1;
	} else if (json_object_is_type(json, json_type_string)) {
		ret->len = (size_t)json_object_get_string_len(json);
		ret->data = malloc(ret->len + 1);
		if (!ret->data)
			return out_of_memory(d);
		memcpy(ret->data, json_object_get_string(json), ret->len + 1);
	} else if (json_object_is_type(json, json_type_object) &&
		   json_object_object_length(json) == 1 &&
		   json_object_object_get_ex(json, "base64", &inner)) {
		if (decode_base64(d, inner, place, ret) < 0)
			return -1;
	} else {
		return place_fail(d, place, "must be a string or {\"base64\":\"…\"}");
	}
	return check_size(d, field, place, ret->len, "bytes");
}

static int decode_enum(const struct decoder *d, const struct field *field, json_object *json,
		       const struct place *place, int *ret)
{
	struct buf what CLEANUP_BUF = {.limit = 256};

	if (json_object_is_type(json, json_type_string)) {
		for (int i = 0; field->names[i]; i++) {
			if (strcmp(json_object_get_string(json), field->names[i]) == 0) {
				*ret = i;
				return 0;
			}
		}
	} else if (d->dialect == FIELDS_E2B && json_object_is_type(json, json_type_int)) {
		for (int i = 0; field->names[i]; i++) {
			int64_t number = field->numbers ? field->numbers[i] : i;

			if (json_object_get_int64(json) == number) {
				*ret = i;
				return 0;
			}
		}
	}
	if (d->dialect == FIELDS_E2B) /* an unknown name counts as absent (wire §3.7) */
		return 0;
	buf_add_str(&what, "must be one of");
	for (int i = 0; field->names[i]; i++)
		buf_printf(&what, "%s \"%s\"", i ? "," : "", field->names[i]);
	return place_fail(d, place, what.data);
}

static int decode_strings(const struct decoder *d, const struct field *field, json_object *json,
			  const struct place *place, struct strings *ret)
{
	size_t count;

	if (!json_object_is_type(json, json_type_array))
		return place_fail(d, place, "must be a list of strings");
	count = json_object_array_length(json);
	if (check_size(d, field, place, count, "items") < 0)
		return -1;
	ret->items = calloc(count + 1, sizeof(*ret->items));
	if (!ret->items)
		return out_of_memory(d);
	for (size_t i = 0; i < count; i++) {
		struct place here = {.above = place, .index = i};

		if (copy_string(d, json_object_array_get_idx(json, i), &here, &ret->items[i]) < 0)
			return -1;
		ret->count++;
	}
	return 0;
}

static int decode_map(const struct decoder *d, const struct field *field, json_object *json,
		      const struct place *place, struct string_map *ret)
{
	size_t count;

	if (!json_object_is_type(json, json_type_object))
		return place_fail(d, place, "must be an object of strings");
	count = (size_t)json_object_object_length(json);
	if (check_size(d, field, place, count, "members") < 0)
		return -1;
	ret->items = calloc(count + 1, sizeof(*ret->items));
	if (!ret->items)
		return out_of_memory(d);
	json_object_object_foreach(json, key, value)
	{
		struct place here = {.above = place, .name = key};
		struct string_pair *pair = &ret->items[ret->count];

		if (field->are_variables && (!*key || strchr(key, '=')))
			return place_fail(d, &here, "must be a variable's name, without \"=\"");
		ret->count++;
		pair->key = strdup(key);
		if (!pair->key)
			return out_of_memory(d);
		if (copy_string(d, value, &here, &pair->value) < 0)
			return -1;
	}
	return 0;
}

static int decode_object(const struct decoder *d, const struct field *field, json_object *json,
			 const struct place *place, void **ret)
{
	*ret = calloc(1, field->type->size);
	if (!*ret)
		return out_of_memory(d);
	return decode_struct(d, field->type, json, place, *ret);
}

static int decode_list(const struct decoder *d, const struct field *field, json_object *json,
		       const struct place *place, struct list_value *ret)
{
	size_t count;

	if (!json_object_is_type(json, json_type_array))
		return place_fail(d, place, "must be a list");
	count = json_object_array_length(json);
	if (check_size(d, field, place, count, "items") < 0)
		return -1;
	ret->items = calloc(count ? count : 1, field->type->size);
	if (!ret->items)
		return out_of_memory(d);
	for (size_t i = 0; i < count; i++) {
		struct place here = {.above = place, .index = i};
		void *item = (char *)ret->items + i * field->type->size;

		ret->count++;
		if (decode_struct(d, field->type, json_object_array_get_idx(json, i), &here, item) <
		    0)
			return -1;
	}
	return 0;
}

static int decode_json(const struct decoder *d, json_object *json, char **ret)
{
	const char *text = json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	*ret = text ? strdup(text) : NULL;
	return *ret ? 0 : out_of_memory(d);
}

static int decode_bool(const struct decoder *d, json_object *json, const struct place *place,
		       bool *ret)
{
	if (!json_object_is_type(json, json_type_boolean))
		return place_fail(d, place, "must be true or false");
	*ret = json_object_get_boolean(json);
	return 0;
}

static int decode_field(const struct decoder *d, const struct field *field, json_object *json,
			const struct place *place, void *at)
{
	switch (field->kind) {
	case FIELD_BOOL:
		return decode_bool(d, json, place, at);
	case FIELD_INT:
	case FIELD_INT64:
		return decode_int(d, field, json, place, at);
	case FIELD_NUMBER:
		return decode_number(d, field, json, place, at);
	case FIELD_STRING:
		return decode_string(d, field, json, place, at);
	case FIELD_BYTES:
		return decode_bytes(d, field, json, place, at);
	case FIELD_ENUM:
		return decode_enum(d, field, json, place, at);
	case FIELD_STRINGS:
		return decode_strings(d, field, json, place, at);
	case FIELD_MAP:
		return decode_map(d, field, json, place, at);
	case FIELD_OBJECT:
		return decode_object(d, field, json, place, at);
	case FIELD_LIST:
		return decode_list(d, field, json, place, at);
	case FIELD_JSON:
		return decode_json(d, json, at);
	}
	abort();
}

void fields_init(const struct fields *type, void *value)
{
	for (const struct field *field = type->fields; field->name; field++) {
		void *at = (char *)value + field->at;

		if (field->kind == FIELD_BOOL)
			*(bool *)at = field->absent != 0;
		else if (field->kind == FIELD_INT || field->kind == FIELD_INT64)
			*(int64_t *)at = field->absent;
		else if (field->kind == FIELD_ENUM)
			*(int *)at = (int)field->absent;
		else if (field->kind == FIELD_NUMBER)
			*(double *)at = (double)field->absent;
	}
}

static bool is_known(const struct fields *type, const char *name)
{
	for (const struct field *field = type->fields; field->name; field++) {
		if (strcmp(field->name, name) == 0 ||
		    (field->alias && strcmp(field->alias, name) == 0))
			return true;
	}
	return false;
}

static int refuse_unknown(const struct decoder *d, const struct fields *type, json_object *json,
			  const struct place *place)
{
	json_object_object_foreach(json, key, value)
	{
		struct place here = {.above = place, .name = key};

		(void)value;
		if (!is_known(type, key))
			return place_fail(d, &here, "there is no such parameter");
	}
	return 0;
}

static json_object *find_member(json_object *json, const struct field *field)
{
	json_object *member = NULL;

	if (json_object_object_get_ex(json, field->name, &member) && member)
		return member;
	if (field->alias)
		(void)json_object_object_get_ex(json, field->alias, &member);
	return member;
}

static int decode_struct(const struct decoder *d, const struct fields *type, json_object *json,
			 const struct place *place, void *ret)
{
	fields_init(type, ret);
	if (!json_object_is_type(json, json_type_object))
		return place_fail(d, place, "must be an object");
	if (d->dialect == FIELDS_OURS && refuse_unknown(d, type, json, place) < 0)
		return -1;
	for (const struct field *field = type->fields; field->name; field++) {
		struct place here = {.above = place, .name = field->name};
		json_object *member = find_member(json, field);

		if (member) {
			if (decode_field(d, field, member, &here, (char *)ret + field->at) < 0)
				return -1;
		} else if (field->required) {
			return place_fail(d, &here, "is missing");
		}
	}
	return 0;
}

/* What decoding an empty object does, without one. */
static int decode_nothing(const struct decoder *d, const struct fields *type,
			  const struct place *place, void *ret)
{
	fields_init(type, ret);
	for (const struct field *field = type->fields; field->name; field++) {
		struct place here = {.above = place, .name = field->name};

		if (field->required)
			return place_fail(d, &here, "is missing");
	}
	return 0;
}

int fields_decode(const struct fields *type, enum fields_dialect dialect, struct json_object *json,
		  const char *where, void *ret, struct sb_error *err)
{
	struct decoder d = {dialect, err};
	struct place place = {.name = where};
	int result = json ? decode_struct(&d, type, json, &place, ret)
			  : decode_nothing(&d, type, &place, ret);

	if (result < 0)
		fields_free(type, ret);
	return result;
}

/* Scan and parse: returns new. NULL with `err` filled. */
static json_object *parse_text(const char *text, size_t len, const char *where,
			       struct sb_error *err)
{
	json_tokener *tokener;
	json_object *json;

	if (len > INT32_MAX) {
		(void)sb_fail(err, SB_TOO_LARGE, "%s: %zu bytes of JSON", where, len);
		return NULL;
	}
	if (scan_json(text, len, err) < 0) {
		(void)sb_wrap(err, "%s", where);
		return NULL;
	}
	tokener = json_tokener_new_ex(SCAN_DEPTH_MAX + 1);
	if (!tokener) { /* json-c frees no NULL */
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "%s", where);
		return NULL;
	}
	json = json_tokener_parse_ex(tokener, text, (int)len);
	if (!json && json_tokener_get_error(tokener) == json_tokener_continue)
		json = json_tokener_parse_ex(tokener, " ", 1); /* a number might go on */
	if (!json && json_tokener_get_error(tokener) == json_tokener_success)
		(void)sb_fail(err, SB_PARSE, "%s: must not be null", where);
	else if (!json)
		(void)sb_fail(err, SB_PARSE, "%s: not JSON: %s", where,
			      json_tokener_error_desc(json_tokener_get_error(tokener)));
	json_tokener_free(tokener);
	return json;
}

int fields_parse(const struct fields *type, enum fields_dialect dialect, const char *text,
		 size_t len, const char *where, void *ret, struct sb_error *err)
{
	json_object *json = parse_text(text, len, where, err);
	int result;

	if (!json)
		return -1;
	result = fields_decode(type, dialect, json, where, ret, err);
	(void)json_object_put(json);
	return result;
}

int fields_parse_list(const struct fields *type, enum fields_dialect dialect, const char *text,
		      size_t len, const char *where, struct list_value *ret_list,
		      struct sb_error *err)
{
	struct decoder d = {dialect, err};
	struct place place = {.name = where};
	struct field field = {.name = where, .kind = FIELD_LIST, .type = type};
	json_object *json = parse_text(text, len, where, err);
	int result;

	if (!json)
		return -1;
	*ret_list = (struct list_value){0};
	result = decode_list(&d, &field, json, &place, ret_list);
	if (result < 0)
		fields_free_list(type, ret_list);
	(void)json_object_put(json);
	return result;
}

void fields_free_list(const struct fields *type, struct list_value *list)
{
	for (size_t i = 0; i < list->count; i++)
		fields_free(type, (char *)list->items + i * type->size);
	free(list->items);
	*list = (struct list_value){0};
}

void fields_free(const struct fields *type, void *value)
{
	for (const struct field *field = type->fields; field->name; field++) {
		void *at = (char *)value + field->at;

		switch (field->kind) {
		case FIELD_BOOL:
		case FIELD_INT:
		case FIELD_INT64:
		case FIELD_NUMBER:
		case FIELD_ENUM:
			break;
		case FIELD_STRING:
		case FIELD_JSON:
			free(*(char **)at);
			break;
		case FIELD_BYTES:
			free(((struct bytes *)at)->data);
			break;
		case FIELD_STRINGS:
			strings_free(at);
			break;
		case FIELD_MAP:
			string_map_free(at);
			break;
		case FIELD_OBJECT:
			if (*(void **)at)
				fields_free(field->type, *(void **)at);
			free(*(void **)at);
			break;
		case FIELD_LIST:
			fields_free_list(field->type, at);
			break;
		}
	}
	memset(value, 0, type->size);
}
