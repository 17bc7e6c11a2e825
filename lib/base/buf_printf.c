/* buf_printf.c — formatted text into a buf; apart from buf.c because contracts have no printf. */
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->full = true;
    } else {
        char *to = buf_room(b, (size_t)n);

        if (to)
            vsnprintf(to, (size_t)n + 1, fmt, again);
    }
    va_end(again);
}
