/* chain.c — making blocks. See chain.h; looking at them is in reader.c, admission in submit.c. */
#include "devnet/chain_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define BLOCK_BYTES_MAX (1u << 30)
#define PRUNE_EVERY     1000        /* blocks */
#define GATHER_US       2000        /* see time_left() */
#define THREAD_STACK    (16u << 20) /* contracts use up to 4 MiB of it */

/* ------------------------------------------------------------------ a new block */

static bool travels(const struct receipt *r)
{
    return r->route == ROUTE_OUT;
}

static void start_epoch(struct block *b, const struct block *head)
{
    b->epoch_id = head->epoch_id;
    b->next_epoch_id = head->next_epoch_id;
    b->epoch_height = head->epoch_height;
    b->epoch_start = head->epoch_start;
    if (b->height < head->epoch_start + EPOCH_LENGTH)
        return;
    b->epoch_id = head->next_epoch_id;
    b->next_epoch_id = head->hash;
    b->epoch_height++;
    b->epoch_start = b->height;
}

static struct hash256 random_of(const struct block *b)
{
    uint8_t bytes[40];

    memcpy(bytes, b->prev_hash.b, 32);
    for (int i = 0; i < 8; i++)
        bytes[32 + i] = (uint8_t)(b->height >> (8 * i));
    return sha256(str_from(bytes, sizeof(bytes)));
}

static struct hash256 receipts_root(const struct block *head)
{
    struct hash256 *ids = mem_new_n(struct hash256, head->receipts.n), root;
    size_t n = 0;

    for (size_t i = 0; i < head->receipts.n; i++)
        if (travels(head->receipts.at[i]))
            ids[n++] = head->receipts.at[i]->id;
    root = merkle_root(ids, n);
    mem_free(ids);
    return root;
}

/* The header as far as it does not depend on what the block does. */
static struct block *header_after(struct chain *c, const struct block *head, uint64_t skip)
{
    struct block *b = block_new();
    const uint64_t now = clock_unix_ns() + c->meta.time_offset_ns;

    b->height = head->height + 1 + skip;
    b->prev_height = head->height;
    b->ordinal = head->ordinal + 1;
    b->prev_hash = head->hash;
    b->last_final = head->hash;
    b->timestamp = now > head->timestamp ? now : head->timestamp + 1;
    b->protocol = c->p->protocol;
    b->gas_price = GAS_PRICE;
    b->total_supply = head->total_supply - head->post_burnt;
    b->next_bp_hash = head->next_bp_hash;
    b->prev_state_root = head->post_state_root;
    b->chunk.prev_state_root = head->post_state_root;
    b->chunk.outcome_root = head->post_outcome_root;
    b->chunk.gas_used = head->post_gas_used;
    b->chunk.balance_burnt = head->post_burnt;
    b->chunk.outgoing_receipts_root = receipts_root(head);
    b->random_value = random_of(b);
    start_epoch(b, head);
    merkle_append(&c->meta.blocks, &head->hash);
    b->block_merkle_root = merkle_tree_root(&c->meta.blocks);
    return b;
}

static struct hash256 state_root_after(const struct hash256 *before, const struct kv_sealed *s)
{
    struct sha256 h;

    if (s->n_rows == 0)
        return *before;
    sha256_init(&h);
    sha256_add(&h, str_from(before->b, sizeof(before->b)));
    for (size_t i = 0; i < s->n_rows; i++) {
        const uint32_t n = (uint32_t)s->rows[i].key.len;
        const struct hash256 v = sha256(kv_val_str(s->rows[i].after));
        const uint8_t there = s->rows[i].after != NULL;

        sha256_add(&h, str_from(&n, sizeof(n)));
        sha256_add(&h, s->rows[i].key);
        sha256_add(&h, str_from(&there, 1));
        sha256_add(&h, str_from(v.b, sizeof(v.b)));
    }
    return sha256_final(&h);
}

static bool is_shown(struct str key)
{
    return key.len > 0 && (key.ptr[0] == COL_ACCOUNT || key.ptr[0] == COL_CODE ||
                           key.ptr[0] == COL_ACCESS_KEY || key.ptr[0] == COL_DATA);
}

static void collect_changes(struct block *b, const struct apply *ap)
{
    for (size_t i = 0; i < b->sealed.n_changes; i++) {
        const struct kv_change *k = &b->sealed.changes[i];
        struct change *c;

        if (!is_shown(k->key))
            continue;
        c = list_add(&b->arena, &b->changes);
        c->key = k->key;
        c->value = kv_val_str(k->value);
        c->cause = ap->causes.at[k->group];
    }
}

/* ------------------------------------------------------------------ committing */

static size_t row_bytes(const struct kv_row *r)
{
    return sizeof(*r) + r->key.len + (r->before ? r->before->len : 0) +
           (r->after ? r->after->len : 0);
}

/*
 * Write the block, and keep in memory what was written: the block as read back refers to nothing
 * but itself, so the receipts and transactions it was made from may go.
 */
static struct block *commit(struct chain *c, struct block *b, struct buf *why)
{
    struct buf bytes = BUF_INIT(BLOCK_BYTES_MAX);
    struct block *kept = NULL;

    block_store(b, &bytes);
    if (bytes.full)
        (void)err_put(why, ERR_TOO_BIG, "block %llu is larger than any may be",
                      (unsigned long long)b->height);
    else if (c->store && store_commit(c->store, b, buf_str(&bytes), b->sealed.rows,
                                      b->sealed.n_rows, &c->meta, why))
        ;
    else if (block_load(buf_str(&bytes), &kept, why))
        kept = NULL;
    if (kept) {
        kept->sealed = b->sealed;
        kept->has_rows = true;
        for (size_t i = 0; i < b->sealed.n_rows; i++)
            kept->bytes += row_bytes(&b->sealed.rows[i]);
        kept->proofs = merkle_full(&kept->arena, b->proofs.nodes, b->outcomes.n);
        b->sealed = (struct kv_sealed){0};
    }
    buf_release(&bytes);
    block_free(b);
    return kept;
}

/* From time to time drop what is older than is to be kept. */
static void prune(struct chain *c, uint64_t head)
{
    struct buf why = WHY_INIT;

    if (!c->store || c->o.keep_blocks == 0 || head % PRUNE_EVERY != 0 || head <= c->o.keep_blocks)
        return;
    if (store_prune(c->store, head - c->o.keep_blocks, &why))
        log_unusual("prune_failed", "why=%s", buf_z(&why));
    buf_release(&why);
}

/* Without its storage the chain must not go on: what it would say next could be lost. */
static void publish(struct chain *c, struct block *b)
{
    struct buf why = WHY_INIT;
    struct block *kept = commit(c, b, &why);

    if (!kept) {
        log_broken("block_lost", "why=%s", buf_z(&why));
        exit(1);
    }
    history_add(c->history, kept);
    prune(c, kept->height);
    c->has_work = false;
    for (size_t i = 0; i < kept->receipts.n; i++)
        c->has_work |= travels(kept->receipts.at[i]);
    c->has_work |= queue_get(c->kv, COL_DELAYED).first != queue_get(c->kv, COL_DELAYED).next;
}

/* ------------------------------------------------------------------ producing */

static void apply_patches(struct chain *c, struct apply *ap, const struct patch *list)
{
    const u128 before = list ? supply_count(c->p, c->kv, NULL, 0) : 0;

    for (const struct patch *p = list; p; p = p->next)
        for (size_t i = 0; i < p->n; i++) {
            if (p->rows[i].value.ptr)
                kv_put(c->kv, p->rows[i].key, p->rows[i].value);
            else
                kv_del(c->kv, p->rows[i].key);
        }
    if (!list)
        return;
    kv_close_group(c->kv, 0);
    /* What was patched in is no transaction's: the supply follows. */
    ap->b->total_supply += supply_count(c->p, c->kv, NULL, 0) - before;
}

static const struct receipt **incoming_of(struct arena *a, const struct block *head, size_t *n)
{
    const struct receipt **list = arena_new_n(a, const struct receipt *, head->receipts.n);

    *n = 0;
    for (size_t i = 0; i < head->receipts.n; i++)
        if (travels(head->receipts.at[i]))
            list[(*n)++] = head->receipts.at[i];
    return list;
}

static void make(struct chain *c, const struct pooled *taken, size_t n_taken,
                 const struct patch *patches, uint64_t skip)
{
    const struct block *head = history_newest(c->history);
    struct block *b = header_after(c, head, skip);
    struct apply ap = {
        .p = c->p,
        .kv = c->kv,
        .vm = c->vm,
        .b = b,
        .a = &b->arena,
        .chain_id = STR(CHAIN_ID),
        .validator = c->keys.validator.account,
        .validator_stake = genesis_validator_stake(),
        .gas_price = head->gas_price,
        .gas_limit = c->o.gas_limit ? c->o.gas_limit : GAS_LIMIT_DEFAULT,
        .yield_blocks =
            c->o.yield_blocks ? c->o.yield_blocks : c->p->yield_timeout_length_in_blocks,
    };
    struct pending_tx *txs = arena_new_n(&b->arena, struct pending_tx, n_taken);
    const struct receipt **incoming;
    size_t n_incoming;

    list_add(&b->arena, &ap.causes)->kind = CAUSE_MIGRATION; /* group 0: patches */
    apply_patches(c, &ap, patches);
    for (size_t i = 0; taken; taken = taken->next, i++)
        txs[i] = (struct pending_tx){taken->tx, taken->bytes};
    incoming = incoming_of(&b->arena, head, &n_incoming);
    apply_block(&ap, txs, n_taken, incoming, n_incoming);
    kv_seal(c->kv, &b->sealed);
    collect_changes(b, &ap);
    b->post_state_root = state_root_after(&b->prev_state_root, &b->sealed);
    block_seal_header(b, &c->keys.validator.key);
    publish(c, b);
}

/* In the order they were asked for; frees them. */
static void run_snapshots(struct chain *c, struct snapshot *list)
{
    for (struct snapshot *s = list, *next; s; s = next) {
        struct buf why = WHY_INIT;

        next = s->next;
        if (snapshot_run(c, s, &why)) {
            log_unusual("snapshot_failed", "name=%s why=%s", s->name, buf_z(&why));
            pthread_mutex_lock(&c->wake_lock);
            c->ticket_failed = s->ticket;
            (void)snprintf(c->failed_why, sizeof(c->failed_why), "%s", buf_z(&why));
            pthread_mutex_unlock(&c->wake_lock);
        }
        buf_release(&why);
        mem_free(s);
    }
}

void chain_produce(struct chain *c)
{
    struct patch *patches;
    struct snapshot *snapshots;
    struct pooled *taken;
    uint64_t skip, tickets;
    size_t n;

    pthread_mutex_lock(&c->wake_lock);
    patches = c->patches;
    c->patches = NULL;
    snapshots = c->snapshots;
    c->snapshots = NULL;
    skip = c->skip;
    c->skip = 0;
    tickets = c->tickets;
    pthread_mutex_unlock(&c->wake_lock);
    taken = pool_take(c->pool, BLOCK_TXS_MAX, BLOCK_TX_BYTES_MAX, &n);
    c->busy = n > 1;
    c->meta.time_offset_ns += skip * c->o.block_time_ms * UINT64_C(1000000);

    pthread_rwlock_wrlock(&c->lock);
    run_snapshots(c, snapshots);
    make(c, taken, n, patches, skip);
    pthread_rwlock_unlock(&c->lock);

    pool_forget(c->pool, taken);
    pthread_mutex_lock(&c->wake_lock);
    c->tickets_done = tickets;
    pthread_mutex_unlock(&c->wake_lock);
    while (patches) {
        struct patch *next = patches->next;

        arena_release(&patches->arena);
        mem_free(patches);
        patches = next;
    }
    if (c->o.on_block)
        c->o.on_block(c->o.arg);
}

/* ------------------------------------------------------------------ the thread */

static bool work_waits(struct chain *c)
{
    return c->patches || c->tickets != c->tickets_done ||
           (c->o.instant && (c->has_work || !pool_is_empty(c->pool)));
}

static struct timespec in_us(uint64_t us)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(us / 1000000);
    t.tv_nsec += (long)(us % 1000000) * 1000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* How long from now until the next block, in microseconds; 0: at once. */
static uint64_t time_left(struct chain *c, uint64_t tick, uint64_t last)
{
    const uint64_t now = clock_mono_us();
    uint64_t at = tick;

    /* With many senders a short pause lets a block gather what would else be several blocks. */
    if (work_waits(c))
        at = c->busy ? last + GATHER_US : 0;
    if (at > tick)
        at = tick;
    return at > now ? at - now : 0;
}

static void *run(void *arg)
{
    struct chain *c = arg;
    const uint64_t every = c->o.block_time_ms * 1000;
    uint64_t last = clock_mono_us(), tick = last + every, wait;

    pthread_mutex_lock(&c->wake_lock);
    while (!c->stop) {
        wait = time_left(c, tick, last);
        if (wait > 0) {
            const struct timespec until = in_us(wait);

            pthread_cond_timedwait(&c->wake, &c->wake_lock, &until);
            continue;
        }
        pthread_mutex_unlock(&c->wake_lock);
        chain_produce(c);
        pthread_mutex_lock(&c->wake_lock);
        last = clock_mono_us();
        /* Blocks keep their distance; a late one does not make the next ones hurry. */
        tick += every;
        if (c->o.instant || tick < last)
            tick = last + every;
    }
    pthread_mutex_unlock(&c->wake_lock);
    return NULL;
}

void chain_kick(struct chain *c)
{
    pthread_mutex_lock(&c->wake_lock);
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->wake_lock);
}

void chain_start(struct chain *c)
{
    pthread_attr_t attr;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK);
    BUG_ON(pthread_create(&c->thread, &attr, run, c) != 0);
    pthread_attr_destroy(&attr);
    pthread_setname_np(c->thread, "blocks");
    c->running = true;
}

void chain_stop(struct chain *c)
{
    if (!c->running)
        return;
    pthread_mutex_lock(&c->wake_lock);
    c->stop = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->wake_lock);
    pthread_join(c->thread, NULL);
    c->running = false;
}

/* ------------------------------------------------------------------ opening */

static enum err make_genesis(struct chain *c, struct buf *why)
{
    struct block *b;
    enum err e = ERR_OK;

    (void)genesis_state(c->p, c->kv, &c->keys);
    if (c->o.genesis)
        e = genesis_file(c->o.genesis, c->p, c->kv, why);
    if (e)
        return e;
    c->meta.genesis_supply = supply_count(c->p, c->kv, NULL, 0);
    b = block_new();
    b->timestamp = clock_unix_ns();
    b->ordinal = 1;
    b->epoch_height = 1;
    b->protocol = c->p->protocol;
    b->gas_price = GAS_PRICE;
    b->total_supply = c->meta.genesis_supply;
    b->next_bp_hash = sha256(str_from(c->keys.validator.key.pub.b, 32));
    b->random_value = random_of(b);
    kv_close_group(c->kv, 0);
    kv_seal(c->kv, &b->sealed);
    b->post_state_root = state_root_after(&b->prev_state_root, &b->sealed);
    block_seal_header(b, &c->keys.validator.key);
    publish(c, b);
    return ERR_OK;
}

static void init(struct chain *c, const struct chain_opts *o)
{
    pthread_rwlockattr_t rw;
    pthread_condattr_t cond;

    c->o = *o;
    c->kv = kv_new();
    c->history = history_new();
    c->pool = pool_new();
    c->started_ms = clock_mono_ms();
    /* Readers come all the time; the block must not wait for a moment without any. */
    pthread_rwlockattr_init(&rw);
    pthread_rwlockattr_setkind_np(&rw, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&c->lock, &rw);
    pthread_rwlockattr_destroy(&rw);
    pthread_mutex_init(&c->wake_lock, NULL);
    pthread_condattr_init(&cond);
    pthread_condattr_setclock(&cond, CLOCK_MONOTONIC);
    pthread_cond_init(&c->wake, &cond);
    pthread_condattr_destroy(&cond);
}

enum err chain_restore(struct chain *c, struct buf *why)
{
    const enum err e = store_restore(c->store, c->kv, c->history, &c->meta, why);
    const struct block *head;

    if (e)
        return e;
    head = history_newest(c->history);
    if (!head)
        return err_put(why, ERR_FORMAT, "the chain in '%s' has no blocks; start in an empty folder",
                       c->o.home);
    if (head->protocol != c->p->protocol)
        return err_put(why, ERR_CONFLICT,
                       "the chain in '%s' runs protocol %u, not %u; start in an empty folder",
                       c->o.home, head->protocol, c->p->protocol);
    c->has_work = false;
    for (size_t i = 0; i < head->receipts.n; i++)
        c->has_work |= travels(head->receipts.at[i]);
    return ERR_OK;
}

static enum err restore(struct chain *c, struct buf *why)
{
    const enum err e = c->store ? chain_restore(c, why) : ERR_EMPTY;

    return e == ERR_EMPTY ? make_genesis(c, why) : e;
}

enum err chain_open(const struct chain_opts *o, struct chain **out, struct buf *why)
{
    struct chain *c = mem_new(struct chain);
    struct vm_options vo = {.protocol = o->protocol};
    struct buf cache = BUF_INIT(4096);
    enum err e;

    init(c, o);
    c->p = params_for(o->protocol);
    if (!c->p) {
        e = err_put(why, ERR_RANGE, "protocol version %u is not known; take 79 or 88", o->protocol);
        goto out;
    }
    e = genesis_keys(o->home, &c->keys, why);
    if (e)
        goto out;
    if (o->home) {
        buf_addf(&cache, "%s/modules", o->home);
        vo.cache_dir = buf_z(&cache);
        e = store_open(o->home, &c->store, why);
        if (e)
            goto out;
    }
    e = vm_new(&vo, &c->vm, why);
    if (!e)
        e = restore(c, why);
    if (e)
        goto out;
    *out = c;
    c = NULL;
out:
    chain_close(c);
    buf_release(&cache);
    return e;
}

void chain_close(struct chain *c)
{
    if (!c)
        return;
    chain_stop(c);
    for (struct patch *p = c->patches, *next; p; p = next) {
        next = p->next;
        arena_release(&p->arena);
        mem_free(p);
    }
    for (struct snapshot *s = c->snapshots, *next; s; s = next) {
        next = s->next;
        mem_free(s);
    }
    store_close(c->store);
    history_free(c->history);
    pool_free(c->pool);
    kv_free(c->kv);
    vm_free(c->vm);
    near_key_wipe(&c->keys.root);
    near_key_wipe(&c->keys.validator);
    pthread_rwlock_destroy(&c->lock);
    pthread_mutex_destroy(&c->wake_lock);
    pthread_cond_destroy(&c->wake);
    mem_free(c);
}
