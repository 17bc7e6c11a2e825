/* base64.c — see base64.h. */
#include "codec/base64.h"

void base64_put(struct buf *out, const void *bytes, size_t n)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = bytes;
    char *to = n <= SIZE_MAX / 2 ? buf_room(out, (n + 2) / 3 * 4) : NULL;

    for (size_t i = 0; to && i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;

        if (i + 1 < n)
            v |= (uint32_t)p[i + 1] << 8;
        if (i + 2 < n)
            v |= p[i + 2];
        *to++ = alphabet[v >> 18];
        *to++ = alphabet[v >> 12 & 63];
        *to++ = i + 1 < n ? alphabet[v >> 6 & 63] : '=';
        *to++ = i + 2 < n ? alphabet[v & 63] : '=';
    }
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

bool base64_get(struct str text, struct buf *out)
{
    size_t pad = 0, start = out->len;
    uint8_t *to;

    if (text.len % 4)
        return false;
    while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=')
        pad++;
    to = (uint8_t *)buf_room(out, text.len / 4 * 3 - pad);
    if (!to)
        return false;
    for (size_t i = 0; i < text.len; i += 4) {
        size_t chars = i + 4 == text.len ? 4 - pad : 4;
        uint32_t v = 0;

        for (size_t j = 0; j < 4; j++) {
            int d = j < chars ? value_of(text.ptr[i + j]) : 0;

            if (d < 0)
                goto bad;
            v = v << 6 | (uint32_t)d;
        }
        /* one spelling only: bits that stand for nothing must be zero */
        if ((chars == 2 && v & 0xffff) || (chars == 3 && v & 0xff))
            goto bad;
        *to++ = (uint8_t)(v >> 16);
        if (chars > 2)
            *to++ = (uint8_t)(v >> 8);
        if (chars > 3)
            *to++ = (uint8_t)v;
    }
    return true;
bad:
    out->len = start;
    out->ptr[start] = '\0';
    return false;
}
