/*
 * base58.c — see base58.h.
 *
 * Conversion between bases, several digits at a time: five base58 digits fit a 32-bit limb, and a
 * limb times 2^32 (or a word times 58^5) fits 64 bits.
 */
#include "codec/base58.h"

#include <string.h>

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

#define LIMB_DIGITS 5
#define LIMB        UINT32_C(656356768) /* 58^5 */
/* 138 digits for 100 bytes: log(256)/log(58) is a little under 1.366. */
#define DIGITS_MAX  (BASE58_MAX * 138 / 100 + 1)
#define LIMBS_MAX   (DIGITS_MAX / LIMB_DIGITS + 2)
#define WORDS_MAX   (BASE58_MAX / 4 + 2)

static void put_limb(struct buf *out, uint32_t limb, bool first)
{
    char digits[LIMB_DIGITS];
    int from = 0;

    for (int i = LIMB_DIGITS; i-- > 0; limb /= 58)
        digits[i] = alphabet[limb % 58];
    while (first && from < LIMB_DIGITS - 1 && digits[from] == '1')
        from++;
    buf_add(out, digits + from, (size_t)(LIMB_DIGITS - from));
}

void base58_put(struct buf *out, const void *bytes, size_t n)
{
    uint32_t limbs[LIMBS_MAX]; /* least significant first */
    const uint8_t *p = bytes;
    size_t len = 0, zeros = 0, i;

    if (n > BASE58_MAX)
        BUG("base58 of too many bytes");
    while (zeros < n && p[zeros] == 0)
        zeros++;
    for (i = zeros; i < n;) {
        size_t take = (n - i) % 4 ? (n - i) % 4 : 4;
        const unsigned shift = 8 * (unsigned)take;
        uint64_t carry = 0;

        while (take--)
            carry = carry << 8 | p[i++];
        for (size_t j = 0; j < len; j++) {
            carry += (uint64_t)limbs[j] << shift;
            limbs[j] = (uint32_t)(carry % LIMB);
            carry /= LIMB;
        }
        for (; carry; carry /= LIMB)
            limbs[len++] = (uint32_t)(carry % LIMB);
    }
    while (zeros--)
        buf_add_byte(out, '1');
    for (i = len; i-- > 0;)
        put_limb(out, limbs[i], i + 1 == len);
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
    uint32_t words[WORDS_MAX]; /* least significant first */
    size_t len = 0, zeros = 0, size;
    uint8_t *to = out;

    if (n > BASE58_MAX || text.len > n * 138 / 100 + 1)
        return false;
    while (zeros < text.len && text.ptr[zeros] == '1')
        zeros++;
    for (size_t i = zeros; i < text.len;) {
        uint32_t scale = 1;
        uint64_t carry = 0;

        for (int k = 0; k < LIMB_DIGITS && i < text.len; k++, scale *= 58) {
            const int v = value_of(text.ptr[i++]);

            if (v < 0)
                return false;
            carry = carry * 58 + (uint32_t)v;
        }
        for (size_t j = 0; j < len; j++) {
            carry += (uint64_t)words[j] * scale;
            words[j] = (uint32_t)carry;
            carry >>= 32;
        }
        if (carry) {
            if (len * 4 >= n)
                return false;
            words[len++] = (uint32_t)carry;
        }
    }
    size = len * 4;
    while (size && (words[(size - 1) / 4] >> (8 * ((size - 1) % 4)) & 0xff) == 0)
        size--;
    if (zeros + size != n)
        return false;
    memset(to, 0, zeros);
    for (size_t i = 0; i < size; i++)
        to[n - 1 - i] = (uint8_t)(words[i / 4] >> (8 * (i % 4)));
    return true;
}
