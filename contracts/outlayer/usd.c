/*
 * usd.c — money in the stablecoin, in its minimal units: balances of users, earnings of developers.
 *
 * Invariant: balances, earnings and what pending requests hold are together never more than what
 * the token contract credited to this contract.
 */
#include "outlayer/project.h"

#define TAG_BALANCE  'b' /* account → u128 */
#define TAG_EARNINGS 'e' /* account → u128 */

#define FT_TRANSFER_GAS (10 * TGAS)
#define WITHDRAWN_GAS   (5 * TGAS)

static u128 read_amount(char tag, struct str who)
{
    struct str row;
    if (!near_read(near_key(tag, who), &row))
        return 0;
    struct rd r = rd_over(row);
    return rd_u128(&r);
}

static void write_amount(char tag, struct str who, u128 v)
{
    struct str key = near_key(tag, who);
    struct buf b = BUF_INIT(16);
    wr_u128(&b, v);
    if (v)
        near_write_buf(key, &b);
    else
        near_remove(key);
}

static void credit(char tag, struct str who, u128 amount)
{
    if (amount)
        write_amount(tag, who, u128_add(read_amount(tag, who), amount));
}

void usd_credit(struct str who, u128 amount)
{
    credit(TAG_BALANCE, who, amount);
}

void usd_attach(struct request *q)
{
    if (!q->attached_usd)
        return;
    REQUIRE(q->source.kind == SOURCE_PROJECT,
            "attached_usd is only valid for Project execution source");
    REQUIRE(q->attached_usd <= UINT64_MAX, "attached_usd is too large");
    u128 have = read_amount(TAG_BALANCE, q->predecessor);
    if (have < q->attached_usd)
        PANIC("Insufficient stablecoin balance. Required: {}, available: {}",
              near_dec(q->attached_usd), near_dec(have));
    write_amount(TAG_BALANCE, q->predecessor, have - q->attached_usd);
}

void usd_return(const struct request *q)
{
    usd_credit(q->predecessor, q->attached_usd);
}

void usd_settle(const struct request *q, uint64_t refund_usd)
{
    struct project p;
    if (!q->attached_usd)
        return;
    if (!project_load(q->source.a, &p)) { /* deleted meanwhile: nobody to pay */
        usd_return(q);
        return;
    }
    /* usd_attach took no more than 64 bits: nothing here can overflow in the callback */
    uint64_t attached = (uint64_t)q->attached_usd, author = 0;
    uint64_t price = q->priced ? (uint64_t)q->price : attached;
    uint64_t earned = price - (refund_usd < price ? refund_usd : price);
    if (q->priced)
        author = earned / 10000 * q->share_bp + earned % 10000 * q->share_bp / 10000;
    usd_credit(q->predecessor, attached - earned);
    credit(TAG_EARNINGS, q->author, author);
    credit(TAG_EARNINGS, project_owner(&p), earned - author);
}

NEAR_VIEW(get_user_stablecoin_balance)
{
    near_return_u128(read_amount(TAG_BALANCE, arg_account(args, "account_id")));
}

NEAR_VIEW(get_developer_earnings)
{
    near_return_u128(read_amount(TAG_EARNINGS, arg_account(args, "account_id")));
}

NEAR_PAYABLE(withdraw_developer_earnings)
{
    struct config c;
    struct str who = near_predecessor();
    u128 amount = read_amount(TAG_EARNINGS, who);

    config_load(&c);
    need_yocto();
    REQUIRE(amount, "No earnings to withdraw");
    REQUIRE(c.token.len, "Payment token contract not configured");
    write_amount(TAG_EARNINGS, who, 0);

    uint64_t p = promise_batch(c.token);
    promise_call(p, "ft_transfer",
                 TEXT("{\"receiver_id\":\"{}\",\"amount\":\"{}\",\"memo\":\"Developer earnings "
                      "withdrawal\"}",
                      who, near_dec(amount)),
                 1, FT_TRANSFER_GAS, 0);
    p = promise_then(p, near_current());
    promise_call(p, "on_earnings_withdrawn",
                 TEXT("{\"account_id\":\"{}\",\"amount\":\"{}\"}", who, near_dec(amount)), 0,
                 WITHDRAWN_GAS, 0);
    pay(who, near_deposit() - 1);
    promise_return(p);
}

NEAR_CALLBACK(on_earnings_withdrawn)
{
    struct str ignored;
    struct str who = arg_account(args, "account_id");
    u128 amount = arg_u128(args, "amount");

    bool ok = promise_result(0, &ignored);
    if (!ok)
        credit(TAG_EARNINGS, who, amount);
    near_return_bool(ok);
}
