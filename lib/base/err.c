/* err.c — see err.h. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *text;
    unsigned http;
    bool retry;
} errors[] = {
#define ERR(name, text, http, retry) {#name, text, http, retry},
    ERR_LIST(ERR)
#undef ERR
};

const char *err_text(enum err e)
{
    return errors[e].text;
}

const char *err_name(enum err e)
{
    return errors[e].name;
}

unsigned err_http(enum err e)
{
    return errors[e].http;
}

bool err_retry(enum err e)
{
    return errors[e].retry;
}

__attribute__((format(printf, 2, 0))) static void put(struct buf *why, const char *fmt, va_list ap)
{
    char text[WHY_MAX + 1];

    /* `why` may hold an earlier sentence that `fmt` quotes: format first, then replace. */
    vsnprintf(text, sizeof(text), fmt, ap);
    if (!why)
        return;
    buf_clear(why);
    buf_add_str(why, str_head(str_of(text), why->max));
}

enum err err_put(struct buf *why, enum err e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put(why, fmt, ap);
    va_end(ap);
    return e;
}

enum err err_sys(struct buf *why, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;

    va_start(ap, fmt);
    put(why, fmt, ap);
    va_end(ap);
    if (why) {
        buf_addz(why, ": ");
        buf_addz(why, strerror(saved));
    }
    return ERR_IO;
}
