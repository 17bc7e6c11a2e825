#include "coordinator/ack.h"

#include "base/log.h"
#include "base/mem.h"
#include "coordinator/reply.h"

#define HOLD_MS 60000 /* far longer than any disk takes */

struct ack {
    struct ack *next;
    struct http_req *r;
    struct buf json;
};

/* It is always about to be answered. */
static bool on_end(void *ctx UNUSED, struct http_req *r UNUSED)
{
    return false;
}

void ack_reply(struct coord *c, struct http_req *r, bool held, struct str json)
{
    struct ack *a;

    if (!c->flush) {
        http_reply(r, 200, "application/json", json);
        return;
    }
    a = mem_new(struct ack);
    a->r = r;
    a->json = BUF_INIT(COORD_BODY_MAX);
    buf_add_str(&a->json, json);
    a->next = c->acks;
    c->acks = a;
    if (!held)
        http_hold(r, HOLD_MS, 503, on_end, c);
    pthread_cond_signal(&c->ack_due);
}

static void answer_all(struct ack *list, enum err e)
{
    while (list) {
        struct ack *a = list;

        list = a->next;
        if (e)
            reply_error(a->r, 500, err_text(e));
        else
            http_reply(a->r, 200, "application/json", buf_str(&a->json));
        buf_release(&a->json);
        mem_free(a);
    }
}

void *ack_main(void *coord)
{
    struct coord *c = coord;
    struct buf why = WHY_INIT;

    coord_lock(c);
    while (c->acks || !c->ack_stop) {
        struct ack *list = c->acks;
        enum err e;

        if (!list) {
            pthread_cond_wait(&c->ack_due, &c->lock);
            continue;
        }
        c->acks = NULL;
        coord_unlock(c);
        e = db_flush(c->db, &why);
        if (e)
            log_broken("flush_failed", "%s", buf_z(&why));
        answer_all(list, e);
        coord_lock(c);
    }
    coord_unlock(c);
    buf_release(&why);
    return NULL;
}

void ack_stop(struct coord *c)
{
    coord_lock(c);
    c->ack_stop = true;
    pthread_cond_signal(&c->ack_due);
    coord_unlock(c);
}
