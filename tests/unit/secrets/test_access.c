/* test_access.c — the nine kinds of condition: read, printed back, judged, and bounded. */
#include <string.h>

#include "test.h"

#include "secrets/access.h"

/* A chain of a few accounts. */
struct chain {
    bool down;
    unsigned asked;
};

static enum err balance(void *ctx, struct str who, u128 *out, struct buf *why)
{
    struct chain *c = ctx;

    c->asked++;
    if (c->down)
        return err_put(why, ERR_UPSTREAM, "the node is away");
    *out = str_eqz(who, "alice.near") ? 1000 : 5;
    return ERR_OK;
}

static enum err view(void *ctx, struct str contract, const char *method, struct str args,
                     struct buf *out, struct buf *why)
{
    struct chain *c = ctx;
    bool alice = str_find(args, STR("alice.near")) < args.len;

    c->asked++;
    if (c->down || str_eqz(contract, "broken.near"))
        return err_put(why, ERR_UPSTREAM, "the node is away");
    if (str_eqz(contract, "liar.near"))
        buf_addz(out, "{\"surprise\":");
    else if (strcmp(method, "ft_balance_of") == 0)
        buf_addz(out, alice ? "\"1000000\"" : "\"0\"");
    else if (strcmp(method, "nft_token") == 0)
        buf_addz(out, str_find(args, STR("\"7\"")) < args.len ? "{\"owner_id\":\"alice.near\"}"
                                                              : "null");
    else if (strcmp(method, "nft_tokens_for_owner") == 0)
        buf_addz(out, alice ? "[{\"token_id\":\"7\"}]" : "[]");
    else
        buf_addz(out, "{\"roles\":[{\"name\":\"all\",\"kind\":\"Everyone\"},"
                      "{\"name\":\"council\",\"kind\":{\"Group\":[\"bob.near\",\"alice.near\"]}},"
                      "{\"name\":\"rich\",\"kind\":{\"Member\":\"1\"}}]}");
    return ERR_OK;
}

static enum err judge_on(struct chain *c, const char *json, const char *who, struct buf *why)
{
    const struct access_chain chain = {c, balance, view};
    struct arena a = ARENA_INIT;
    struct buf back = BUF_INIT(ACCESS_TEXT_MAX);
    const struct access *x;
    enum err e;

    assert_ok(access_parse(str_of(json), &a, &x, why), *why);
    access_put(&back, x);
    assert_str(buf_str(&back), json); /* it is printed back as it was */
    e = access_judge(x, str_of(who), &chain, why);
    buf_release(&back);
    arena_release(&a);
    return e;
}

static enum err judge(const char *json, const char *who)
{
    struct chain c = {0};
    struct buf why = WHY_INIT;
    enum err e = judge_on(&c, json, who, &why);

    buf_release(&why);
    return e;
}

static const char *const for_alice[] = {
    "\"AllowAll\"",
    "{\"Whitelist\":{\"accounts\":[\"bob.near\",\"alice.near\"]}}",
    "{\"AccountPattern\":{\"pattern\":\"ali.*\\\\.near\"}}",
    "{\"NearBalance\":{\"operator\":\"Gte\",\"value\":\"1000\"}}",
    "{\"NearBalance\":{\"operator\":\"Lte\",\"value\":\"1000\"}}",
    "{\"NearBalance\":{\"operator\":\"Gt\",\"value\":\"999\"}}",
    "{\"NearBalance\":{\"operator\":\"Lt\",\"value\":\"340282366920938463463374607431768211455\"}}",
    "{\"NearBalance\":{\"operator\":\"Eq\",\"value\":\"1000\"}}",
    "{\"NearBalance\":{\"operator\":\"Ne\",\"value\":\"1001\"}}",
    "{\"FtBalance\":{\"contract\":\"ft.near\",\"operator\":\"Gte\",\"value\":\"1000000\"}}",
    "{\"NftOwned\":{\"contract\":\"nft.near\",\"token_id\":null}}",
    "{\"NftOwned\":{\"contract\":\"nft.near\",\"token_id\":\"7\"}}",
    "{\"DaoMember\":{\"dao_contract\":\"dao.near\",\"role\":\"council\"}}",
    "{\"Logic\":{\"operator\":\"And\",\"conditions\":[\"AllowAll\",{\"NearBalance\":{\"operator\":"
    "\"Gte\",\"value\":\"1000\"}}]}}",
    "{\"Not\":{\"condition\":{\"Whitelist\":{\"accounts\":[\"mallory.near\"]}}}}",
};

static void judges_all_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(for_alice); i++)
        if (judge(for_alice[i], "alice.near"))
            fail_msg("alice is not let in by %s", for_alice[i]);
    assert_int_equal(judge(for_alice[1], "mallory.near"), ERR_DENIED);
    assert_int_equal(judge(for_alice[2], "alice.near.evil"), ERR_DENIED);
    assert_int_equal(judge(for_alice[3], "bob.near"), ERR_DENIED);
    assert_int_equal(judge(for_alice[9], "bob.near"), ERR_DENIED);
    assert_int_equal(judge(for_alice[10], "bob.near"), ERR_DENIED);
    assert_int_equal(judge(for_alice[11], "bob.near"), ERR_DENIED);
    assert_int_equal(judge(for_alice[12], "carol.near"), ERR_DENIED);
    assert_int_equal(judge(for_alice[13], "bob.near"), ERR_DENIED);
    assert_int_equal(judge(for_alice[14], "mallory.near"), ERR_DENIED);
    assert_int_equal(
        judge("{\"DaoMember\":{\"dao_contract\":\"dao.near\",\"role\":\"all\"}}", "x.near"),
        ERR_OK);
    assert_int_equal(
        judge("{\"DaoMember\":{\"dao_contract\":\"dao.near\",\"role\":\"rich\"}}", "alice.near"),
        ERR_DENIED);
    assert_int_equal(judge("{\"Logic\":{\"operator\":\"And\",\"conditions\":[]}}", "x.near"),
                     ERR_OK);
    assert_int_equal(judge("{\"Logic\":{\"operator\":\"Or\",\"conditions\":[]}}", "x.near"),
                     ERR_DENIED);
    assert_int_equal(judge("{\"Whitelist\":{\"accounts\":[]}}", "x.near"), ERR_DENIED);
    assert_int_equal(
        judge("{\"NftOwned\":{\"contract\":\"nft.near\",\"token_id\":\"8\"}}", "alice.near"),
        ERR_DENIED);
}

static void denies_what_it_cannot_find_out(void **state)
{
    static const char *const asking[] = {
        "{\"NearBalance\":{\"operator\":\"Gte\",\"value\":\"0\"}}",
        "{\"FtBalance\":{\"contract\":\"ft.near\",\"operator\":\"Gte\",\"value\":\"0\"}}",
        "{\"NftOwned\":{\"contract\":\"nft.near\",\"token_id\":null}}",
        "{\"DaoMember\":{\"dao_contract\":\"dao.near\",\"role\":\"all\"}}",
        "{\"Not\":{\"condition\":{\"NearBalance\":{\"operator\":\"Lt\",\"value\":\"1\"}}}}",
        "{\"Logic\":{\"operator\":\"Or\",\"conditions\":[{\"NearBalance\":{\"operator\":\"Gte\","
        "\"value\":"
        "\"0\"}},\"AllowAll\"]}}",
    };

    (void)state;
    for (size_t i = 0; i < countof(asking); i++) {
        struct chain c = {.down = true};
        struct buf why = WHY_INIT;

        assert_int_equal(judge_on(&c, asking[i], "alice.near", &why), ERR_UPSTREAM);
        assert_true(str_find(buf_str(&why), STR("the node is away")) < why.len);
        buf_release(&why);
    }
    assert_int_equal(
        judge("{\"FtBalance\":{\"contract\":\"liar.near\",\"operator\":\"Gte\",\"value\":\"0\"}}",
              "a.near"),
        ERR_UPSTREAM);
    /* a pattern that is none denies, within Not too */
    assert_int_not_equal(judge("{\"AccountPattern\":{\"pattern\":\"(\"}}", "a.near"), ERR_OK);
    assert_int_not_equal(
        judge("{\"Not\":{\"condition\":{\"AccountPattern\":{\"pattern\":\"(\"}}}}", "a.near"),
        ERR_OK);
}

static void stops_when_it_knows(void **state)
{
    struct chain c = {.down = true};
    struct buf why = WHY_INIT;

    (void)state;
    assert_int_equal(judge_on(&c,
                              "{\"Logic\":{\"operator\":\"Or\",\"conditions\":[\"AllowAll\",{"
                              "\"NearBalance\":{\"operator\":\"Gte\",\"value\":\"1\"}}]}}",
                              "a.near", &why),
                     ERR_OK);
    assert_int_equal(
        judge_on(&c,
                 "{\"Logic\":{\"operator\":\"And\",\"conditions\":[{\"Whitelist\":{"
                 "\"accounts\":[]}},{\"NearBalance\":{\"operator\":\"Gte\",\"value\":\"1\"}}]}}",
                 "a.near", &why),
        ERR_DENIED);
    assert_int_equal(c.asked, 0);
    assert_true(str_find(buf_str(&why), STR("condition Whitelist")) < why.len);
    buf_release(&why);
}

static void refuses(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "\"allowall\"",
        "{}",
        "{\"AllowAll\":{}}",
        "{\"Whitelist\":{}}",
        "{\"Whitelist\":{\"accounts\":[1]}}",
        "{\"Whitelist\":{\"accounts\":[\"UPPER\"]}}",
        "{\"NearBalance\":{\"operator\":\"gte\",\"value\":\"1\"}}",
        "{\"NearBalance\":{\"operator\":\"Gte\",\"value\":1}}",
        "{\"NearBalance\":{\"operator\":\"Gte\",\"value\":\"-1\"}}",
        "{\"FtBalance\":{\"operator\":\"Gte\",\"value\":\"1\"}}",
        "{\"Logic\":{\"operator\":\"Xor\",\"conditions\":[]}}",
        "{\"Logic\":{\"operator\":\"And\",\"conditions\":{}}}",
        "{\"Not\":{}}",
        "{\"AllowAll\":1,\"Not\":2}",
        "{\"ValidUntil\":{\"until_ns\":1}}",
    };
    struct arena a = ARENA_INIT;
    const struct access *x;
    struct buf big = BUF_INIT(1u << 21);

    (void)state;
    for (size_t i = 0; i < countof(bad); i++)
        if (!access_parse(str_of(bad[i]), &a, &x, NULL))
            fail_msg("%s is taken", bad[i]);
    for (int i = 0; i < ACCESS_DEPTH_MAX; i++)
        buf_addz(&big, "{\"Not\":{\"condition\":");
    buf_addz(&big, "\"AllowAll\"");
    for (int i = 0; i < ACCESS_DEPTH_MAX; i++)
        buf_addz(&big, "}}");
    assert_int_equal(access_parse(buf_str(&big), &a, &x, NULL), ERR_TOO_BIG);
    buf_clear(&big);
    buf_addz(&big, "{\"Logic\":{\"operator\":\"And\",\"conditions\":[\"AllowAll\"");
    for (int i = 0; i < ACCESS_NODES_MAX; i++)
        buf_addz(&big, ",\"AllowAll\"");
    buf_addz(&big, "]}}");
    assert_int_equal(access_parse(buf_str(&big), &a, &x, NULL), ERR_TOO_BIG);
    buf_clear(&big);
    buf_addz(&big, "{\"Logic\":{\"operator\":\"And\",\"conditions\":[\"AllowAll\"");
    for (int i = 0; i <= ACCESS_QUESTIONS_MAX; i++)
        buf_addz(&big, ",{\"NearBalance\":{\"operator\":\"Gte\",\"value\":\"1\"}}");
    buf_addz(&big, "]}}");
    assert_int_equal(access_parse(buf_str(&big), &a, &x, NULL), ERR_TOO_BIG);
    buf_clear(&big);
    buf_addz(&big, "{\"Whitelist\":{\"accounts\":[\"a.near\"");
    while (big.len < 1u << 20)
        buf_addz(&big, ",\"a.near\"");
    buf_addz(&big, "]}}");
    assert_int_equal(access_parse(buf_str(&big), &a, &x, NULL), ERR_TOO_BIG);
    /* older tools send the bare array */
    assert_int_equal(access_parse(STR("{\"Whitelist\":[\"a.near\"]}"), &a, &x, NULL), ERR_OK);
    buf_release(&big);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_all_kinds),
        cmocka_unit_test(denies_what_it_cannot_find_out),
        cmocka_unit_test(stops_when_it_knows),
        cmocka_unit_test(refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
