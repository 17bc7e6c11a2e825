/* base58.c — see base58.h. */
#include "codec/base58.h"

#include <string.h>

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* 138 digits for 100 bytes: log(256)/log(58) is a little under 1.366. */
#define DIGITS_MAX (BASE58_MAX * 138 / 100 + 1)

void base58_put(struct buf *out, const void *bytes, size_t n)
{
    uint8_t digits[DIGITS_MAX]; /* least significant first */
    const uint8_t *p = bytes;
    size_t len = 0, zeros = 0;

    if (n > BASE58_MAX)
        BUG("base58 of too many bytes");
    while (zeros < n && p[zeros] == 0)
        zeros++;
    for (size_t i = zeros; i < n; i++) {
        uint32_t carry = p[i];

        for (size_t j = 0; j < len; j++) {
            carry += (uint32_t)digits[j] << 8;
            digits[j] = (uint8_t)(carry % 58);
            carry /= 58;
        }
        for (; carry; carry /= 58)
            digits[len++] = (uint8_t)(carry % 58);
    }
    while (zeros--)
        buf_add_byte(out, '1');
    while (len--)
        buf_add_byte(out, (uint8_t)alphabet[digits[len]]);
}

static int value_of(char c)
{
    for (int i = 0; i < 58; i++)
        if (alphabet[i] == c)
            return i;
    return -1;
}

bool base58_get(struct str text, void *out, size_t n)
{
    uint8_t bytes[BASE58_MAX]; /* least significant first */
    size_t len = 0, zeros = 0;
    uint8_t *to = out;

    if (n > BASE58_MAX || text.len > n * 138 / 100 + 1)
        return false;
    while (zeros < text.len && text.ptr[zeros] == '1')
        zeros++;
    for (size_t i = zeros; i < text.len; i++) {
        int v = value_of(text.ptr[i]);
        uint32_t carry;

        if (v < 0)
            return false;
        carry = (uint32_t)v;
        for (size_t j = 0; j < len; j++) {
            carry += (uint32_t)bytes[j] * 58;
            bytes[j] = (uint8_t)carry;
            carry >>= 8;
        }
        for (; carry; carry >>= 8) {
            if (len == n)
                return false;
            bytes[len++] = (uint8_t)carry;
        }
    }
    if (zeros + len != n)
        return false;
    memset(to, 0, zeros);
    for (size_t i = 0; i < len; i++)
        to[zeros + i] = bytes[len - 1 - i];
    return true;
}
