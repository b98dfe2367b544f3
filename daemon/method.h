/*
 * The functions behind methods.def, one file per method (method-<noun>-<verb>.c). A method that this daemon
 * serves stands in served.def too.
 */
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
