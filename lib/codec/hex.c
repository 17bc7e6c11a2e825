/* hex.c — see hex.h. */
#include "codec/hex.h"

void hex_put(struct buf *out, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes;
    char *to = n <= SIZE_MAX / 2 ? buf_room(out, 2 * n) : NULL;

    for (size_t i = 0; to && i < n; i++) {
        to[2 * i] = digits[p[i] >> 4];
        to[2 * i + 1] = digits[p[i] & 15];
    }
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_get(struct str text, void *out, size_t n)
{
    uint8_t *to = out;

    if (text.len % 2 || text.len / 2 != n)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (digit(text.ptr[i]) < 0)
            return false;
    for (size_t i = 0; i < n; i++)
        to[i] =
            (uint8_t)((unsigned)digit(text.ptr[2 * i]) << 4 | (unsigned)digit(text.ptr[2 * i + 1]));
    return true;
}

bool hex_is_lower(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (digit(text.ptr[i]) < 0 || (text.ptr[i] >= 'A' && text.ptr[i] <= 'F'))
            return false;
    return true;
}
