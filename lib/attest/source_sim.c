/*
 * source_sim.c — SIMULATED quotes: sim.h behind the interface of real ones, with an event log that
 * leads to the registers it reports.
 */
#include <string.h>

#include "attest/eventlog.h"
#include "attest/sim.h"
#include "attest/source_kind.h"
#include "base/clock.h"
#include "base/mem.h"
#include "codec/put.h"
#include "crypto/p256.h"

/* What the simulated machine runs: one line that says what it is. */
#define APP_COMPOSE                                                                                \
    "{\"manifest_version\":2,\"name\":\"SIMULATED\",\"runner\":\"docker-compose\","                \
    "\"docker_compose_file\":\"services: {}\\n\",\"allowed_envs\":[]}"

struct source_sim {
    struct sim *sim;
    struct sim_spec spec; /* without time and report data */
    struct buf log;
};

static void add_event(struct source_sim *s, const char *name, struct str payload)
{
    uint8_t digest[48], both[96];

    event_digest_v1(str_of(name), payload, digest);
    json_obj(&s->log);
    put_u64(&s->log, "imr", 3);
    put_u64(&s->log, "event_type", EVENT_RUNTIME_TYPE);
    put_hex(&s->log, "digest", str_from(digest, sizeof digest));
    put_z(&s->log, "event", name);
    put_hex(&s->log, "event_payload", payload);
    json_obj_end(&s->log);
    memcpy(both, s->spec.rtmr[3], 48);
    memcpy(both + 48, digest, 48);
    sha384(str_from(both, sizeof both), s->spec.rtmr[3]);
}

/* The boot, in the order in which dstack measures it. */
static void boot(struct source_sim *s)
{
    uint8_t hash[32];

    compose_hash(STR(APP_COMPOSE), hash);
    s->spec.mr_config_id[0] = 1;
    memcpy(s->spec.mr_config_id + 1, hash, sizeof hash);
    json_arr(&s->log);
    add_event(s, "system-preparing", STR(""));
    add_event(s, "app-id", str_from(hash, 20));
    add_event(s, "compose-hash", str_from(hash, sizeof hash));
    add_event(s, "instance-id", STR(""));
    add_event(s, "boot-mr-done", STR(""));
    add_event(s, "key-provider", STR("{\"name\":\"SIMULATED\",\"id\":\"\"}"));
    add_event(s, "system-ready", STR(""));
    json_arr_end(&s->log);
    BUG_ON(s->log.full);
}

static enum err get(void *ctx, const uint8_t report_data[64], struct evidence *out, struct buf *why)
{
    struct source_sim *s = ctx;
    struct sim_spec spec = s->spec;

    (void)why;
    spec.now = (int64_t)(clock_unix_ns() / 1000000000);
    memcpy(spec.report_data, report_data, sizeof spec.report_data);
    sim_quote(s->sim, &spec, &out->quote);
    buf_add_str(&out->event_log, buf_str(&s->log));
    buf_addz(&out->vm_config, "{\"simulated\":true}");
    return ERR_OK;
}

static enum err compose(void *ctx, struct buf *out, struct buf *why)
{
    (void)ctx;
    (void)why;
    buf_addz(out, APP_COMPOSE);
    return ERR_OK;
}

static enum err collateral(void *ctx, int64_t now, struct buf *out, struct buf *why)
{
    struct source_sim *s = ctx;
    struct sim_spec spec = s->spec;

    (void)why;
    spec.now = now;
    sim_collateral(s->sim, &spec, out);
    return ERR_OK;
}

static void close_sim(void *ctx)
{
    struct source_sim *s = ctx;

    sim_free(s->sim);
    buf_release(&s->log);
    mem_free(s);
}

static const struct quote_source_kind kind = {.name = "SIMULATED",
                                              .simulated = true,
                                              .get = get,
                                              .compose = compose,
                                              .collateral = collateral,
                                              .close = close_sim};

enum err source_simulator(const char *where, struct quote_source **out, struct buf *why)
{
    struct source_sim *s;
    struct sim *sim;
    enum err e;

    if (!where || !*where)
        return err_put(why, ERR_FORMAT, "say where the simulator lives: 'simulator:DIR'");
    e = sim_open(where, &sim, why);
    if (e)
        return e;
    s = mem_new(struct source_sim);
    s->sim = sim;
    s->log = BUF_INIT(64 * 1024);
    sim_spec_default(&s->spec, 0);
    boot(s);
    *out = source_new(&kind, s);
    return ERR_OK;
}
