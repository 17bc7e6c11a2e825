/*
 * dice.c — a contract that pays by a random number it has checked itself.
 *
 * A bet names a face and puts a stake on it. The program that OutLayer runs draws a verifiable
 * random number (near:vrf/api) for the seed "bet-N", which is this bet's alone, so that no number
 * of another bet, request or account can be shown for it. The callback checks the proof with the
 * keystore's key: what the program says about the dice counts for nothing. Whoever guessed right
 * gets six times the stake.
 */
#include "codec/hex.h"
#include "sdk/near.h"
#include "sdk/row.h"

#define FACES        6u
#define ROLL_GAS     (100 * TGAS)
#define CALLBACK_GAS (20 * TGAS)
#define FEE          ((u128)UINT64_C(20000000) * UINT64_C(1000000000000000)) /* 0.02 NEAR */
#define STAKE_MIN    ((u128)UINT64_C(1000000) * UINT64_C(1000000000000000)) /* covers a bet's row */

struct table {
    struct str owner, outlayer;
    struct str source; /* the program, as request_execution takes it */
    struct str pubkey; /* 32 bytes */
    u128 bank;         /* what can be lost to new bets */
    uint64_t bets;
};

struct bet {
    struct str player; /* who is paid */
    struct str signer; /* whom the number is drawn for */
    uint64_t guess;
    u128 stake;
};

static const struct row_field table_fields[] = {
    ROW(table, owner),  ROW(table, outlayer), ROW(table, source),
    ROW(table, pubkey), ROW(table, bank),     ROW(table, bets),
};
static const struct row_field bet_fields[] = {ROW(bet, player), ROW(bet, signer), ROW(bet, guess),
                                              ROW(bet, stake)};

static void table_load(struct table *t)
{
    struct str row;
    REQUIRE(near_read(STR("STATE"), &row), "The contract is not initialized");
    struct rd r = rd_over(row);
    row_read(&r, t, table_fields, countof(table_fields));
    REQUIRE(rd_end(&r), "Cannot deserialize the contract state.");
}

static void table_store(const struct table *t)
{
    struct buf b = near_buf();
    row_write(&b, t, table_fields, countof(table_fields));
    near_write_buf(STR("STATE"), &b);
}

static bool bet_parse(struct str row, struct bet *out)
{
    struct rd r = rd_over(row);
    row_read(&r, out, bet_fields, countof(bet_fields));
    return rd_end(&r);
}

static void pay(struct str to, u128 amount)
{
    if (amount)
        promise_transfer(promise_batch(to), amount);
}

NEAR_CALL(new)
{
    uint8_t key[32];

    REQUIRE(!near_has(STR("STATE")), "The contract has already been initialized");
    REQUIRE(hex_get(arg_str(args, "vrf_public_key"), key, sizeof(key)),
            "vrf_public_key has 64 hexadecimal digits; `outlayer vrf pubkey` tells it");
    struct table t = {.owner = near_predecessor(),
                      .outlayer = arg_account(args, "outlayer_id"),
                      .source = arg_object(args, "source").text,
                      .pubkey = str_from(key, sizeof(key))};
    table_store(&t);
}

NEAR_PAYABLE(fund)
{
    struct table t;
    table_load(&t);
    t.bank = u128_add(t.bank, near_deposit());
    table_store(&t);
    near_return_u128(t.bank);
}

NEAR_CALL(withdraw)
{
    struct table t;
    table_load(&t);
    u128 amount = arg_u128(args, "amount");
    REQUIRE(str_eq(near_predecessor(), t.owner), "Only owner can call this method");
    REQUIRE(amount <= t.bank, "That much is not in the bank, or is at stake");
    t.bank -= amount;
    table_store(&t);
    pay(t.owner, amount);
}

/* ---- a bet ---- */

static void ask(const struct table *t, uint64_t id, struct str player)
{
    struct buf b = near_buf();

    json_obj(&b);
    put_raw(&b, "source", t->source);
    put_str(&b, "input_data", TEXT("{\"sides\":6,\"count\":1,\"seed\":\"bet-{}\"}", near_dec(id)));
    put_str(&b, "response_format", STR("Json"));
    put_str(&b, "payer_account_id", player); /* gets what the run does not use */
    json_obj_end(&b);
    uint64_t p = promise_batch(t->outlayer);
    promise_call(p, "request_execution", buf_str(&b), FEE, ROLL_GAS, 1);
    p = promise_then(p, near_current());
    promise_call(p, "on_rolled", TEXT("{\"bet\":{}}", near_dec(id)), 0, CALLBACK_GAS, 0);
    promise_return(p);
}

NEAR_PAYABLE(bet)
{
    struct table t;
    struct buf row = near_buf();
    struct bet b = {
        .player = near_predecessor(), .signer = near_signer(), .guess = arg_u64(args, "guess")};

    table_load(&t);
    REQUIRE(b.guess >= 1 && b.guess <= FACES, "guess is 1 to 6");
    REQUIRE(near_deposit() >= FEE + STAKE_MIN, "Attach 0.02 NEAR for the roll and at least 0.001");
    b.stake = near_deposit() - FEE;
    u128 at_risk = u128_mul(b.stake, FACES - 1);
    if (at_risk > t.bank)
        PANIC("The bank has {} yoctoNEAR and would have to risk {}", near_dec(t.bank),
              near_dec(at_risk));
    t.bank -= at_risk;
    uint64_t id = t.bets++;
    table_store(&t);
    row_write(&row, &b, bet_fields, countof(bet_fields));
    near_write_buf(near_key_u64('b', id), &row);
    ask(&t, id, b.player);
}

/* "vrf:REQUEST:SIGNER:bet-N", REQUEST in digits: the only texts whose numbers are this bet's. */
static bool alpha_is(struct str alpha, const struct bet *b, uint64_t id)
{
    struct str head, request;
    uint64_t n;

    alpha = str_cut(alpha, ':', &head);
    alpha = str_cut(alpha, ':', &request);
    return str_eqz(head, "vrf") && str_u64(request, &n) &&
           str_eq(alpha, TEXT("{}:bet-{}", b->signer, near_dec(id)));
}

/* The face that the answer proves; 0: it proves none. */
static unsigned roll(const struct table *t, const struct bet *b, uint64_t id, struct str answer)
{
    struct json doc;
    struct str alpha, hex;
    uint8_t signature[64], output[32];

    if (!json_parse(answer, &doc, NULL) || !json_plain(json_get(doc, "alpha"), &alpha) ||
        !json_plain(json_get(doc, "signature"), &hex) ||
        !hex_get(hex, signature, sizeof(signature)) || !alpha_is(alpha, b, id) ||
        !near_ed25519_verify(signature, alpha, (const uint8_t *)t->pubkey.ptr))
        return 0;
    near_sha256(str_from(signature, sizeof(signature)), output);
    return ((unsigned)output[0] << 8 | output[1]) % FACES + 1;
}

static void tell(const struct bet *b, uint64_t id, unsigned face, u128 paid)
{
    near_event(STR("dice"), STR("1.0.0"), face ? "rolled" : "void",
               TEXT("{\"bet\":{},\"player\":\"{}\",\"guess\":{},\"face\":{},\"paid\":\"{}\"}",
                    near_dec(id), b->player, near_dec(b->guess), near_dec(face), near_dec(paid)));
}

/* Whatever the answer is, the bet ends here: a callback that panicked would keep the stake. */
NEAR_CALLBACK(on_rolled)
{
    struct table t;
    struct bet b;
    struct str row, answer;
    uint64_t id = arg_u64(args, "bet");

    table_load(&t);
    REQUIRE(near_take(near_key_u64('b', id), &row) && bet_parse(row, &b), "There is no such bet");
    unsigned face = promise_result(0, &answer) ? roll(&t, &b, id, answer) : 0;
    u128 pot = u128_mul(b.stake, FACES);
    u128 paid = !face ? b.stake : face == b.guess ? pot : 0;
    t.bank = u128_add(t.bank, pot - paid);
    table_store(&t);
    pay(b.player, paid);
    tell(&b, id, face, paid);
    near_return_u64(face);
}

/* ---- looking ---- */

NEAR_VIEW(get_table)
{
    struct table t;
    struct buf b = near_buf();

    table_load(&t);
    json_obj(&b);
    put_str(&b, "owner", t.owner);
    put_str(&b, "outlayer_id", t.outlayer);
    put_raw(&b, "source", t.source);
    put_hex(&b, "vrf_public_key", t.pubkey);
    put_u128(&b, "bank", t.bank);
    put_u64(&b, "bets", t.bets);
    json_obj_end(&b);
    near_return_buf(&b);
}
