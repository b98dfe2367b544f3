#ifndef SP_TYPES_H
#define SP_TYPES_H
#include "protocol/fields.h"
#endif
