/* herald.c — see herald.h. */
#include "worker/herald.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "attest/record.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "worker/coordinator.h"

#define GATHER_MS      20   /* from the first news to the call: what comes meanwhile goes with it */
#define GROWING_MS     1000 /* between two tellings of a batch that still grows */
#define IDLE_MS        5000
#define AGAIN_MS       1000
#define AGAIN_MAX_MS   15000
#define AT_ONCE        64 /* statements of one call */
#define BODY_MAX       (12u << 20)
#define ANSWER_MAX     65536
#define WISH_WAIT_MS   30000
#define QUOTE_PAUSE_MS 50 /* the quoting service is shared by the whole machine */
#define PRUNE_MS       3600000

struct herald {
    struct herald_opts o;
    struct coordinator *coordinator, *wishes;
    uint64_t growing_ms, pause_ms, prune_ms; /* of the telling thread */
    pthread_t teller, scribe;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake;
    bool woken;
};

static void put_base64_or_null(struct buf *b, const char *key, struct str bytes)
{
    if (bytes.ptr)
        put_base64(b, key, bytes);
    else
        put_null(b, key);
}

/* ------------------------------------------------------------------ telling */

/*
 * Say it. `*here` is how many statements of the session the coordinator has.
 *
 * ERR_CONFLICT, ERR_ABSENT  it has something else, or does not know the session
 * ERR_FORMAT                it will never take it
 */
static enum err tell(struct herald *h, const char *path, const struct buf *body, uint64_t *here,
                     struct buf *why)
{
    struct buf answer = BUF_INIT(ANSWER_MAX);
    struct json doc;
    unsigned status = 0;
    enum err e = body->full ? err_put(why, ERR_FORMAT, "'%s': too large to be told", path)
                            : coordinator_call(h->coordinator, path, buf_str(body), 0, &status,
                                               &answer, why);

    *here = 0;
    if (!e && json_parse(buf_str(&answer), &doc, NULL))
        (void)!json_u64(json_get(doc, "statements"), here);
    if (!e && status != 200)
        e = err_put(why,
                    status == 409   ? ERR_CONFLICT
                    : status == 404 ? ERR_ABSENT
                    : status / 100 == 4 && status != 401 && status != 408 && status != 429
                        ? ERR_FORMAT
                        : ERR_UPSTREAM,
                    "the coordinator answered '%s' with status %u: %.*s", path, status,
                    STR_ARG(str_head(buf_str(&answer), 200)));
    buf_release(&answer);
    return e;
}

static enum err tell_epoch(struct herald *h, struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct buf b = BUF_INIT(BODY_MAX);
    struct ledger_epoch row;
    uint64_t here;
    enum err e = ledger_next_epoch(h->o.outbox, &a, &row, why);

    if (e)
        goto out;
    json_obj(&b);
    put_hex(&b, "session_id", str_from(row.session.b, sizeof row.session.b));
    put_z(&b, "worker", h->o.worker_id);
    put_bool(&b, "simulated", row.simulated);
    put_base64_or_null(&b, "manifest", row.manifest);
    put_base64_or_null(&b, "quote", row.quote);
    put_text(&b, "event_log", row.event_log);
    put_text(&b, "vm_config", row.vm_config);
    put_text(&b, "app_compose", row.app_compose);
    put_text(&b, "collateral", row.collateral);
    json_obj_end(&b);
    e = tell(h, "/attestations/epochs", &b, &here, why);
    if (e == ERR_FORMAT || e == ERR_CONFLICT) {
        log_broken("epoch_not_taken", "why=%s", buf_z(why));
        e = ERR_OK;
    }
    if (!e)
        e = ledger_told_epoch(h->o.outbox, &row.session, why);
    if (!e)
        e = ledger_told_statements(h->o.outbox, &row.session, here, why);
out:
    buf_release(&b);
    arena_release(&a);
    return e;
}

static void put_statement(struct buf *b, const struct ledger_statement *s)
{
    json_obj(b);
    put_base64_or_null(b, "statement", s->bytes);
    put_hex(b, "signature", str_from(s->sig.b, sizeof s->sig.b));
    put_u64(b, "job_id", s->extra.job_id);
    json_key(b, "created_at");
    json_put_i64(b, s->extra.created_s);
    put_text(b, "attached_usd", s->extra.attached_usd);
    put_base64_or_null(b, "input", s->extra.input);
    put_base64_or_null(b, "delivered", s->extra.delivered);
    json_obj_end(b);
}

static enum err tell_statements(struct herald *h, struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct buf b = BUF_INIT(BODY_MAX);
    struct ledger_statement *list = arena_new_n(&a, struct ledger_statement, AT_ONCE);
    uint64_t here = 0;
    size_t n;
    enum err e = ledger_next_statements(h->o.outbox, AT_ONCE, &a, list, &n, why);

    if (e)
        goto out;
    json_obj(&b);
    put_hex(&b, "session_id", str_from(list->session.b, sizeof list->session.b));
    json_key(&b, "statements");
    json_arr(&b);
    for (size_t i = 0; i < n; i++)
        put_statement(&b, &list[i]);
    json_arr_end(&b);
    json_obj_end(&b);
    e = tell(h, "/attestations/statements", &b, &here, why);
    if (e == ERR_ABSENT) {
        e = ledger_untell(h->o.outbox, &list->session, why);
    } else if (e == ERR_FORMAT || (e == ERR_CONFLICT && here > list->seq)) {
        /* It says no, and would again: the chain there ends here, and shows it. */
        log_broken("statement_not_taken", "seq=%llu why=%s", (unsigned long long)list->seq,
                   buf_z(why));
        here = list[n - 1].seq + 1;
        e = ERR_OK;
    }
    if (!e || e == ERR_CONFLICT)
        e = ledger_told_statements(h->o.outbox, &list->session, here, why);
out:
    buf_release(&b);
    arena_release(&a);
    return e;
}

static enum err tell_batch(struct herald *h, struct buf *why)
{
    bool closed_only = clock_mono_ms() < h->growing_ms;
    struct arena a = ARENA_INIT;
    struct buf b = BUF_INIT(BODY_MAX);
    struct ledger_batch row;
    uint64_t here;
    enum err e = ledger_next_batch(h->o.outbox, closed_only, &a, &row, why);

    if (e)
        goto out;
    if (!row.closed)
        h->growing_ms = clock_mono_ms() + GROWING_MS;
    json_obj(&b);
    put_base64_or_null(&b, "head", row.head);
    put_hex(&b, "signature", str_from(row.sig.b, sizeof row.sig.b));
    put_bool(&b, "closed", row.closed);
    if (row.anchor_tx.ptr) {
        put_text(&b, "transaction", row.anchor_tx);
        put_text(&b, "contract", h->o.registrar ? h->o.registrar->contract : STR_NONE);
        put_u64(&b, "block_height", row.anchor_height);
    }
    json_obj_end(&b);
    e = tell(h, "/attestations/batches", &b, &here, why);
    if (e == ERR_ABSENT) {
        /* Statements of it are missing there: from where it has them, again. */
        e = here ? ledger_told_statements(h->o.outbox, &row.session, here, why)
                 : ledger_untell(h->o.outbox, &row.session, why);
        goto out;
    }
    if (e == ERR_FORMAT || e == ERR_CONFLICT) {
        log_broken("batch_not_taken", "first=%llu why=%s", (unsigned long long)row.first_seq,
                   buf_z(why));
        e = ERR_OK;
    }
    if (!e)
        e = ledger_told_batch(h->o.outbox, &row, why);
out:
    buf_release(&b);
    arena_release(&a);
    return e;
}

static enum err anchor_one(struct herald *h, struct buf *why)
{
    const struct notary_register *r = h->o.registrar;
    struct arena a = ARENA_INIT;
    struct ledger_batch row;
    enum err e = r ? ledger_unanchored(h->o.outbox, &a, &row, why) : ERR_EMPTY;

    if (!e) {
        bool before = row.sent.ptr != NULL;

        if (!before) {
            e = r->sign(r->ctx, &row, &a, why);
            if (!e)
                e = ledger_sent(h->o.outbox, &row, why);
        }
        if (!e)
            e = r->anchor(r->ctx, &row, before, &a, why);
        if (e == ERR_ABSENT) {
            row.sent = STR_NONE;
            if (ledger_sent(h->o.outbox, &row, why) == ERR_OK)
                e = ERR_UPSTREAM; /* after a pause, another one */
        } else if (e == ERR_DENIED) {
            log_unusual("batch_not_anchored", "first=%llu count=%llu why=%s",
                        (unsigned long long)row.first_seq, (unsigned long long)row.count,
                        buf_z(why));
            e = ledger_give_up(h->o.outbox, &row, why);
        } else if (!e) {
            e = ledger_anchored(h->o.outbox, &row, why);
        }
    }
    arena_release(&a);
    return e;
}

static void wait_for_news(struct herald *h, uint64_t ms)
{
    uint64_t until = clock_mono_ms() + ms;
    struct timespec at = {.tv_sec = (time_t)(until / 1000),
                          .tv_nsec = (long)(until % 1000) * 1000000};

    pthread_mutex_lock(&h->lock);
    while (!h->woken && clock_mono_ms() < until)
        if (pthread_cond_timedwait(&h->wake, &h->lock, &at))
            break;
    h->woken = false;
    pthread_mutex_unlock(&h->lock);
}

/* All that there is to tell; ERR_EMPTY: done. */
static enum err tell_all(struct herald *h, struct buf *why)
{
    static enum err (*const tellings[])(struct herald *, struct buf *) = {
        tell_epoch, tell_statements, tell_batch, anchor_one};

    for (size_t i = 0; i < countof(tellings); i++) {
        enum err e;

        do {
            buf_clear(why);
            e = tellings[i](h, why);
        } while (!e);
        if (e != ERR_EMPTY)
            return e;
    }
    return ERR_EMPTY;
}

static void prune(struct herald *h)
{
    struct buf why = WHY_INIT;

    if (clock_mono_ms() >= h->prune_ms) {
        h->prune_ms = clock_mono_ms() + PRUNE_MS;
        if (ledger_prune(h->o.outbox, clock_unix_ns() / 1000000, &why))
            log_unusual("ledger_not_pruned", "why=%s", buf_z(&why));
    }
    buf_release(&why);
}

static void *teller(void *ctx)
{
    struct herald *h = ctx;
    struct buf why = WHY_INIT;

    for (;;) {
        enum err e = tell_all(h, &why);

        if (e == ERR_EMPTY) {
            h->pause_ms = 0;
            prune(h);
            wait_for_news(h, clock_mono_ms() < h->growing_ms ? GROWING_MS : IDLE_MS);
            clock_sleep_ms(GATHER_MS);
            continue;
        }
        h->pause_ms = h->pause_ms ? h->pause_ms * 2 : AGAIN_MS;
        if (h->pause_ms > AGAIN_MAX_MS)
            h->pause_ms = AGAIN_MAX_MS;
        log_unusual("evidence_not_told", "again_ms=%llu why=%s", (unsigned long long)h->pause_ms,
                    buf_z(&why));
        clock_sleep_ms(h->pause_ms);
    }
    return NULL;
}

/* ------------------------------------------------------------------ quotes on request */

struct wish {
    struct hash256 digest;
    bool has_nonce;
    uint8_t nonce[32];
};

static enum err wish_read(struct str text, struct wish *out)
{
    struct json doc, nonce;
    struct str hex;

    if (!json_parse(text, &doc, NULL) || !json_plain(json_get(doc, "digest"), &hex) ||
        !hash_from_hex(hex, &out->digest))
        return ERR_FORMAT;
    nonce = json_get(doc, "nonce");
    out->has_nonce = !json_is_null(nonce);
    if (out->has_nonce &&
        (!json_plain(nonce, &hex) || !hex_get(hex, out->nonce, sizeof out->nonce)))
        return ERR_FORMAT;
    return ERR_OK;
}

/* What the quote must carry, from our own copy of the statement. */
static enum err wished_data(struct herald *h, const struct wish *w, uint8_t data[64],
                            struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct statement *read = arena_new(&a, struct statement);
    struct ledger_statement s;
    struct record r;
    enum err e = ledger_find(h->o.outbox, &w->digest, &a, &s, why);

    if (!e && w->has_nonce) {
        statement_quote_data(&w->digest, w->nonce, data);
    } else if (!e) {
        e = statement_read(s.bytes, read, why);
        if (!e) {
            record_of_statement(read, (int64_t)s.extra.job_id, s.extra.created_s,
                                s.extra.attached_usd, &a, &r);
            e = record_report_data(&r, data, why);
        }
    }
    arena_release(&a);
    return e;
}

static void fulfil(struct herald *h, const struct wish *w)
{
    struct buf b = BUF_INIT(BODY_MAX), answer = BUF_INIT(ANSWER_MAX), why = WHY_INIT;
    struct evidence ev;
    uint8_t data[64];
    unsigned status;
    enum err e = wished_data(h, w, data, &why);

    evidence_init(&ev);
    if (!e)
        e = quote_source_get(h->o.source, data, &ev, &why);
    json_obj(&b);
    put_hex(&b, "digest", str_from(w->digest.b, sizeof w->digest.b));
    json_key(&b, "nonce");
    if (w->has_nonce) {
        json_str_open(&b);
        hex_put(&b, w->nonce, sizeof w->nonce);
        json_str_close(&b);
    } else {
        json_put_null(&b);
    }
    if (e)
        put_text(&b, "error", buf_str(&why));
    else
        put_base64_or_null(&b, "quote", buf_str(&ev.quote));
    json_obj_end(&b);
    if (e)
        log_unusual("no_quote", "why=%s", buf_z(&why));
    if (coordinator_call(h->wishes, "/attestations/quotes", buf_str(&b), 0, &status, &answer, &why))
        log_unusual("quote_not_told", "why=%s", buf_z(&why));
    evidence_release(&ev);
    buf_release(&b);
    buf_release(&answer);
    buf_release(&why);
}

static void *scribe(void *ctx)
{
    struct herald *h = ctx;
    char room[256];
    struct buf body = BUF_OVER(room), answer = BUF_INIT(ANSWER_MAX), why = WHY_INIT;

    json_obj(&body);
    put_z(&body, "worker", h->o.worker_id);
    put_u64(&body, "wait_ms", WISH_WAIT_MS);
    json_obj_end(&body);
    for (;;) {
        struct wish w;
        unsigned status = 0;
        enum err e;

        buf_clear(&answer);
        buf_clear(&why);
        e = coordinator_call(h->wishes, "/attestations/wishes", buf_str(&body), WISH_WAIT_MS,
                             &status, &answer, &why);
        if (!e && status == 200 && !wish_read(buf_str(&answer), &w)) {
            fulfil(h, &w);
            clock_sleep_ms(QUOTE_PAUSE_MS);
        } else if (e || status != 204) {
            clock_sleep_ms(AGAIN_MS); /* the teller says what is wrong with the coordinator */
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ starting */

enum err herald_start(const struct herald_opts *o, struct herald **out, struct buf *why)
{
    struct herald *h = mem_new(struct herald);
    pthread_condattr_t attr;

    h->o = *o;
    h->coordinator = coordinator_new(o->coordinator_url, o->token, o->pass);
    h->wishes = coordinator_new(o->coordinator_url, o->token, o->pass);
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->wake, &attr);
    pthread_condattr_destroy(&attr);
    *out = h;
    if (pthread_create(&h->teller, NULL, teller, h) || pthread_create(&h->scribe, NULL, scribe, h))
        return err_put(why, ERR_IO, "cannot start a thread");
    return ERR_OK;
}

void herald_wake(struct herald *h)
{
    pthread_mutex_lock(&h->lock);
    h->woken = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
}
