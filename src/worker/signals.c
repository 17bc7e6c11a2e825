/* signals.c — see signals.h. */
#include "worker/signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/self.h"

#define TICK_MS 20   /* while it ends */
#define CALL_MS 1000 /* so that a coordinator that hangs does not keep us from ending */
#define MB      (1024 * 1024)

struct signals {
    struct signals_opts o;
    int fd;
    struct coordinator *coordinator;
    pthread_t thread;
    pthread_mutex_t lock; /* of the two below and of what is made of the settings */
    struct slots *slots;
    struct courier *courier;
};

/* `s->lock` is held. */
static enum err settings_apply(struct signals *s, struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct settings now = s->o.given;
    enum err e = settings_read(s->o.settings_file, &a, &now, why);

    if (!e && s->slots)
        e = slots_set(s->slots, settings_slots(&now), settings_owner_slots(&now), why);
    if (!e) {
        builds_at_once(&s->o.runner->builds, settings_builds(&now));
        store_limit(&s->o.runner->store, now.cache_mb * MB);
        places_isolate(s->o.runner->places, settings_fresh_process(&now));
        log_info("settings",
                 "slots=%u owner_slots=%u drain_seconds=%llu cache_mb=%llu builds=%u isolation=%s",
                 settings_slots(&now), settings_owner_slots(&now),
                 (unsigned long long)now.drain_seconds, (unsigned long long)now.cache_mb,
                 settings_builds(&now), settings_fresh_process(&now) ? "run" : "tenant");
    }
    arena_release(&a);
    return e;
}

static void reload(struct signals *s)
{
    struct buf why = WHY_INIT;
    enum err e;

    if (!s->o.settings_file) {
        log_unusual("settings_not_read", "why=there is no file: start with --settings FILE");
        return;
    }
    pthread_mutex_lock(&s->lock);
    e = settings_apply(s, &why);
    pthread_mutex_unlock(&s->lock);
    if (e)
        log_unusual("settings_not_read", "nothing is changed; why=%s", buf_z(&why));
    /* Slots that are too many may be waiting for a job. */
    (void)!coordinator_heartbeat(s->coordinator, s->o.who, true, NULL);
    buf_release(&why);
}

NORETURN static void leave(struct signals *s)
{
    size_t n = keeper_hand_back(s->o.keeper, s->coordinator, STR("shutdown"));

    log_info("stopped", "handed_back=%zu", n);
    fflush(NULL);
    /* Children die with us; what the other threads are at is made for being cut off. */
    _exit(0);
}

/* Nothing runs, no job can come, no answer is on its way. */
static bool finished(struct signals *s, bool recalled)
{
    struct slots_use use = slots_use(s->slots);

    return !use.working && (!use.asking || !recalled) && !courier_open(s->courier);
}

NORETURN static void drain(struct signals *s, struct slots *slots)
{
    struct arena a = ARENA_INIT;
    struct settings now = s->o.given;
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    struct signalfd_siginfo info;
    struct slots_use use;
    uint64_t until;
    bool recalled;

    /* A file that cannot be read now does not keep us from ending. */
    (void)!settings_read(s->o.settings_file, &a, &now, NULL);
    arena_release(&a);
    until = clock_mono_ms() + now.drain_seconds * 1000;
    slots_drain(slots);
    use = slots_use(slots);
    if (use.working && now.drain_seconds)
        log_info("draining", "jobs=%u seconds=%llu", use.working,
                 (unsigned long long)now.drain_seconds);
    /* Where the coordinator does not answer, no job can come from it either. */
    recalled = !coordinator_heartbeat(s->coordinator, s->o.who, true, NULL);
    while (clock_mono_ms() < until && !finished(s, recalled)) {
        if (poll(&p, 1, TICK_MS) > 0 && read(s->fd, &info, sizeof(info)) > 0 &&
            info.ssi_signo != SIGHUP)
            break;
    }
    leave(s);
}

static void *watch(void *ctx)
{
    struct signals *s = ctx;

    for (;;) {
        struct signalfd_siginfo info;
        struct slots *slots;

        if (read(s->fd, &info, sizeof(info)) <= 0)
            continue;
        if (info.ssi_signo == SIGHUP) {
            reload(s);
            continue;
        }
        pthread_mutex_lock(&s->lock);
        slots = s->slots;
        pthread_mutex_unlock(&s->lock);
        if (slots)
            drain(s, slots);
        leave(s);
    }
    return NULL;
}

enum err signals_block(int *fd, struct buf *why)
{
    static const int list[] = {SIGTERM, SIGINT, SIGHUP};

    return self_signal_fd_of(list, countof(list), fd, why);
}

enum err signals_start(const struct signals_opts *o, int fd, struct signals **out, struct buf *why)
{
    struct signals *s = mem_new(struct signals);

    s->o = *o;
    s->fd = fd;
    s->coordinator = coordinator_new(o->coordinator_url, o->token, o->pass);
    coordinator_patience(s->coordinator, CALL_MS);
    pthread_mutex_init(&s->lock, NULL);
    if (pthread_create(&s->thread, NULL, watch, s)) {
        coordinator_free(s->coordinator);
        mem_free(s);
        return err_put(why, ERR_IO, "cannot start a thread");
    }
    *out = s;
    return ERR_OK;
}

enum err signals_serve(struct signals *s, struct slots *slots, struct courier *courier,
                       struct buf *why)
{
    enum err e;

    pthread_mutex_lock(&s->lock);
    s->courier = courier;
    s->slots = slots;
    e = settings_apply(s, why);
    pthread_mutex_unlock(&s->lock);
    return e;
}
