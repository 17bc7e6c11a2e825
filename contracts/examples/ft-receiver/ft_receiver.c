/*
 * ft_receiver.c — a contract that takes tokens (NEP-141): a jar with an account for each giver.
 *
 * `ft_on_transfer` is called by the token's contract after it moved the tokens here; what it
 * returns is what the token's contract takes back. `withdraw` sends everything back and, if the
 * token's contract fails, puts the balance back in the callback.
 */
#include "sdk/map.h"
#include "sdk/near.h"

#define KEY_TOKEN    STR("STATE") /* account id of the token's contract */
#define TRANSFER_GAS (10 * TGAS)
#define CALLBACK_GAS (5 * TGAS)

static struct map balances(void) /* giver → u128 */
{
    return map_of('b', STR_NONE);
}

static u128 balance(struct str who)
{
    struct str row;
    if (!map_get(balances(), who, &row))
        return 0;
    struct rd r = rd_over(row);
    return rd_u128(&r);
}

static void set_balance(struct str who, u128 amount)
{
    struct buf b = near_buf();
    wr_u128(&b, amount);
    if (amount)
        map_put(balances(), who, buf_str(&b));
    else
        map_remove(balances(), who);
}

static struct str token(void)
{
    struct str id = STR_NONE;
    REQUIRE(near_read(KEY_TOKEN, &id), "The contract is not initialized");
    return id;
}

NEAR_CALL(new)
{
    REQUIRE(!near_has(KEY_TOKEN), "The contract has already been initialized");
    near_write(KEY_TOKEN, arg_account(args, "token_id"));
}

/* `msg` "keep" keeps the tokens, anything else gives them back. */
NEAR_CALL(ft_on_transfer)
{
    struct str sender = arg_account(args, "sender_id");
    u128 amount = arg_u128(args, "amount");

    REQUIRE(str_eq(near_predecessor(), token()), "Only the token's contract can call this");
    if (!str_eqz(arg_str(args, "msg"), "keep")) {
        near_return_u128(amount);
        return;
    }
    set_balance(sender, u128_add(balance(sender), amount));
    near_return_u128(0);
}

NEAR_PAYABLE(withdraw)
{
    struct str who = near_predecessor();
    u128 amount = balance(who);

    REQUIRE(near_deposit() == 1, "Requires attached deposit of exactly 1 yoctoNEAR");
    REQUIRE(amount, "Nothing to withdraw");
    set_balance(who, 0);
    uint64_t p = promise_batch(token());
    promise_call(p, "ft_transfer",
                 TEXT("{\"receiver_id\":\"{}\",\"amount\":\"{}\"}", who, near_dec(amount)), 1,
                 TRANSFER_GAS, 0);
    p = promise_then(p, near_current());
    promise_call(p, "on_withdrawn",
                 TEXT("{\"account_id\":\"{}\",\"amount\":\"{}\"}", who, near_dec(amount)), 0,
                 CALLBACK_GAS, 0);
    promise_return(p);
}

NEAR_CALLBACK(on_withdrawn)
{
    struct str who = arg_account(args, "account_id"), ignored;
    u128 amount = arg_u128(args, "amount");
    bool ok = promise_result(0, &ignored);

    if (!ok)
        set_balance(who, u128_add(balance(who), amount));
    near_return_bool(ok);
}

NEAR_VIEW(balance_of)
{
    near_return_u128(balance(arg_account(args, "account_id")));
}

/* [["giver","amount"],…] from `from_index`, at most `limit` (10). */
NEAR_VIEW(list)
{
    uint64_t from = 0, limit = 10;
    struct str who, row;
    struct buf b = near_buf();

    arg_opt_u64(args, "from_index", &from);
    arg_opt_u64(args, "limit", &limit);
    json_arr(&b);
    for (uint64_t i = from; i < UINT32_MAX && i - from < limit; i++) {
        if (!map_at(balances(), (uint32_t)i, &who, &row))
            break;
        json_arr(&b);
        json_put_str(&b, who);
        json_put_u128_str(&b, balance(who));
        json_arr_end(&b);
    }
    json_arr_end(&b);
    near_return_buf(&b);
}
