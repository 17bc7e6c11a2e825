/* machine.c — see machine.h. */
#include "contract/machine.h"

#include <string.h>

#include "codec/hex.h"
#include "codec/put.h"

#define ARGS_MAX (4u * 1024 * 1024)

void machine_open(struct machine *m, int64_t now, const char *me, const char *outlayer)
{
    static const uint8_t seed[SIM_SEED_LEN] = "the register contract's tests";

    crypto_init();
    *m = (struct machine){.sim = sim_new(seed)};
    sim_spec_default(&m->spec, now);
    m->manifest = (struct manifest){.network = STR("sandbox"),
                                    .register_contract = str_of(me),
                                    .outlayer_contract = str_of(outlayer),
                                    .not_before = (uint64_t)now,
                                    .not_after = (uint64_t)now + 6 * 3600,
                                    .software = STR("outlayer-worker")};
    machine_new_keys(m);
}

void machine_close(struct machine *m)
{
    sim_free(m->sim);
    arena_release(&m->arena);
}

void machine_new_keys(struct machine *m)
{
    ed25519_generate(&m->near);
    ed25519_generate(&m->statement);
    memcpy(m->manifest.near_key, m->near.pub.b, 32);
    memcpy(m->manifest.statement_key, m->statement.pub.b, 32);
}

static struct str keep(struct machine *m, struct buf *b)
{
    struct str s = arena_str(&m->arena, buf_str(b));

    BUG_ON(b->full);
    buf_release(b);
    return s;
}

struct str machine_new_args(struct machine *m, const char *owner, const char *registrar,
                            const char *outlayer)
{
    struct attest_root root = sim_root(m->sim);
    struct buf b = BUF_INIT(ARGS_MAX);

    json_obj(&b);
    put_z(&b, "owner_id", owner);
    put_z(&b, "init_worker_account", registrar);
    put_z(&b, "outlayer_contract_id", outlayer);
    put_base64(&b, "simulated_root", root.der);
    json_obj_end(&b);
    return keep(m, &b);
}

struct str machine_collateral(struct machine *m)
{
    struct buf json = BUF_INIT(SIM_COLLATERAL_MAX), b = BUF_INIT(ARGS_MAX);

    sim_collateral(m->sim, &m->spec, &json);
    json_obj(&b);
    put_str(&b, "collateral", buf_str(&json));
    json_obj_end(&b);
    buf_release(&json);
    return keep(m, &b);
}

struct str machine_measurements(struct machine *m, const char *more)
{
    static const char *const names[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
    struct buf b = BUF_INIT(ARGS_MAX);

    json_obj(&b);
    json_key(&b, "measurements");
    json_obj(&b);
    put_hex(&b, "mrtd", str_from(m->spec.mr_td, 48));
    for (size_t i = 0; i < 4; i++)
        put_hex(&b, names[i], str_from(m->spec.rtmr[i], 48));
    json_obj_end(&b);
    buf_addz(&b, more);
    json_obj_end(&b);
    return keep(m, &b);
}

struct str machine_key(struct machine *m)
{
    struct buf b = BUF_INIT(100);

    ed25519_pub_put(&b, &m->near.pub);
    return keep(m, &b);
}

/* The arguments without their closing brace, with a quote over report_data. */
static void put_quote(struct machine *m, struct buf *b)
{
    struct buf quote = BUF_INIT(SIM_QUOTE_MAX);

    sim_quote(m->sim, &m->spec, &quote);
    for (size_t i = 0; i < m->junk; i++)
        buf_add_byte(&quote, (uint8_t)i);
    json_obj(b);
    put_str(b, "public_key", machine_key(m));
    put_hex(b, "tdx_quote_hex", buf_str(&quote));
    buf_release(&quote);
}

struct str machine_registration(struct machine *m, struct str challenge)
{
    struct buf bytes = BUF_INIT(MANIFEST_MAX), b = BUF_INIT(ARGS_MAX);

    m->manifest.has_challenge = challenge.len > 0;
    if (challenge.len)
        BUG_ON(challenge.len != 66 ||
               !hex_get(str_head(str_skip(challenge, 1), 64), m->manifest.challenge, 32));
    manifest_write(&bytes, &m->manifest);
    label_report_data(LABEL_WORKER, buf_str(&bytes), m->spec.report_data);
    memcpy(m->session, m->spec.report_data, 32);
    put_quote(m, &b);
    put_base64(&b, "manifest", buf_str(&bytes));
    json_obj_end(&b);
    buf_release(&bytes);
    return keep(m, &b);
}

struct str machine_plain(struct machine *m)
{
    struct buf b = BUF_INIT(ARGS_MAX);

    memset(m->spec.report_data, 0, sizeof m->spec.report_data);
    memcpy(m->spec.report_data, m->near.pub.b, 32);
    put_quote(m, &b);
    json_obj_end(&b);
    return keep(m, &b);
}

struct str machine_batch(struct machine *m, uint64_t first, uint64_t count)
{
    struct batch_head h = {.first_seq = first, .count = count, .time_ms = 1};
    struct buf head = BUF_INIT(BATCH_HEAD_LEN), b = BUF_INIT(ARGS_MAX);
    struct ed25519_sig sig;

    memcpy(h.session.b, m->session, 32);
    memset(h.root.b, (int)first + 1, 32);
    batch_head_write(&head, &h);
    sig = ed25519_sign(&m->statement, buf_str(&head));
    json_obj(&b);
    put_base64(&b, "head", buf_str(&head));
    put_base64(&b, "signature", str_from(sig.b, sizeof sig.b));
    json_obj_end(&b);
    buf_release(&head);
    return keep(m, &b);
}
