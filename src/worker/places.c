/* places.c — see places.h. */
#include "worker/places.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"

/* Of a place that is free. */
enum place_state {
    PLACE_IDLE,  /* no child */
    PLACE_USED,  /* nobody looked after it since its last run */
    PLACE_READY, /* for the next run */
};

struct place {
    struct guest *guest; /* NULL: never used */
    bool taken;
    enum place_state state;
    struct hash256 last; /* whom it served for what */
    uint64_t used_ms;
};

struct places {
    struct guest_options options;
    atomic_bool fresh_process;
    pthread_mutex_t lock;
    struct place place[SLOTS_MAX];
};

static struct hash256 whose(const struct hash256 *wasm, struct str tenant)
{
    struct hash256 of = sha256(tenant);

    for (size_t i = 0; i < sizeof(of.b); i++)
        of.b[i] ^= wasm->b[i];
    return of;
}

static enum err start(struct places *p, struct guest **out, struct buf *why)
{
    struct guest_options o = p->options;

    o.fresh_process = p->fresh_process;
    return guest_start(&o, out, why);
}

enum err places_open(const struct guest_options *o, struct places **out, struct buf *why)
{
    struct places *p = mem_new(struct places);
    enum err e;

    p->options = *o;
    p->fresh_process = o->fresh_process;
    pthread_mutex_init(&p->lock, NULL);
    e = start(p, &p->place[0].guest, why);
    p->place[0].state = PLACE_READY;
    p->place[0].used_ms = clock_mono_ms();
    if (e)
        places_close(p);
    else
        *out = p;
    return e;
}

void places_close(struct places *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < SLOTS_MAX; i++)
        guest_stop(p->place[i].guest);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

/* The free place that serves best. Places that were never used are the oldest: they come last, so
 * that no more are made than run at once. */
static struct place *choose(struct places *p, const struct hash256 *of)
{
    struct place *best = NULL, *unused = NULL;

    for (size_t i = 0; i < SLOTS_MAX; i++) {
        struct place *at = &p->place[i];

        if (at->taken)
            continue;
        if (!at->guest) {
            unused = unused ? unused : at;
            continue;
        }
        if (hash_eq(&at->last, of))
            return at;
        if (!best || at->used_ms < best->used_ms)
            best = at;
    }
    return best ? best : unused;
}

enum err places_take(struct places *p, const struct hash256 *wasm, struct str tenant,
                     struct guest **out, struct buf *why)
{
    const struct hash256 of = whose(wasm, tenant);
    struct place *at;
    enum err e = ERR_OK;

    pthread_mutex_lock(&p->lock);
    at = choose(p, &of);
    if (at)
        at->taken = true;
    pthread_mutex_unlock(&p->lock);
    BUG_ON(!at);
    if (!at->guest) {
        struct guest *g = NULL;

        e = start(p, &g, why);
        pthread_mutex_lock(&p->lock);
        at->guest = g;
        at->taken = !e;
        pthread_mutex_unlock(&p->lock);
    }
    if (e)
        return e;
    guest_isolate(at->guest, p->fresh_process);
    *out = at->guest;
    return ERR_OK;
}

void places_give(struct places *p, struct guest *g, const struct hash256 *wasm, struct str tenant)
{
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        struct place *at = &p->place[i];

        if (at->guest != g)
            continue;
        at->last = whose(wasm, tenant);
        at->used_ms = clock_mono_ms();
        at->state = PLACE_USED;
        at->taken = false;
    }
    pthread_mutex_unlock(&p->lock);
}

bool places_have(struct places *p, const struct hash256 *wasm)
{
    bool have = false;

    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < SLOTS_MAX && !have; i++)
        have = p->place[i].guest && !p->place[i].taken && guest_has(p->place[i].guest, wasm);
    pthread_mutex_unlock(&p->lock);
    return have;
}

/* A free place that something is to be done about, taken; NULL: none. */
static struct place *to_tend(struct places *p, uint64_t now)
{
    struct place *found = NULL;

    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < SLOTS_MAX && !found; i++) {
        struct place *at = &p->place[i];

        if (at->taken || at->state == PLACE_IDLE)
            continue;
        if (at->state == PLACE_USED || now - at->used_ms >= PLACES_IDLE_MS) {
            at->taken = true;
            found = at;
        }
    }
    pthread_mutex_unlock(&p->lock);
    return found;
}

void places_tend(struct places *p)
{
    uint64_t now = clock_mono_ms();
    struct place *at;

    while ((at = to_tend(p, now))) {
        bool idle = at->state == PLACE_READY;

        if (idle)
            guest_idle(at->guest);
        else
            guest_ready(at->guest);
        pthread_mutex_lock(&p->lock);
        at->state = idle ? PLACE_IDLE : PLACE_READY;
        at->taken = false;
        pthread_mutex_unlock(&p->lock);
    }
}

void places_isolate(struct places *p, bool fresh_process)
{
    p->fresh_process = fresh_process;
}
