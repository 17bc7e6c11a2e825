/* chain_internal.h — shared by chain.c, reader.c and submit.c. */
#ifndef DEVNET_CHAIN_INTERNAL_H
#define DEVNET_CHAIN_INTERNAL_H

#include <pthread.h>

#include "devnet/chain.h"
#include "devnet/genesis.h"
#include "devnet/pool.h"

struct patch {
    struct patch *next;
    struct arena arena;
    struct patch_row *rows;
    size_t n;
};

struct snapshot {
    struct snapshot *next;
    uint64_t ticket;
    bool save;
    char name[SNAPSHOT_NAME_MAX + 1];
};

struct chain {
    struct chain_opts o;
    const struct params *p;
    struct genesis keys;
    struct vm *vm;
    struct store *store; /* NULL: in memory only */
    struct pool *pool;
    uint64_t started_ms;

    pthread_rwlock_t lock; /* what follows */
    struct kv *kv;
    struct history *history; /* its newest block is the head */
    struct store_meta meta;

    pthread_mutex_t wake_lock; /* what follows */
    pthread_cond_t wake;
    pthread_t thread;
    bool running, stop;
    bool busy;     /* the last block had several transactions; the block thread's own */
    bool has_work; /* the head emitted receipts, or some are delayed; written by the block thread */
    struct patch *patches;
    uint64_t skip;                  /* heights to skip with the next block */
    struct snapshot *snapshots;     /* asked for */
    uint64_t tickets, tickets_done; /* of patches, forwards and snapshots: asked for, and done */
    uint64_t ticket_failed;         /* the last that failed; 0: none */
    char failed_why[WHY_MAX];
};

/* Let the block thread look for work. */
void chain_kick(struct chain *c);
/* Save or go back, with the chain's lock held. */
MUST_USE enum err snapshot_run(struct chain *c, const struct snapshot *s, struct buf *why);
/* Read the state and the last blocks from the store into an empty chain; ERR_EMPTY: a new one. */
MUST_USE enum err chain_restore(struct chain *c, struct buf *why);

#endif
