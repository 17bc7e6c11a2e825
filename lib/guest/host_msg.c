/* host_msg.c — see host_msg.h. */
#include "guest/host_msg.h"

#include "codec/wire.h"

static void val_write(struct buf *b, char kind, uint64_t n, struct str s)
{
    switch (kind) {
    case 's':
    case 'l':
        wr_bytes(b, s);
        break;
    case 't':
        wr_u8(b, n != 0);
        break;
    default:
        wr_u64(b, n);
        break;
    }
}

static void val_read(struct rd *r, char kind, size_t max, struct host_val *out)
{
    *out = (struct host_val){0};
    switch (kind) {
    case 's':
        out->s = rd_text(r, max);
        break;
    case 'l':
        out->s = rd_bytes(r, max);
        break;
    case 't':
        out->n = rd_bool(r);
        break;
    default:
        out->n = rd_u64(r);
        break;
    }
}

void host_call_write(struct buf *b, uint64_t run, const struct host_call *c)
{
    const char *kinds = c->fn->params;
    bool option;
    char kind;

    wr_u64(b, run);
    wr_u8(b, (uint8_t)c->fn->face);
    wr_u8(b, (uint8_t)(c->fn - host_faces[c->fn->face].fns));
    for (const struct host_val *v = c->args; (kind = host_kind_next(&kinds, &option)); v++) {
        if (option)
            wr_u8(b, !v->none);
        if (!option || !v->none)
            val_write(b, kind, v->n, v->s);
    }
}

bool host_call_read(struct str body, uint64_t *run, struct host_call *out)
{
    struct rd r = rd_over(body);
    uint64_t of = rd_u64(&r);
    uint8_t face = rd_u8(&r), fn = rd_u8(&r);
    struct host_call c = {0};
    bool option;
    char kind;

    if (r.bad || face >= HOST_FACES || fn >= host_faces[face].nfns)
        return false;
    c.fn = &host_faces[face].fns[fn];
    const char *kinds = c.fn->params;
    for (struct host_val *v = c.args; (kind = host_kind_next(&kinds, &option)); v++) {
        bool none = option && !rd_bool(&r);
        if (!none)
            val_read(&r, kind, HOST_ASK_MAX, v);
        v->none = none;
    }
    if (!rd_end(&r))
        return false;
    *run = of;
    *out = c;
    return true;
}

void host_answer_write(struct buf *b, uint64_t run, const struct host_fn *fn, struct str error,
                       const struct host_reply *r)
{
    wr_u64(b, run);
    wr_bytes(b, str_head(error, HOST_ERROR_MAX));
    for (size_t i = 0; error.len == 0 && fn->results[i]; i++)
        val_write(b, fn->results[i], r->n[i], buf_str(&r->text[i]));
}

bool host_answer_read(struct str body, const struct host_fn *fn, uint64_t *run,
                      struct host_answer *out)
{
    struct rd r = rd_over(body);
    struct host_answer a = {0};
    uint64_t of = rd_u64(&r);

    a.error = rd_text(&r, HOST_ERROR_MAX);
    for (size_t i = 0; a.error.len == 0 && fn->results[i]; i++)
        val_read(&r, fn->results[i], HOST_TOLD_MAX, &a.results[i]);
    if (!rd_end(&r))
        return false;
    *run = of;
    *out = a;
    return true;
}
