/* Three logs of real machines replayed to their quotes' registers, and logs that lie. */
#include "vectors.h"

#include <string.h>

#include "attest/eventlog.h"
#include "codec/hex.h"

static struct json expected(const char *file)
{
    struct json_iter it = json_iter(json_get(vector_expected(), "eventlog"));

    while (json_next(&it))
        if (json_str_eq(json_get(it.value, "file"), str_of(file)))
            return it.value;
    fail_msg("no expectation for '%s'", file);
    return JSON_NONE;
}

static void assert_registers(struct arena *a, const struct eventlog *log, struct json want)
{
    static const char *const names[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};

    for (size_t i = 0; i < 4; i++) {
        struct str value = vector_hex(a, json_get(json_get(want, "replayed"), names[i]));
        uint64_t n, got = 0;

        assert_true(str_eq(value, str_from(log->rtmr[i], 48)));
        assert_true(json_u64(json_at(json_get(want, "events_per_register"), i), &n));
        for (size_t k = 0; k < log->n; k++)
            got += log->event[k].reg == i;
        assert_int_equal(got, n);
    }
}

static struct str member(struct arena *a, struct str file, const char *name)
{
    struct buf b = BUF_INIT(VECTOR_MAX);
    struct json object;
    struct str s;

    assert_true(json_parse(file, &object, NULL) && json_str(json_get(object, name), &b));
    s = arena_str(a, buf_str(&b));
    buf_release(&b);
    return s;
}

static struct str unhex(struct arena *a, struct str text)
{
    char *to = arena_alloc(a, text.len / 2 + 1);

    assert_true(hex_get(text, to, text.len / 2));
    return str_from(to, text.len / 2);
}

static void check_dstack(const char *name)
{
    struct arena a = ARENA_INIT;
    struct str file = vector_file(&a, name), payload;
    struct json want = expected(name);
    struct json_iter it = json_iter(json_get(want, "rtmr3_events"));
    struct buf why = WHY_INIT;
    struct eventlog log;
    struct quote q;
    size_t k = 0;

    assert_ok(eventlog_read_json(member(&a, file, "event_log"), &a, &log, &why), why);
    assert_registers(&a, &log, want);
    assert_int_equal(quote_read(unhex(&a, member(&a, file, "quote")), &q), ATTEST_OK);
    assert_int_equal(eventlog_matches(&log, &q.td), EVENTLOG_ALL_MATCH);
    while (json_next(&it)) {
        while (log.event[k].reg != 3)
            k++;
        assert_true(json_str_eq(json_get(it.value, "event"), log.event[k].name));
        assert_true(str_eq(vector_hex(&a, json_get(it.value, "payload")), log.event[k].payload));
        assert_true(str_eq(vector_hex(&a, json_get(it.value, "digest")),
                           str_from(log.event[k].digest, 48)));
        k++;
    }
    assert_ok(eventlog_find(&log, "compose-hash", &payload, &why), why);
    assert_int_equal(payload.len, 32);
    assert_int_equal(eventlog_find(&log, "no-such-event", &payload, &why), ERR_ABSENT);
    buf_release(&why);
    arena_release(&a);
}

static void test_dstack(void **state)
{
    (void)state;
    check_dstack("dstack/getquote-v1.json");
    check_dstack("dstack/getquote-lite.json");
}

/* The newer one binds its compose hash in MRCONFIGID too. */
static void test_config_id(void **state)
{
    struct arena a = ARENA_INIT;
    struct str file = vector_file(&a, "dstack/getquote-lite.json"), payload;
    struct eventlog log;
    struct quote q;

    (void)state;
    assert_int_equal(eventlog_read_json(member(&a, file, "event_log"), &a, &log, NULL), ERR_OK);
    assert_int_equal(quote_read(unhex(&a, member(&a, file, "quote")), &q), ATTEST_OK);
    assert_int_equal(eventlog_find(&log, "compose-hash", &payload, NULL), ERR_OK);
    assert_true(compose_is_config((const uint8_t *)payload.ptr, &q.td));
    ((char *)(uintptr_t)payload.ptr)[0] ^= 1;
    assert_false(compose_is_config((const uint8_t *)payload.ptr, &q.td));
    arena_release(&a);
}

static void test_ccel(void **state)
{
    struct arena a = ARENA_INIT;
    struct str area = vector_file(&a, "eventlog/cos113-ccel.bin");
    struct json want = expected("eventlog/cos113-ccel.bin");
    struct buf why = WHY_INIT;
    struct eventlog log, other;
    struct quote q;
    uint64_t n;
    size_t refused = 0;

    (void)state;
    assert_ok(eventlog_read_ccel(area, &a, &log, &why), why);
    assert_true(json_u64(json_get(want, "events"), &n));
    assert_int_equal(log.records, n);
    assert_registers(&a, &log, want);
    assert_int_equal(quote_read(vector_file(&a, "quotes/tdx-v4-00806f-cos113.bin"), &q), ATTEST_OK);
    assert_int_equal(eventlog_matches(&log, &q.td), EVENTLOG_ALL_MATCH);
    /* cut anywhere inside: refused, or registers that do not match; never believed */
    for (size_t cut = 0; cut < 12000; cut += 97) {
        struct arena s = ARENA_INIT;

        if (eventlog_read_ccel(str_head(area, cut), &s, &other, NULL))
            refused++;
        else
            assert_int_not_equal(eventlog_matches(&other, &q.td), EVENTLOG_ALL_MATCH);
        arena_release(&s);
    }
    assert_true(refused > 100);
    arena_release(&a);
}

/* ------------------------------------------------------------------ logs that lie */

#define ENTRY(imr, type, digest, name, payload)                                                    \
    "{\"imr\":" imr ",\"event_type\":" type ",\"digest\":\"" digest "\",\"event\":\"" name         \
    "\",\"event_payload\":\"" payload "\"}"
#define RUNTIME "134217729"
#define ZEROS48                                                                                    \
    "000000000000000000000000000000000000000000000000"                                             \
    "000000000000000000000000000000000000000000000000"

static enum err read_text(struct arena *a, const char *text, struct eventlog *log)
{
    struct buf why = WHY_INIT;
    enum err e = eventlog_read_json(str_of(text), a, log, &why);

    assert_true(!e || why.len > 0);
    buf_release(&why);
    return e;
}

static void test_bad_json(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[1]",
        "[{}]",
        "[" ENTRY("4", RUNTIME, "", "a", "") "]", /* no such register */
        "[" ENTRY("-1", RUNTIME, "", "a", "") "]",
        "[" ENTRY("0", "1", "", "", "") "]", /* registers 0…2 need a digest */
        "[" ENTRY("0", "1", "00", "", "") "]",
        "[" ENTRY("0", "1", "zz", "", "") "]",
        "[" ENTRY("3", "1", "", "app-id", "00") "]",     /* not a runtime event */
        "[" ENTRY("3", RUNTIME, "", "app:id", "00") "]", /* could be read two ways */
        "[" ENTRY("3", RUNTIME, "", "a\\u0000", "00") "]",
        "[" ENTRY("3", RUNTIME, "", "", "00") "]",
        "[" ENTRY("3", RUNTIME, "", "app-id", "0") "]",
        "[" ENTRY("3", RUNTIME, ZEROS48, "app-id", "00") "]", /* a digest of something else */
        "[{\"imr\":3,\"imr\":0,\"event_type\":" RUNTIME
        ",\"digest\":\"\",\"event\":\"a\",\"event_payload\":\"\"}]",
        "[{\"imr\":3,\"event_type\":" RUNTIME
        ",\"digest\":\"\",\"event\":\"a\",\"event_payload\":\"\",\"version\":3}]",
        "[{\"imr\":3,\"event_type\":" RUNTIME
        ",\"digest\":\"\",\"event\":\"a\",\"event_payload\":\"\",\"version\":2,"
        "\"preimage\":\"{}\"}]",
    };

    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        struct arena a = ARENA_INIT;
        struct eventlog log;

        if (!read_text(&a, bad[i], &log))
            fail_msg("accepted: %s", bad[i]);
        arena_release(&a);
    }
}

static void test_twice_and_order(void **state)
{
    struct arena a = ARENA_INIT;
    struct eventlog one, two;
    struct str payload;

    (void)state;
    assert_int_equal(read_text(&a,
                               "[" ENTRY("3", RUNTIME, "", "app-id",
                                         "01") "," ENTRY("3", RUNTIME, "", "app-id", "02") "]",
                               &one),
                     ERR_OK);
    assert_int_equal(eventlog_find(&one, "app-id", &payload, NULL), ERR_CONFLICT);
    /* order matters to the register */
    assert_int_equal(read_text(&a,
                               "[" ENTRY("3", RUNTIME, "", "app-id",
                                         "02") "," ENTRY("3", RUNTIME, "", "app-id", "01") "]",
                               &two),
                     ERR_OK);
    assert_memory_not_equal(one.rtmr[3], two.rtmr[3], 48);
    /* what the application adds after the boot is no fact of the boot */
    assert_int_equal(read_text(&a,
                               "[" ENTRY("3", RUNTIME, "", "system-ready",
                                         "") "," ENTRY("3", RUNTIME, "", "compose-hash", "01") "]",
                               &one),
                     ERR_OK);
    assert_int_equal(eventlog_find(&one, "compose-hash", &payload, NULL), ERR_ABSENT);
    arena_release(&a);
}

/* Version 2: the digest is of the canonical JSON, and an agreeing preimage may stand beside it. */
static void test_version_2(void **state)
{
    struct arena a = ARENA_INIT;
    struct eventlog one, two;
    uint8_t digest[48];

    (void)state;
    assert_int_equal(
        read_text(&a,
                  "[{\"imr\":3,\"event_type\":" RUNTIME
                  ",\"digest\":\"\",\"event\":\"app-id\",\"event_payload\":\"0aff\",\"version\":2,"
                  "\"preimage\":\"{\\\"name\\\":\\\"app-id\\\",\\\"payload\\\":\\\"0aff\\\","
                  "\\\"type\\\":134217729}\"}]",
                  &one),
        ERR_OK);
    event_digest_v2(STR("app-id"), STR("\x0a\xff"), digest);
    assert_memory_equal(one.event[0].digest, digest, 48);
    assert_int_equal(read_text(&a, "[" ENTRY("3", RUNTIME, "", "app-id", "0aff") "]", &two),
                     ERR_OK);
    assert_memory_not_equal(one.rtmr[3], two.rtmr[3], 48);
    arena_release(&a);
}

static void test_bad_ccel(void **state)
{
    struct arena a = ARENA_INIT;
    struct str area = vector_file(&a, "eventlog/cos113-ccel.bin");
    char *bytes = (char *)(uintptr_t)area.ptr;
    struct eventlog log;

    (void)state;
    bytes[4] = 1; /* the first record is no longer "no action" */
    assert_int_equal(eventlog_read_ccel(area, &a, &log, NULL), ERR_FORMAT);
    bytes[4] = 3;
    bytes[32] ^= 1; /* not "Spec ID Event03" */
    assert_int_equal(eventlog_read_ccel(area, &a, &log, NULL), ERR_FORMAT);
    bytes[32] ^= 1;
    assert_int_equal(eventlog_read_ccel(area, &a, &log, NULL), ERR_OK);
    assert_int_equal(eventlog_read_ccel(STR(""), &a, &log, NULL), ERR_FORMAT);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dstack),    cmocka_unit_test(test_config_id),
        cmocka_unit_test(test_ccel),      cmocka_unit_test(test_bad_json),
        cmocka_unit_test(test_bad_ccel),  cmocka_unit_test(test_twice_and_order),
        cmocka_unit_test(test_version_2),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
