/*
 * Tables that turn JSON into structs and back. One table says a struct's members once: their names on
 * the wire, types, defaults, limits and meaning; decoding, encoding, freeing and rpc.discover follow from it.
 *
 *	struct point { char *label; int64_t x; };
 *	static const struct field point_fields[] = {
 *		F_STRING(struct point, label, .required = true, .max = 64, .doc = "what it is called"),
 *		F_INT(struct point, x, .min = 0, .max = 100, .absent = 0, .doc = "where it is"),
 *		F_END
 *	};
 *	const struct fields point_type = {"Point", sizeof(struct point), point_fields};
 *
 * Two dialects share the tables' machinery. FIELDS_OURS is the local protocol: members the table does
 * not know are refused, bytes are text or {"base64":…}. FIELDS_E2B is the upstream wire (wire §3.7):
 * unknown members are ignored, bytes are base64 strings, 64-bit integers come as strings or numbers, and
 * members at their absent value are left out on the way out. In both, null means absent.
 *
 * Only fields*.c and message.c include json-c.
 */
#ifndef SP_FIELDS_H
#define SP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/buf.h"
#include "protocol/error.h"
#include "protocol/values.h"

struct json_object;

enum fields_dialect { FIELDS_OURS, FIELDS_E2B };

enum field_kind {
	FIELD_BOOL,    /* bool */
	FIELD_INT,     /* int64_t; a number without a fraction */
	FIELD_INT64,   /* int64_t; a decimal string on the E2B wire, a number on ours */
	FIELD_NUMBER,  /* double */
	FIELD_STRING,  /* char *: UTF-8 without NUL; NULL when absent */
	FIELD_BYTES,   /* struct bytes */
	FIELD_ENUM,    /* int: an index into .names; written as the name (E2B reads numbers too) */
	FIELD_STRINGS, /* struct strings */
	FIELD_MAP,     /* struct string_map */
	FIELD_OBJECT,  /* pointer to a struct that .type describes; NULL when absent */
	FIELD_LIST,    /* struct list_value of structs that .type describes */
	FIELD_JSON,    /* char *: the text of any JSON value, kept as it came; NULL when absent */
};

struct list_value {
	void *items; /* `count` structs in a row; NULL when absent */
	size_t count;
};

struct fields;

struct field {
	const char *name;  /* on the wire */
	const char *alias; /* a second spelling accepted on input, or NULL */
	enum field_kind kind;
	size_t at;     /* offset in the struct */
	bool required; /* refused when absent on input */
	bool always;   /* E2B dialect: written even at its absent value */
	bool optional; /* our dialect: left out on output at its absent value (E2B: the rule) */
	/*
	 * Numbers: the range, checked when min < max or either is not 0. Strings, bytes, lists and maps:
	 * max is the most bytes or items (0: no bound of its own) and min the fewest.
	 */
	int64_t min, max;
	int64_t absent;     /* BOOL, INT, ENUM, NUMBER: the value when the member is not there */
	bool are_variables; /* MAP: its keys name environment variables: not empty, and no "=" */
	const char *const *names; /* ENUM: ends with NULL */
	/* ENUM: the number of each name where it is not its index; or NULL */
	const int64_t *numbers;
	const struct fields *type; /* OBJECT, LIST */
	const char *doc;
};

struct fields {
	const char *name; /* "SandboxInfo" */
	size_t size;      /* of the struct */
	const struct field *fields;
	const char *doc;
};

/* A member's offset, checked at compile time to have the C type the field's kind is stored in. */
#define FIELD_AT(T, m, C) (offsetof(T, m) + 0 * sizeof(&((T *)0)->m == (C *)0))

#define F_AS(K, C, T, m, wire, ...)                                                                \
	{                                                                                          \
		.name = (wire), .kind = (K), .at = FIELD_AT(T, m, C), __VA_ARGS__                  \
	}

#define F_BOOL(T, m, ...)    F_AS(FIELD_BOOL, bool, T, m, #m, __VA_ARGS__)
#define F_INT(T, m, ...)     F_AS(FIELD_INT, int64_t, T, m, #m, __VA_ARGS__)
#define F_NUMBER(T, m, ...)  F_AS(FIELD_NUMBER, double, T, m, #m, __VA_ARGS__)
#define F_STRING(T, m, ...)  F_AS(FIELD_STRING, char *, T, m, #m, __VA_ARGS__)
#define F_BYTES(T, m, ...)   F_AS(FIELD_BYTES, struct bytes, T, m, #m, __VA_ARGS__)
#define F_ENUM(T, m, ...)    F_AS(FIELD_ENUM, int, T, m, #m, __VA_ARGS__)
#define F_STRINGS(T, m, ...) F_AS(FIELD_STRINGS, struct strings, T, m, #m, __VA_ARGS__)
#define F_MAP(T, m, ...)     F_AS(FIELD_MAP, struct string_map, T, m, #m, __VA_ARGS__)
#define F_LIST(T, m, ...)    F_AS(FIELD_LIST, struct list_value, T, m, #m, __VA_ARGS__)
#define F_JSON(T, m, ...)    F_AS(FIELD_JSON, char *, T, m, #m, __VA_ARGS__)
/* `C` is the struct pointed to. */
#define F_OBJECT(C, T, m, ...) F_AS(FIELD_OBJECT, C *, T, m, #m, __VA_ARGS__)
#define F_END                                                                                      \
	{                                                                                          \
		.name = NULL                                                                       \
	}

/*
 * Decode the members of `json` (an object, or NULL for none) into `*ret`, which the caller gives zeroed
 * and of type->size. On success it owns what it points to and goes to fields_free(). On failure it is
 * empty and `err` is SB_INVALID_PARAMS (ours) or SB_SANDBOX (E2B) with the path of the bad member
 * behind `where`: "params.envs.PATH: must be a string".
 */
int fields_decode(const struct fields *type, enum fields_dialect dialect, struct json_object *json,
		  const char *where, void *ret, struct sb_error *err) MUST_USE;

/* The same from text: scans, parses, and requires an object. */
int fields_parse(const struct fields *type, enum fields_dialect dialect, const char *text,
		 size_t len, const char *where, void *ret, struct sb_error *err) MUST_USE;

/*
 * The same for text that is an array of objects; `*ret_list` is freed with fields_free_list().
 */
int fields_parse_list(const struct fields *type, enum fields_dialect dialect, const char *text,
		      size_t len, const char *where, struct list_value *ret_list,
		      struct sb_error *err) MUST_USE;

/* Append the JSON object for `*value` to `out`. Failure shows in out->failed. */
void fields_encode(const struct fields *type, enum fields_dialect dialect, const void *value,
		   struct buf *out);
void fields_encode_list(const struct fields *type, enum fields_dialect dialect,
			const struct list_value *list, struct buf *out);

/* Append `text` as a JSON string; bytes that are not UTF-8 become U+FFFD. */
void fields_encode_string(struct buf *out, const char *text, size_t len);

/* Append bytes as the local protocol writes them: a string when valid UTF-8, else {"base64":…}. */
void fields_encode_bytes(struct buf *out, const char *data, size_t len);

/* Free what a decoded struct owns and zero it; NULL members are fine. */
void fields_free(const struct fields *type, void *value);
void fields_free_list(const struct fields *type, struct list_value *list);

/* Set every member of a zeroed struct to its absent value, as decoding an empty object would. */
void fields_init(const struct fields *type, void *value);

#endif
