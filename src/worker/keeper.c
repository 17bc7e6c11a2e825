/* keeper.c — see keeper.h. */
#include "worker/keeper.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define TICK_MS      250
#define HEARTBEAT_MS 30000
#define CALL_MS      1000 /* one lease that hangs does not cost the others theirs */

struct held {
    uint64_t job_id, token, lease_ms, renew_ms;
    bool working, lost;
};

struct keeper {
    struct coordinator *coordinator;
    struct worker_name who;
    pthread_t thread;
    pthread_mutex_t lock;
    struct held held[KEEPER_MAX];
    size_t n;
};

static struct held *find(struct keeper *k, uint64_t job_id)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->held[i].job_id == job_id)
            return &k->held[i];
    return NULL;
}

void keeper_hold(struct keeper *k, const struct lease *l, bool working)
{
    struct held *h;

    pthread_mutex_lock(&k->lock);
    h = find(k, l->job_id);
    if (!h && k->n < KEEPER_MAX)
        h = &k->held[k->n++];
    /* A lease that finds no place is not renewed: at worst the job is leased again. */
    if (h)
        *h = (struct held){l->job_id, l->token, l->lease_ms, clock_mono_ms() + l->lease_ms / 3,
                           working,   false};
    pthread_mutex_unlock(&k->lock);
}

void keeper_drop(struct keeper *k, uint64_t job_id)
{
    struct held *h;

    pthread_mutex_lock(&k->lock);
    h = find(k, job_id);
    if (h)
        *h = k->held[--k->n];
    pthread_mutex_unlock(&k->lock);
}

void keeper_sent(struct keeper *k, uint64_t job_id)
{
    struct held *h;

    pthread_mutex_lock(&k->lock);
    h = find(k, job_id);
    if (h)
        h->working = false;
    pthread_mutex_unlock(&k->lock);
}

bool keeper_lost(struct keeper *k, uint64_t job_id)
{
    struct held *h;
    bool lost;

    pthread_mutex_lock(&k->lock);
    h = find(k, job_id);
    lost = h && h->lost;
    pthread_mutex_unlock(&k->lock);
    return lost;
}

/* One lease that is due, or false. It is renewed without the lock: the call may take its time. */
static bool due(struct keeper *k, uint64_t now, struct held *out)
{
    bool found = false;

    pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < k->n && !found; i++) {
        if (!k->held[i].lost && k->held[i].renew_ms <= now) {
            *out = k->held[i];
            found = true;
        }
    }
    pthread_mutex_unlock(&k->lock);
    return found;
}

static void renew(struct keeper *k, struct held *one)
{
    struct buf why = WHY_INIT;
    uint64_t lease_ms = one->lease_ms;
    enum err e = coordinator_renew(k->coordinator, one->job_id, one->token, &lease_ms, &why);
    struct held *h;

    if (e)
        log_unusual("lease_not_renewed", "job=%llu why=%s", (unsigned long long)one->job_id,
                    buf_z(&why));
    pthread_mutex_lock(&k->lock);
    h = find(k, one->job_id);
    if (h && h->token == one->token) {
        h->lost = e == ERR_CONFLICT || e == ERR_ABSENT;
        h->lease_ms = lease_ms;
        h->renew_ms = clock_mono_ms() + (e ? 1000 : lease_ms / 3);
    }
    pthread_mutex_unlock(&k->lock);
    buf_release(&why);
}

size_t keeper_hand_back(struct keeper *k, struct coordinator *c, struct str reason)
{
    struct held working[KEEPER_MAX];
    size_t n = 0, done = 0;
    struct buf why = WHY_INIT;

    pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < k->n; i++)
        if (k->held[i].working && !k->held[i].lost)
            working[n++] = k->held[i];
    pthread_mutex_unlock(&k->lock);
    while (done < n &&
           !coordinator_release(c, working[done].job_id, working[done].token, reason, &why))
        done++;
    if (done < n)
        log_unusual("jobs_not_handed_back", "jobs=%zu why=%s", n - done, buf_z(&why));
    buf_release(&why);
    return done;
}

static void *keep(void *ctx)
{
    struct keeper *k = ctx;
    uint64_t beat_ms = clock_mono_ms() + HEARTBEAT_MS;

    for (;;) {
        struct held one;

        clock_sleep_ms(TICK_MS);
        while (due(k, clock_mono_ms(), &one))
            renew(k, &one);
        if (clock_mono_ms() >= beat_ms) {
            /* A coordinator that is away hears the next one. */
            (void)!coordinator_heartbeat(k->coordinator, &k->who, false, NULL);
            beat_ms = clock_mono_ms() + HEARTBEAT_MS;
        }
    }
    return NULL;
}

enum err keeper_start(const char *coordinator_url, struct str token, struct pass *pass,
                      const struct worker_name *who, struct keeper **out, struct buf *why)
{
    struct keeper *k = mem_new(struct keeper);

    k->coordinator = coordinator_new(coordinator_url, token, pass);
    coordinator_patience(k->coordinator, CALL_MS);
    k->who = *who;
    pthread_mutex_init(&k->lock, NULL);
    if (pthread_create(&k->thread, NULL, keep, k)) {
        coordinator_free(k->coordinator);
        mem_free(k);
        return err_put(why, ERR_IO, "cannot start a thread");
    }
    *out = k;
    return ERR_OK;
}
