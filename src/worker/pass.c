/* pass.c — see pass.h. */
#include "worker/pass.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define PAUSE_MS 500 /* between two tries that fail */

struct pass {
    struct tee_who who;
    pthread_mutex_t lock; /* held while a session is entered: whoever waits needs it too */
    char session[TEE_SESSION_MAX + 1];
    char fault[WHY_MAX + 1]; /* of the last try; empty: it was none */
    uint64_t again_ms;       /* when it may be tried again */
};

struct pass *pass_new(const struct near_key *key, struct str contract_id)
{
    struct pass *p = mem_new(struct pass);

    p->who = (struct tee_who){.key = key, .contract_id = contract_id};
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void pass_quoted(struct pass *p, const struct quoted_box *q)
{
    pthread_mutex_lock(&p->lock);
    p->who.quoted = q;
    pthread_mutex_unlock(&p->lock);
}

void pass_get(struct pass *p, char out[TEE_SESSION_MAX + 1])
{
    pthread_mutex_lock(&p->lock);
    memcpy(out, p->session, sizeof(p->session));
    pthread_mutex_unlock(&p->lock);
}

/* Under the lock. */
static void enter(struct pass *p, const struct tee_door *door)
{
    struct buf fault = BUF_OVER(p->fault), why = WHY_INIT;
    char session[TEE_SESSION_MAX + 1];
    struct x25519_key box; /* the coordinator seals nothing */
    enum err e = tee_enter(door, &p->who, &box, session, &why);

    mem_wipe(&box, sizeof(box));
    if (e) {
        if (!str_eqz(buf_str(&why), p->fault))
            log_info("no_session", "why=%s", buf_z(&why)); /* once, not twice a second */
        memset(p->fault, 0, sizeof(p->fault));
        buf_add_str(&fault, buf_str(&why));
        p->again_ms = clock_mono_ms() + PAUSE_MS;
    } else {
        memset(p->fault, 0, sizeof(p->fault));
        memcpy(p->session, session, sizeof(session));
        log_info("session", "with=coordinator");
    }
    buf_release(&why);
}

enum err pass_renew(struct pass *p, const char *old, const struct tee_door *door, struct buf *why)
{
    enum err e = ERR_OK;

    pthread_mutex_lock(&p->lock);
    if (strcmp(p->session, old) == 0) {
        if (clock_mono_ms() >= p->again_ms)
            enter(p, door);
        if (p->fault[0])
            e = err_put(why, ERR_UPSTREAM, "there is no session with the coordinator: %s",
                        p->fault);
    }
    pthread_mutex_unlock(&p->lock);
    return e;
}
