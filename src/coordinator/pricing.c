#include "coordinator/pricing.h"

#include "base/clock.h"
#include "base/log.h"
#include "codec/put.h"
#include "coordinator/coord.h"
#include "near/rpc.h"

#define ANSWER_MAX 16384
#define RETRY_MS   5000
#define STEP_MS    100

/* What a fee is called in the contract and in our answer; there "instruction" means a million. */
static const struct {
    const char *contract, *answer;
} fees[PRICING_FEES] = {
    {"base_fee", "base_fee"},
    {"per_million_instructions_fee", "per_instruction_fee"},
    {"per_ms_fee", "per_ms_fee"},
    {"per_compile_ms_fee", "per_compile_ms_fee"},
    {"base_fee_usd", "base_fee_usd"},
    {"per_million_instructions_fee_usd", "per_instruction_fee_usd"},
    {"per_sec_fee_usd", "per_sec_fee_usd"},
    {"per_compile_ms_fee_usd", "per_compile_ms_fee_usd"},
};

bool pricing_parse(struct json v, struct pricing *out)
{
    struct pricing p = {.known = true};

    for (size_t i = 0; i < PRICING_FEES; i++)
        if (!json_u128_str(json_get(v, fees[i].contract), &p.fee[i]))
            return false;
    *out = p;
    return true;
}

void pricing_write(const struct pricing *p, struct buf *out)
{
    json_obj(out);
    for (size_t i = 0; i < PRICING_FEES; i++) {
        json_key(out, fees[i].answer);
        json_put_u128_str(out, p->fee[i]);
    }
    put_u64(out, "max_compilation_seconds", 300);
    put_u64(out, "max_instructions", UINT64_C(500000000000));
    put_u64(out, "max_execution_seconds", 180);
    json_obj_end(out);
}

static enum err look(struct coord *c, struct rpc *rpc, struct pricing *out, struct buf *why)
{
    struct buf answer = BUF_INIT(ANSWER_MAX);
    struct json v;
    enum err e =
        rpc_view_call(rpc, c->filter.contract_id, "get_pricing_full", STR("{}"), &answer, why);

    if (!e && (!json_parse(buf_str(&answer), &v, NULL) || !pricing_parse(v, out)))
        e = err_put(why, ERR_UPSTREAM, "the contract's prices are not eight amounts");
    buf_release(&answer);
    return e;
}

void *pricing_main(void *coord)
{
    struct coord *c = coord;
    struct buf why = WHY_INIT;
    struct rpc *rpc = rpc_new(c->rpc_url);
    uint64_t next = 0;
    bool said = false;

    while (!atomic_load(&c->stop)) {
        struct pricing p = {0};
        bool wanted;
        enum err e;

        coord_lock(c);
        wanted = c->pricing.wanted;
        c->pricing.wanted = false;
        coord_unlock(c);
        if (!wanted && clock_mono_ms() < next) {
            clock_sleep_ms(STEP_MS);
            continue;
        }
        e = look(c, rpc, &p, &why);
        if (e && !said && !atomic_load(&c->stop))
            log_info("prices_not_read", "%s", buf_z(&why));
        said = e != ERR_OK;
        next = clock_mono_ms() + (e ? RETRY_MS : PRICING_EVERY_MS);
        if (e)
            continue;
        p.read_ms = now_ms();
        coord_lock(c);
        c->pricing = p;
        coord_unlock(c);
    }
    rpc_free(rpc);
    buf_release(&why);
    return NULL;
}
