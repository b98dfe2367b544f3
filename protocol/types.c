#include "config.h"

#include "protocol/types.h"

extern const struct fields types_none;
const struct fields types_none = {"None", 1, (const struct field[]){F_END}, NULL};
