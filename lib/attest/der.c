#include "attest/der.h"

#include <string.h>

#include "attest/utc.h"

bool der_any(struct str *in, uint8_t *tag, struct str *body, struct str *whole)
{
    const uint8_t *p = (const uint8_t *)in->ptr;
    size_t head = 2, len;

    if (in->len < 2 || (p[0] & 0x1f) == 0x1f)
        return false;
    len = p[1];
    if (len >= 0x80) {
        size_t n = len - 0x80;

        if (n < 1 || n > 3 || in->len < 2 + n || p[2] == 0)
            return false;
        len = 0;
        for (size_t i = 0; i < n; i++)
            len = len << 8 | p[2 + i];
        if (len < 0x80)
            return false;
        head += n;
    }
    if (len > in->len - head)
        return false;
    *tag = p[0];
    *body = str_from(p + head, len);
    if (whole)
        *whole = str_from(p, head + len);
    *in = str_skip(*in, head + len);
    return true;
}

bool der_is(struct str in, uint8_t tag)
{
    return in.len > 0 && (uint8_t)in.ptr[0] == tag;
}

bool der_take(struct str *in, uint8_t tag, struct str *body)
{
    uint8_t got;

    return der_is(*in, tag) && der_any(in, &got, body, NULL);
}

bool der_whole(struct str *in, uint8_t tag, struct str *whole)
{
    struct str body;
    uint8_t got;

    return der_is(*in, tag) && der_any(in, &got, &body, whole);
}

bool der_bool(struct str *in, bool *out)
{
    struct str body;

    if (!der_take(in, DER_BOOLEAN, &body) || body.len != 1 ||
        (body.ptr[0] != 0 && (uint8_t)body.ptr[0] != 0xff))
        return false;
    *out = body.ptr[0] != 0;
    return true;
}

/* Shortest form of a number that is not negative. */
static bool integer_ok(struct str b)
{
    return b.len > 0 && !(b.ptr[0] & 0x80) && !(b.len > 1 && b.ptr[0] == 0 && !(b.ptr[1] & 0x80));
}

bool der_small(struct str body, uint32_t max, uint32_t *out)
{
    uint64_t v = 0;

    if (!integer_ok(body) || body.len > 5)
        return false;
    for (size_t i = 0; i < body.len; i++)
        v = v << 8 | (uint8_t)body.ptr[i];
    if (v > max)
        return false;
    *out = (uint32_t)v;
    return true;
}

bool der_time(struct str *in, int64_t *out)
{
    struct str body;
    uint8_t tag;

    if (!der_any(in, &tag, &body, NULL) || !body.len || body.ptr[body.len - 1] != 'Z')
        return false;
    body.len--;
    return ((tag == DER_UTC_TIME && body.len == 12) || (tag == DER_TIME && body.len == 14)) &&
           utc_from_digits(body, out);
}

bool der_signature(struct str in, uint8_t out[64])
{
    struct str seq, part;

    if (!der_take(&in, DER_SEQUENCE, &seq) || in.len)
        return false;
    for (size_t half = 0; half < 2; half++) {
        uint8_t *to = out + 32 * half;

        if (!der_take(&seq, DER_INTEGER, &part) || !integer_ok(part))
            return false;
        if (part.len == 33 && part.ptr[0] == 0)
            part = str_skip(part, 1);
        if (part.len > 32)
            return false;
        memset(to, 0, 32 - part.len);
        memcpy(to + 32 - part.len, part.ptr, part.len);
    }
    return seq.len == 0;
}
