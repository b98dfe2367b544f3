/* The table of methods and notifications (methods.def) as data, for both sides. */
#ifndef SP_METHODS_H
#define SP_METHODS_H

#include "protocol/fields.h"

enum method_id {
#define METHOD(name, symbol, params, result, on_disconnect, errors, meaning) METHOD_##symbol,
#define NOTIFICATION(name, params, direction, meaning)
#include "protocol/methods.def"
#undef METHOD
#undef NOTIFICATION
	METHOD_COUNT
};

enum method_on_disconnect { METHOD_CANCEL, METHOD_FINISH };

struct method_info {
	const char *name;
	const struct fields *params;
	const struct fields *result;
	enum method_on_disconnect on_disconnect;
	const char *errors; /* kinds, with a space between */
	const char *meaning;
};

enum notification_direction { NOTIFICATION_DOWN, NOTIFICATION_UP, NOTIFICATION_BOTH };

struct notification_info {
	const char *name;
	const struct fields *params;
	enum notification_direction direction;
	const char *meaning;
};

const struct method_info *method_info(enum method_id id);

/* The method of that name: its id, or -1. */
int method_find(const char *name);

/* Ends with an entry whose name is NULL. */
extern const struct notification_info notifications[];

#endif
