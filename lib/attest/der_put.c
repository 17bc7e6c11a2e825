#include "attest/der_put.h"

#include <string.h>

#include "attest/der.h"
#include "attest/utc.h"

#define HEAD_MAX 5 /* tag and length of up to 2^24 bytes */

static size_t head(uint8_t tag, size_t len, uint8_t out[HEAD_MAX])
{
    size_t n = 0;

    out[n++] = tag;
    if (len < 0x80) {
        out[n++] = (uint8_t)len;
        return n;
    }
    BUG_ON(len >= 1 << 24);
    out[n++] = (uint8_t)(len < 1 << 8 ? 0x81 : len < 1 << 16 ? 0x82 : 0x83);
    if (len >= 1 << 16)
        out[n++] = (uint8_t)(len >> 16);
    if (len >= 1 << 8)
        out[n++] = (uint8_t)(len >> 8);
    out[n++] = (uint8_t)len;
    return n;
}

void der_put(struct buf *out, uint8_t tag, struct str body)
{
    uint8_t h[HEAD_MAX];

    buf_add(out, h, head(tag, body.len, h));
    buf_add_str(out, body);
}

size_t der_open(struct buf *out)
{
    return out->len;
}

void der_close(struct buf *out, uint8_t tag, size_t at)
{
    uint8_t h[HEAD_MAX];
    size_t len = out->len - at, n = head(tag, len, h);

    if (!buf_room(out, n))
        BUG("no room for DER");
    memmove(out->ptr + at + n, out->ptr + at, len);
    memcpy(out->ptr + at, h, n);
}

/* A number that is not negative, as the shortest two's complement. */
static void put_uint(struct buf *out, uint8_t tag, const uint8_t *p, size_t n)
{
    size_t at;

    while (n > 1 && *p == 0) {
        p++;
        n--;
    }
    at = der_open(out);
    if (*p & 0x80)
        buf_add_byte(out, 0);
    buf_add(out, p, n);
    der_close(out, tag, at);
}

void der_put_small(struct buf *out, uint8_t tag, uint32_t v)
{
    uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

    put_uint(out, tag, b, sizeof b);
}

void der_put_time(struct buf *out, int64_t utc)
{
    char text[32], digits[16];
    struct buf date = BUF_OVER(text);
    size_t n = 0;

    utc_put(&date, utc);
    for (size_t i = 0; i < date.len && n < sizeof digits - 1; i++)
        if (text[i] >= '0' && text[i] <= '9')
            digits[n++] = text[i];
    digits[n++] = 'Z';
    if (digits[0] == '2' && digits[1] == '0' && digits[2] < '5')
        der_put(out, DER_UTC_TIME, str_from(digits + 2, n - 2));
    else
        der_put(out, DER_TIME, str_from(digits, n));
}

void der_put_bits(struct buf *out, struct str bytes)
{
    size_t at = der_open(out);

    buf_add_byte(out, 0);
    buf_add_str(out, bytes);
    der_close(out, DER_BITS, at);
}

void der_put_signature(struct buf *out, const uint8_t sig[64])
{
    size_t at = der_open(out);

    put_uint(out, DER_INTEGER, sig, 32);
    put_uint(out, DER_INTEGER, sig + 32, 32);
    der_close(out, DER_SEQUENCE, at);
}
