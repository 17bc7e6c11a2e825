/*
 * testchain.h — a chain in memory for tests: accounts by name, transactions in one line, blocks on
 * demand. Blocks are only made by tc_block(); after each the supply is counted.
 */
#ifndef TEST_CHAIN_H
#define TEST_CHAIN_H

#include "devnet/chain.h"

#define NEAR_YOCTO ((u128)1000000000000 * 1000000000000)
#define TGAS       UINT64_C(1000000000000)

struct tc {
    struct chain *c;
    struct arena a;
    struct ed25519_key key; /* of every account that tc_account() makes */
    uint64_t nonces;
};

void tc_open(struct tc *t, uint32_t protocol);
void tc_open_with(struct tc *t, const struct chain_opts *o);
void tc_close(struct tc *t);
/* One block; gives it. It stays valid for a while. */
const struct block *tc_block(struct tc *t);
void tc_blocks(struct tc *t, unsigned n);
/* Blocks until nothing travels any more. */
void tc_settle(struct tc *t);

/* Put an account into the state, with the common key and `near` NEAR; code may be none. */
void tc_account(struct tc *t, const char *id, uint64_t near, struct str code);
struct str tc_actor(struct tc *t); /* code of the contract that does what it is told */

/* Sign and submit; the hash. The signer's key is the common one. Fails the test when refused. */
struct hash256 tc_send(struct tc *t, const char *signer, const char *receiver,
                       const struct action *x, size_t n);
/* The same, giving the error (ptr NULL: taken). */
struct str tc_try(struct tc *t, const char *signer, const char *receiver, const struct action *x,
                  size_t n, struct hash256 *hash);
struct str tc_try_key(struct tc *t, const char *signer, const struct ed25519_key *key,
                      uint64_t nonce, const char *receiver, const struct action *x, size_t n,
                      struct hash256 *hash);
struct action tc_transfer(u128 amount);
struct action tc_call(struct tc *t, const char *method, struct str args, uint64_t gas,
                      u128 deposit);
/* Call `run` of the actor and settle; gives the outcome where the chain of receipts ends. */
const struct outcome *tc_run(struct tc *t, const char *signer, const char *contract,
                             struct str program, uint64_t gas, u128 deposit);

/* Copies that live as long as the chain. NULL / 0 when absent. */
const struct outcome *tc_outcome(struct tc *t, const struct hash256 *id, uint64_t *height);
const struct receipt *tc_receipt(struct tc *t, const struct hash256 *id);
/* Outcome of the single receipt that the transaction made. */
const struct outcome *tc_first(struct tc *t, const struct hash256 *tx);
u128 tc_balance(struct tc *t, const char *id);
bool tc_get(struct tc *t, const char *id, struct account *out);
uint64_t tc_height(struct tc *t);

/* ---- programs for the actor */
struct buf *pr_new(struct tc *t);
void pr_bytes(struct buf *b, struct str s);
void pr_text(struct buf *b, char op, const char *text); /* l p v g d b */
void pr_write(struct buf *b, const char *key, struct str value);
void pr_then(struct buf *b, uint8_t promise, const char *account); /* t */
void pr_call(struct buf *b, uint8_t promise, struct str program, u128 deposit, uint64_t gas,
             uint64_t weight);
void pr_money(struct buf *b, uint8_t promise, u128 amount);
void pr_at(struct buf *b, char op, uint8_t promise); /* a n r */
void pr_delete(struct buf *b, uint8_t promise, const char *beneficiary);
void pr_yield(struct buf *b, struct str program, uint64_t gas);
void pr_resume(struct buf *b, const char *payload);
void pr_op(struct buf *b, char op); /* i e */
struct str pr_done(struct tc *t, struct buf *b);

#endif
