/* test_secrets.c — which secrets a source is bound to, and what reaches the environment. */
#include <string.h>

#include "test.h"

#include "worker/secrets.h"

static struct str seed_of(struct request *r, bool dev, struct arena *a)
{
    struct buf seed = BUF_INIT(SEED_MAX), why = WHY_INIT;
    struct accessor x;
    struct str s;

    assert_true(secrets_accessor(r, dev, a, &x));
    assert_ok(accessor_seed(&x, STR("alice.near"), STR("default"), &seed, &why), why);
    s = arena_str(a, buf_str(&seed));
    buf_release(&seed);
    buf_release(&why);
    return s;
}

static void binds_by_source(void **state)
{
    struct arena a = ARENA_INIT;
    struct request r;
    struct accessor x;

    (void)state;
    memset(&r, 0, sizeof(r));
    r.source = (struct code_source){
        .kind = SOURCE_GITHUB, .repo = STR("alice/dice"), .commit = STR("main")};
    assert_str(seed_of(&r, false, &a), "github.com/alice/dice:alice.near:main");
    r.source.repo = STR("git@github.com:alice/dice.git");
    assert_str(seed_of(&r, false, &a), "github.com/alice/dice:alice.near:main");
    /* a commit is on no branch that we know */
    r.source.commit = STR("0123456789abcdef0123456789abcdef01234567");
    assert_str(seed_of(&r, false, &a), "github.com/alice/dice:alice.near");
    r.source.repo = STR("http://127.0.0.1:8080/dice.git");
    assert_str(seed_of(&r, true, &a), "127.0.0.1:8080/dice:alice.near");
    assert_false(secrets_accessor(&r, false, &a, &x));
    r.source.repo = STR("https://evil.example/alice/dice");
    assert_false(secrets_accessor(&r, false, &a, &x));
    /* a project has its own, whatever its version is made of */
    r.project_id = STR("alice.near/app");
    assert_str(seed_of(&r, false, &a), "project:alice.near/app:alice.near");
    memset(&r, 0, sizeof(r));
    r.source.kind = SOURCE_WASM_URL;
    r.source.wasm_sha256.b[31] = 0xab;
    assert_str(
        seed_of(&r, false, &a),
        "wasm_hash:00000000000000000000000000000000000000000000000000000000000000ab:alice.near");
    arena_release(&a);
}

static void never_replaces_ours(void **state)
{
    struct env env = {.n = 1, .var = {{STR("NEAR_SENDER_ID"), STR("alice.near")}}};
    struct secret_env s = {.n = 2};

    (void)state;
    s.var[0] = (struct run_var){STR("NEAR_SENDER_ID"), STR("mallory.near")};
    s.var[1] = (struct run_var){STR("API_KEY"), STR("k")};
    secrets_add(&env, &s);
    assert_int_equal(env.n, 2);
    assert_str(env_get(&env, "NEAR_SENDER_ID"), "alice.near");
    assert_str(env_get(&env, "API_KEY"), "k");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binds_by_source),
        cmocka_unit_test(never_replaces_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
