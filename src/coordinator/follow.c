/*
 * follow.c — reading the block stream, block by block, none missed and none taken twice.
 *
 * The position (the next height, and the hash of the block before it) is written in the same
 * transaction as the jobs that a block makes. While blocks have no events it is written once in a
 * while only: reading such a block again does nothing. A height whose answer is `null` was either
 * skipped by the chain or is not there yet: it counts as skipped when a later block was final
 * before we asked. Every block must follow the one before it by hash; a stream of another chain
 * (a local network made anew, a wrong URL) stops the follower and shows in /readyz.
 *
 * Two kinds of server are read the same way: one that holds the request until the block is there
 * (`wait_ms`), and one that answers at once.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "coordinator/coord.h"
#include "coordinator/wait.h"
#include "http/client.h"
#include "storage/records.h"

#define WAIT_MS    1000 /* asked of the server; also how long a stop may take */
#define CALL_MS    15000
#define PAUSE_MS   250 /* after a null that came at once, or a fault */
#define FAULT_MS   1000
#define SAVE_MS    1000 /* the position, while nothing happens */
#define SAVE_AFTER 500  /* blocks */
#define URL_MAX    2048
#define HASH_MAX   64
#define STEP_MS    50

struct follow {
    struct coord *c;
    struct http_client *http;
    struct buf doc;
    uint64_t next;            /* height to read */
    char hash[HASH_MAX + 1];  /* of the block before; "": not known */
    uint64_t last;            /* its height */
    uint64_t final;           /* a height known to be final */
    uint64_t saved_ms, saved; /* when and what position was written */
    struct buf why;
};

static bool stopping(const struct follow *f)
{
    return atomic_load(&f->c->stop);
}

static void pause_ms(const struct follow *f, uint64_t ms)
{
    for (uint64_t t = 0; t < ms && !stopping(f); t += STEP_MS)
        clock_sleep_ms(STEP_MS);
}

/* Say why it does not go on; once, not at every try. */
static void fault(struct follow *f, const char *what)
{
    struct stream *s = &f->c->stream;
    struct buf b;

    coord_lock(f->c);
    if (strncmp(s->fault, what, sizeof(s->fault) - 1) != 0)
        log_unusual("stream_stopped", "height=%llu why=%s", (unsigned long long)f->next, what);
    b = BUF_OVER(s->fault);
    buf_add_str(&b, str_head(str_of(what), sizeof(s->fault) - 1));
    coord_unlock(f->c);
    pause_ms(f, FAULT_MS);
}

/* The server has answered properly. */
static void heard(struct follow *f)
{
    struct stream *s = &f->c->stream;

    coord_lock(f->c);
    if (s->fault[0])
        log_info("stream_goes_on", "height=%llu", (unsigned long long)f->next);
    s->fault[0] = '\0';
    s->heard_ms = now_ms();
    s->height = f->next;
    s->last_final = f->final;
    s->caught_up = f->next > f->final;
    coord_unlock(f->c);
}

static enum err get(struct follow *f, const char *path, unsigned *status)
{
    char url[URL_MAX];
    struct buf b = BUF_OVER(url);
    struct str base = str_of(f->c->neardata_url);

    while (str_ends(base, STR("/")))
        base.len--;
    buf_add_str(&b, base);
    buf_addz(&b, path);
    if (b.full)
        return err_put(&f->why, ERR_FORMAT, "the URL of the block stream is too long");
    buf_clear(&f->doc);
    return http_client_call(f->http,
                            &(struct http_call){.method = "GET",
                                                .url = url,
                                                .timeout_ms = CALL_MS,
                                                .max_body = BLOCK_DOC_MAX,
                                                .max_redirects = 3},
                            status, &f->doc, &f->why);
}

/* Ask for the last final height. */
static enum err learn_final(struct follow *f)
{
    struct arena a = ARENA_INIT;
    struct block_events b = {0};
    unsigned status = 0;
    enum err e = get(f, "/v0/last_block/final", &status);

    if (!e && status != 200)
        e = err_put(&f->why, ERR_UPSTREAM, "the block stream answered %u for its last block",
                    status);
    if (!e)
        e = block_read(buf_str(&f->doc), &f->c->filter, &a, &b, &f->why);
    if (!e && b.head.height > f->final)
        f->final = b.head.height;
    arena_release(&a);
    return e;
}

static enum err cursor_load(struct follow *f, bool *there)
{
    struct db_stmt *s = NULL;
    struct buf b = BUF_OVER(f->hash);
    enum err e;

    coord_lock(f->c);
    e = db_stmt(f->c->db, "SELECT height, hash FROM cursor WHERE name = 'blocks'", &s, &f->why);
    if (!e)
        e = db_step(s, &f->why);
    *there = e == ERR_OK;
    if (!e) {
        f->next = db_u64(s, 0);
        buf_add_str(&b, db_text(s, 1));
        f->last = f->next ? f->next - 1 : 0;
    }
    db_done(&s);
    coord_unlock(f->c);
    return e == ERR_EMPTY ? ERR_OK : e;
}

/* In the caller's transaction, under the lock. */
static enum err cursor_store(struct follow *f, uint64_t next, struct str hash)
{
    return db_do(f->c->db,
                 "INSERT INTO cursor (name, height, hash) VALUES ('blocks', $1, $2) "
                 "ON CONFLICT (name) DO UPDATE SET height = excluded.height, "
                 "hash = excluded.hash",
                 &f->why, AS_U64(next), AS_TEXT(hash));
}

static enum err take_event(struct follow *f, const struct block_event *ev,
                           const struct block_head *head)
{
    uint64_t id = 0;
    enum err e = ERR_OK;

    switch (ev->kind) {
    case EV_REQUESTED:
        e = jobq_add(f->c->db, ev, head, f->c->deadline_blocks, now_ms(), &id, &f->why);
        if (e == ERR_CONFLICT)
            return ERR_OK;
        if (!e)
            log_info("job_queued", "id=%llu request=%llu block=%llu tx=%.*s",
                     (unsigned long long)id, (unsigned long long)ev->request_id,
                     (unsigned long long)head->height, STR_ARG(ev->tx_hash));
        break;
    case EV_COMPLETED:
        e = jobq_finish(f->c->db, ev, head->height, now_ms(), &f->why);
        if (!e)
            log_info("request_completed", "request=%llu success=%d block=%llu",
                     (unsigned long long)ev->request_id, ev->success,
                     (unsigned long long)head->height);
        break;
    case EV_ERASED:
        e = records_erase(f->c->db, ev->project_uuid, &f->why);
        if (!e)
            log_info("project_storage_erased", "project=%.*s block=%llu", STR_ARG(ev->project_uuid),
                     (unsigned long long)head->height);
        break;
    case EV_UNUSABLE:
        log_unusual("event_unusable", "block=%llu receipt=%.*s why=%.*s",
                    (unsigned long long)head->height, STR_ARG(ev->receipt_id), STR_ARG(ev->reason));
        break;
    }
    return e;
}

/* Everything a block says, and the position after it, or nothing. */
static enum err take_block(struct follow *f, const struct block_events *b)
{
    struct coord *c = f->c;
    struct changed late = {.n = 0};
    enum err e;

    coord_lock(c);
    e = db_begin(c->db, &f->why);
    for (size_t i = 0; !e && i < b->n; i++)
        e = take_event(f, &b->list[i], &b->head);
    if (!e)
        e = jobq_deadline(c->db, b->head.height, now_ms(), &late, &f->why);
    if (!e)
        e = cursor_store(f, b->head.height + 1, b->head.hash);
    e = db_end(c->db, e, &f->why);
    if (!e) {
        for (size_t i = 0; i < b->n; i++)
            if (b->list[i].kind == EV_REQUESTED || b->list[i].kind == EV_COMPLETED)
                waiters_changed(c, b->list[i].request_id);
        waiters_changed_all(c, &late);
        waiters_serve(c);
        f->saved_ms = now_ms();
        f->saved = b->head.height + 1;
    }
    coord_unlock(c);
    return e;
}

static bool follows(const struct follow *f, const struct block_head *h)
{
    if (!f->hash[0])
        return true;
    if (h->prev_height && h->prev_height != f->last)
        return false;
    return str_eqz(h->prev_hash, f->hash);
}

/* A document of height f->next is in f->doc. */
static void read_block(struct follow *f)
{
    struct arena a = ARENA_INIT;
    struct block_events b = {0};
    struct buf hash;
    enum err e = block_read(buf_str(&f->doc), &f->c->filter, &a, &b, &f->why);

    if (e == ERR_EMPTY) {
        /* Skipped if something after it was final already when we asked. */
        if (f->final > f->next) {
            f->next++;
            heard(f);
        } else if (learn_final(f)) {
            fault(f, buf_z(&f->why));
        } else {
            heard(f);
            if (f->final <= f->next)
                pause_ms(f, PAUSE_MS);
        }
        goto out;
    }
    if (e) {
        fault(f, buf_z(&f->why));
        goto out;
    }
    if (b.head.height == f->next && f->next > f->last + 1 && !follows(f, &b.head)) {
        /* Taken as skipped, a block was not: who answered `null` lagged behind the others. */
        f->next = f->last + 1;
        fault(f, "the block stream left out a block; asking for it again");
        goto out;
    }
    if (b.head.height != f->next || !follows(f, &b.head)) {
        fault(f, "the block stream is not of the chain that was read before: check its URL, or "
                 "start with a new database");
        goto out;
    }
    if (b.n || f->saved_ms + SAVE_MS < now_ms() || f->saved + SAVE_AFTER < b.head.height) {
        e = take_block(f, &b);
        if (e) {
            fault(f, buf_z(&f->why)); /* and the same block again */
            goto out;
        }
    }
    f->last = b.head.height;
    hash = BUF_OVER(f->hash);
    buf_clear(&hash);
    buf_add_str(&hash, b.head.hash);
    f->next = b.head.height + 1;
    if (f->final < b.head.height)
        f->final = b.head.height;
    heard(f);
out:
    arena_release(&a);
}

/* Where to begin: the stored position, else what was asked for, else the chain's head. */
static bool begin(struct follow *f)
{
    bool there = false;

    while (!stopping(f)) {
        if (cursor_load(f, &there) || learn_final(f)) {
            fault(f, buf_z(&f->why));
            continue;
        }
        if (!there)
            f->next = f->c->has_start ? f->c->start_height : f->final;
        log_info("stream_begins", "height=%llu final=%llu stored=%d", (unsigned long long)f->next,
                 (unsigned long long)f->final, there);
        heard(f);
        return true;
    }
    return false;
}

static void next_block(struct follow *f)
{
    char path[96];
    unsigned status = 0;
    enum err e;

    snprintf(path, sizeof(path), "/v0/block/%llu?wait_ms=%d", (unsigned long long)f->next, WAIT_MS);
    e = get(f, path, &status);
    if (stopping(f))
        return;
    if (e) {
        fault(f, buf_z(&f->why));
    } else if (status == 404) {
        /* Not there yet, and farther ahead than the server holds requests for. */
        heard(f);
        pause_ms(f, PAUSE_MS);
    } else if (status != 200) {
        err_put(&f->why, ERR_UPSTREAM, "the block stream answered with status %u", status);
        fault(f, buf_z(&f->why));
    } else {
        read_block(f);
    }
}

void *follow_main(void *coord)
{
    struct follow f = {
        .c = coord, .http = http_client_new(), .doc = BUF_INIT(BLOCK_DOC_MAX), .why = WHY_INIT};

    if (begin(&f))
        while (!stopping(&f))
            next_block(&f);
    buf_release(&f.doc);
    buf_release(&f.why);
    http_client_free(f.http);
    return NULL;
}
