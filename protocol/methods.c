/* The table of methods and notifications. */
#include "config.h"

#include "protocol/methods.h"

#include <string.h>

#include "protocol/types.h"

static const struct method_info methods[METHOD_COUNT] = {
#define METHOD(name, symbol, params, result, on_disconnect, errors, meaning)                       \
	[METHOD_##symbol] = {name,   &params##_type, &result##_type, METHOD_##on_disconnect,       \
			     errors, meaning},
#define NOTIFICATION(name, params, direction, meaning)
#include "protocol/methods.def"
#undef METHOD
#undef NOTIFICATION
};

const struct notification_info notifications[] = {
#define METHOD(name, symbol, params, result, on_disconnect, errors, meaning)
#define NOTIFICATION(name, params, direction, meaning)                                             \
	{name, &params##_type, NOTIFICATION_##direction, meaning},
#include "protocol/methods.def"
#undef METHOD
#undef NOTIFICATION
	{.name = NULL},
};

const struct method_info *method_info(enum method_id id)
{
	return &methods[id];
}

int method_find(const char *name)
{
	for (int i = 0; i < METHOD_COUNT; i++) {
		if (strcmp(methods[i].name, name) == 0)
			return i;
	}
	return -1;
}
