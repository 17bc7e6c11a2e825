/*
 * route_attestation.c — evidence, for anybody: records, bundles, epochs, collateral.
 */
#include <string.h>

#include "codec/hex.h"
#include "codec/put.h"
#include "coordinator/attestation.h"
#include "coordinator/reply.h"
#include "coordinator/routes.h"
#include "coordinator/wait.h"
#include "coordinator/wishes.h"

#define NOT_FOUND    "No attestation found for this job"
#define EPOCHS_LIMIT 50
#define CHAIN_LIMIT  200 /* statements of one answer */

/* Which statement of a job: ?type=compile, execute, or neither. False: answered. */
static bool kind_of(struct http_req *r, enum statement_kind *kind, bool *given)
{
    struct str type = http_req_query(r, "type");

    *given = type.len != 0;
    *kind = str_eqz(type, "compile") ? STATEMENT_COMPILE : STATEMENT_EXECUTE;
    if (*given && !str_eqz(type, "compile") && !str_eqz(type, "execute")) {
        reply_error(r, 400, "'type' must be execute or compile");
        return false;
    }
    return true;
}

static bool job_of(struct http_req *r, struct str arg, uint64_t *id)
{
    if (str_u64(arg, id) && *id <= INT64_MAX)
        return true;
    reply_error(r, 404, NOT_FOUND);
    return false;
}

static enum err quote_if_any(struct db *d, const struct hash256 *digest, struct arena *a,
                             struct str *out, struct buf *why)
{
    struct buf absent = WHY_INIT;
    enum err e = quote_find(d, digest, STR(""), a, out, &absent);

    if (e && e != ERR_ABSENT)
        err_put(why, e, "%s", buf_z(&absent));
    buf_release(&absent);
    return e == ERR_ABSENT ? ERR_OK : e;
}

/* The worker whose ledger has the session. */
static enum err worker_of(struct db *d, const struct hash256 *session, struct arena *a,
                          struct str *out, struct buf *why)
{
    struct epoch_row row;
    enum err e = epoch_get(d, session, a, &row, why);

    if (!e)
        *out = row.worker;
    return e;
}

/* Wait for the quote; ERR_BUSY also when this asker waits for enough already. */
static enum err wish(struct coord *c, struct http_req *r, const struct statement_row *s,
                     struct str worker, struct str nonce, struct buf *why)
{
    enum err e;

    coord_lock(c);
    e = wait_allowed(c, r) ? wish_for(c, r, s, worker, nonce, why)
                           : err_put(why, ERR_BUSY, "too many requests wait from this address");
    coord_unlock(c);
    return e;
}

/* The record with its quote: at once when there is one, else when the worker has made it. A worker
 * that is away leaves the record without. */
static void record_reply(struct coord *c, struct db *d, struct http_req *r, uint64_t job_id,
                         const enum statement_kind *kind)
{
    struct buf why = WHY_INIT;
    struct arena a = ARENA_INIT;
    struct statement_row row;
    struct str quote = STR_NONE, worker;
    bool asked = !str_eqz(http_req_query(r, "quote"), "0"), held = false;
    enum err e;

    e = statement_of_job(d, job_id, kind, &a, &row, &why);
    if (!e)
        e = quote_if_any(d, &row.digest, &a, &quote, &why);
    if (!e && !quote.ptr && asked) {
        e = worker_of(d, &row.session, &a, &worker, &why);
        if (!e) {
            e = wish(c, r, &row, worker, STR_NONE, &why);
            held = !e;
        }
        if (e == ERR_ABSENT)
            e = ERR_OK;
    }
    if (e)
        reply_fault(r, e, &why);
    else if (!held)
        wish_reply(d, r, &row, STR(""), quote);
    arena_release(&a);
    buf_release(&why);
}

void route_attestation(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg)
{
    enum statement_kind kind;
    bool given;
    uint64_t id;

    if (job_of(r, arg, &id) && kind_of(r, &kind, &given))
        record_reply(c, d, r, id, given ? &kind : NULL);
}

/* The newest job that a transaction made. */
static enum err job_of_tx(struct db *d, struct str tx, uint64_t *id, struct buf *why)
{
    enum err e =
        db_number(d, "SELECT id FROM request WHERE transaction_hash = $1 ORDER BY id DESC LIMIT 1",
                  id, why, AS_TEXT(tx));

    return !e && !*id ? err_put(why, ERR_ABSENT, "No attestation found for this transaction") : e;
}

void route_attestation_tx(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT;
    uint64_t id = 0;
    enum err e;

    e = job_of_tx(d, arg, &id, &why);
    if (e)
        reply_fault(r, e, &why);
    else
        record_reply(c, d, r, id, NULL);
    buf_release(&why);
}

void route_bundle(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg)
{
    bool payloads = !str_eqz(http_req_query(r, "payload"), "0"), given;
    struct buf why = WHY_INIT, b = BUF_INIT(BUNDLE_MAX);
    struct statement_row row;
    enum statement_kind kind;
    uint64_t id;
    enum err e;

    if (!job_of(r, arg, &id) || !kind_of(r, &kind, &given))
        return;
    e = statement_of_job(d, id, given ? &kind : NULL, http_req_arena(r), &row, &why);
    if (!e)
        e = bundle_write(d, &row, payloads, http_req_arena(r), &b, &why);
    reply_result(r, e, &b, &why);
}

/* {"nonce":"<64 hex>"}: a quote that was not there before the asker chose it. */
void route_quote(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT;
    struct arena a = ARENA_INIT;
    struct statement_row row;
    struct str hex, worker, quote;
    uint8_t nonce[32];
    enum statement_kind kind;
    struct json body;
    bool given;
    uint64_t id;
    enum err e;

    if (!job_of(r, arg, &id) || !kind_of(r, &kind, &given) || !body_object(r, &body))
        return;
    if (!json_plain(json_get(body, "nonce"), &hex) || !hex_get(hex, nonce, sizeof nonce)) {
        reply_error(r, 400, "'nonce' must be 64 hex digits");
        return;
    }
    e = statement_of_job(d, id, given ? &kind : NULL, &a, &row, &why);
    if (!e)
        e = worker_of(d, &row.session, &a, &worker, &why);
    if (!e && !quote_find(d, &row.digest, str_from(nonce, sizeof nonce), &a, &quote, &why))
        wish_reply(d, r, &row, str_from(nonce, sizeof nonce), quote);
    else if (!e)
        e = wish(c, r, &row, worker, str_from(nonce, sizeof nonce), &why);
    if (e)
        reply_fault(r, e, &why);
    arena_release(&a);
    buf_release(&why);
}

void route_epochs(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    enum err e;

    e = epochs_write(d, EPOCHS_LIMIT, &b, &why);
    reply_result(r, e, &b, &why);
}

void route_epoch(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    struct hash256 session;
    struct epoch_row row;
    enum err e;

    if (!hash_from_hex(arg, &session)) {
        reply_error(r, 404, "no such session");
        return;
    }
    e = epoch_get(d, &session, http_req_arena(r), &row, &why);
    if (!e)
        e = epoch_write(d, &row, true, &b, &why);
    reply_result(r, e, &b, &why);
}

/* The chain itself: who has all of it sees that nothing is missing. */
void route_epoch_statements(struct coord *c UNUSED, struct db *d, struct http_req *r,
                            struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    struct hash256 session;
    uint64_t first;
    enum err e;

    if (!hash_from_hex(arg, &session)) {
        reply_error(r, 404, "no such session");
        return;
    }
    if (!query_u64(r, "first", 0, &first))
        return;
    e = chain_write(d, &session, first, CHAIN_LIMIT, &b, &why);
    reply_result(r, e, &b, &why);
}

static void put_time(struct buf *b, const char *key, int64_t at)
{
    json_key(b, key);
    json_put_i64(b, at);
}

static void put_collateral(struct buf *b, const struct collateral_row *row, int64_t at)
{
    json_obj(b);
    put_str(b, "collateral", row->text);
    put_z(b, "fmspc", row->fmspc);
    put_time(b, "valid_from", row->from);
    put_time(b, "valid_until", row->until);
    put_bool(b, "covers_requested_time", row->from <= at && at < row->until);
    json_key(b, "collateral_sha256");
    json_str_open(b);
    hash_put_hex(b, &row->sha256);
    json_str_close(b);
    put_str(b, "source", row->source);
    put_bool(b, "simulated", str_eqz(row->source, "SIMULATED"));
    json_obj_end(b);
}

/* ?fmspc= and ?at=, or ?sha256= */
void route_collateral(struct coord *c UNUSED, struct db *d, struct http_req *r,
                      struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    struct str fmspc = http_req_query(r, "fmspc"), hash = http_req_query(r, "sha256");
    struct collateral_row row;
    struct hash256 id;
    char room[16];
    uint64_t at;
    enum err e;

    if (!query_u64(r, "at", now_ms() / 1000, &at))
        return;
    if (hash.len && !hash_from_hex(hash, &id)) {
        reply_error(r, 400, "'sha256' must be 64 hex digits");
        return;
    }
    if (fmspc.len && fmspc.len != 12) {
        reply_error(r, 400, "'fmspc' must be 12 hex digits");
        return;
    }
    for (size_t i = 0; i < fmspc.len; i++)
        room[i] = (char)(fmspc.ptr[i] | (fmspc.ptr[i] >= 'A' ? 0x20 : 0));
    e = hash.len ? collateral_by_hash(d, &id, http_req_arena(r), &row, &why)
                 : collateral_for(d, fmspc.len ? str_from(room, fmspc.len) : STR_NONE, (int64_t)at,
                                  http_req_arena(r), &row, &why);
    if (!e)
        put_collateral(&b, &row, (int64_t)at);
    reply_result(r, e, &b, &why);
}
