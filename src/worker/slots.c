/* slots.c — see slots.h. */
#include "worker/slots.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define LEASE_WAIT_MS  30000
#define FAULT_WAIT_MS  500
#define FAULT_WAIT_MAX 5000
#define OPEN_MAX       (OUTBOX_OPEN_MAX - SLOTS_MAX) /* answers on their way; every slot adds one */

struct slot {
    struct slots *all;
    unsigned i;
    struct worker w;
    uint64_t pause_ms; /* after the next fault */
};

struct slots {
    struct slots_opts o;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct slot *slot[SLOTS_MAX];
    unsigned started, wanted, owner_slots;
    struct slots_use use;
    bool draining;
};

/* Wait until this slot may ask; gives the share of one sender. */
static unsigned may_ask(struct slot *t)
{
    struct slots *s = t->all;
    unsigned owner_slots;

    pthread_mutex_lock(&s->lock);
    while (s->draining || t->i >= s->wanted)
        pthread_cond_wait(&s->changed, &s->lock);
    s->use.asking++;
    owner_slots = s->owner_slots;
    pthread_mutex_unlock(&s->lock);
    return owner_slots;
}

/* The answer is here. True: a job that is to be done. */
static bool may_work(struct slot *t, bool leased)
{
    struct slots *s = t->all;
    bool yes;

    pthread_mutex_lock(&s->lock);
    yes = leased && !s->draining && t->i < s->wanted;
    s->use.asking--;
    /* One that is handed back counts as work too, so that nobody ends the process meanwhile. */
    s->use.working += leased;
    pthread_mutex_unlock(&s->lock);
    return yes;
}

static void done(struct slot *t)
{
    pthread_mutex_lock(&t->all->lock);
    t->all->use.working--;
    pthread_mutex_unlock(&t->all->lock);
}

static void fault(struct slot *t, const struct buf *why)
{
    log_unusual("no_lease", "slot=%u why=%s", t->i, buf_z(why));
    clock_sleep_ms(t->pause_ms);
    t->pause_ms = t->pause_ms * 2 > FAULT_WAIT_MAX ? FAULT_WAIT_MAX : t->pause_ms * 2;
}

/* Ask for one job and do it. */
static void turn(struct slot *t)
{
    struct worker *w = &t->w;
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    unsigned owner_slots = may_ask(t);
    struct lease l;
    enum err e =
        coordinator_lease(w->coordinator, t->all->o.who, owner_slots, LEASE_WAIT_MS, &a, &l, &why);
    bool leased = !e;

    if (!e && l.contract_id.len && !str_eq(l.contract_id, w->contract_id))
        e = err_put(&why, ERR_CONFLICT, "the coordinator follows '%.*s', we answer for '%.*s'",
                    STR_ARG(l.contract_id), STR_ARG(w->contract_id));
    if (may_work(t, leased) && !e) {
        t->pause_ms = FAULT_WAIT_MS;
        work_one(w, &l, &a);
    } else if (leased && !e) {
        (void)!coordinator_release(w->coordinator, l.job_id, l.token, STR("shutdown"), NULL);
    } else if (e && e != ERR_EMPTY) {
        fault(t, &why);
    }
    if (leased)
        done(t);
    places_tend(w->runner->places);
    buf_release(&why);
    arena_release(&a);
}

static void *serve(void *ctx)
{
    struct slot *t = ctx;

    for (;;) {
        if (courier_open(t->w.courier) >= OPEN_MAX || !notary_open(t->w.notary))
            clock_sleep_ms(FAULT_WAIT_MS);
        else
            turn(t);
    }
    return NULL;
}

static enum err start(struct slots *s, unsigned i, struct buf *why)
{
    const struct slots_opts *o = &s->o;
    struct slot *t = mem_new(struct slot);
    pthread_t thread;

    t->all = s;
    t->i = i;
    t->pause_ms = FAULT_WAIT_MS;
    t->w = *o->shared;
    t->w.rpc = rpc_new(o->rpc_url);
    t->w.coordinator = coordinator_new(o->coordinator_url, o->token, o->pass);
    if (o->keystore_url)
        t->w.keystore =
            keystore_client_new(o->keystore_url, o->keystore_token, o->key, o->shared->contract_id);
    if (t->w.keystore && o->quoted)
        keystore_quoted(t->w.keystore, o->quoted);
    t->w.give.keystore = t->w.keystore;
    t->w.give.storage = (struct storage_source){.coordinator = t->w.coordinator,
                                                .keystore = t->w.keystore,
                                                .rpc = t->w.rpc,
                                                .contract_id = o->shared->contract_id};
    t->w.give.rpc_read_only = o->guest_rpc_read_only;
    if (o->guest_rpc_url)
        t->w.give.rpc = rpc_new(o->guest_rpc_url);
    t->w.share = (struct build_share){.coordinator = t->w.coordinator,
                                      .rpc = t->w.rpc,
                                      .key = o->key,
                                      .contract_id = o->shared->contract_id,
                                      .holder = o->who->id};
    fetcher_init(&t->w.fetcher, o->allow_http_loopback, o->ipfs_gateway);
    if (pthread_create(&thread, NULL, serve, t)) {
        rpc_free(t->w.rpc);
        rpc_free(t->w.give.rpc);
        coordinator_free(t->w.coordinator);
        keystore_client_free(t->w.keystore);
        mem_free(t);
        return err_put(why, ERR_IO, "cannot start a thread for slot %u", i);
    }
    s->slot[i] = t;
    return ERR_OK;
}

struct slots *slots_new(const struct slots_opts *o)
{
    struct slots *s = mem_new(struct slots);

    s->o = *o;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    return s;
}

enum err slots_set(struct slots *s, unsigned n, unsigned owner_slots, struct buf *why)
{
    enum err e = ERR_OK;

    BUG_ON(n < 1 || n > SLOTS_MAX);
    pthread_mutex_lock(&s->lock);
    s->wanted = n;
    s->owner_slots = owner_slots < n ? owner_slots : 0;
    while (!e && s->started < n) {
        e = start(s, s->started, why);
        s->started += !e;
    }
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return e;
}

void slots_drain(struct slots *s)
{
    pthread_mutex_lock(&s->lock);
    s->draining = true;
    pthread_mutex_unlock(&s->lock);
}

struct slots_use slots_use(struct slots *s)
{
    struct slots_use use;

    pthread_mutex_lock(&s->lock);
    use = s->use;
    pthread_mutex_unlock(&s->lock);
    return use;
}
