/*
 * make_register_calls.c — prints cases/register.calls: a life of the register contract with a
 * SIMULATED machine, as compare.c runs it: carol.near calls, alice.near is the contract, the
 * block's random seed is 32 times 9. Run it again when the form of manifests or arguments changes.
 */
#include <stdio.h>
#include <string.h>

#include "contract/machine.h"

#define NOW 1780000000

static struct machine m;

static void run(const char *method, const char *how, struct str args)
{
    printf(";; run %s time=%llu000000000%s json=%.*s\n", method, (unsigned long long)NOW, how,
           STR_ARG(args));
}

/* The contract's n-th challenge: seed, caller, number. */
static struct str challenge(uint64_t n)
{
    struct buf b = BUF_INIT(128), text = BUF_INIT(128);
    struct hash256 h;
    struct str s;

    for (int i = 0; i < 32; i++)
        buf_add_byte(&b, 9);
    buf_addz(&b, "carol.near");
    for (int i = 0; i < 8; i++)
        buf_add_byte(&b, (uint8_t)(n >> 8 * i));
    h = sha256(buf_str(&b));
    buf_add_byte(&text, '"');
    hash_put_hex(&text, &h);
    buf_add_byte(&text, '"');
    s = arena_str(&m.arena, buf_str(&text));
    buf_release(&b);
    buf_release(&text);
    return s;
}

int main(void)
{
    machine_open(&m, NOW, "alice.near", "outlayer.near");
    puts(";; A life of the register contract; made by tests/oracle/make_register_calls.c.");
    run("get_settings", " view", STR("{}"));
    run("new", " keep", machine_new_args(&m, "carol.near", "carol.near", "outlayer.near"));
    run("new", "", machine_new_args(&m, "carol.near", "carol.near", "outlayer.near"));
    run("update_collateral", " keep", machine_collateral(&m));
    run("update_collateral", " gas=10000000000000", machine_collateral(&m));
    run("update_collateral", "", STR("{\"collateral\":\"{}\"}"));
    run("register_worker_key", "", machine_registration(&m, challenge(0)));
    run("add_approved_measurements", " keep", machine_measurements(&m, ""));
    run("get_approved_measurements", " view", STR("{}"));
    run("get_challenge", " view", STR("{}"));
    run("register_worker_key", " gas=8000000000000", machine_registration(&m, challenge(0)));
    run("register_worker_key", "", machine_registration(&m, challenge(7)));
    run("register_worker_key", " keep", machine_registration(&m, challenge(0)));
    run("get_workers", " view", STR("{}"));
    run("anchor_batch", " keep", machine_batch(&m, 0, 1000));
    run("anchor_batch", "", machine_batch(&m, 0, 1000));
    run("request_challenge", " keep", STR("{}"));
    m.statement = m.near;
    run("anchor_batch", "", machine_batch(&m, 1000, 1));
    machine_new_keys(&m);
    m.spec.faults = SIM_SIGNATURE_ORDER;
    run("register_worker_key", "", machine_registration(&m, challenge(1)));
    m.spec.faults = SIM_LEAF_EXPIRED;
    run("register_worker_key", "", machine_registration(&m, challenge(1)));
    m.spec.faults = SIM_KEY_OFF_CURVE;
    run("register_worker_key", "", machine_registration(&m, challenge(1)));
    m.spec.faults = 0;
    run("register_worker_key", " keep", machine_registration(&m, challenge(2)));
    run("remove_worker_keys", " keep",
        STR("{\"public_keys\":[\"ed25519:11111111111111111111111111111111\"]}"));
    run("remove_expired_workers", "", STR("{}"));
    run("set_policy", "",
        STR("{\"policy\":{\"platforms\":[\"00000000000000000000000000000000\"]}}"));
    run("get_settings", " view", STR("{}"));
    puts(";; all");
    machine_close(&m);
    return 0;
}
