/*
 * usd.c — balances in the stablecoin, in its minimal units.
 *
 * Invariant: the sum of balances, earnings and what pending requests hold never exceeds what the
 * token contract credited to this contract.
 */
#include "outlayer/outlayer.h"

#define TAG_BALANCE 'b' /* account → u128 */

static u128 row_u128(struct str key)
{
    struct str row;
    if (!near_read(key, &row))
        return 0;
    struct rd r = rd_over(row);
    u128 v = rd_u128(&r);
    return v;
}

static void store_u128(struct str key, u128 v)
{
    struct buf b = BUF_INIT(16);
    wr_u128(&b, v);
    if (v)
        near_write_buf(key, &b);
    else
        near_remove(key);
}

static struct str key_of(char tag, struct account_id who)
{
    return near_key(tag, who.s, who.len);
}

void usd_credit(struct account_id who, u128 amount)
{
    struct str key = key_of(TAG_BALANCE, who);
    if (amount)
        store_u128(key, u128_add(row_u128(key), amount));
}

void usd_attach(struct request *q)
{
    if (!q->attached_usd)
        return;
    REQUIRE(q->source.kind == SOURCE_PROJECT,
            "attached_usd is only valid for Project execution source");
    struct str key = key_of(TAG_BALANCE, q->predecessor);
    u128 have = row_u128(key);
    if (have < q->attached_usd)
        PANIC(STR("Insufficient stablecoin balance. Required: "), near_dec(q->attached_usd),
              STR(", available: "), near_dec(have));
    store_u128(key, have - q->attached_usd);
}

void usd_return(const struct request *q)
{
    usd_credit(q->predecessor, q->attached_usd);
}

void usd_settle(const struct request *q, uint64_t refund_usd)
{
    (void)refund_usd;
    usd_credit(q->predecessor, q->attached_usd);
}

NEAR_VIEW(get_user_stablecoin_balance)
{
    near_return_u128(row_u128(key_of(TAG_BALANCE, arg_account(args, "account_id"))));
}
