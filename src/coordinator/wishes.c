#include "coordinator/wishes.h"

#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "coordinator/attestation.h"
#include "coordinator/reply.h"
#include "coordinator/throttle.h"

#define WORKERS_KNOWN 64

struct wish {
    struct hash256 digest;
    uint8_t nonce[32];
    size_t nonce_len; /* 32, or 0: over the record */
    char worker[JOB_WORKER_MAX + 1];
    uint64_t told_ms; /* 0: not yet */
};

/* A request that is held: of a worker for a wish, or of somebody for a quote. */
struct held {
    struct held *next;
    struct http_req *r;
    bool of_worker;
    uint64_t who; /* of an asker: throttle.h */
    char worker[JOB_WORKER_MAX + 1];
    struct hash256 digest;
    uint8_t nonce[32];
    size_t nonce_len;
    uint64_t job_id;
    enum statement_kind kind;
};

struct wishes {
    struct wish list[WISHES_MAX];
    size_t n;
    struct held *held;
    struct {
        char id[JOB_WORKER_MAX + 1];
        uint64_t asked_ms;
    } worker[WORKERS_KNOWN];
    uint64_t second, taken; /* wishes taken on in this second */
};

struct wishes *wishes_new(void)
{
    return mem_new(struct wishes);
}

void wishes_free(struct wishes *w)
{
    if (!w)
        return;
    BUG_ON(w->held);
    mem_free(w);
}

static void copy_id(char out[JOB_WORKER_MAX + 1], struct str s)
{
    s = str_head(s, JOB_WORKER_MAX);
    memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
}

/* ------------------------------------------------------------------ those who wait */

static bool same(const struct hash256 *a, const uint8_t *an, size_t alen, const struct hash256 *b,
                 struct str nonce)
{
    return hash_eq(a, b) && str_eq(str_from(an, alen), nonce);
}

static void wish_drop(struct wishes *w, const struct hash256 *digest, struct str nonce)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->n; i++)
        if (!same(&w->list[i].digest, w->list[i].nonce, w->list[i].nonce_len, digest, nonce))
            w->list[kept++] = w->list[i];
    w->n = kept;
}

/* A wish that nobody waits for any more is none: its worker may never come back for it. */
static void ask_dropped(struct wishes *w, const struct held *gone)
{
    const struct str nonce = str_from(gone->nonce, gone->nonce_len);

    for (const struct held *h = w->held; h; h = h->next)
        if (!h->of_worker && same(&h->digest, h->nonce, h->nonce_len, &gone->digest, nonce))
            return;
    wish_drop(w, &gone->digest, nonce);
}

static bool on_end(void *ctx, struct http_req *r)
{
    struct coord *c = ctx;
    bool mine = false;

    coord_lock(c);
    for (struct held **at = &c->wishes->held; *at; at = &(*at)->next) {
        struct held *h = *at;

        if (h->r != r)
            continue;
        *at = h->next;
        if (!h->of_worker)
            ask_dropped(c->wishes, h);
        mem_free(h);
        mine = true;
        break;
    }
    coord_unlock(c);
    return mine;
}

static struct held *hold(struct coord *c, struct http_req *r, uint64_t ms, unsigned status)
{
    struct held *h = mem_new(struct held);

    h->r = r;
    h->next = c->wishes->held;
    c->wishes->held = h;
    http_hold(r, ms, status, on_end, c);
    return h;
}

/* Gives the request and forgets that it was held. */
static struct http_req *let_go(struct held **at)
{
    struct held *h = *at;
    struct http_req *r = h->r;

    *at = h->next;
    mem_free(h);
    return r;
}

/* ------------------------------------------------------------------ workers */

static void worker_asks(struct wishes *w, struct str id)
{
    size_t oldest = 0;

    for (size_t i = 0; i < WORKERS_KNOWN; i++) {
        if (str_eqz(id, w->worker[i].id)) {
            oldest = i;
            break;
        }
        if (w->worker[i].asked_ms < w->worker[oldest].asked_ms)
            oldest = i;
    }
    copy_id(w->worker[oldest].id, id);
    w->worker[oldest].asked_ms = now_ms();
}

static bool worker_there(const struct wishes *w, struct str id)
{
    for (size_t i = 0; i < WORKERS_KNOWN; i++)
        if (str_eqz(id, w->worker[i].id))
            return now_ms() - w->worker[i].asked_ms < WISH_WORKER_MS;
    return false;
}

static void wish_put(const struct wish *w, struct buf *b)
{
    json_obj(b);
    json_key(b, "digest");
    json_str_open(b);
    hash_put_hex(b, &w->digest);
    json_str_close(b);
    json_key(b, "nonce");
    if (w->nonce_len) {
        json_str_open(b);
        hex_put(b, w->nonce, w->nonce_len);
        json_str_close(b);
    } else {
        json_put_null(b);
    }
    json_obj_end(b);
}

/* The oldest wish for this worker that it was not told lately. */
static struct wish *due(struct wishes *w, struct str worker)
{
    uint64_t now = now_ms();

    for (size_t i = 0; i < w->n; i++)
        if (str_eqz(worker, w->list[i].worker) && now - w->list[i].told_ms >= WISH_AGAIN_MS)
            return &w->list[i];
    return NULL;
}

static void tell(struct http_req *r, struct wish *w)
{
    char room[256];
    struct buf b = BUF_OVER(room);

    wish_put(w, &b);
    w->told_ms = now_ms();
    reply_json(r, 200, &b);
}

void wish_next(struct coord *c, struct http_req *r, struct str worker, uint64_t ms)
{
    struct wish *w = due(c->wishes, worker);
    struct held *h;

    worker_asks(c->wishes, worker);
    if (w) {
        tell(r, w);
        return;
    }
    h = hold(c, r, ms, 204);
    h->of_worker = true;
    copy_id(h->worker, worker);
}

static void serve_workers(struct coord *c)
{
    struct held **at = &c->wishes->held;

    while (*at) {
        struct held *h = *at;
        struct wish *w = h->of_worker ? due(c->wishes, str_of(h->worker)) : NULL;

        if (w)
            tell(let_go(at), w);
        else
            at = &h->next;
    }
}

/* ------------------------------------------------------------------ askers */

static enum err add(struct wishes *w, const struct statement_row *s, struct str worker,
                    struct str nonce, struct buf *why)
{
    uint64_t second = now_ms() / 1000;
    struct wish *new;

    for (size_t i = 0; i < w->n; i++)
        if (same(&w->list[i].digest, w->list[i].nonce, w->list[i].nonce_len, &s->digest, nonce))
            return ERR_OK;
    if (w->second != second) {
        w->second = second;
        w->taken = 0;
    }
    if (w->n == WISHES_MAX || w->taken == WISHES_PER_S)
        return err_put(why, ERR_BUSY, "too many quotes are asked for; try again in a moment");
    w->taken++;
    new = &w->list[w->n++];
    *new = (struct wish){.digest = s->digest, .nonce_len = nonce.len};
    memcpy(new->nonce, nonce.ptr, nonce.len);
    copy_id(new->worker, worker);
    return ERR_OK;
}

enum err wish_for(struct coord *c, struct http_req *r, const struct statement_row *s,
                  struct str worker, struct str nonce, struct buf *why)
{
    struct str n = nonce.ptr ? nonce : STR("");
    struct held *h;
    enum err e;

    BUG_ON(n.len != 0 && n.len != sizeof h->nonce);
    if (!worker_there(c->wishes, worker))
        return err_put(why, ERR_ABSENT, "the worker that signed it is not here to have it quoted");
    e = add(c->wishes, s, worker, n, why);
    if (e)
        return e;
    h = hold(c, r, QUOTE_WAIT_MS, 503);
    h->who = throttle_who(c->throttle, http_req_peer(r), http_req_header(r, "X-Forwarded-For"));
    h->digest = s->digest;
    h->nonce_len = n.len;
    memcpy(h->nonce, n.ptr, n.len);
    h->job_id = s->job_id;
    h->kind = s->kind;
    serve_workers(c);
    return ERR_OK;
}

size_t wish_askers(const struct coord *c, uint64_t who, size_t *each)
{
    size_t all = 0;

    *each = 0;
    for (const struct held *h = c->wishes->held; h; h = h->next) {
        all += !h->of_worker;
        *each += !h->of_worker && h->who == who;
    }
    return all;
}

static void nonce_reply(struct http_req *r, const struct statement_row *s, struct str nonce,
                        struct str quote)
{
    struct buf b = BUF_INIT(4 * QUOTE_MAX);

    json_obj(&b);
    json_key(&b, "statement_digest");
    json_str_open(&b);
    hash_put_hex(&b, &s->digest);
    json_str_close(&b);
    json_key(&b, "nonce");
    json_str_open(&b);
    hex_put(&b, nonce.ptr, nonce.len);
    json_str_close(&b);
    json_key(&b, "quote");
    json_str_open(&b);
    base64_put(&b, quote.ptr, quote.len);
    json_str_close(&b);
    json_obj_end(&b);
    reply_json(r, 200, &b);
    buf_release(&b);
}

void wish_reply(struct db *d, struct http_req *r, const struct statement_row *s, struct str nonce,
                struct str quote)
{
    struct buf b = BUF_INIT(COORD_BODY_MAX), why = WHY_INIT;
    struct arena a = ARENA_INIT;

    if (nonce.len)
        nonce_reply(r, s, nonce, quote);
    else if (record_write(d, s, quote, &a, &b, &why))
        reply_fault(r, ERR_DB, &why);
    else
        reply_json(r, 200, &b);
    arena_release(&a);
    buf_release(&b);
    buf_release(&why);
}

void wish_granted(struct coord *c, const struct hash256 *digest, struct str nonce,
                  const char *fault)
{
    struct wishes *w = c->wishes;
    struct held **at = &w->held;

    wish_drop(w, digest, nonce);
    while (*at) {
        struct held h = **at;
        struct arena a = ARENA_INIT;
        struct buf why = WHY_INIT;
        struct statement_row s;
        struct http_req *r;
        struct str quote;

        if (h.of_worker || !same(&h.digest, h.nonce, h.nonce_len, digest, nonce)) {
            at = &(*at)->next;
            continue;
        }
        r = let_go(at);
        if (fault)
            reply_error(r, 503, fault);
        else if (statement_of_job(c->db, h.job_id, &h.kind, &a, &s, &why) ||
                 quote_find(c->db, digest, nonce, &a, &quote, &why))
            reply_fault(r, ERR_DB, &why);
        else
            wish_reply(c->db, r, &s, nonce, quote);
        arena_release(&a);
        buf_release(&why);
    }
}
