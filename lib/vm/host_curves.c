/* Sums, multiples and pairings on the curves with pairings. */
#include <string.h>

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
