/* Sums, multiples and pairings on the curves with pairings. */
#include <string.h>

#include "crypto/bls12381.h"
#include "crypto/bn254.h"
#include "vm/host_fns.h"

/* ------------------------------------------------------------------ alt_bn128 */

static bool bn_error(struct host *h, const struct buf *msg)
{
    return host_fail_text(h, "AltBn128InvalidInput", "msg", arena_str(h->a, buf_str(msg)),
                          "AltBn128 invalid input: ");
}

/* Names the bytes one by one, in hex without zeros in front, as Rust's {:X?} does. */
static bool bn_fault(struct host *h, const struct bn254_fault *fault)
{
    struct buf b = BUF_INIT(1024);

    buf_addf(&b, "%s: [", fault->what);
    for (size_t i = 0; i < fault->bytes.len; i++)
        buf_addf(&b, "%s%X", i > 0 ? ", " : "", (unsigned)(uint8_t)fault->bytes.ptr[i]);
    buf_add_byte(&b, ']');
    bn_error(h, &b);
    buf_release(&b);
    return false;
}

/* The items at a[0], a[1], paid for. */
static bool bn_items(struct host *h, const uint64_t *a, enum ext_cost base, enum ext_cost element,
                     size_t size, struct str *out)
{
    if (!gas_pay(h, base) || !host_read(h, a[0], a[1], out))
        return false;
    if (out->len % size != 0) {
        struct buf b = BUF_INIT(256);

        buf_addf(&b, "slice of size %zu cannot be precisely split into chunks of size %zu",
                 out->len, size);
        bn_error(h, &b);
        buf_release(&b);
        return false;
    }
    return gas_pay_per(h, element, out->len / size);
}

bool host_alt_bn128_g1_sum(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct bn254_fault fault;
    uint8_t out[BN254_G1];
    struct str items = STR_NONE;

    (void)r;
    if (!bn_items(h, a, EXT_alt_bn128_g1_sum_base, EXT_alt_bn128_g1_sum_element, BN254_SUM_ITEM,
                  &items))
        return false;
    if (!bn254_g1_sum(items, out, &fault))
        return bn_fault(h, &fault);
    return host_set(h, a[2], str_from(out, sizeof out));
}

bool host_alt_bn128_g1_multiexp(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct bn254_fault fault;
    uint8_t out[BN254_G1];
    struct str items = STR_NONE;

    (void)r;
    if (!bn_items(h, a, EXT_alt_bn128_g1_multiexp_base, EXT_alt_bn128_g1_multiexp_element,
                  BN254_EXP_ITEM, &items))
        return false;
    if (!bn254_g1_multiexp(items, out, &fault))
        return bn_fault(h, &fault);
    return host_set(h, a[2], str_from(out, sizeof out));
}

bool host_alt_bn128_pairing_check(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct bn254_fault fault;
    struct str items = STR_NONE;
    bool holds = false;

    if (!bn_items(h, a, EXT_alt_bn128_pairing_check_base, EXT_alt_bn128_pairing_check_element,
                  BN254_PAIR, &items))
        return false;
    if (!bn254_pairing_check(items, &holds, &fault))
        return bn_fault(h, &fault);
    *r = holds;
    return true;
}

/* ------------------------------------------------------------------ BLS12-381 (NEP-488) */

struct bls_fn {
    const char *name; /* as the error about lengths calls it */
    enum ext_cost base, element;
    size_t in, out; /* of an item; of the result, or of the result for each item */
    bool each;
    bool (*run)(struct str items, uint8_t *out);
    bool (*run_strict)(struct str items, bool strict, uint8_t *out);
};

static bool bls_length(struct host *h, const char *name, size_t len, size_t item)
{
    struct buf b = BUF_INIT(256);
    bool ok = len % item == 0;

    if (!ok) {
        buf_addf(&b, "Incorrect input length for %s: %zu is not divisible by %zu", name, len, item);
        host_fail_text(h, "BLS12381InvalidInput", "msg", arena_str(h->a, buf_str(&b)),
                       "BLS12-381 invalid input: ");
    }
    buf_release(&b);
    return ok;
}

/* Items are paid for by the length that the contract names, before anything is read: a register
 * in its place costs as much as that length would. */
static bool bls(struct host *h, const struct bls_fn *f, const uint64_t *a, uint64_t *r)
{
    struct str items = STR_NONE;
    uint8_t *out;
    size_t n;
    bool ok;

    if (!gas_pay(h, f->base) || !gas_pay_per(h, f->element, a[0] / f->in) ||
        !host_read(h, a[0], a[1], &items) || !bls_length(h, f->name, items.len, f->in))
        return false;
    n = f->each ? items.len / f->in * f->out : f->out;
    out = arena_alloc(h->a, n + 1);
    ok = f->run != NULL ? f->run(items, out)
                        : f->run_strict(items, !h->p->bls12381_not_in_group_fix, out);
    if (!ok) {
        *r = 1;
        return true;
    }
    return host_set(h, a[2], str_from(out, n));
}

#define BLS(fn, call, in, out, each, member)                                                       \
    bool host_bls12381_##fn(struct host *h, const uint64_t *a, uint64_t *r)                        \
    {                                                                                              \
        static const struct bls_fn f = {                                                           \
            call, EXT_bls12381_##fn##_base, EXT_bls12381_##fn##_element, in, out,                  \
            each, .member = bls12381_##fn};                                                        \
                                                                                                   \
        return bls(h, &f, a, r);                                                                   \
    }

BLS(p1_sum, "bls12381_p1_sum", BLS12381_SUM1, BLS12381_P1, false, run_strict)
BLS(p2_sum, "bls12381_p2_sum", BLS12381_SUM2, BLS12381_P2, false, run_strict)
BLS(g1_multiexp, "bls12381_p1_multiexp", BLS12381_EXP1, BLS12381_P1, false, run)
BLS(g2_multiexp, "bls12381_p2_multiexp", BLS12381_EXP2, BLS12381_P2, false, run)
BLS(map_fp_to_g1, "bls12381_map_fp_to_g1", BLS12381_FP, BLS12381_P1, true, run)
BLS(map_fp2_to_g2, "bls12381_map_fp2_to_g2", BLS12381_FP2, BLS12381_P2, true, run)
BLS(p1_decompress, "bls12381_p1_decompress", BLS12381_COMPACT1, BLS12381_P1, true, run_strict)
BLS(p2_decompress, "bls12381_p2_decompress", BLS12381_COMPACT2, BLS12381_P2, true, run_strict)

bool host_bls12381_pairing_check(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str items = STR_NONE;
    bool holds = false;

    if (!gas_pay(h, EXT_bls12381_pairing_base) || !host_read(h, a[0], a[1], &items) ||
        !gas_pay_per(h, EXT_bls12381_pairing_element, items.len / BLS12381_PAIR) ||
        !bls_length(h, "bls12381_pairing_check", items.len, BLS12381_PAIR))
        return false;
    *r = !bls12381_pairing_check(items, &holds) ? 1 : holds ? 0 : 2;
    return true;
}
