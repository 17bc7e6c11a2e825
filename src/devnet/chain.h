/*
 * chain.h — the chain: its head, its state, the thread that makes blocks.
 *
 * A block is made when its time has come (every block_time_ms) and, with `instant`, as soon as
 * there is work: a transaction, or receipts that the last block emitted. It is applied, written to
 * disk in one database transaction, and only then seen by anybody. The newest block counts as
 * final: there is one producer and no forks.
 *
 * Without a home folder nothing is kept (tests). Without chain_start() blocks are made only by
 * chain_produce().
 *
 * Thread: chain_read()…chain_read_end() brackets every look at the state and at blocks; any number
 * of threads may look at once, and the block thread waits for them. chain_submit(), chain_patch()
 * and chain_forward() may be called by any thread, outside of it.
 */
#ifndef DEVNET_CHAIN_H
#define DEVNET_CHAIN_H

#include "devnet/apply.h"
#include "devnet/history.h"
#include "devnet/store.h"
#include "near/key.h"

#define SNAPSHOT_NAME_MAX  64
#define CHAIN_ID           "localnet"
#define ROOT_ACCOUNT       "test"
#define VALIDATOR_ACCOUNT  "node0"
#define GAS_PRICE          UINT64_C(100000000)
#define EPOCH_LENGTH       43200
#define TX_VALIDITY_BLOCKS 86400 /* how old the block may be that a transaction names */
#define BLOCK_TIME_MS      200
#define BLOCK_TXS_MAX      4096
#define BLOCK_TX_BYTES_MAX (8u << 20)
#define FORWARD_BLOCKS_MAX UINT64_C(100000000)

struct chain_opts {
    const char *home; /* NULL: in memory only */
    uint32_t protocol;
    uint64_t block_time_ms;
    bool instant;
    uint64_t yield_blocks;       /* 0: the protocol's 200 */
    uint64_t gas_limit;          /* of a block; 0: the network's */
    uint64_t keep_blocks;        /* on disk; 0: all */
    const char *genesis;         /* file with records for the first block; NULL: none */
    void (*on_block)(void *arg); /* after every block, by the block thread; no lock is held */
    void *arg;
};

struct chain;

MUST_USE enum err chain_open(const struct chain_opts *o, struct chain **out, struct buf *why);
void chain_close(struct chain *c); /* stops the thread */
void chain_start(struct chain *c);
void chain_stop(struct chain *c);
/* One block now. */
void chain_produce(struct chain *c);

const struct params *chain_params(const struct chain *c);
struct vm *chain_vm(const struct chain *c);
const struct near_key *chain_validator_key(const struct chain *c);
uint64_t chain_started_ms(const struct chain *c); /* on clock_mono_ms() */

/* ---- looking */

/* Blocks read from disk stay with the reader until it ends. */
struct reader {
    struct chain *c;
    const struct kv *kv;
    const struct block *head;
    struct block **loaded;
    size_t n, cap;
};
void chain_read(struct chain *c, struct reader *r);
void chain_read_end(struct reader *r);
bool chain_try_read(struct chain *c, struct reader *r);           /* false: a block is being made */
const struct block *reader_at(struct reader *r, uint64_t height); /* NULL: none */
const struct block *reader_by_hash(struct reader *r, const struct hash256 *hash);
const struct block *reader_after(struct reader *r, uint64_t height); /* the next one */
const struct block *reader_genesis(struct reader *r);
/* The block that holds `id`, and its place in that block's list. */
const struct block *reader_find(struct reader *r, enum history_kind kind, const struct hash256 *id,
                                size_t *at);
const struct receipt *reader_receipt(struct reader *r, const struct hash256 *id);
const struct outcome *reader_outcome(struct reader *r, const struct hash256 *id,
                                     const struct block **block);
MUST_USE enum err reader_hashes(struct reader *r, struct hash256 *out, size_t n, size_t *got,
                                struct buf *why);
bool chain_knows_pending(struct chain *c, const struct hash256 *tx_hash); /* waits for a block */

/* ---- changing */

enum submit {
    SUBMIT_TAKEN,     /* waits for a block */
    SUBMIT_KNOWN,     /* waits already, or is in a block */
    SUBMIT_MALFORMED, /* `error`: a sentence */
    SUBMIT_INVALID,   /* `error`: InvalidTxError as JSON */
};
enum submit chain_submit(struct chain *c, struct str bytes, struct arena *a, struct hash256 *hash,
                         struct str *error);

/* Rows put straight into the state with the next block; value.ptr NULL deletes. Takes copies.
 * Gives a ticket for chain_ticket(). */
struct patch_row {
    struct str key, value;
};
uint64_t chain_patch(struct chain *c, const struct patch_row *rows, size_t n);
/* Skip `blocks` heights with the next block. */
uint64_t chain_forward(struct chain *c, uint64_t blocks);
/* Keep a copy of the whole chain under `name`, or go back to one. Needs a home folder. */
uint64_t chain_snapshot(struct chain *c, struct str name, bool save);
bool snapshot_name_valid(struct str name); /* 1…64 of a-z 0-9 - _ */

enum ticket { TICKET_WAITS, TICKET_DONE, TICKET_FAILED };
/* How it went; TICKET_FAILED is told, with the reason, as long as no later ticket failed. */
enum ticket chain_ticket(struct chain *c, uint64_t ticket, struct buf *why);

/* Does every yocto add up? For tests. */
bool chain_supply_holds(struct chain *c);

#endif
