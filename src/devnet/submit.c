/* submit.c — what the chain is asked to do: transactions, patches, skipped heights. */
#include "devnet/chain_internal.h"

#include <string.h>

#include "base/mem.h"
#include "devnet/fail.h"

/* A transaction names a block of this chain, not too old, so that it cannot be kept for ever. */
static struct str block_check(struct arena *a, struct reader *r, const struct tx *tx)
{
    const struct block *b = reader_by_hash(r, &tx->block_hash);

    if (!b || b->height + TX_VALIDITY_BLOCKS < r->head->height)
        return fail(a, "Expired", NULL);
    return STR_NONE;
}

static bool in_a_block(struct reader *r, const struct hash256 *hash)
{
    size_t at;
    const struct block *b = reader_find(r, HISTORY_TX, hash, &at);
    const struct outcome *o = b ? reader_outcome(r, hash, NULL) : NULL;

    return o && o->status != STATUS_FAILURE; /* a refused one may be tried again */
}

static struct str state_check(struct chain *c, struct arena *a, const struct signed_tx *t,
                              bool *known)
{
    struct tx_charge charge;
    struct reader r;
    struct str e;

    chain_read(c, &r);
    e = block_check(a, &r, &t->tx);
    if (!e.ptr)
        e = tx_verify(a, c->p, r.kv, t, 0, r.head->gas_price, &charge);
    /* One that is in a block has used up its nonce: only what is refused can be known. */
    *known = e.ptr && in_a_block(&r, &t->hash);
    chain_read_end(&r);
    return *known ? STR_NONE : e;
}

enum submit chain_submit(struct chain *c, struct str bytes, struct arena *a, struct hash256 *hash,
                         struct str *error)
{
    struct pooled *t = mem_new(struct pooled);
    struct buf why = WHY_INIT;
    enum submit result = SUBMIT_INVALID;
    bool known = false;

    t->bytes = arena_str(&t->arena, bytes);
    if (signed_tx_read(t->bytes, &t->arena, &t->tx, &why)) {
        *error = arena_str(a, buf_str(&why));
        result = SUBMIT_MALFORMED;
        goto out;
    }
    *hash = t->tx.hash;
    if (pool_has(c->pool, hash)) {
        result = SUBMIT_KNOWN;
        goto out;
    }
    *error = tx_check(a, c->p, &t->tx);
    if (!error->ptr)
        *error = state_check(c, a, &t->tx, &known);
    if (known) {
        result = SUBMIT_KNOWN;
        goto out;
    }
    if (error->ptr)
        goto out;
    switch (pool_put(c->pool, t)) {
    case POOL_ADDED:
        t = NULL;
        result = SUBMIT_TAKEN;
        chain_kick(c);
        break;
    case POOL_KNOWN:
        result = SUBMIT_KNOWN;
        break;
    case POOL_FULL:
        *error =
            fail(a, "ShardCongested", "u shard_id j congestion_level", UINT64_C(0), STR("1.0"));
        break;
    }
out:
    pooled_free(t);
    buf_release(&why);
    return result;
}

uint64_t chain_patch(struct chain *c, const struct patch_row *rows, size_t n)
{
    struct patch *p = mem_new(struct patch), **last;
    uint64_t ticket;

    p->rows = arena_new_n(&p->arena, struct patch_row, n);
    p->n = n;
    for (size_t i = 0; i < n; i++) {
        p->rows[i].key = arena_str(&p->arena, rows[i].key);
        if (rows[i].value.ptr)
            p->rows[i].value = arena_str(&p->arena, rows[i].value);
    }
    pthread_mutex_lock(&c->wake_lock);
    last = &c->patches;
    while (*last)
        last = &(*last)->next;
    *last = p;
    ticket = ++c->tickets;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->wake_lock);
    return ticket;
}

uint64_t chain_forward(struct chain *c, uint64_t blocks)
{
    uint64_t ticket;

    BUG_ON(blocks > FORWARD_BLOCKS_MAX);
    pthread_mutex_lock(&c->wake_lock);
    c->skip += blocks;
    ticket = ++c->tickets;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->wake_lock);
    return ticket;
}

uint64_t chain_snapshot(struct chain *c, struct str name, bool save)
{
    struct snapshot *s = mem_new(struct snapshot), **last;
    uint64_t ticket;

    BUG_ON(!snapshot_name_valid(name));
    memcpy(s->name, name.ptr, name.len);
    s->save = save;
    pthread_mutex_lock(&c->wake_lock);
    last = &c->snapshots;
    while (*last)
        last = &(*last)->next;
    *last = s;
    s->ticket = ticket = ++c->tickets;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->wake_lock); /* from here on it is the block thread's, which frees it */
    return ticket;
}

enum ticket chain_ticket(struct chain *c, uint64_t ticket, struct buf *why)
{
    enum ticket t = TICKET_WAITS;

    pthread_mutex_lock(&c->wake_lock);
    if (c->tickets_done >= ticket)
        t = c->ticket_failed == ticket ? TICKET_FAILED : TICKET_DONE;
    if (t == TICKET_FAILED)
        (void)err_put(why, ERR_IO, "%s", c->failed_why);
    pthread_mutex_unlock(&c->wake_lock);
    return t;
}
