/*
 * bigfield.h — arithmetic modulo an odd prime of up to 384 bits, in Montgomery form.
 *
 * A field is made once from its modulus; everything else about it is computed. Elements belong to
 * one field and are always reduced, so that equal numbers are equal bytes; limbs above the field's
 * are zero. Every `out` may be one of the inputs.
 *
 * Public data only: nothing here is constant time.  Memory: none.  Thread: any.
 * Source: P. Montgomery, "Modular multiplication without trial division" (1985), in the word by
 * word form of Koç, Acar and Kaliski (CIOS).
 */
#ifndef CRYPTO_BIGFIELD_H
#define CRYPTO_BIGFIELD_H

#include "base/def.h"

#define FE_LIMBS_MAX 6

struct fe {
    uint64_t v[FE_LIMBS_MAX]; /* least significant first */
};

struct field {
    unsigned n; /* limbs: 4 or 6 */
    struct fe p, one, r2;
    uint64_t inv; /* -1/p mod 2^64 */
};

/* `p` has at least one bit to spare in `n` limbs. */
void field_init(struct field *f, const uint64_t *p, unsigned n);

void fe_from_u64(const struct field *f, struct fe *out, uint64_t v);
/* 8n bytes. False when they are not below the modulus; `out` is written only on success. */
MUST_USE bool fe_read_be(const struct field *f, struct fe *out, const uint8_t *in);
MUST_USE bool fe_read_le(const struct field *f, struct fe *out, const uint8_t *in);
void fe_write_be(const struct field *f, uint8_t *out, const struct fe *a);
void fe_write_le(const struct field *f, uint8_t *out, const struct fe *a);
/* The number itself, out of Montgomery form. */
void fe_number(const struct field *f, uint64_t out[FE_LIMBS_MAX], const struct fe *a);

void fe_add(const struct field *f, struct fe *out, const struct fe *a, const struct fe *b);
void fe_sub(const struct field *f, struct fe *out, const struct fe *a, const struct fe *b);
void fe_neg(const struct field *f, struct fe *out, const struct fe *a);
void fe_mul(const struct field *f, struct fe *out, const struct fe *a, const struct fe *b);
void fe_sqr(const struct field *f, struct fe *out, const struct fe *a);
/* a to the power of a number of `n` limbs. */
void fe_pow(const struct field *f, struct fe *out, const struct fe *a, const uint64_t *e,
            unsigned n);
void fe_inv(const struct field *f, struct fe *out, const struct fe *a); /* 0 of 0 */
/* For p = 3 mod 4: false when `a` is no square. */
MUST_USE bool fe_sqrt(const struct field *f, struct fe *out, const struct fe *a);

bool fe_is_zero(const struct field *f, const struct fe *a);
bool fe_eq(const struct field *f, const struct fe *a, const struct fe *b);
bool fe_is_odd(const struct field *f, const struct fe *a);
bool fe_is_large(const struct field *f, const struct fe *a); /* above (p-1)/2 */

#endif
