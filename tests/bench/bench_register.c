/*
 * bench_register.c — gas of the register contract's methods, for bench_contract.c: the module with
 * its own P-256 at protocol 79, the one with the host's at 88. A SIMULATED machine registers; then
 * one of Intel's, whose public quote verifies and is refused by its measurements alone.
 */
#include "bench_register.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "contract/machine.h"
#include "contract/stage.h"

#define SHARE BIN_DIR "/../share/outlayer/"
#define OWNER "owner.test"
#define INIT  "init.test"

#define REAL_TIME UINT64_C(1751624191) /* when quote and collateral were of their time */

static struct stage s;
static struct machine m;
static uint32_t protocol;

static void put(const char *label)
{
    struct stage_shares g = stage_shares(&s);

    printf("{\"name\":\"register_%s\",\"value\":%g,\"unit\":\"Tgas\",\"detail\":\"protocol %u, "
           "loading %.3f, storage %.3f, instructions %.3f\"}\n",
           label, (double)stage_receipt_gas(&s) / 1e12, protocol, (double)g.loading / 1e12,
           (double)g.storage / 1e12, (double)g.instructions / 1e12);
}

static void call(const char *label, const char *method, struct str args, const char *who)
{
    if (!stage_call(&s, (struct stage_call){method, args, who})) {
        fprintf(stderr, "%s: %.*s\n", method, STR_ARG(s.last.text));
        exit(1);
    }
    put(label);
}

static void simulated(const char *wasm)
{
    stage_open(&s, protocol, wasm);
    printf("{\"name\":\"register_size\",\"value\":%zu,\"unit\":\"bytes\",\"detail\":\"protocol "
           "%u\"}\n",
           s.code.len, protocol);
    machine_open(&m, (int64_t)(s.time_ns / 1000000000u), STAGE_ME, "outlayer.near");
    call("new", "new", machine_new_args(&m, OWNER, INIT, "outlayer.near"), STAGE_ME);
    call("update_collateral", "update_collateral", machine_collateral(&m), OWNER);
    call("add_approved_measurements", "add_approved_measurements", machine_measurements(&m, ""),
         OWNER);
    call("request_challenge", "request_challenge", STR("{}"), INIT);
    call("register_worker_key", "register_worker_key",
         machine_registration(&m, arena_str(&m.arena, s.last.value)), INIT);
    call("anchor_batch", "anchor_batch", machine_batch(&m, 0, 1000), "anybody.test");
    machine_close(&m);
    stage_close(&s);
}

static struct buf vector(const char *name)
{
    struct buf path = BUF_INIT(4096), out = BUF_INIT(1 << 20), why = WHY_INIT;

    buf_addf(&path, "%s/%s", VECTORS, name);
    if (file_read(buf_z(&path), &out, &why)) {
        fprintf(stderr, "%s\n", buf_z(&why));
        exit(1);
    }
    buf_release(&path);
    return out;
}

static void real(const char *wasm)
{
    struct buf quote = vector("quotes/tdx-v4-b0c06f.bin"),
               coll = vector("collateral/b0c06f-tdx-2025-06.json"), args = BUF_INIT(1 << 20);

    stage_open(&s, protocol, wasm);
    s.time_ns = REAL_TIME * 1000000000u;
    if (!stage_call(&s, (struct stage_call){"new",
                                            STR("{\"owner_id\":\"" OWNER
                                                "\",\"init_worker_account\":\"" INIT
                                                "\",\"outlayer_contract_id\":\"outlayer.near\"}"),
                                            STAGE_ME}) ||
        !stage_call(&s, (struct stage_call){"set_policy", STR("{\"policy\":{\"plain_keys\":true}}"),
                                            OWNER}))
        exit(1);
    json_obj(&args);
    put_str(&args, "collateral", buf_str(&coll));
    json_obj_end(&args);
    call("update_collateral_intel", "update_collateral", buf_str(&args), OWNER);
    buf_clear(&args);
    buf_addz(&args, "{\"public_key\":\"ed25519:11111111111111111111111111111111\","
                    "\"tdx_quote_hex\":\"");
    hex_put(&args, quote.ptr, quote.len);
    buf_addz(&args, "\"}");
    if (stage_call(&s, (struct stage_call){"register_worker_key", buf_str(&args), INIT}) ||
        str_find(s.last.text, STR(": P_")) == s.last.text.len) {
        fprintf(stderr, "the vector: %.*s\n", STR_ARG(s.last.text));
        exit(1);
    }
    put("worker_key_intel");
    buf_release(&quote);
    buf_release(&coll);
    buf_release(&args);
    stage_close(&s);
}

void bench_register(uint32_t version)
{
    const char *wasm = version < 85 ? SHARE "register.wasm" : SHARE "register_p256.wasm";

    protocol = version;
    simulated(wasm);
    real(wasm);
}
