/* state.c — the row "STATE": settings and counters; `new`. */
#include "outlayer/outlayer.h"

#define KEY       STR("STATE")
#define LAYOUT    1u /* first byte of the row; see migrate */
#define STATE_MAX 2048u

static void put_account(struct buf *b, const struct account_id *a)
{
    wr_bytes(b, account_id_str(a));
}

static struct account_id get_account(struct rd *r)
{
    struct account_id a = {0};
    if (!account_id_parse(rd_bytes(r, ACCOUNT_ID_MAX), &a))
        rd_fail(r);
    return a;
}

void config_store(const struct config *c)
{
    struct buf b = BUF_INIT(STATE_MAX);
    const struct fees *f = &c->fees;
    const u128 fees[] = {f->base,     f->per_million,     f->per_ms,      f->per_compile_ms,
                         f->base_usd, f->per_million_usd, f->per_sec_usd, f->per_compile_ms_usd};

    wr_u8(&b, LAYOUT);
    put_account(&b, &c->owner);
    put_account(&b, &c->operator_id);
    wr_bytes(&b, c->standard);
    wr_bytes(&b, c->version);
    wr_u8(&b, c->paused);
    for (size_t i = 0; i < countof(fees); i++)
        wr_u128(&b, fees[i]);
    wr_u64(&b, c->next_request);
    wr_u64(&b, c->oldest);
    wr_u8(&b, c->catching_up);
    wr_u64(&b, c->executions);
    wr_u128(&b, c->total_fees);
    wr_u8(&b, c->has_token);
    if (c->has_token)
        put_account(&b, &c->token);
    wr_u64(&b, c->projects_made);
    near_write_buf(KEY, &b);
}

struct config config_load(void)
{
    struct str row;
    struct config c = {0};
    if (!near_read(KEY, &row))
        near_panic(STR("The contract is not initialized"));

    struct rd r = rd_over(row);
    if (rd_u8(&r) != LAYOUT)
        near_panic(STR("Cannot deserialize the contract state."));
    c.owner = get_account(&r);
    c.operator_id = get_account(&r);
    c.standard = rd_bytes(&r, EVENT_NAME_MAX);
    c.version = rd_bytes(&r, EVENT_NAME_MAX);
    c.paused = rd_bool(&r);
    struct fees *f = &c.fees;
    u128 *fees[] = {&f->base,     &f->per_million,     &f->per_ms,      &f->per_compile_ms,
                    &f->base_usd, &f->per_million_usd, &f->per_sec_usd, &f->per_compile_ms_usd};
    for (size_t i = 0; i < countof(fees); i++)
        *fees[i] = rd_u128(&r);
    c.next_request = rd_u64(&r);
    c.oldest = rd_u64(&r);
    c.catching_up = rd_bool(&r);
    c.executions = rd_u64(&r);
    c.total_fees = rd_u128(&r);
    c.has_token = rd_bool(&r);
    if (c.has_token)
        c.token = get_account(&r);
    c.projects_made = rd_u64(&r);
    if (!rd_end(&r))
        near_panic(STR("Cannot deserialize the contract state."));
    return c;
}

struct config config_for_owner(void)
{
    struct config c = config_load();
    struct account_id who = near_predecessor();
    REQUIRE(account_id_eq(&who, &c.owner), "Only owner can call this method");
    return c;
}

NEAR_CALL(new)
{
    REQUIRE(!near_has(KEY), "The contract has already been initialized");
    struct config c = {0};
    c.owner = arg_account(args, "owner_id");
    if (!arg_opt_account(args, "operator_id", &c.operator_id))
        c.operator_id = c.owner;
    c.standard = STR("near-outlayer");
    c.version = STR("1.0.0");
    arg_opt_str(args, "event_standard", &c.standard);
    arg_opt_str(args, "event_version", &c.version);
    REQUIRE(c.standard.len <= EVENT_NAME_MAX && c.version.len <= EVENT_NAME_MAX,
            "Event names have at most 64 bytes");
    c.fees = (struct fees){
        .base = (u128)1000 * 1000000000000000000u, /* 0.001 NEAR */
        .per_million = 100000000000000u,
        .per_ms = 100000000000000000u,
        .per_compile_ms = 100000000000000000u,
        .base_usd = 1000,
        .per_million_usd = 1,
        .per_sec_usd = 1,
        .per_compile_ms_usd = 10,
    };
    config_store(&c);
}
