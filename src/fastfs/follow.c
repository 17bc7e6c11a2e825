/*
 * follow.c — reading the block stream, block by block, none missed and none taken twice.
 *
 * The position is written in the transaction that writes a block's files; while there are none,
 * once in a while. A height that is `null` was skipped by the chain when a later block is final.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "fastfs/block.h"
#include "fastfs/gateway.h"
#include "http/client.h"

#define WAIT_MS    1000
#define CALL_MS    15000
#define FAULT_MS   1000
#define PAUSE_MS   250
#define STEP_MS    50
#define SAVE_AFTER 200 /* blocks */
#define URL_MAX    2048

struct follow {
    struct gateway *g;
    struct http_client *http;
    struct buf doc, why;
    uint64_t next, final, saved;
    char hash[65]; /* of the block before; "": not known */
};

static void pause_ms(const struct follow *f, uint64_t ms)
{
    for (uint64_t t = 0; t < ms && !atomic_load(&f->g->stop); t += STEP_MS)
        clock_sleep_ms(STEP_MS);
}

static void fault(struct follow *f)
{
    log_unusual("stream_fault", "height=%llu why=%s", (unsigned long long)f->next, buf_z(&f->why));
    pause_ms(f, FAULT_MS);
}

/* ERR_EMPTY: nothing there. */
static enum err get(struct follow *f, const char *path, struct arena *a, struct block *out)
{
    char url[URL_MAX];
    struct buf b = BUF_OVER(url);
    struct str base = str_of(f->g->stream_url);
    unsigned status = 0;
    enum err e;

    while (str_ends(base, STR("/")))
        base.len--;
    buf_add_str(&b, base);
    buf_addz(&b, path);
    if (b.full)
        return err_put(&f->why, ERR_FORMAT, "the URL of the block stream is too long");
    buf_clear(&f->doc);
    e = http_client_call(f->http,
                         &(struct http_call){.method = "GET",
                                             .url = url,
                                             .timeout_ms = CALL_MS,
                                             .max_body = BLOCK_DOC_MAX,
                                             .max_redirects = 3},
                         &status, &f->doc, &f->why);
    if (!e && status == 404)
        return ERR_EMPTY;
    if (!e && status != 200)
        e = err_put(&f->why, ERR_UPSTREAM, "the block stream answered with status %u", status);
    return e ? e : block_read(buf_str(&f->doc), a, out, &f->why);
}

static enum err learn_final(struct follow *f)
{
    struct arena a = ARENA_INIT;
    struct block b = {0};
    enum err e = get(f, "/v0/last_block/final", &a, &b);

    if (!e && b.height > f->final)
        f->final = b.height;
    arena_release(&a);
    return e;
}

static enum err take(struct follow *f, const struct block *b)
{
    struct files *files = &f->g->files;
    enum err e;

    pthread_mutex_lock(&f->g->lock);
    e = files_begin(files, &f->why);
    for (size_t i = 0; !e && i < b->n; i++) {
        const struct block_file *x = &b->list[i];

        e = files_take(files, x->sender, x->receiver, &x->call, b->height, &f->why);
        if (e == ERR_TOO_BIG) {
            log_unusual("file_not_kept", "sender=%.*s path=%.*s why=%s", STR_ARG(x->sender),
                        STR_ARG(x->call.path), buf_z(&f->why));
            e = ERR_OK;
        } else if (!e) {
            log_info("file", "height=%llu sender=%.*s receiver=%.*s path=%.*s bytes=%zu partial=%d",
                     (unsigned long long)b->height, STR_ARG(x->sender), STR_ARG(x->receiver),
                     STR_ARG(x->call.path), x->call.content.len, x->call.partial);
        }
    }
    if (!e)
        e = files_end(files, b->height + 1, b->hash, &f->why);
    else
        files_undo(files);
    pthread_mutex_unlock(&f->g->lock);
    if (!e)
        f->saved = b->height;
    return e;
}

static void next_block(struct follow *f)
{
    struct arena a = ARENA_INIT;
    struct block b = {0};
    char path[96];
    struct buf hash;
    enum err e;

    snprintf(path, sizeof(path), "/v0/block/%llu?wait_ms=%d", (unsigned long long)f->next, WAIT_MS);
    e = get(f, path, &a, &b);
    if (e == ERR_EMPTY) {
        if (f->final > f->next)
            f->next++;
        else if (learn_final(f) || f->final <= f->next)
            pause_ms(f, PAUSE_MS);
    } else if (!e && (b.height != f->next || (f->hash[0] && !str_eqz(b.prev_hash, f->hash)))) {
        (void)err_put(&f->why, ERR_CONFLICT,
                      "the block stream is not of the chain that was read before; check its URL, "
                      "or start with a new database");
        fault(f);
    } else {
        if (!e && (b.n || b.height - f->saved >= SAVE_AFTER))
            e = take(f, &b);
        if (e) {
            fault(f);
        } else {
            hash = BUF_OVER(f->hash);
            buf_clear(&hash);
            buf_add_str(&hash, b.hash);
            f->next = b.height + 1;
            if (b.height > f->final)
                f->final = b.height;
        }
    }
    atomic_store(&f->g->height, f->next);
    arena_release(&a);
}

static bool begin(struct follow *f)
{
    struct files_at at;

    while (!atomic_load(&f->g->stop)) {
        enum err e;

        pthread_mutex_lock(&f->g->lock);
        e = files_position(&f->g->files, &at, &f->why);
        pthread_mutex_unlock(&f->g->lock);
        if (!e)
            e = learn_final(f);
        if (e) {
            fault(f);
            continue;
        }
        f->next = at.known ? at.next : f->g->has_start ? f->g->start_height : f->final;
        f->saved = f->next;
        memcpy(f->hash, at.hash, sizeof(f->hash));
        log_info("stream_begins", "height=%llu stored=%d", (unsigned long long)f->next, at.known);
        return true;
    }
    return false;
}

void *gateway_follow(void *gateway)
{
    struct follow f = {
        .g = gateway, .http = http_client_new(), .doc = BUF_INIT(BLOCK_DOC_MAX), .why = WHY_INIT};

    if (begin(&f))
        while (!atomic_load(&f.g->stop))
            next_block(&f);
    buf_release(&f.doc);
    buf_release(&f.why);
    http_client_free(f.http);
    return NULL;
}
