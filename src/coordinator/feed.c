#include "coordinator/feed.h"

#include "codec/put.h"
#include "coordinator/executions.h"

void feed_start(struct feed *f, uint64_t now_ms)
{
    /* A start comes later than the one before, and changes do not come faster than a thousand a
     * millisecond. */
    f->first = f->last = now_ms * 1000;
}

void feed_note(struct feed *f, uint64_t request_id)
{
    f->last++;
    f->request_id[f->last % FEED_KEPT] = request_id;
    if (f->last - f->first > FEED_KEPT)
        f->first = f->last - FEED_KEPT;
}

static bool listed(const struct feed_news *n, uint64_t request_id)
{
    for (size_t i = 0; i < n->n; i++)
        if (n->request_id[i] == request_id)
            return true;
    return false;
}

bool feed_since(const struct feed *f, uint64_t after, struct feed_news *out)
{
    if (after == f->last)
        return false;
    out->last = f->last;
    out->reset = after < f->first || after > f->last;
    out->n = 0;
    for (uint64_t n = f->last; !out->reset && n > after; n--) {
        uint64_t id = f->request_id[n % FEED_KEPT];

        if (listed(out, id))
            continue;
        if (out->n == FEED_ROWS_MAX)
            out->reset = true;
        else
            out->request_id[out->n++] = id;
    }
    return true;
}

enum err feed_write(const struct feed_news *n, struct db *d, struct buf *out, struct buf *why)
{
    enum err e = ERR_OK;

    json_obj(out);
    put_u64(out, "change", n->last);
    json_key(out, "executions");
    json_arr(out);
    for (size_t i = n->n; i-- && !n->reset && !e;)
        e = newest_write(d, n->request_id[i], out, why);
    json_arr_end(out);
    put_bool(out, "reset", n->reset);
    json_obj_end(out);
    return e;
}
