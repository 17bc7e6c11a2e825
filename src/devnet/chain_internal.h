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
    uint64_t tickets, tickets_done; /* patches and forwards asked for, and done */
};

/* Let the block thread look for work. */
void chain_kick(struct chain *c);

#endif
