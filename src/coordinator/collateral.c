#include "coordinator/collateral.h"

#include <string.h>

#include "attest/verify.h"
#include "codec/hex.h"
#include "coordinator/columns.h"

enum err collateral_store(struct db *d, struct str text, struct str source, uint64_t now_ms,
                          struct hash256 *id, struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct collateral *c = arena_new(&a, struct collateral);
    struct attest_verdict *v = arena_new(&a, struct attest_verdict);
    struct attest_input in = {.collateral = c, .at = 0, .crypto = &attest_crypto_native};
    struct hash256 h = sha256(text);
    char room[16];
    struct buf fmspc = BUF_OVER(room);
    enum err e = collateral_read(text, &a, c, why);

    if (!e) {
        (void)attest_check_collateral(&in, v); /* for the window alone */
        hex_put(&fmspc, c->tcb.fmspc, sizeof c->tcb.fmspc);
        e = db_do(d,
                  "INSERT INTO collateral (sha256, text, source, fmspc, from_s, until_s, "
                  "received_ms) VALUES ($1, $2, $3, $4, $5, $6, $7) "
                  "ON CONFLICT (sha256) DO NOTHING",
                  why, AS_BLOB(hash_str(&h)), AS_TEXT(text), AS_TEXT(source),
                  AS_TEXT(buf_str(&fmspc)), AS_I64(v->window.from), AS_I64(v->window.until),
                  AS_U64(now_ms));
    }
    if (!e)
        *id = h;
    arena_release(&a);
    return e;
}

#define COLLATERAL_COLS "sha256, text, source, fmspc, from_s, until_s, received_ms"

/* The row of a statement that has been bound. */
static enum err collateral_row(struct db_stmt *s, struct arena *a, struct collateral_row *out,
                               struct buf *why)
{
    struct str fmspc;
    enum err e = db_step(s, why);

    if (!e) {
        *out = (struct collateral_row){.text = kept(a, db_text(s, 1)),
                                       .source = kept(a, db_text(s, 2)),
                                       .from = db_i64(s, 4),
                                       .until = db_i64(s, 5),
                                       .received_ms = db_u64(s, 6)};
        out->sha256 = hash_col(s, 0);
        fmspc = str_head(db_text(s, 3), sizeof out->fmspc - 1);
        memcpy(out->fmspc, fmspc.ptr, fmspc.len);
    }
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "there is no such collateral") : e;
}

enum err collateral_by_hash(struct db *d, const struct hash256 *id, struct arena *a,
                            struct collateral_row *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d, "SELECT " COLLATERAL_COLS " FROM collateral WHERE sha256 = $1", &s, why,
                        AS_BLOB(hash_str(id)));

    return e ? e : collateral_row(s, a, out, why);
}

enum err collateral_for(struct db *d, struct str fmspc, int64_t at, struct arena *a,
                        struct collateral_row *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        "SELECT " COLLATERAL_COLS " FROM collateral "
                        "WHERE ($1 = '' OR fmspc = $1) "
                        "ORDER BY CASE WHEN $2 < from_s THEN from_s - $2 "
                        "WHEN $2 >= until_s THEN $2 - until_s ELSE 0 END, received_ms DESC "
                        "LIMIT 1",
                        &s, why, AS_TEXT(fmspc.ptr ? fmspc : STR("")), AS_I64(at));

    return e ? e : collateral_row(s, a, out, why);
}

/* ------------------------------------------------------------------ quotes on request */

/* Whoever asked has those over a nonce; and anybody may ask for as many as there are numbers. */
static enum err quotes_forget(struct db *d, uint64_t before_ms, struct buf *why)
{
    return db_do(d, "DELETE FROM quote WHERE length(nonce) > 0 AND made_ms < $1", why,
                 AS_U64(before_ms));
}

enum err quote_store(struct db *d, const struct hash256 *digest, struct str nonce, struct str quote,
                     uint64_t now_ms, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e =
        db_ask(d,
               "INSERT INTO quote (digest, nonce, quote, made_ms) "
               "VALUES ($1, $2, $3, $4) ON CONFLICT (digest, nonce) DO NOTHING",
               &s, why, AS_BLOB(hash_str(digest)), AS_BLOB(nonce), AS_BLOB(quote), AS_U64(now_ms));

    if (e)
        return e;
    e = db_run(s, why);
    db_done(&s);
    if (!e && nonce.len && now_ms > QUOTE_KEPT_MS)
        e = quotes_forget(d, now_ms - QUOTE_KEPT_MS, why);
    return e;
}

enum err quote_find(struct db *d, const struct hash256 *digest, struct str nonce, struct arena *a,
                    struct str *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d, "SELECT quote FROM quote WHERE digest = $1 AND nonce = $2", &s, why,
                        AS_BLOB(hash_str(digest)), AS_BLOB(nonce));

    if (e)
        return e;
    e = db_step(s, why);
    if (!e)
        *out = kept(a, db_blob(s, 0));
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "there is no such quote") : e;
}
