/*
 * def.h — the words every file uses: fixed-size integers, attributes, small macros.
 *
 * Freestanding: contracts compile this for wasm32.
 */
#ifndef BASE_DEF_H
#define BASE_DEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Money on NEAR is 128 bits wide, in yoctoNEAR (10^-24 NEAR). */
__extension__ typedef unsigned __int128 u128;

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN          _Noreturn
#define UNUSED            __attribute__((unused))

#define countof(a) (sizeof(a) / sizeof((a)[0]))

/* A bug in our own code: print where and abort (a contract panics). Never for bad input. */
NORETURN void bug(const char *file, int line, const char *what);
#define BUG(what) bug(__FILE__, __LINE__, what)
#define BUG_ON(cond)                                                                               \
    do {                                                                                           \
        if (cond)                                                                                  \
            BUG(#cond);                                                                            \
    } while (0)

#endif
