/* Answers with statements: taken when an attested session vouches for just this answer. */
#include "world.h"

#include <string.h>

#include "attest/statement.h"
#include "base/arena.h"
#include "codec/put.h"

#define NOT_AFTER 1780003600u
#define VALUE     "{\"n\":42}"
#define OUTPUT    "{\"Json\":" VALUE "}"

static struct ed25519_key session_key;
static struct statement s;
static struct arena arena;

static struct str keep(struct buf *b)
{
    struct str text = arena_str(&arena, buf_str(b));

    assert_false(b->full);
    buf_release(b);
    return text;
}

static void key_is(const char *who, uint64_t not_after, const char *refusal)
{
    struct buf b = BUF_INIT(1000);
    const char *args;

    json_obj(&b);
    put_hex(&b, "session_id", str_from(s.session.b, 32));
    put_hex(&b, "statement_key", str_from(session_key.pub.b, 32));
    put_u64(&b, "not_after", not_after);
    json_obj_end(&b);
    args = keep(&b).ptr;
    if (refusal)
        fails(who, 0, "set_statement_key", args, refusal);
    else
        ok(who, 0, "set_statement_key", args);
}

/* The statement that a worker would sign about request 0 with the answer VALUE. */
static void good_statement(void)
{
    s.kind = STATEMENT_EXECUTE;
    s.origin = ORIGIN_CHAIN;
    s.chain.request_id = 0;
    s.caller = STR(ALICE);
    s.has_project = true;
    s.project_id = STR("alice.test/dice");
    s.version_key = STR("");
    s.source = CODE_URL;
    s.url = STR("https://x.example/a.wasm");
    s.build_target = STR("wasm32-wasip1");
    assert_true(hash_from_hex(STR(HASH), &s.wasm_sha256));
    s.input_sha256 = sha256(STR("in"));
    s.status = STATEMENT_OK;
    s.delivered_sha256 = sha256(STR(VALUE));
    s.instructions = 812345;
    s.time_ms = 37;
    s.compile_time_ms = 0;
    s.has_secrets = true;
    s.secrets_account = s.secrets_profile = STR("x");
    s.has_transcript = true;
}

static struct str with_statement(const char *head, const char *tail)
{
    struct buf bytes = BUF_INIT(STATEMENT_MAX), b = BUF_INIT(100000);
    struct ed25519_sig sig;

    statement_write(&bytes, &s);
    sig = statement_sign(&session_key, buf_str(&bytes));
    buf_addz(&b, head);
    put_hex(&b, "statement", buf_str(&bytes));
    put_hex(&b, "signature", str_from(sig.b, sizeof sig.b));
    buf_addz(&b, tail);
    buf_release(&bytes);
    return keep(&b);
}

#define USED "\"resources_used\":{\"instructions\":812345,\"time_ms\":37,\"compile_time_ms\":null}"
#define GOOD                                                                                       \
    "{\"request_id\":0,\"response\":{\"success\":true,\"output\":" OUTPUT ",\"error\":null," USED  \
    "}"
#define FAILED                                                                                     \
    "{\"request_id\":0,\"response\":{\"success\":false,\"output\":null,\"error\":\"no "            \
    "\\\"luck\\\""                                                                                 \
    "\"," USED "}"

static int setup(void **state)
{
    int e = world_setup(state);

    crypto_init();
    ed25519_generate(&session_key);
    memset(&s, 0, sizeof s);
    memset(s.session.b, 7, 32);
    good_statement();
    ok(ALICE, ESTIMATE, "request_execution",
       "{" WASM_SOURCE ",\"input_data\":\"in\",\"response_format\":\"Json\"}");
    return e;
}

static int teardown(void **state)
{
    arena_release(&arena);
    return world_teardown(state);
}

static void require(void)
{
    ok(OWNER, 0, "set_statements_required", "{\"required\":true}");
    key_is(OPERATOR, NOT_AFTER, NULL);
}

static void refused(const char *text)
{
    fails(OPERATOR, 0, "resolve_execution", with_statement(GOOD, "}").ptr, text);
}

static void test_not_asked_for(void **state)
{
    (void)state;
    view_is("are_statements_required", "{}", "false");
    resolve_ok(0, OUTPUT);
}

static void test_who_may(void **state)
{
    (void)state;
    fails(OPERATOR, 0, "set_statements_required", "{\"required\":true}", "Only owner");
    key_is(OWNER, NOT_AFTER, "Only operator can call this");
    key_is(ALICE, NOT_AFTER, "Only operator can call this");
    require();
    view_is("are_statements_required", "{}", "true");
    ok(OWNER, 0, "set_paused", "{\"paused\":true}"); /* two switches, not one */
    view_is("are_statements_required", "{}", "true");
    view_is("is_paused", "{}", "true");
    ok(OWNER, 0, "set_statements_required", "{\"required\":false}");
    view_is("is_paused", "{}", "true");
    resolve_ok(0, OUTPUT);
}

static void test_taken(void **state)
{
    (void)state;
    require();
    fails(OPERATOR, 0, "resolve_execution", GOOD "}", "missing field `statement`");
    ok(OPERATOR, 0, "resolve_execution", with_statement(GOOD, "}").ptr);
    mock_run();
    view_is("get_request", "{\"request_id\":0}", "null");
}

static void test_failure_taken(void **state)
{
    (void)state;
    require();
    s.status = STATEMENT_TRAP;
    s.delivered_sha256 = sha256(STR("no \"luck\""));
    ok(OPERATOR, 0, "resolve_execution", with_statement(FAILED, "}").ptr);
}

static void test_other_things(void **state)
{
    const struct statement good = s;

    (void)state;
    require();
#define CHANGED(change)                                                                            \
    do {                                                                                           \
        change;                                                                                    \
        refused("The statement is about something else");                                          \
        s = good;                                                                                  \
        good_statement();                                                                          \
    } while (0)
    CHANGED(s.chain.request_id = 1);
    CHANGED(s.delivered_sha256.b[0] ^= 1);
    CHANGED(s.input_sha256.b[31] ^= 1);
    CHANGED(s.wasm_sha256.b[5] ^= 1);
    CHANGED(s.status = STATEMENT_TRAP);
    CHANGED(s.instructions--);
    CHANGED(s.time_ms++);
    CHANGED(s.compile_time_ms++);
#undef CHANGED
    s.origin = ORIGIN_HTTPS; /* another layout */
    refused("The statement is");
    s.origin = ORIGIN_CHAIN;
    s.kind = STATEMENT_COMPILE; /* of another kind of request: its input is the recipe */
    s.input_sha256.b[0] ^= 1;
    ok(OPERATOR, 0, "resolve_execution", with_statement(GOOD, "}").ptr);
}

static void test_other_sessions(void **state)
{
    (void)state;
    require();
    s.session.b[0] ^= 1;
    refused("of no registered session");
    s.session.b[0] ^= 1;
    ed25519_generate(&session_key); /* anybody's key */
    refused("not signed by its session");
    key_is(OPERATOR, 1779999999u, NULL);
    refused("session is over");
    key_is(OPERATOR, 0, NULL);
    refused("of no registered session");
}

static void test_cut(void **state)
{
    struct str args = with_statement(GOOD, "}");
    size_t at;

    (void)state;
    require();
    fails(OPERATOR, 0, "resolve_execution",
          with_statement(GOOD ",\"x\":1", ",\"signature\":\"\"}").ptr, "not signed");
    /* every prefix of the statement is refused, with a reason */
    at = str_find(args, STR("\"statement\":\"")) + 13;
    for (size_t n = 0; n < 1100 && args.ptr[at + n] != '"'; n += 2) {
        struct buf b = BUF_INIT(100000);

        buf_add_str(&b, str_head(args, at + n));
        buf_addz(&b, "\",\"signature\":\"00\"}");
        fails(OPERATOR, 0, "resolve_execution", keep(&b).ptr, "The statement is");
    }
}

static void test_long_output(void **state)
{
    struct buf b = BUF_INIT(10000), text = BUF_INIT(5000);

    (void)state;
    require();
    json_str_open(&text);
    for (int i = 0; i < 2000; i++)
        buf_add_byte(&text, 'x');
    json_str_close(&text);
    s.delivered_sha256 = sha256(buf_str(&text));
    buf_addz(&b, "{\"request_id\":0,\"success\":true,\"output\":{\"Json\":");
    buf_add_str(&b, buf_str(&text));
    buf_addz(&b, "}," USED);
    ok(OPERATOR, 0, "submit_execution_output_and_resolve", with_statement(keep(&b).ptr, "}").ptr);
    buf_release(&text);
}

#define SET(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SET(test_not_asked_for), SET(test_who_may),        SET(test_taken), SET(test_failure_taken),
        SET(test_other_things),  SET(test_other_sessions), SET(test_cut),   SET(test_long_output),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
