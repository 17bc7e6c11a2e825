/*
 * test_vm_register.c — the compiled register contract in the virtual machine, at both protocols:
 * it takes what it must, refuses what it must, and stays far inside what a transaction may burn.
 */
#include "test.h"

#include <stdlib.h>

#include "contract/machine.h"
#include "contract/stage.h"

#define REGISTER      SHARE_DIR "/register.wasm"
#define REGISTER_P256 SHARE_DIR "/register_p256.wasm"
#define OWNER         "owner.test"
#define REGISTRAR     "init.test"

static void good(struct stage *s, struct stage_call c)
{
    if (!stage_call(s, c)) {
        print_error("%s: %.*s\n", c.method, (int)s->last.text.len, s->last.text.ptr);
        fail();
    }
    if (getenv("SHOW_GAS")) {
        struct stage_shares g = stage_shares(s);

        print_message("%-28s %7.2f Tgas (instructions %.2f, storage %.2f, loading %.2f)\n",
                      c.method, (double)stage_receipt_gas(s) / 1e12, (double)g.instructions / 1e12,
                      (double)g.storage / 1e12, (double)g.loading / 1e12);
    }
}

static void run(uint32_t protocol, const char *wasm)
{
    struct stage s;
    struct machine m;

    stage_open(&s, protocol, wasm);
    machine_open(&m, (int64_t)(s.time_ns / 1000000000u), STAGE_ME, "outlayer.near");
    good(&s, (struct stage_call){"new", machine_new_args(&m, OWNER, REGISTRAR, "outlayer.near"),
                                 STAGE_ME});
    good(&s, (struct stage_call){"update_collateral", machine_collateral(&m), OWNER});
    good(&s, (struct stage_call){"add_approved_measurements", machine_measurements(&m, ""), OWNER});
    good(&s, (struct stage_call){"request_challenge", STR("{}"), REGISTRAR});
    good(&s, (struct stage_call){"register_worker_key",
                                 machine_registration(&m, arena_str(&m.arena, s.last.value)),
                                 REGISTRAR});
    assert_true(stage_receipt_gas(&s) < UINT64_C(40000000000000));
    good(&s, (struct stage_call){"anchor_batch", machine_batch(&m, 0, 1000), "anybody.test"});
    machine_close(&m);
    stage_close(&s);
}

static void test_79(void **state)
{
    (void)state;
    run(79, REGISTER);
}

static void test_88(void **state)
{
    (void)state;
    run(88, REGISTER);
    run(88, REGISTER_P256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_79),
        cmocka_unit_test(test_88),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
