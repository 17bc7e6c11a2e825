/*
 * test_ids.c — ids, trees and hashes against figures computed from the protocol's formulas
 * (nomicon, "Receipt", "Light Client").
 */
#include "test.h"

#include <string.h>

#include "devnet/apply_internal.h"
#include "devnet/block.h"
#include "devnet/merkle.h"

static struct hash256 hash(const char *base58)
{
    struct hash256 h;

    assert_true(hash_from_base58(str_of(base58), &h));
    return h;
}

static void assert_hash(struct hash256 got, const char *want)
{
    char text[64];
    struct buf b = BUF_OVER(text);

    hash_put_base58(&b, &got);
    assert_buf(b, want);
}

static void derives_ids(void **state)
{
    const struct hash256 tx = hash("2wpXhLYDTMsNAgsSbT4JSkEXXGg31vnAfowHsiEstBhL");
    struct receipt r = {.id = derive_id(&tx, 100, 0)};
    struct hash256 action, data;

    (void)state;
    assert_hash(r.id, "5cW463nyZjV1brHrtpkyCbe8jt7i7Mcqzx5yKYtGSq9t");
    action = action_hash(&r, 101, 0);
    assert_hash(action, "9GyEcJDfvZaaP7TjTFVbDwMNEadeya4bZdz5ZvvwcWK8");
    data = derive_id(&action, 101, 0);
    assert_hash(data, "3UCz1aVFcewdLTPfeHd9Y2gvmaub4pA4Kz59GxdC2ucA");
    assert_hash(derive_id(&action, 101, 1), "39FhwZPvwCEFMrtNTD2VhwViDfhWi2FV1jY6AVpNyn9S");
    assert_hash(derive_id(&r.id, 101, 0), "DwApoD6iqN8fqAPjhZ8E33sJXqDqDPYaK7uCjDumXLat");
    assert_hash(derive_id(&r.id, 101, 1), "9kUcdsZbkBBBqj1GUaDg6KpC8vsF8G3soTf7amobv6Yv");
    assert_hash(derive_id(&data, 301, 0), "CjzBXXe313rYZ6ytGutTPtg2Hip8pt3MFxZ8CgS4MapZ");
}

static void hashes_an_outcome(void **state)
{
    struct hash256 receipt = hash("5cW463nyZjV1brHrtpkyCbe8jt7i7Mcqzx5yKYtGSq9t");
    const struct outcome o = {
        .id = hash("2wpXhLYDTMsNAgsSbT4JSkEXXGg31vnAfowHsiEstBhL"),
        .executor = account_id_of(STR("sandbox")),
        .receipt_ids = &receipt,
        .n_receipt_ids = 1,
        .gas_burnt = UINT64_C(308066207802),
        .tokens_burnt = (u128)UINT64_C(308066207802) * 100000000,
        .status = STATUS_RECEIPT,
        .receipt_id = receipt,
    };

    (void)state;
    assert_hash(outcome_leaf(&o), "GkqHahavKqQ1jwvs5TF8YDKV3dtBY4tuM9x368VDRABC");
}

static void paths_lead_to_the_root(void **state)
{
    struct hash256 leaves[33];
    struct arena a = ARENA_INIT;

    (void)state;
    for (size_t i = 0; i < countof(leaves); i++)
        leaves[i] = sha256(str_from(&i, sizeof(i)));
    for (size_t n = 1; n <= countof(leaves); n++) {
        const struct hash256 root = merkle_root(leaves, n);
        struct merkle_tree t = {0};
        struct hash256 grown;

        for (size_t i = 0; i < n; i++) {
            size_t steps;
            const struct merkle_step *path = merkle_path(&a, leaves, n, i, &steps);
            const struct hash256 up = merkle_climb(leaves[i], path, steps);

            assert_true(hash_eq(&up, &root));
            merkle_append(&t, &leaves[i]);
        }
        grown = merkle_tree_root(&t);
        assert_true(hash_eq(&grown, &root));
    }
    assert_hash(merkle_root(leaves, 0), "11111111111111111111111111111111");
    arena_release(&a);
}

static void orders_three_leaves_as_the_protocol(void **state)
{
    struct hash256 l[3] = {sha256(STR("0")), sha256(STR("1")), sha256(STR("2"))};
    const struct hash256 pair = merkle_combine(&l[0], &l[1]);
    const struct hash256 want = merkle_combine(&pair, &l[2]), got = merkle_root(l, 3);

    (void)state;
    assert_true(hash_eq(&want, &got)); /* the odd one moves up unchanged */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_ids),
        cmocka_unit_test(hashes_an_outcome),
        cmocka_unit_test(paths_lead_to_the_root),
        cmocka_unit_test(orders_three_leaves_as_the_protocol),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
