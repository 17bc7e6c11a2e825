/* state.c — the row "STATE": settings and counters; `new`. */
#include "outlayer/outlayer.h"
#include "sdk/row.h"

#define STATE_MAX 2048u

static const struct row_field fields[] = {
    ROW(config, layout),
    ROW(config, owner),
    ROW(config, operator_id),
    ROW(config, standard),
    ROW(config, version),
    ROW(config, flags),
    ROW(config, fees.base),
    ROW(config, fees.unit[FEE_MILLION]),
    ROW(config, fees.unit[FEE_MS]),
    ROW(config, fees.unit[FEE_COMPILE_MS]),
    ROW(config, fees.unit[FEE_BASE_USD]),
    ROW(config, fees.unit[FEE_MILLION_USD]),
    ROW(config, fees.unit[FEE_SEC_USD]),
    ROW(config, fees.unit[FEE_COMPILE_MS_USD]),
    ROW(config, next_request),
    ROW(config, oldest),
    ROW(config, catching_up),
    ROW(config, executions),
    ROW(config, total_fees),
    ROW(config, token),
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
    near_write_buf(STATE_KEY, &b);
}

void config_load(struct config *c)
{
    struct str row = STR_NONE;
    REQUIRE(near_read(STATE_KEY, &row), "The contract is not initialized");
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
    REQUIRE(!(c->flags & FLAG_PAUSED), "Contract is paused");
}

static const struct fees fees_at_first = {
    .base = (u128)1000 * 1000000000000000000u, /* 0.001 NEAR */
    .unit = {[FEE_MILLION] = 100000000000000u,
             [FEE_MS] = 100000000000000000u,
             [FEE_COMPILE_MS] = 100000000000000000u,
             [FEE_BASE_USD] = 1000,
             [FEE_MILLION_USD] = 1,
             [FEE_SEC_USD] = 1,
             [FEE_COMPILE_MS_USD] = 10},
};

NEAR_CALL(new)
{
    struct config c = {.layout = STATE_LAYOUT};

    REQUIRE(!near_has(STATE_KEY), "The contract has already been initialized");
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

/*
 * The state of an earlier release, in the transaction that deploys this one.
 *
 * Layout 1 differs in its fees, which all had 128 bits, and in the token, which was an option. Its
 * request rows are not converted: pause the contract and let the requests end, which takes minutes,
 * or cancel them.
 */
#define UP_TO_BASE  7u  /* fields: layout … fees.base */
#define FROM_NEXT   14u /* next_request … */
#define NEXT_FIELDS 5u  /* … total_fees */

NEAR_PRIVATE(migrate)
{
    struct config c = {0};
    struct str row = STR_NONE;

    REQUIRE(near_read(STATE_KEY, &row), "The contract is not initialized");
    if (row.ptr[0] == STATE_LAYOUT)
        return;
    struct rd r = rd_over(row);
    row_read(&r, &c, fields, UP_TO_BASE);
    for (size_t i = 0; i < FEES; i++) {
        u128 fee = rd_u128(&r);
        c.fees.unit[i] = fee > UINT64_MAX ? UINT64_MAX : (uint64_t)fee;
    }
    row_read(&r, &c, fields + FROM_NEXT, NEXT_FIELDS);
    if (rd_bool(&r))
        c.token = rd_bytes(&r, ACCOUNT_ID_MAX);
    rd_u64(&r); /* a counter that nothing used */
    state_need(rd_end(&r) && c.layout == 1);
    REQUIRE(c.oldest == c.next_request, "End all requests before the upgrade");
    c.layout = STATE_LAYOUT;
    config_store(&c);
}
