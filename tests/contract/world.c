/* world.c — see world.h. */
#include "world.h"

#include <stdio.h>
#include <string.h>

static u128 money;

int world_setup(void **state)
{
    (void)state;
    mock_init(OUTLAYER, 100 * NEAR_1);
    mock.code_size = 60000;
    static const char *const people[] = {OWNER, OPERATOR, ALICE, DICE, MALLORY};
    for (size_t i = 0; i < countof(people); i++)
        mock_account_add(people[i], 1000 * NEAR_1);
    money = mock_total();
    ok(OUTLAYER, 0, "new", "{\"owner_id\":\"" OWNER "\",\"operator_id\":\"" OPERATOR "\"}");
    return 0;
}

int world_teardown(void **state)
{
    (void)state;
    bool same = mock_total() == money;
    mock_end();
    if (!same)
        print_error("money was made or lost\n");
    return same ? 0 : -1;
}

struct str z(const char *text)
{
    return str_of(text);
}

void fund(const char *who, u128 amount)
{
    mock_account_add(who, amount);
    money += amount;
}

static void show(const char *what, const char *method, struct str text)
{
    print_error("%s %s: %.*s\n", what, method, (int)text.len, text.ptr);
}

size_t ok(const char *who, u128 deposit, const char *method, const char *args)
{
    struct str v;
    size_t r = mock_call(who, deposit, method, z(args));
    if (mock_result(r, &v) == MOCK_FAILED) {
        show("failed:", method, v);
        fail();
    }
    return r;
}

static bool contains(struct str s, const char *part)
{
    struct str p = str_of(part);
    return p.len == 0 || (p.len <= s.len && str_find(s, p) < s.len);
}

void fails(const char *who, u128 deposit, const char *method, const char *args, const char *text)
{
    struct str v;
    u128 before = mock_balance(who);
    uint64_t storage = mock_storage();
    size_t r = mock_call(who, deposit, method, z(args));
    if (mock_result(r, &v) != MOCK_FAILED || !contains(v, text)) {
        show("expected another end of", method, v);
        fail();
    }
    assert_true(mock_balance(who) == before);
    assert_int_equal(mock_storage(), storage);
}

struct str view(const char *method, const char *args)
{
    struct str v;
    if (!mock_view(method, z(args), &v)) {
        show("failed view", method, v);
        fail();
    }
    return v;
}

void view_is(const char *method, const char *args, const char *value)
{
    struct str v = view(method, args);
    if (!str_eqz(v, value)) {
        show("is", method, v);
        print_error("expected %s\n", value);
        fail();
    }
}

void view_fails(const char *method, const char *args, const char *text)
{
    struct str v;
    if (mock_view(method, z(args), &v) || !contains(v, text)) {
        show("expected failure of", method, v);
        fail();
    }
}

void ended_ok(size_t receipt, const char *value)
{
    struct str v;
    enum mock_state s = mock_result(receipt, &v);
    if (s != MOCK_OK || !str_eqz(v, value)) {
        show("ended with", s == MOCK_OK ? "ok" : s == MOCK_FAILED ? "failure" : "waiting", v);
        fail();
    }
}

void ended_failed(size_t receipt, const char *text)
{
    struct str v;
    enum mock_state s = mock_result(receipt, &v);
    if (s != MOCK_FAILED || !contains(v, text)) {
        show("ended with", s == MOCK_OK ? "ok" : s == MOCK_FAILED ? "failure" : "waiting", v);
        fail();
    }
}

void still_waits(size_t receipt)
{
    assert_int_equal(mock_result(receipt, NULL), MOCK_WAITING);
}

#define USED "\"resources_used\":{\"instructions\":812345,\"time_ms\":37,\"compile_time_ms\":null}"

void resolve_ok(uint64_t id, const char *output)
{
    char args[4096];
    snprintf(
        args, sizeof(args),
        "{\"request_id\":%llu,\"response\":{\"success\":true,\"output\":%s,\"error\":null," USED
        ",\"compilation_note\":null,\"refund_usd\":null}}",
        (unsigned long long)id, output);
    ok(OPERATOR, 0, "resolve_execution", args);
    mock_run();
}

void resolve_failed(uint64_t id, const char *error)
{
    char args[4096];
    snprintf(args, sizeof(args),
             "{\"request_id\":%llu,\"response\":{\"success\":false,\"output\":null,\"error\":\"%"
             "s\"," USED "}}",
             (unsigned long long)id, error);
    ok(OPERATOR, 0, "resolve_execution", args);
    mock_run();
}
