/* utf8.c — see utf8.h. */
#include "base/utf8.h"

/* Bytes of the well-formed sequence at the start of `s`, or 0. */
static size_t utf8_one(struct str s)
{
    for (size_t n = 1; n <= 4 && n <= s.len; n++)
        if (str_is_utf8(str_head(s, n)))
            return n;
    return 0;
}

void utf8_lossy(struct buf *out, struct str s)
{
    while (s.len) {
        size_t n = utf8_one(s);

        if (n)
            buf_add(out, s.ptr, n);
        else
            buf_addz(out, "\xef\xbf\xbd");
        s = str_skip(s, n ? n : 1);
    }
}

static bool goes_on(char c)
{
    return ((uint8_t)c & 0xc0) == 0x80;
}

struct str utf8_head(struct str s, size_t max)
{
    size_t n = s.len < max ? s.len : max;

    while (n && n < s.len && goes_on(s.ptr[n]))
        n--;
    return str_head(s, n);
}

struct str utf8_tail(struct str s, size_t max)
{
    size_t skip = s.len > max ? s.len - max : 0;

    while (skip && skip < s.len && goes_on(s.ptr[skip]))
        skip++;
    return str_skip(s, skip);
}
