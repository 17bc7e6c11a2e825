/*
 * fuzz_contract_request.c — any bytes as the arguments of request_execution.
 *
 * Whatever comes in: a refusal leaves storage and balances as they were; what is accepted can be
 * read back as JSON, is announced in one parseable line of bounded length, and can be answered.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sdk/mock/mock.h"

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define NEAR_1 ((u128)1000000000000000000u * 1000000)

static void check_event(void)
{
    struct str line = mock_log("\"event\":\"execution_requested\"");
    struct json event, data;
    struct buf text = BUF_INIT(1 << 20);

    CHECK(line.len && line.len <= 15000 && str_starts(line, STR("EVENT_JSON:")));
    CHECK(json_parse(str_skip(line, 11), &event, NULL));
    data = json_at(json_get(event, "data"), 0);
    CHECK(json_count(json_get(data, "data_id")) == 32);
    CHECK(json_str(json_get(data, "request_data"), &text) && !text.full);
    CHECK(json_parse(buf_str(&text), &data, NULL));
    CHECK(json_type(json_get(data, "input_data")) == JSON_STRING);
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct str v;
    struct json q;

    mock_init("outlayer.test", 100 * NEAR_1);
    mock_account_add("alice.test", 10 * NEAR_1);
    mock_call("outlayer.test", 0, "new",
              STR("{\"owner_id\":\"owner.test\",\"operator_id\":\"outlayer.test\"}"));
    u128 money = mock_total(), mine = mock_balance("alice.test");
    uint64_t storage = mock_storage();

    size_t r = mock_call("alice.test", NEAR_1, "request_execution", str_from(bytes, n));
    CHECK(mock_total() == money);
    if (mock_result(r, &v) == MOCK_FAILED) {
        CHECK(mock_storage() == storage && mock_balance("alice.test") == mine);
        CHECK(str_is_utf8(v));
        mock_end();
        return 0;
    }
    check_event();
    CHECK(mock_view("get_request", STR("{\"request_id\":0}"), &v) && json_parse(v, &q, NULL));
    CHECK(json_type(json_get(q, "input_data")) == JSON_STRING);
    mock_call(
        "outlayer.test", 0, "resolve_execution",
        STR("{\"request_id\":0,\"response\":{\"success\":true,\"output\":null,\"resources_used\":"
            "{\"instructions\":5,\"time_ms\":7}}}"));
    mock_run();
    CHECK(mock_result(r, &v) == MOCK_OK && str_eq(v, STR("null")));
    CHECK(mock_total() == money && mock_storage() == storage);
    mock_end();
    return 0;
}
