/* notary.c — see notary.h. */
#include "worker/notary.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "attest/collateral.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/put.h"
#include "engine/settings.h"
#include "near/rpc.h"
#include "worker/herald.h"

#define SOFTWARE       "outlayer-worker 0.1.0"
#define TICK_MS        250
#define POLICY_MS      2000  /* between two looks at what the contract wants */
#define AGAIN_MS       5000  /* after a quote that could not be had */
#define FIRST_WAIT_MS  25    /* between two tries while the network may be starting, … */
#define STARTING_MS    10000 /* … then each half as long again, up to FIRST_WAIT_MAX */
#define FIRST_WAIT_MAX 60000
#define NETWORK_MAX    128
#define CONFIG_MAX     (1u << 20) /* bytes of app-compose.json */

/* An epoch and who still works in it. */
struct term {
    struct term *next;
    struct epoch *epoch;
    struct hash256 session;
    uint64_t accept_until, ends; /* clock_mono_ms() */
    uint64_t batch_since;        /* of the oldest statement in the batch that grows; 0: none */
    unsigned sittings;
};

struct notary {
    struct notary_opts o;
    struct quote_source *source;
    struct rpc *rpc;
    struct herald *herald;
    char network[NETWORK_MAX + 1];
    struct hash256 engine; /* of what the engine is made from */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    struct term *terms;   /* newest first: the first one takes executions on */
    uint64_t again_ms;    /* not to ask for a quote before */
    uint64_t asked_ms;    /* whether statements go with answers */
    atomic_bool required;
};

/* ------------------------------------------------------------------ beginning */

/* Our exec children have this engine, or they are not taken (guest/exec_child.h). */
static struct hash256 engine_hash(void)
{
    char room[ENGINE_ABOUT_MAX];
    struct buf about = BUF_OVER(room);

    engine_about(&about);
    BUG_ON(about.full);
    log_info("engine", "about=%s", buf_z(&about)); /* for who wants to take the hash himself */
    return sha256(buf_str(&about));
}

static enum err fill_manifest(struct notary *n, struct manifest *m, struct buf *why)
{
    uint64_t now = clock_unix_ns() / 1000000000;
    struct rpc_block head;
    enum err e = rpc_block_final(n->rpc, &head, why);

    if (e)
        return e;
    *m = (struct manifest){.network = str_of(n->network),
                           .register_contract = n->o.register_contract,
                           .outlayer_contract = n->o.outlayer_contract,
                           .not_before = now,
                           .not_after = now + n->o.epoch_s + EPOCH_GRACE_S,
                           .near_block_height = head.height,
                           .software = STR(SOFTWARE)};
    memcpy(m->near_key, n->o.key->key.pub.b, sizeof m->near_key);
    memcpy(m->near_block_hash, head.hash.b, sizeof m->near_block_hash);
    memcpy(m->engine_config, n->engine.b, sizeof m->engine_config);
    if (n->o.registrar) {
        m->has_challenge = true;
        e = n->o.registrar->challenge(n->o.registrar->ctx, m->challenge, why);
    }
    return e;
}

/* Written down before anything is signed in it. */
static enum err write_down(struct notary *n, const struct term *t, bool registered, struct buf *why)
{
    const struct evidence *ev = epoch_evidence(t->epoch);
    struct buf collateral = BUF_INIT(COLLATERAL_MAX), compose = BUF_INIT(CONFIG_MAX),
               none = WHY_INIT;
    struct ledger_epoch row = {.session = t->session,
                               .manifest = epoch_manifest(t->epoch),
                               .quote = buf_str(&ev->quote),
                               .event_log = buf_str(&ev->event_log),
                               .vm_config = buf_str(&ev->vm_config),
                               .simulated = quote_source_simulated(n->source),
                               .registered = registered,
                               .begun_ms = clock_unix_ns() / 1000000};
    enum err e;

    /* Most sources have neither: then others get collateral from Intel. */
    if (!quote_source_collateral(n->source, (int64_t)(row.begun_ms / 1000), &collateral, &none))
        row.collateral = buf_str(&collateral);
    if (!quote_source_compose(n->source, &compose, &none))
        row.app_compose = buf_str(&compose);
    e = ledger_begin(n->o.outbox, &row, why);
    buf_release(&collateral);
    buf_release(&compose);
    buf_release(&none);
    return e;
}

/* A new epoch, from the clock to the ledger. Takes as long as quote and chain take. */
static enum err term_begin(struct notary *n, struct term **out, struct buf *why)
{
    const struct notary_register *r = n->o.registrar;
    struct term *t = mem_new(struct term);
    uint64_t now = clock_mono_ms();
    struct manifest m;
    enum err e = fill_manifest(n, &m, why);

    if (!e)
        e = epoch_begin(n->source, &m, n->o.box_key.ptr ? (const uint8_t *)n->o.box_key.ptr : NULL,
                        &t->epoch, why);
    if (!e) {
        t->session = epoch_session(t->epoch);
        t->accept_until = now + n->o.epoch_s * 1000;
        t->ends = t->accept_until + EPOCH_GRACE_S * 1000;
    }
    if (!e && r)
        e = r->enrol(r->ctx, epoch_manifest(t->epoch), buf_str(&epoch_evidence(t->epoch)->quote),
                     why);
    if (!e)
        e = write_down(n, t, r != NULL, why);
    if (e) {
        epoch_end(t->epoch);
        mem_free(t);
        return e;
    }
    log_info("epoch", "source=%s seconds=%llu registered=%d", quote_source_name(n->source),
             (unsigned long long)n->o.epoch_s, r != NULL);
    *out = t;
    return ERR_OK;
}

/* ------------------------------------------------------------------ ending */

/* The batch of `t` grows no more. */
static void cut(struct notary *n, struct term *t)
{
    struct buf why = WHY_INIT;
    uint64_t next;

    if (epoch_cut(t->epoch, &next)) {
        /* If this fails the next batch or the next start closes it. */
        if (ledger_close(n->o.outbox, &t->session, next, &why))
            log_unusual("batch_not_closed", "why=%s", buf_z(&why));
        herald_wake(n->herald);
    }
    buf_release(&why);
}

static bool batch_due(struct notary *n, struct term *t, uint64_t now)
{
    bool due;

    pthread_mutex_lock(&n->lock);
    due = t->batch_since && now - t->batch_since >= n->o.batch_s * 1000;
    if (due)
        t->batch_since = 0;
    pthread_mutex_unlock(&n->lock);
    return due;
}

/* Takes one old epoch in which nobody works any more out of the list; NULL: there is none. */
static struct term *take_finished(struct notary *n, uint64_t now)
{
    struct term *found = NULL;

    pthread_mutex_lock(&n->lock);
    for (struct term **at = &n->terms; *at && !found; at = &(*at)->next) {
        bool current = *at == n->terms && now < (*at)->ends;

        if (current || (*at)->sittings)
            continue;
        found = *at;
        *at = found->next;
        break;
    }
    pthread_mutex_unlock(&n->lock);
    return found;
}

static void roll_over(struct notary *n, uint64_t now)
{
    struct buf why = WHY_INIT;
    struct term *t, *newest;
    bool due;

    pthread_mutex_lock(&n->lock);
    newest = n->terms;
    due = (!newest || now >= newest->accept_until) && now >= n->again_ms;
    pthread_mutex_unlock(&n->lock);
    if (!due)
        return;
    if (term_begin(n, &t, &why)) {
        log_unusual("no_new_epoch", "again_ms=%u why=%s", AGAIN_MS, buf_z(&why));
        n->again_ms = clock_mono_ms() + AGAIN_MS;
    } else {
        pthread_mutex_lock(&n->lock);
        t->next = n->terms;
        n->terms = t;
        pthread_mutex_unlock(&n->lock);
        herald_wake(n->herald);
    }
    buf_release(&why);
}

/* Whether the contract wants statements with answers; its owner may change that at any time. */
static void look_at_policy(struct notary *n, uint64_t now)
{
    const struct notary_register *r = n->o.registrar;
    struct buf why = WHY_INIT;
    bool required;

    if (!r || (n->asked_ms && now - n->asked_ms < POLICY_MS))
        return;
    n->asked_ms = now;
    if (!r->required(r->ctx, &required, &why))
        atomic_store(&n->required, required);
    buf_release(&why);
}

static void *tend(void *ctx)
{
    struct notary *n = ctx;

    for (;;) {
        uint64_t now = clock_mono_ms();
        struct term *t;

        look_at_policy(n, now);
        roll_over(n, now);
        /* Only this thread takes terms out of the list. */
        for (t = n->terms; t; t = t->next)
            if (batch_due(n, t, now))
                cut(n, t);
        while ((t = take_finished(n, now))) {
            cut(n, t);
            epoch_end(t->epoch);
            mem_free(t);
        }
        clock_sleep_ms(TICK_MS);
    }
    return NULL;
}

/* ------------------------------------------------------------------ signing */

/* Under the lock. */
static bool accepts(const struct notary *n)
{
    return n->terms && clock_mono_ms() < n->terms->ends - EPOCH_GRACE_S * 1000 / 2;
}

bool notary_session(struct notary *n, struct hash256 *out)
{
    bool there = false;

    if (n && n->o.registrar) {
        pthread_mutex_lock(&n->lock);
        there = n->terms != NULL;
        if (there)
            *out = n->terms->session;
        pthread_mutex_unlock(&n->lock);
    }
    return there;
}

bool notary_open(struct notary *n)
{
    bool open = true;

    if (n) {
        pthread_mutex_lock(&n->lock);
        open = accepts(n);
        pthread_mutex_unlock(&n->lock);
    }
    return open;
}

enum err notary_enter(struct notary *n, struct sitting *out, struct buf *why)
{
    enum err e = ERR_OK;

    *out = (struct sitting){.term = NULL};
    if (!n)
        return ERR_OK;
    pthread_mutex_lock(&n->lock);
    if (accepts(n)) {
        out->term = n->terms;
        out->term->sittings++;
    } else {
        e = err_put(why, ERR_CLOSED, "there is no quote for new executions");
    }
    pthread_mutex_unlock(&n->lock);
    return e;
}

void notary_leave(struct notary *n, struct sitting *s)
{
    if (!n || !s->term)
        return;
    pthread_mutex_lock(&n->lock);
    s->term->sittings--;
    pthread_mutex_unlock(&n->lock);
    s->term = NULL;
}

struct keeping {
    struct outbox *outbox;
    struct parcel *parcel;
    bool attached; /* the statement goes with the answer */
    struct ledger_entry entry;
};

/* The arguments of the answer with the statement that vouches for it. */
static void attach(struct buf *out, struct str args, const struct signed_statement *s)
{
    buf_add_str(out, str_head(args, args.len - 1)); /* without the last brace */
    put_hex(out, "statement", buf_str(&s->bytes));
    put_hex(out, "signature", str_from(s->sig.b, sizeof s->sig.b));
    json_obj_end(out);
}

static enum err keep_with_answer(struct keeping *k, const struct signed_statement *s,
                                 struct buf *why)
{
    struct buf args = BUF_INIT(k->parcel->args.len + 3 * STATEMENT_MAX);
    const struct str given = k->parcel->args;
    enum err e;

    if (k->attached) {
        attach(&args, given, s);
        k->parcel->args = buf_str(&args);
    }
    e = outbox_put(k->outbox, k->parcel, ledger_write, &k->entry, why);
    k->parcel->args = given;
    buf_release(&args);
    return e;
}

static enum err keep(void *ctx, const struct signed_statement *s, struct buf *why)
{
    struct keeping *k = ctx;

    k->entry.signed_one = s;
    return k->parcel ? keep_with_answer(k, s, why)
                     : outbox_with(k->outbox, ledger_write, &k->entry, why);
}

enum err notary_sign(struct notary *n, const struct sitting *at, struct statement *s,
                     const struct ledger_extra *extra, const struct hash256 *wasm,
                     struct outbox *outbox, struct parcel *parcel, struct hash256 *digest,
                     struct buf *why)
{
    struct keeping k = {
        .outbox = outbox, .parcel = parcel, .entry = {.extra = extra, .wasm = wasm}};
    struct signed_statement one;
    enum err e;

    k.attached = n && atomic_load(&n->required);
    if (!n)
        return parcel ? outbox_put(outbox, parcel, NULL, NULL, why) : ERR_OK;
    e = epoch_sign(at->term->epoch, s, keep, &k, &one, why);
    if (e)
        return e;
    pthread_mutex_lock(&n->lock);
    if (!at->term->batch_since || one.head.first_seq == one.seq)
        at->term->batch_since = clock_mono_ms();
    pthread_mutex_unlock(&n->lock);
    if (digest)
        *digest = one.digest;
    signed_statement_release(&one);
    herald_wake(n->herald);
    return ERR_OK;
}

/* ------------------------------------------------------------------ starting */

static enum err open_source(const struct notary_opts *o, struct quote_source **out, struct buf *why)
{
    struct buf none = WHY_INIT;
    enum err e = quote_source_open(o->source, out, &none);

    if (e == ERR_ABSENT && strcmp(o->source, QUOTE_SOURCE) == 0) {
        log_unusual("not_attested", "why=%s", buf_z(&none));
        *out = NULL;
        e = ERR_OK;
    } else if (e) {
        err_put(why, e, "%s", buf_z(&none));
    }
    buf_release(&none);
    return e;
}

/*
 * The first epoch. Where somebody has to let us in we wait for it: the network may still be
 * starting, or the operator may not have approved yet what we measure.
 */
static enum err first_term(struct notary *n, struct buf *why)
{
    const uint64_t began = clock_mono_ms();
    uint64_t wait = FIRST_WAIT_MS;
    struct buf told = WHY_INIT;
    enum err e;

    while ((e = term_begin(n, &n->terms, why)) != ERR_OK && n->o.registrar) {
        bool starting = e != ERR_DENIED && clock_mono_ms() - began < STARTING_MS;

        if (!starting && !str_eq(buf_str(why), buf_str(&told)))
            log_unusual("not_registered", "why=%s", buf_z(why));
        buf_clear(&told);
        buf_add_str(&told, buf_str(why));
        clock_sleep_ms(wait);
        /* Looking costs nothing; a registration that is refused costs gas. */
        if (!starting)
            wait = wait * 3 / 2 > FIRST_WAIT_MAX ? FIRST_WAIT_MAX : wait * 3 / 2;
    }
    buf_release(&told);
    return e;
}

static enum err begin(struct notary *n, struct buf *why)
{
    struct buf name = BUF_OVER(n->network);
    const struct herald_opts opts = {.outbox = n->o.outbox,
                                     .coordinator_url = n->o.coordinator_url,
                                     .worker_id = n->o.worker_id,
                                     .token = n->o.token,
                                     .pass = n->o.pass,
                                     .source = n->source,
                                     .registrar = n->o.registrar};
    enum err e;

    if (quote_source_simulated(n->source))
        buf_addz(&name, "sandbox-");
    buf_add_str(&name, n->o.network_id);
    e = first_term(n, why);
    look_at_policy(n, clock_mono_ms());
    if (!e)
        e = herald_start(&opts, &n->herald, why);
    if (!e && pthread_create(&n->thread, NULL, tend, n))
        e = err_put(why, ERR_IO, "cannot start a thread");
    return e;
}

enum err notary_start(const struct notary_opts *o, struct notary **out, struct buf *why)
{
    struct quote_source *source = NULL;
    struct notary *n;
    enum err e;

    *out = NULL;
    if (strcmp(o->source, QUOTE_NONE) == 0) {
        log_unusual("not_attested", "why=%s", "--quote-source is none");
        return ERR_OK;
    }
    e = open_source(o, &source, why);
    if (e || !source)
        return e;
    n = mem_new(struct notary);
    n->o = *o;
    n->source = source;
    n->engine = engine_hash();
    n->rpc = rpc_new(o->rpc_url);
    pthread_mutex_init(&n->lock, NULL);
    e = begin(n, why);
    if (e) {
        quote_source_close(source);
        return e; /* the process ends: its memory goes with it */
    }
    *out = n;
    return ERR_OK;
}
