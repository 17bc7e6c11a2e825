/*
 * neardata.c — the block stream, in the form of neardata (github.com/fastnear/neardata-server).
 *
 *     GET /v0/block/{height}[/headers|/chunk/0|/shard/0]   one block; `null` for a skipped height
 *     GET /v0/block_opt/{height}                           the same: the head is final here
 *     GET /v0/last_block/final | optimistic                302 to the head
 *     GET /v0/first_block                                  302 to the block after genesis
 *
 * A block that is not there yet is waited for: a height up to ten above the head for as long as the
 * original does, then 404. With ?wait_ms=N (an addition) any such height is waited for at most N
 * ms, then the answer is `null`.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "codec/put.h"
#include "devnet/rpc_internal.h"
#include "devnet/view.h"

#define AHEAD_MAX     10 /* heights above the head that are waited for */
#define HEIGHT_ABSURD UINT64_C(1000000000000)
#define SECOND_MS     1000

enum part { PART_ALL, PART_HEADERS, PART_CHUNK, PART_SHARD };

struct question {
    uint64_t height;
    enum part part;
    bool waits; /* wait_ms was given */
    uint64_t wait_ms;
};

/* ------------------------------------------------------------------ the document */

static void put_chunk(struct buf *b, struct reader *r, struct arena *a, const struct block *x)
{
    json_obj(b);
    put_z(b, "author", VALIDATOR_ACCOUNT);
    json_key(b, "header");
    view_chunk_header(b, x);
    json_key(b, "transactions");
    json_arr(b);
    for (size_t i = 0; i < x->outcomes.n && x->outcomes.at[i].is_tx; i++) {
        json_obj(b);
        json_key(b, "transaction");
        view_signed_tx(b, &x->txs.at[x->outcomes.at[i].index]);
        json_key(b, "outcome");
        json_obj(b);
        json_key(b, "execution_outcome");
        view_outcome(b, a, x, i);
        put_null(b, "receipt");
        json_obj_end(b);
        json_obj_end(b);
    }
    json_arr_end(b);
    json_key(b, "receipts");
    view_chunk_receipts(b, r, x, true);
    json_obj_end(b);
}

static int by_id(const void *a, const void *b, void *block)
{
    const struct block *sorting = block;
    const struct hash256 *x = &sorting->outcomes.at[*(const size_t *)a].id;
    const struct hash256 *y = &sorting->outcomes.at[*(const size_t *)b].id;

    return str_cmp(str_from(x->b, sizeof(x->b)), str_from(y->b, sizeof(y->b)));
}

/* Receipts executed in this block, by the bytes of their ids. */
static void put_executed(struct buf *b, struct reader *r, struct arena *a, const struct block *x)
{
    size_t *order = arena_new_n(a, size_t, x->outcomes.n), n = 0;

    for (size_t i = 0; i < x->outcomes.n; i++)
        if (!x->outcomes.at[i].is_tx)
            order[n++] = i;
    qsort_r(order, n, sizeof(order[0]), by_id, (void *)(uintptr_t)x);
    json_arr(b);
    for (size_t i = 0; i < n; i++) {
        const struct receipt *receipt = reader_receipt(r, &x->outcomes.at[order[i]].id);

        json_obj(b);
        json_key(b, "execution_outcome");
        view_outcome(b, a, x, order[i]);
        json_key(b, "receipt");
        if (receipt)
            view_receipt(b, receipt);
        else
            json_put_null(b);
        json_key(b, "tx_hash");
        if (receipt)
            view_hash(b, &receipt->tx_hash);
        else
            json_put_null(b);
        json_obj_end(b);
    }
    json_arr_end(b);
}

static void put_shard(struct buf *b, struct reader *r, struct arena *a, const struct block *x)
{
    json_obj(b);
    put_u64(b, "shard_id", 0);
    json_key(b, "chunk");
    put_chunk(b, r, a, x);
    json_key(b, "receipt_execution_outcomes");
    put_executed(b, r, a, x);
    json_key(b, "state_changes");
    json_arr(b);
    for (size_t i = 0; i < x->changes.n; i++)
        view_change(b, &x->changes.at[i]);
    json_arr_end(b);
    json_obj_end(b);
}

static void put_part(struct buf *b, struct reader *r, struct arena *a, const struct block *x,
                     enum part part)
{
    switch (part) {
    case PART_HEADERS:
        view_block(b, x);
        return;
    case PART_CHUNK:
        put_chunk(b, r, a, x);
        return;
    case PART_SHARD:
        put_shard(b, r, a, x);
        return;
    case PART_ALL:
        break;
    }
    json_obj(b);
    json_key(b, "block");
    view_block(b, x);
    json_key(b, "shards");
    json_arr(b);
    put_shard(b, r, a, x);
    json_arr_end(b);
    json_obj_end(b);
}

/* ------------------------------------------------------------------ questions */

static enum answer refuse(struct buf *b, struct neardata_answer *how, const char *type,
                          const char *text)
{
    how->status = 404;
    json_obj(b);
    put_z(b, "error", text);
    put_z(b, "type", type);
    json_obj_end(b);
    return FAILED;
}

static bool part_of(struct str rest, enum part *out)
{
    static const struct {
        const char *path;
        enum part part;
    } parts[] = {{"", PART_ALL},
                 {"headers", PART_HEADERS},
                 {"chunk/0", PART_CHUNK},
                 {"shard/0", PART_SHARD}};

    for (size_t i = 0; i < countof(parts); i++) {
        if (str_eqz(rest, parts[i].path)) {
            *out = parts[i].part;
            return true;
        }
    }
    return false;
}

/* Time to wait is left for a block that is `ahead` above the head. */
static bool waits(struct memory *mem, const struct question *q, uint64_t ahead)
{
    const uint64_t now = clock_mono_ms();

    if (!q->waits && ahead > AHEAD_MAX)
        return false;
    if (mem->deadline_ms == 0)
        mem->deadline_ms = now + (q->waits ? q->wait_ms : (ahead + 1) * SECOND_MS);
    return now < mem->deadline_ms;
}

static enum answer answer_block(struct chain *chain, const struct question *q, struct memory *mem,
                                struct buf *out, struct neardata_answer *how)
{
    struct reader r;
    struct arena a = ARENA_INIT;
    const struct block *b;
    uint64_t head;

    if (q->height >= HEIGHT_ABSURD)
        return refuse(out, how, "BLOCK_HEIGHT_TOO_HIGH", "Block height is too high");
    chain_read(chain, &r);
    head = r.head->height;
    b = q->height <= head ? reader_at(&r, q->height) : NULL;
    if (b)
        put_part(out, &r, &a, b, q->part);
    else if (q->height <= head)
        json_put_null(out); /* skipped */
    chain_read_end(&r);
    arena_release(&a);
    if (q->height <= head)
        return ANSWERED;
    if (waits(mem, q, q->height - head))
        return WAITING;
    if (q->waits) {
        json_put_null(out);
        return ANSWERED;
    }
    return refuse(out, how, "BLOCK_DOES_NOT_EXIST", "The block is too far in the future");
}

static enum answer redirect(struct chain *chain, struct http_req *req, const char *to, bool first,
                            struct str rest, struct neardata_answer *how)
{
    struct reader r;
    struct buf b = BUF_INIT(256);
    uint64_t height;
    char *copy;

    chain_read(chain, &r);
    if (first) {
        const struct block *x = reader_after(&r, 0);

        height = x ? x->height : 1;
    } else {
        height = r.head->height;
    }
    chain_read_end(&r);
    buf_addf(&b, "/v0/%s/%llu%s%.*s", to, (unsigned long long)height, rest.len ? "/" : "",
             STR_ARG(rest));
    copy = arena_z(http_req_arena(req), buf_str(&b));
    buf_release(&b);
    how->status = 302;
    how->location = copy;
    return ANSWERED;
}

static bool wait_of(struct http_req *req, struct question *q)
{
    const struct str w = http_req_query(req, "wait_ms");

    q->waits = w.ptr != NULL;
    if (!q->waits)
        return true;
    if (!str_u64(w, &q->wait_ms))
        return false;
    if (q->wait_ms > NEARDATA_WAIT_MS_MAX)
        q->wait_ms = NEARDATA_WAIT_MS_MAX;
    return true;
}

bool neardata_handle(struct chain *chain, struct http_req *req, struct memory *mem, struct buf *out,
                     struct neardata_answer *how, enum answer *answer)
{
    struct str path = http_req_path(req), kind, name;
    struct question q = {0};

    if (!str_starts(path, STR("/v0/")))
        return false;
    path = str_cut(str_skip(path, 4), '/', &kind);
    path = str_cut(path, '/', &name);
    if (str_eqz(kind, "first_block")) {
        *answer = redirect(chain, req, "block", true, STR(""), how);
    } else if (str_eqz(kind, "last_block") && part_of(path, &q.part) &&
               (str_eqz(name, "final") || str_eqz(name, "optimistic"))) {
        *answer =
            redirect(chain, req, str_eqz(name, "final") ? "block" : "block_opt", false, path, how);
    } else if ((str_eqz(kind, "block") || str_eqz(kind, "block_opt")) && str_u64(name, &q.height) &&
               part_of(path, &q.part) && wait_of(req, &q)) {
        *answer = answer_block(chain, &q, mem, out, how);
    } else {
        *answer = refuse(out, how, "NOT_FOUND", "There is nothing at this path");
    }
    return true;
}
