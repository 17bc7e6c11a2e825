/*
 * follow.c — reading the block stream, block by block, none missed and none taken twice.
 *
 * The position is written in the transaction that writes a block's files; while there are none,
 * once in a while. A height that is `null` was skipped by the chain when a later block is final. A
 * stream may have several servers behind it, of which one lags: so the next block must name the
 * one before it by hash, or we go back to where that was last true.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "fastfs/block.h"
#include "fastfs/gateway.h"
#include "http/client.h"

#define WAIT_MS    1000
#define CALL_MS    60000
#define FAULT_MS   1000
#define PAUSE_MS   500  /* between two questions at the end of the chain */
#define LEARN_NTH  4    /* of them: perhaps the height was skipped */
#define BUSY_MS    5000 /* after "too many requests" */
#define STEP_MS    50
#define LAG_BLOCKS 20          /* that a stream's servers may differ */
#define SAVE_AFTER 200         /* blocks */
#define DOC_KEEP   (16u << 20) /* a larger document's memory is given back */
#define URL_MAX    2048

struct follow {
    struct gateway *g;
    struct http_client *http;
    struct buf doc, why;
    uint64_t next, final, saved;
    unsigned nulls; /* in a row */
    uint64_t last;  /* height of the block whose hash this is: */
    char hash[65];  /* "": not known */
};

static void pause_ms(const struct follow *f, uint64_t ms)
{
    for (uint64_t t = 0; t < ms && !atomic_load(&f->g->stop); t += STEP_MS)
        clock_sleep_ms(STEP_MS);
}

/* Say why it does not go on; once, not at every try. */
static void fault(struct follow *f)
{
    struct gateway_status *s = &f->g->status;
    struct buf b;

    pthread_mutex_lock(&f->g->lock);
    if (strncmp(s->fault, buf_z(&f->why), sizeof(s->fault) - 1) != 0)
        log_unusual("stream_stopped", "height=%llu why=%s", (unsigned long long)f->next,
                    buf_z(&f->why));
    b = BUF_OVER(s->fault);
    buf_add_str(&b, str_head(buf_str(&f->why), sizeof(s->fault) - 1));
    pthread_mutex_unlock(&f->g->lock);
    pause_ms(f, FAULT_MS);
}

/* The stream has answered properly. */
static void heard(struct follow *f)
{
    struct gateway_status *s = &f->g->status;

    pthread_mutex_lock(&f->g->lock);
    if (s->fault[0])
        log_info("stream_goes_on", "height=%llu", (unsigned long long)f->next);
    s->fault[0] = '\0';
    s->heard_ms = clock_mono_ms();
    s->height = f->next;
    s->final = f->final;
    s->files = f->g->kept.n;
    s->bytes = f->g->kept.bytes;
    pthread_mutex_unlock(&f->g->lock);
}

/* The document lies in f->doc. ERR_EMPTY: nothing there. */
static enum err get(struct follow *f, const char *path, struct block *out)
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
    if (f->doc.cap > DOC_KEEP)
        buf_release(&f->doc);
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
    if (!e && status == 429)
        pause_ms(f, BUSY_MS);
    if (!e && status != 200)
        e = err_put(&f->why, ERR_UPSTREAM, "the block stream answered with status %u", status);
    return e ? e : block_read(buf_str(&f->doc), out, &f->why);
}

static enum err get_height(struct follow *f, uint64_t height, unsigned wait_ms, struct block *out)
{
    char path[96];

    snprintf(path, sizeof(path), "/v0/block/%llu?wait_ms=%u", (unsigned long long)height, wait_ms);
    return get(f, path, out);
}

static enum err learn_final(struct follow *f)
{
    struct block b = {0};
    enum err e = get(f, "/v0/last_block/final", &b);

    if (e == ERR_EMPTY)
        e = err_put(&f->why, ERR_UPSTREAM, "the block stream has no last block");
    if (!e && b.height > f->final)
        f->final = b.height;
    if (!e && b.height + LAG_BLOCKS < f->last)
        e = err_put(&f->why, ERR_CONFLICT,
                    "the block stream ends at %llu and was read to %llu before: it lags far "
                    "behind, or another chain has taken its place",
                    (unsigned long long)b.height, (unsigned long long)f->last);
    return e;
}

/* ---- the files of a block ---- */

struct taking {
    struct follow *f;
    uint64_t height;
    size_t files, refused;
};

static bool listed(struct str list, struct str id)
{
    while (list.len) {
        struct str one;

        list = str_cut(list, ',', &one);
        if (str_eq(one, id))
            return true;
    }
    return false;
}

static enum err take_file(void *ctx, struct str sender, struct str receiver,
                          const struct fastfs_call *call)
{
    struct taking *t = ctx;
    struct gateway *g = t->f->g;
    enum err e;

    if (g->only.len && !listed(g->only, sender) && !listed(g->only, receiver))
        return ERR_OK;
    e = files_take(&g->kept, sender, receiver, call, t->height, &t->f->why);
    if (e == ERR_TOO_BIG) {
        t->refused++;
        return ERR_OK;
    }
    if (!e) {
        t->files++;
        log_debug("file", "height=%llu sender=%.*s receiver=%.*s path=%.*s bytes=%zu partial=%d",
                  (unsigned long long)t->height, STR_ARG(sender), STR_ARG(receiver),
                  STR_ARG(call->path), call->content.len, call->partial);
    }
    return e;
}

static enum err take(struct follow *f, const struct block *b)
{
    struct taking t = {.f = f, .height = b->height};
    struct files *files = &f->g->kept;
    size_t malformed = 0;
    enum err e = files_begin(files, &f->why);

    if (!e)
        e = block_files(b, take_file, &t, &malformed);
    if (!e)
        e = files_end(files, b->height + 1, b->hash, &f->why);
    if (e) {
        files_undo(files);
        return e;
    }
    f->saved = b->height;
    if (t.files || t.refused || malformed)
        log_info("block", "height=%llu files=%zu without_room=%zu malformed=%zu",
                 (unsigned long long)b->height, t.files, t.refused, malformed);
    if (t.files || t.refused) {
        pthread_mutex_lock(&f->g->lock);
        if (t.refused && !f->g->status.full)
            log_unusual("full", "height=%llu why=%s", (unsigned long long)b->height,
                        buf_z(&f->why));
        f->g->status.full = t.refused > 0;
        pthread_mutex_unlock(&f->g->lock);
    }
    return ERR_OK;
}

/* ---- one height after the other ---- */

/* It does not follow the block that we know. Heights that we took as skipped may not have been. */
static void other_chain(struct follow *f)
{
    if (f->next > f->last + 1) {
        (void)err_put(&f->why, ERR_CONFLICT,
                      "the block stream left out a block between %llu and %llu; asking again",
                      (unsigned long long)f->last, (unsigned long long)f->next);
        f->next = f->last + 1;
    } else {
        (void)err_put(&f->why, ERR_CONFLICT,
                      "the block stream is not of the chain that was read before: check its URL, "
                      "or start with a new database");
    }
    fault(f);
}

/* No block at this height, or not yet. Some servers hold the question until it is there. */
static void nothing_there(struct follow *f, uint64_t began_ms)
{
    const uint64_t took_ms = clock_mono_ms() - began_ms;

    if (f->final > f->next) {
        f->next++;
    } else {
        if (++f->nulls % LEARN_NTH == 0 && learn_final(f)) {
            f->nulls = LEARN_NTH - 1; /* ask again the next time; until then it is not heard */
            fault(f);
            return;
        }
        if (f->final <= f->next && took_ms < PAUSE_MS)
            pause_ms(f, PAUSE_MS - took_ms);
    }
    heard(f);
}

static void next_block(struct follow *f)
{
    struct block b = {0};
    struct buf hash;
    const uint64_t began_ms = clock_mono_ms();
    enum err e = get_height(f, f->next, WAIT_MS, &b);

    if (e == ERR_EMPTY) {
        nothing_there(f, began_ms);
        return;
    }
    f->nulls = 0;
    if (!e && b.height != f->next)
        e = err_put(&f->why, ERR_UPSTREAM,
                    "the block stream gave block %llu for another that was asked for",
                    (unsigned long long)b.height);
    if (!e && f->hash[0] && !str_eqz(b.prev_hash, f->hash)) {
        other_chain(f);
        return;
    }
    if (!e && (json_type(b.shards) != JSON_ABSENT || b.height - f->saved >= SAVE_AFTER))
        e = take(f, &b);
    if (e) {
        fault(f);
        return;
    }
    hash = BUF_OVER(f->hash);
    buf_clear(&hash);
    buf_add_str(&hash, b.hash);
    f->last = b.height;
    f->next = b.height + 1;
    if (b.height > f->final)
        f->final = b.height;
    heard(f);
}

/* Is the stream of the chain that was read before? */
static enum err same_chain(struct follow *f)
{
    struct block b = {0};
    enum err e;

    if (!f->hash[0] || f->final < f->last)
        return ERR_OK; /* or it lags; then we shall see when it has caught up */
    e = get_height(f, f->last, 0, &b);
    if (e == ERR_EMPTY)
        return ERR_OK;
    if (!e && !str_eqz(b.hash, f->hash))
        e = err_put(&f->why, ERR_CONFLICT,
                    "the block stream is not of the chain that was read before: check its URL, or "
                    "start with a new database");
    return e;
}

static bool begin(struct follow *f)
{
    struct files_at at;

    while (!atomic_load(&f->g->stop)) {
        enum err e = files_position(&f->g->kept, &at, &f->why);

        if (!e && at.known)
            f->last = at.next ? at.next - 1 : 0;
        if (!e)
            e = learn_final(f);
        if (!e) {
            f->next = at.known ? at.next : f->g->has_start ? f->g->start_height : f->final;
            f->saved = f->next;
            f->last = f->next ? f->next - 1 : 0;
            memcpy(f->hash, at.hash, sizeof(f->hash));
            e = same_chain(f);
        }
        if (e) {
            fault(f);
            continue;
        }
        log_info("stream_begins", "height=%llu stored=%d", (unsigned long long)f->next, at.known);
        heard(f);
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
