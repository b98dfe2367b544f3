/* The functions behind methods.def, one file per method or close family (method-<noun>-<verb>.c). */
#ifndef SP_METHOD_H
#define SP_METHOD_H

#include "daemon/call.h"
#include "daemon/op.h"
#include "daemon/server.h"

#define METHOD(name, symbol, params, result, on_disconnect, errors, meaning)                       \
	struct call_done *method_##symbol(struct call *call) MUST_USE;
#define NOTIFICATION(name, params, direction, meaning)
#include "protocol/methods.def"
#undef METHOD
#undef NOTIFICATION

#endif
