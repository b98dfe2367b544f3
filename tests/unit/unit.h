/* What every unit test includes: cmocka with what it needs before it. */
#ifndef SP_TESTS_UNIT_H
#define SP_TESTS_UNIT_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#endif
