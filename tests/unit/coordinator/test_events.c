/*
 * Events in block documents: what counts, what does not, and what hostile logs may not do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "coordinator/events.h"
#include "unit/coordinator/blocks.h"

static const struct event_filter filter = {
    {"outlayer.test", 13}, {"near-outlayer", 13}, {"1.0.0", 5}};

struct fixture {
    struct arena a;
    struct buf doc, log, why;
    struct block_events b;
};

static int start(void **state)
{
    static struct fixture f;

    f = (struct fixture){.doc = BUF_INIT(1 << 24), .log = BUF_INIT(1 << 20), .why = WHY_INIT};
    *state = &f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;

    arena_release(&f->a);
    buf_release(&f->doc);
    buf_release(&f->log);
    buf_release(&f->why);
    return 0;
}

static enum err read_doc(struct fixture *f)
{
    return block_read(buf_str(&f->doc), &filter, &f->a, &f->b, &f->why);
}

/* A block with one receipt that logged `log`. */
static void read_log(struct fixture *f, const char *log)
{
    buf_clear(&f->doc);
    block_open(&f->doc, 100, 99);
    block_receipt(&f->doc, "outlayer.test", SUCCESS, &log, 1);
    block_close(&f->doc);
    assert_int_equal(read_doc(f), 0);
}

static void test_requested(void **state)
{
    struct fixture *f = *state;
    const struct block_event *e;
    struct json data;

    log_requested(&f->log, 41, 7);
    read_log(f, buf_z(&f->log));
    assert_int_equal(f->b.head.height, 100);
    assert_int_equal(f->b.head.timestamp_ns, 100000000000);
    assert_int_equal(f->b.n, 1);
    e = &f->b.list[0];
    assert_int_equal(e->kind, EV_REQUESTED);
    assert_int_equal(e->request_id, 41);
    assert_int_equal(e->data_id.b[0], 7);
    assert_int_equal(e->data_id.b[31], 7);
    assert_true(str_eqz(e->receipt_id, "R1"));
    assert_true(str_eqz(e->tx_hash, "T1"));
    assert_true(str_eqz(e->predecessor_id, "dice.test"));
    assert_true(str_eqz(e->signer_id, "alice.test"));
    assert_true(str_eqz(e->signer_public_key, "ed25519:K"));
    assert_true(str_eqz(e->sender_id, "alice.test"));
    assert_int_equal(e->gas_burnt, 123);
    assert_true(e->payment == 7000);
    assert_null(e->project_id.ptr);
    /* a null limit does not drop it, and the text is decoded once */
    assert_true(json_parse(e->request_data, &data, NULL));
    assert_true(json_is_null(json_get(json_get(data, "resource_limits"), "max_instructions")));
    assert_true(json_str_eq(json_get(data, "input_data"), STR("a\"b")));
}

static void test_completed(void **state)
{
    struct fixture *f = *state;

    log_completed(&f->log, 9, false);
    read_log(f, buf_z(&f->log));
    assert_int_equal(f->b.n, 1);
    assert_int_equal(f->b.list[0].kind, EV_COMPLETED);
    assert_int_equal(f->b.list[0].request_id, 9);
    assert_false(f->b.list[0].success);
    assert_true(str_eqz(f->b.list[0].error, "it \"failed\""));
    assert_true(f->b.list[0].charged == 1000 && f->b.list[0].refunded == 6000);
}

static void test_not_ours(void **state)
{
    struct fixture *f = *state;
    const char *log[2];

    log_requested(&f->log, 41, 7);
    log[0] = buf_z(&f->log);
    log[1] = "just a line";
    block_open(&f->doc, 100, 99);
    block_receipt(&f->doc, "evil.test", SUCCESS, log, 2);
    block_receipt(&f->doc, "outlayer.test", FAILURE, log, 2);
    block_receipt(&f->doc, "outlayer.test", "\"Unknown\"", log, 2);
    block_receipt(&f->doc, "x.outlayer.test", SUCCESS, log, 2);
    block_close(&f->doc);
    assert_int_equal(read_doc(f), 0);
    assert_int_equal(f->b.n, 0);

    /* another standard, another version, another event */
    read_log(f, "EVENT_JSON:{\"standard\":\"nep171\",\"version\":\"1.0.0\",\"event\":"
                "\"execution_requested\",\"data\":[{}]}");
    assert_int_equal(f->b.n, 0);
    read_log(f, "EVENT_JSON:{\"standard\":\"near-outlayer\",\"version\":\"0.9.9\",\"event\":"
                "\"execution_requested\",\"data\":[{}]}");
    assert_int_equal(f->b.n, 0);
    read_log(f, "EVENT_JSON:{\"standard\":\"near-outlayer\",\"version\":\"1.0.0\",\"event\":"
                "\"system_event\",\"data\":[{}]}");
    assert_int_equal(f->b.n, 0);
}

static void test_erased(void **state)
{
#define SYSTEM(data)                                                                               \
    "EVENT_JSON:{\"standard\":\"near-outlayer\",\"version\":\"1.0.0\",\"event\":"                  \
    "\"system_event\",\"data\":[" data "]}"
    struct fixture *f = *state;

    read_log(f, SYSTEM("{\"ProjectStorageCleanup\":{\"project_id\":\"alice.test/dice\","
                       "\"project_uuid\":\"p0000000000000007\",\"timestamp\":1}}"));
    assert_int_equal(f->b.n, 1);
    assert_int_equal(f->b.list[0].kind, EV_ERASED);
    assert_true(str_eqz(f->b.list[0].project_uuid, "p0000000000000007"));
    /* Of others nothing is kept here, and a uuid that is none erases nothing. */
    read_log(f, SYSTEM("{\"TopUpPaymentKey\":{\"owner\":\"alice.test\"}}"));
    assert_int_equal(f->b.n, 0);
    read_log(f, SYSTEM("{\"ProjectStorageCleanup\":{\"project_uuid\":\"p1\"}}"));
    assert_int_equal(f->b.list[0].kind, EV_UNUSABLE);
    read_log(f, SYSTEM("{\"ProjectStorageCleanup\":{}}"));
    assert_int_equal(f->b.list[0].kind, EV_UNUSABLE);
    read_log(f, SYSTEM("{\"ProjectStorageCleanup\":7}"));
    assert_int_equal(f->b.n, 0);
}

static void test_both_in_one(void **state)
{
    struct fixture *f = *state;
    struct buf second = BUF_INIT(8192);
    const char *log[3];

    log_requested(&f->log, 1, 1);
    log_requested(&second, 2, 2);
    log[0] = buf_z(&f->log);
    log[1] = "[[yNEAR charged: \"1\"]]";
    log[2] = buf_z(&second);
    block_open(&f->doc, 100, 99);
    for (int i = 0; i < 10; i++)
        block_receipt(&f->doc, "outlayer.test", i ? SUCCESS : "{\"SuccessReceiptId\":\"abc\"}", log,
                      3);
    block_close(&f->doc);
    assert_int_equal(read_doc(f), 0);
    assert_int_equal(f->b.n, 20);
    for (size_t i = 0; i < f->b.n; i++)
        assert_int_equal(f->b.list[i].request_id, i % 2 + 1);
    buf_release(&second);
}

static void test_hostile_logs(void **state)
{
#define EV(event, data)                                                                            \
    "EVENT_JSON:{\"standard\":\"near-outlayer\",\"version\":\"1.0.0\",\"event\":\"" event          \
    "\",\"data\":" data "}"
#define ZEROS "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0"
    static const char *const unusable[] = {
        "EVENT_JSON:",
        "EVENT_JSON:{",
        "EVENT_JSON:[]",
        "EVENT_JSON:{\"standard\":7}",
        EV("execution_requested", "[]"),
        EV("execution_requested", "{}"),
        EV("execution_requested", "null"),
        EV("execution_requested", "[{},{}]"),
        EV("execution_requested",
           "[{\"request_data\":{\"request_id\":1},\"data_id\":[" ZEROS ",0]}]"),
        EV("execution_requested", "[{\"request_data\":\"[]\",\"data_id\":[" ZEROS ",0]}]"),
        EV("execution_requested", "[{\"request_data\":\"{}\",\"data_id\":[" ZEROS ",0]}]"),
        EV("execution_requested",
           "[{\"request_data\":\"{\\\"request_id\\\":-1}\",\"data_id\":[" ZEROS ",0]}]"),
        EV("execution_requested",
           "[{\"request_data\":\"{\\\"request_id\\\":1.5}\",\"data_id\":[" ZEROS ",0]}]"),
        EV("execution_requested", "[{\"request_data\":\"{\\\"request_id\\\":9223372036854775808}\","
                                  "\"data_id\":[" ZEROS ",0]}]"),
        EV("execution_requested",
           "[{\"request_data\":\"{\\\"request_id\\\":1}\",\"data_id\":[" ZEROS "]}]"),
        EV("execution_requested",
           "[{\"request_data\":\"{\\\"request_id\\\":1}\",\"data_id\":[" ZEROS ",0,0]}]"),
        EV("execution_requested",
           "[{\"request_data\":\"{\\\"request_id\\\":1}\",\"data_id\":[" ZEROS ",256]}]"),
        EV("execution_requested",
           "[{\"request_data\":\"{\\\"request_id\\\":1}\",\"data_id\":[" ZEROS ",\"0\"]}]"),
        EV("execution_completed", "[{\"success\":true}]"),
        EV("execution_completed", "[{\"request_id\":1,\"success\":1,\"payment_charged\":\"1\","
                                  "\"payment_refunded\":\"1\"}]"),
        EV("execution_completed", "[{\"request_id\":1,\"success\":true,\"payment_charged\":\"-1\","
                                  "\"payment_refunded\":\"1\"}]"),
        EV("execution_completed",
           "[{\"request_id\":1,\"success\":true,\"payment_charged\":"
           "\"340282366920938463463374607431768211456\",\"payment_refunded\":\"1\"}]"),
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < countof(unusable); i++) {
        read_log(f, unusable[i]);
        assert_int_equal(f->b.n, 1);
        assert_int_equal(f->b.list[0].kind, EV_UNUSABLE);
        assert_true(f->b.list[0].reason.len > 0);
    }
    /* an event inside a text is a text */
    read_log(f, "user said EVENT_JSON:{\"standard\":\"near-outlayer\"}");
    assert_int_equal(f->b.n, 0);
    /* what is not told does not matter; a member twice counts as the last */
    read_log(f, EV("execution_requested",
                   "[{\"request_data\":\"{\\\"request_id\\\":1,"
                   "\\\"request_id\\\":2,\\\"payment\\\":7}\",\"data_id\":[" ZEROS ",0]}]"));
    assert_int_equal(f->b.list[0].kind, EV_REQUESTED);
    assert_int_equal(f->b.list[0].request_id, 2);
    assert_true(f->b.list[0].payment == 0);
    assert_null(f->b.list[0].sender_id.ptr);
}

static void test_documents(void **state)
{
#define HEAD(more) "{\"block\":{\"header\":{\"hash\":\"a\",\"prev_hash\":\"b\"" more "}}"
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "7",
        "{}",
        "{\"block\":{}}",
        "{\"block\":{\"header\":{\"height\":1}},\"shards\":[]}",
        HEAD(",\"height\":-1,\"timestamp\":1") ",\"shards\":[]}",
        HEAD(",\"height\":1,\"timestamp\":1") "}",
        HEAD(",\"height\":1") ",\"shards\":[]}",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < countof(bad); i++) {
        buf_clear(&f->doc);
        buf_addz(&f->doc, bad[i]);
        assert_int_equal(read_doc(f), ERR_FORMAT);
        assert_true(f->why.len > 0);
    }
    buf_clear(&f->doc);
    buf_addz(&f->doc, " null\n");
    assert_int_equal(read_doc(f), ERR_EMPTY);
    buf_clear(&f->doc);
    buf_addz(&f->doc, "{\"block\":{\"header\":{\"height\":1,\"hash\":\"a\",\"prev_hash\":\"b\","
                      "\"timestamp\":1}},\"shards\":[7,null,{},{\"receipt_execution_outcomes\":"
                      "[null,{\"receipt\":{\"receiver_id\":\"outlayer.test\"}}]}]}");
    assert_int_equal(read_doc(f), 0);
    assert_int_equal(f->b.n, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_requested),   T(test_completed),    T(test_not_ours),
        T(test_requested),   T(test_completed),    T(test_erased),
        T(test_both_in_one), T(test_hostile_logs), T(test_documents),
    };

    return cmocka_run_group_tests_name("coordinator_events", tests, NULL, NULL);
}
