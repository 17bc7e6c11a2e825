/*
 * fuzz_register.c — the register contract with arguments that nobody wrote, and with a good
 * registration that was tampered with. What must always hold:
 *
 *   - the only key that is ever given is that of the machine whose quote it is, to four methods;
 *   - strangers change nothing but what proves itself; no call by one of them gives a key.
 *
 * First byte even: a method, who calls it, and its arguments as text. Odd: triples of place (two
 * bytes) and what is laid over the registration's arguments there by exclusive or.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/machine.h"
#include "sdk/mock/mock.h"

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define ME    "worker.outlayer.test"
#define CALLS 200u /* before the chain begins anew */

static const char *const people[] = {"mallory.test", "init.test", "owner.test"};
static const char *const methods[] = {
    "new",
    "update_collateral",
    "remove_collateral",
    "add_approved_measurements",
    "remove_approved_measurements",
    "clear_all_approved_measurements",
    "request_challenge",
    "register_worker_key",
    "anchor_batch",
    "remove_expired_workers",
    "remove_worker_keys",
    "transfer_ownership",
    "set_init_worker_account",
    "set_outlayer_contract",
    "set_policy",
    "get_workers",
    "get_worker",
    "get_session",
    "is_measurements_approved",
    "is_key_revoked",
};

static struct machine m;
static unsigned calls;

static bool call(const char *who, const char *method, struct str args, struct str *value)
{
    size_t r = mock_call(who, 0, method, args);

    mock_run();
    calls++;
    return mock_result(r, value) == MOCK_OK;
}

static void begin(void)
{
    struct str v;

    if (calls)
        machine_close(&m);
    calls = 0;
    mock_init(ME, (u128)1 << 90);
    for (size_t i = 0; i < countof(people); i++)
        mock_account_add(people[i], (u128)1 << 80);
    machine_open(&m, (int64_t)(mock.time_ns / 1000000000u), ME, "outlayer.test");
    CHECK(call(ME, "new", machine_new_args(&m, people[2], people[1], "outlayer.test"), &v));
    CHECK(call(people[2], "update_collateral", machine_collateral(&m), &v));
    CHECK(call(people[2], "add_approved_measurements", machine_measurements(&m, ""), &v));
}

static void any_call(const uint8_t *data, size_t size)
{
    const char *who;
    size_t had = mock.n_keys;
    struct str v;

    if (size < 2)
        return;
    who = people[data[0] % countof(people)];
    call(who, methods[data[1] % countof(methods)], str_from(data + 2, size - 2), &v);
    CHECK(mock.n_keys <= had || who == people[1]);
}

static void tampered(const uint8_t *data, size_t size)
{
    struct str challenge, args, v;
    char *text;

    if (!call(people[1], "request_challenge", STR("{}"), &challenge))
        return; /* an earlier call took the right away */
    args = machine_registration(&m, arena_str(&m.arena, challenge));
    text = (char *)(uintptr_t)args.ptr;
    for (; size >= 3; data += 3, size -= 3)
        text[(data[0] << 8 | data[1]) % args.len] ^= (char)data[2];
    call(people[1], "register_worker_key", args, &v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (calls == 0 || calls > CALLS)
        begin();
    if (!size)
        return 0;
    if (data[0] & 1)
        tampered(data + 1, size - 1);
    else
        any_call(data + 1, size - 1);
    CHECK(mock.n_keys <= 1);
    CHECK(mock.n_keys == 0 || mock_key(m.near.pub.b));
    CHECK(mock.n_keys == 0 ||
          str_eqz(buf_str(&mock.keys[0].methods),
                  "resolve_execution,submit_execution_output_and_resolve,resume_topup,"
                  "resume_delete_payment_key"));
    return 0;
}
