/* state.c — the row "STATE": settings and counters; `new`. */
#include "outlayer/outlayer.h"
#include "sdk/row.h"

#define KEY       STR("STATE")
#define STATE_MAX 2048u

static const struct row_field fields[] = {
    ROW(config, layout),           ROW(config, owner),
    ROW(config, operator_id),      ROW(config, standard),
    ROW(config, version),          ROW(config, paused),
    ROW(config, fees.base),        ROW(config, fees.per_million),
    ROW(config, fees.per_ms),      ROW(config, fees.per_compile_ms),
    ROW(config, fees.base_usd),    ROW(config, fees.per_million_usd),
    ROW(config, fees.per_sec_usd), ROW(config, fees.per_compile_ms_usd),
    ROW(config, next_request),     ROW(config, oldest),
    ROW(config, catching_up),      ROW(config, executions),
    ROW(config, total_fees),       ROW(config, token),
    ROW(config, projects_made),
};

void state_need(bool ok)
{
    REQUIRE(ok, "Cannot deserialize the contract state.");
}

void config_store(const struct config *c)
{
    struct buf b = BUF_INIT(STATE_MAX);
    row_write(&b, c, fields, countof(fields));
    near_write_buf(KEY, &b);
}

void config_load(struct config *c)
{
    struct str row = STR_NONE;
    REQUIRE(near_read(KEY, &row), "The contract is not initialized");
    struct rd r = rd_over(row);
    row_read(&r, c, fields, countof(fields));
    state_need(rd_end(&r) && c->layout == STATE_LAYOUT);
}

void config_for_owner(struct config *c)
{
    config_load(c);
    REQUIRE(str_eq(near_predecessor(), c->owner), "Only owner can call this method");
}

void config_for_operator(struct config *c)
{
    config_load(c);
    REQUIRE(str_eq(near_predecessor(), c->operator_id), "Only operator can call this");
}

void config_not_paused(struct config *c)
{
    config_load(c);
    REQUIRE(!c->paused, "Contract is paused");
}

static const struct fees fees_at_first = {
    .base = (u128)1000 * 1000000000000000000u, /* 0.001 NEAR */
    .per_million = 100000000000000u,
    .per_ms = 100000000000000000u,
    .per_compile_ms = 100000000000000000u,
    .base_usd = 1000,
    .per_million_usd = 1,
    .per_sec_usd = 1,
    .per_compile_ms_usd = 10,
};

NEAR_CALL(new)
{
    struct config c = {.layout = STATE_LAYOUT};

    REQUIRE(!near_has(KEY), "The contract has already been initialized");
    c.owner = c.operator_id = arg_account(args, "owner_id");
    arg_opt_account(args, "operator_id", &c.operator_id);
    c.standard = STR("near-outlayer");
    c.version = STR("1.0.0");
    arg_opt_str(args, "event_standard", &c.standard);
    arg_opt_str(args, "event_version", &c.version);
    REQUIRE(c.standard.len <= EVENT_NAME_MAX && c.version.len <= EVENT_NAME_MAX,
            "Event names have at most 64 bytes");
    c.fees = fees_at_first;
    config_store(&c);
}
