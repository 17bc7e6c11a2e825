/* conns.c — see conns.h. */
#include "http/conns.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"

void conns_init(struct conns *s, size_t max)
{
    *s = (struct conns){.max = max};
    pthread_mutex_init(&s->lock, NULL);
}

void conns_release(struct conns *s)
{
    pthread_mutex_destroy(&s->lock);
}

static void end(struct conn *c)
{
    shutdown(c->fd, SHUT_RDWR);
    c->ended = true;
}

/* The stranger that has kept us waiting for longest, but not for an answer of ours. */
static struct conn *slowest(struct conns *s)
{
    struct conn *found = NULL;

    for (struct conn *c = s->first; c; c = c->next)
        if (!c->known && !c->ended && c->until != CONN_HELD && (!found || c->since <= found->since))
            found = c;
    return found;
}

struct conn *conns_add(struct conns *s, int fd, uint64_t until)
{
    struct conn *c = mem_new(struct conn), *slow;

    c->fd = fd;
    c->since = clock_mono_ms();
    c->until = until;
    pthread_mutex_lock(&s->lock);
    if (++s->n > s->max) {
        slow = slowest(s);
        end(slow ? slow : c);
    }
    c->next = s->first;
    if (c->next)
        c->next->prev = c;
    s->first = c;
    pthread_mutex_unlock(&s->lock);
    return c;
}

void conns_remove(struct conns *s, struct conn *c)
{
    pthread_mutex_lock(&s->lock);
    s->n--;
    if (c->prev)
        c->prev->next = c->next;
    else
        s->first = c->next;
    if (c->next)
        c->next->prev = c->prev;
    pthread_mutex_unlock(&s->lock);
    mem_free(c);
}

void conns_phase(struct conns *s, struct conn *c, uint64_t until)
{
    pthread_mutex_lock(&s->lock);
    c->since = clock_mono_ms();
    c->until = until;
    pthread_mutex_unlock(&s->lock);
}

void conns_known(struct conns *s, struct conn *c, bool known)
{
    pthread_mutex_lock(&s->lock);
    c->known = known;
    pthread_mutex_unlock(&s->lock);
}

void conns_expire(struct conns *s, uint64_t now)
{
    pthread_mutex_lock(&s->lock);
    for (struct conn *c = s->first; c; c = c->next)
        if (!c->ended && c->until <= now)
            end(c);
    pthread_mutex_unlock(&s->lock);
}
