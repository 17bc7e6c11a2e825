/* testchain.c — see testchain.h. */
#include "testchain.h"

#include <string.h>

#include "test.h"

#include "base/file.h"
#include "base/mem.h"

#define ACTOR_MAX   (1u << 20)
#define SETTLE_MAX  60
#define PROGRAM_MAX 65536

/* ------------------------------------------------------------------ the chain */

void tc_open_with(struct tc *t, const struct chain_opts *o)
{
    struct buf why = WHY_INIT;
    static const uint8_t seed[32] = {7};

    memset(t, 0, sizeof(*t));
    crypto_init();
    ed25519_from_seed(seed, &t->key);
    if (chain_open(o, &t->c, &why))
        fail_msg("%s", buf_z(&why));
    buf_release(&why);
    t->nonces = 1;
}

void tc_open(struct tc *t, uint32_t protocol)
{
    const struct chain_opts o = {.protocol = protocol, .block_time_ms = 1000};

    tc_open_with(t, &o);
}

void tc_close(struct tc *t)
{
    chain_close(t->c);
    arena_release(&t->a);
    memset(t, 0, sizeof(*t));
}

const struct block *tc_block(struct tc *t)
{
    struct reader r;
    const struct block *b;

    chain_produce(t->c);
    assert_true(chain_supply_holds(t->c));
    chain_read(t->c, &r);
    b = r.head;
    chain_read_end(&r);
    return b;
}

void tc_blocks(struct tc *t, unsigned n)
{
    while (n-- > 0)
        tc_block(t);
}

void tc_settle(struct tc *t)
{
    unsigned quiet = 0;

    for (unsigned i = 0; i < SETTLE_MAX && quiet < 2; i++) {
        const struct block *b = tc_block(t);

        quiet = b->receipts.n == 0 && b->outcomes.n == 0 ? quiet + 1 : 0;
    }
}

uint64_t tc_height(struct tc *t)
{
    struct reader r;
    uint64_t h;

    chain_read(t->c, &r);
    h = r.head->height;
    chain_read_end(&r);
    return h;
}

/* ------------------------------------------------------------------ accounts */

struct str tc_actor(struct tc *t)
{
    struct buf b = BUF_INIT(ACTOR_MAX), why = WHY_INIT;
    struct str code;

    if (file_read(ACTOR_WASM, &b, &why))
        fail_msg("%s", buf_z(&why));
    code = arena_str(&t->a, buf_str(&b));
    buf_release(&b);
    buf_release(&why);
    return code;
}

void tc_account(struct tc *t, const char *id, uint64_t near, struct str code)
{
    struct kv *scratch = kv_new();
    struct patch_row rows[8];
    struct access_key full = {.kind = PERMISSION_FULL_ACCESS};
    struct account a = {.amount = near * NEAR_YOCTO, .storage_usage = 182 + code.len};
    struct kv_iter it;
    size_t n = 0;

    if (code.ptr) {
        a.code = CODE_LOCAL;
        a.code_hash = sha256(code);
        own_code_put(scratch, str_of(id), code);
    }
    account_put(scratch, str_of(id), &a);
    key_put(scratch, str_of(id), public_key_of(&t->key.pub), &full);
    it = kv_walk(scratch, STR(""));
    while (kv_next(&it))
        rows[n++] = (struct patch_row){it.key, it.value};
    chain_patch(t->c, rows, n);
    kv_free(scratch);
    chain_produce(t->c);
}

bool tc_get(struct tc *t, const char *id, struct account *out)
{
    struct reader r;
    bool there;

    chain_read(t->c, &r);
    there = account_get(r.kv, str_of(id), out);
    chain_read_end(&r);
    return there;
}

u128 tc_balance(struct tc *t, const char *id)
{
    struct account a;

    return tc_get(t, id, &a) ? a.amount : 0;
}

/* ------------------------------------------------------------------ transactions */

struct str tc_try_key(struct tc *t, const char *signer, const struct ed25519_key *key,
                      uint64_t nonce, const char *receiver, const struct action *x, size_t n,
                      struct hash256 *hash)
{
    struct buf b = BUF_INIT(8u << 20);
    struct tx tx = {.signer_id = str_of(signer),
                    .key = public_key_of(&key->pub),
                    .nonce = {.nonce = nonce},
                    .receiver_id = str_of(receiver),
                    .actions = x,
                    .nactions = n};
    struct str error = STR_NONE;
    struct reader r;
    enum submit s;

    chain_read(t->c, &r);
    tx.block_hash = r.head->hash;
    chain_read_end(&r);
    *hash = tx_sign(&tx, key, &b);
    s = chain_submit(t->c, buf_str(&b), &t->a, hash, &error);
    assert_int_not_equal(s, SUBMIT_MALFORMED);
    buf_release(&b);
    return s == SUBMIT_INVALID ? error : STR_NONE;
}

struct str tc_try(struct tc *t, const char *signer, const char *receiver, const struct action *x,
                  size_t n, struct hash256 *hash)
{
    return tc_try_key(t, signer, &t->key, t->nonces++, receiver, x, n, hash);
}

struct hash256 tc_send(struct tc *t, const char *signer, const char *receiver,
                       const struct action *x, size_t n)
{
    struct hash256 hash;
    const struct str e = tc_try(t, signer, receiver, x, n, &hash);

    if (e.ptr)
        fail_msg("refused: %.*s", STR_ARG(e));
    return hash;
}

struct action tc_transfer(u128 amount)
{
    return (struct action){.kind = ACTION_TRANSFER, .deposit = amount};
}

struct action tc_call(struct tc *t, const char *method, struct str args, uint64_t gas, u128 deposit)
{
    struct action x = {.kind = ACTION_FUNCTION_CALL};

    x.call.method = arena_str(&t->a, str_of(method));
    x.call.args = arena_str(&t->a, args);
    x.call.gas = gas;
    x.call.deposit = deposit;
    return x;
}

const struct outcome *tc_run(struct tc *t, const char *signer, const char *contract,
                             struct str program, uint64_t gas, u128 deposit)
{
    const struct action x = tc_call(t, "run", program, gas, deposit);
    const struct hash256 tx = tc_send(t, signer, contract, &x, 1);
    const struct outcome *o;

    tc_settle(t);
    o = tc_outcome(t, &tx, NULL);
    while (o && o->status == STATUS_RECEIPT)
        o = tc_outcome(t, &o->receipt_id, NULL);
    return o;
}

/* ------------------------------------------------------------------ looking */

const struct outcome *tc_outcome(struct tc *t, const struct hash256 *id, uint64_t *height)
{
    struct reader r;
    const struct block *b;
    const struct outcome *o;

    chain_read(t->c, &r);
    o = reader_outcome(&r, id, &b);
    if (o && height)
        *height = b->height;
    chain_read_end(&r);
    return o;
}

const struct receipt *tc_receipt(struct tc *t, const struct hash256 *id)
{
    struct reader r;
    const struct receipt *x;

    chain_read(t->c, &r);
    x = reader_receipt(&r, id);
    chain_read_end(&r);
    return x;
}

const struct outcome *tc_first(struct tc *t, const struct hash256 *tx)
{
    const struct outcome *o = tc_outcome(t, tx, NULL);

    assert_non_null(o);
    assert_int_equal(o->n_receipt_ids, 1);
    return tc_outcome(t, &o->receipt_ids[0], NULL);
}

/* ------------------------------------------------------------------ programs */

struct buf *pr_new(struct tc *t)
{
    struct buf *b = arena_new(&t->a, struct buf);

    *b = BUF_INIT(PROGRAM_MAX);
    return b;
}

void pr_bytes(struct buf *b, struct str s)
{
    wr_bytes(b, s);
}

void pr_op(struct buf *b, char op)
{
    buf_add_byte(b, (uint8_t)op);
}

void pr_text(struct buf *b, char op, const char *text)
{
    pr_op(b, op);
    pr_bytes(b, str_of(text));
}

void pr_write(struct buf *b, const char *key, struct str value)
{
    pr_text(b, 'w', key);
    pr_bytes(b, value);
}

void pr_at(struct buf *b, char op, uint8_t promise)
{
    pr_op(b, op);
    wr_u8(b, promise);
}

void pr_then(struct buf *b, uint8_t promise, const char *account)
{
    pr_at(b, 't', promise);
    pr_bytes(b, str_of(account));
}

void pr_call(struct buf *b, uint8_t promise, struct str program, u128 deposit, uint64_t gas,
             uint64_t weight)
{
    pr_at(b, 'c', promise);
    pr_bytes(b, STR("run"));
    pr_bytes(b, program);
    wr_u128(b, deposit);
    wr_u64(b, gas);
    wr_u64(b, weight);
}

void pr_money(struct buf *b, uint8_t promise, u128 amount)
{
    pr_at(b, 'm', promise);
    wr_u128(b, amount);
}

void pr_delete(struct buf *b, uint8_t promise, const char *beneficiary)
{
    pr_at(b, 'x', promise);
    pr_bytes(b, str_of(beneficiary));
}

void pr_yield(struct buf *b, struct str program, uint64_t gas)
{
    pr_text(b, 'y', "run");
    pr_bytes(b, program);
    wr_u64(b, gas);
}

void pr_resume(struct buf *b, const char *payload)
{
    pr_text(b, 'u', payload);
}

struct str pr_done(struct tc *t, struct buf *b)
{
    struct str s;

    assert_false(b->full);
    s = arena_str(&t->a, buf_str(b));
    buf_release(b);
    return s;
}
