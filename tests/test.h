/*
 * test.h — what every cmocka program includes, in the order cmocka wants, and two short asserts.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"

/* The bytes of a struct str or buf against a literal; shows both texts when they differ. */
#define assert_str(got, want)                                                                      \
    do {                                                                                           \
        struct str got_ = (got), want_ = str_of(want);                                             \
        if (!str_eq(got_, want_))                                                                  \
            fail_msg("got '%.*s', want '%.*s'", STR_ARG(got_), STR_ARG(want_));                    \
    } while (0)
#define assert_buf(b, want) assert_str(buf_str(&(b)), want)
/* ERR_OK, or the sentence it failed with. */
#define assert_ok(e, why)                                                                          \
    do {                                                                                           \
        if (e)                                                                                     \
            fail_msg("%s", buf_z(&(why)));                                                         \
    } while (0)

#endif
