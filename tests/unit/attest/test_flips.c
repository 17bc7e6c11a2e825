/*
 * One altered byte never verifies, wherever something covers it: every byte of two quotes and of
 * one collateral. What a flip may leave alone is named here: reserved header bytes are signed, the
 * layout of PEM and JSON around the signed contents is not.
 *
 * Every eleventh byte, or with the argument "all" every one.
 */
#include "vectors.h"

#include <string.h>

static struct attest_verdict verdict;
static size_t step = 11;

/* The quote with its chain read: what is left when layout is taken away. */
static bool same_chain(struct str one, struct str two)
{
    struct arena a = ARENA_INIT;
    struct cert_chain *x = arena_new(&a, struct cert_chain), *y = arena_new(&a, struct cert_chain);
    bool same = chain_read(one, &a, x) && chain_read(two, &a, y) && x->n == y->n;

    for (size_t i = 0; same && i < x->n; i++)
        same = str_eq(x->cert[i].der, y->cert[i].der);
    arena_release(&a);
    return same;
}

static bool same_certs(const struct cert_chain *x, const struct cert_chain *y)
{
    bool same = x->n == y->n;

    for (size_t i = 0; same && i < x->n; i++)
        same = str_eq(x->cert[i].der, y->cert[i].der);
    return same;
}

static bool same_content(const struct collateral *x, const struct collateral *y)
{
    return same_certs(&x->pck_ca, &y->pck_ca) && same_certs(&x->tcb_chain, &y->tcb_chain) &&
           same_certs(&x->qe_chain, &y->qe_chain) && str_eq(x->root_crl.der, y->root_crl.der) &&
           str_eq(x->pck_crl.der, y->pck_crl.der) && str_eq(x->tcb_text, y->tcb_text) &&
           str_eq(x->qe_text, y->qe_text) && memcmp(x->tcb_sig, y->tcb_sig, 64) == 0 &&
           memcmp(x->qe_sig, y->qe_sig, 64) == 0;
}

static void flip_quote(const char *name, const char *coll, int64_t at, uint8_t mask)
{
    struct arena a = ARENA_INIT;
    struct str quote = vector_file(&a, name);
    struct collateral *c = arena_new(&a, struct collateral);
    struct attest_input in = {.collateral = c, .at = at, .crypto = &vector_crypto};
    char *bytes = (char *)(uintptr_t)quote.ptr;
    struct str chain;
    size_t held = 0;

    assert_int_equal(collateral_read(vector_collateral(&a, str_of(coll)), &a, c, NULL), ERR_OK);
    in.quote = arena_str(&a, quote);
    assert_int_equal(attest_verify(&in, &a, &verdict), ATTEST_OK);
    quote.len = verdict.quote.canonical.len;
    chain = arena_str(&a, verdict.quote.chain);
    in.quote = quote;
    for (size_t i = 0; i < quote.len; i += step) {
        struct arena scratch = ARENA_INIT;

        bytes[i] ^= (char)mask;
        if (attest_verify(&in, &scratch, &verdict) == ATTEST_OK) {
            held++;
            /* only layout of the PEM text may change */
            if (!same_chain(chain, verdict.quote.chain) || i < quote.len - chain.len)
                fail_msg("%s still verifies with byte %zu flipped by %02x", name, i, mask);
        }
        bytes[i] ^= (char)mask;
        arena_release(&scratch);
    }
    /* line ends, and the NUL after the text: a handful for each line of 64 letters */
    assert_true(held < chain.len / 32);
    arena_release(&a);
}

static void test_quote_v4(void **state)
{
    (void)state;
    flip_quote("quotes/tdx-v4-b0c06f.bin", "b0c06f-tdx-2025-06", 1751624191, 0x01);
    flip_quote("quotes/tdx-v4-b0c06f.bin", "b0c06f-tdx-2025-06", 1751624191, 0x80);
}

static void test_quote_v5(void **state)
{
    (void)state;
    flip_quote("quotes/tdx-v5-90c06f-uptodate.bin", "90c06f-tdx-2026-02", 1772707803, 0x04);
}

static void test_quote_sgx(void **state)
{
    (void)state;
    flip_quote("quotes/sgx-v3-00a067.bin", "00a067-sgx-2025-06", 1751624924, 0x10);
}

static void flip_collateral(uint8_t mask)
{
    struct arena a = ARENA_INIT;
    struct str text = vector_collateral(&a, STR("b0c06f-tdx-2025-06"));
    struct collateral *good = arena_new(&a, struct collateral);
    struct attest_input in = {.quote = vector_file(&a, "quotes/tdx-v4-b0c06f.bin"),
                              .at = 1751624191,
                              .crypto = &vector_crypto};
    char *bytes = (char *)(uintptr_t)text.ptr;
    size_t refused = 0;

    assert_int_equal(collateral_read(arena_str(&a, text), &a, good, NULL), ERR_OK);
    for (size_t i = 0; i < text.len; i += step) {
        struct arena scratch = ARENA_INIT;
        struct collateral *c = arena_new(&scratch, struct collateral);

        bytes[i] ^= (char)mask;
        in.collateral = collateral_read(text, &scratch, c, NULL) == ERR_OK ? c : NULL;
        if (attest_verify(&in, &scratch, &verdict) != ATTEST_OK)
            refused++;
        else if (!same_content(good, c))
            fail_msg("collateral still verifies with byte %zu flipped by %02x", i, mask);
        bytes[i] ^= (char)mask;
        arena_release(&scratch);
    }
    assert_true(refused > text.len / step * 9 / 10);
    arena_release(&a);
}

static void test_collateral(void **state)
{
    (void)state;
    flip_collateral(0x01);
    flip_collateral(0x40);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quote_v4),
        cmocka_unit_test(test_quote_v5),
        cmocka_unit_test(test_quote_sgx),
        cmocka_unit_test(test_collateral),
    };

    if (argc > 1 && strcmp(argv[1], "all") == 0)
        step = 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
