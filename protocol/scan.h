/*
 * Strict JSON, before json-c builds a tree: RFC 8259 and RFC 3629 to the letter. Refuses what json-c
 * lets pass: single quotes, NaN, comments, trailing commas, raw control characters, overlong UTF-8, lone
 * surrogates, duplicate member names, integers that do not fit in 64 bits, depth above SCAN_DEPTH_MAX.
 */
#ifndef SP_SCAN_H
#define SP_SCAN_H

#include <stddef.h>

#include "protocol/error.h"

#define SCAN_DEPTH_MAX   64
#define SCAN_MEMBERS_MAX 65536 /* of all objects open at once */

/* 0 when `text` is one JSON value in white space; else SB_PARSE with the place, or SB_TOO_LARGE: too many members. */
int scan_json(const char *text, size_t len, struct sb_error *err) MUST_USE;

#endif
