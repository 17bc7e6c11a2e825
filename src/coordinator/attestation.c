#include "coordinator/attestation.h"

#include "attest/quote.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "coordinator/columns.h"
#include "near/output.h"

#define PAYLOAD_MAX (4u << 20)

/* ------------------------------------------------------------------ bundles */

/* Input as the event has it, unless it was too long for one. */
static void find_input(struct json request, struct arena *a, struct str *out)
{
    struct buf b = BUF_INIT(PAYLOAD_MAX);
    bool in_state = false;

    if (json_is_null(json_get(request, "input_data"))) {
        (void)!json_bool(json_get(request, "input_data_in_state"), &in_state);
        if (!in_state)
            *out = STR("");
    } else if (json_str(json_get(request, "input_data"), &b)) {
        *out = arena_str(a, buf_str(&b));
    }
    buf_release(&b);
}

static void find_delivered(struct str output, struct arena *a, struct str *out)
{
    struct buf b = BUF_INIT(PAYLOAD_MAX);
    struct json doc;

    if (output.ptr && json_parse(output, &doc, NULL) && output_value_put(&b, doc))
        *out = arena_str(a, buf_str(&b));
    buf_release(&b);
}

/* From what the worker brought with the statement, else from request and result. */
static enum err find_payloads(struct db *d, const struct statement_row *row, struct arena *a,
                              struct bundle *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    struct json request;
    enum err e = db_ask(d,
                        "SELECT r.request_data, t.output FROM request r "
                        "LEFT JOIN result t ON t.id = r.id WHERE r.id = $1",
                        &s, why, AS_U64(row->job_id));

    if (e)
        return e;
    e = db_step(s, why);
    out->input = row->input;
    out->delivered = row->delivered;
    if (!e && row->kind == STATEMENT_EXECUTE) {
        if (!out->input.ptr && json_parse(db_text(s, 0), &request, NULL))
            find_input(request, a, &out->input);
        if (!out->delivered.ptr)
            find_delivered(db_text(s, 1), a, &out->delivered);
    }
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

static enum err find_anchor(struct db *d, const struct statement_row *row, struct arena *a,
                            struct bundle *out, struct buf *why)
{
    struct batch_row b;
    struct hash256 *leaf;
    struct buf absent = WHY_INIT;
    enum err e = batch_of(d, &row->session, row->seq, a, &b, &absent);

    if (e == ERR_ABSENT) {
        buf_release(&absent);
        return ERR_OK;
    }
    if (e)
        err_put(why, e, "%s", buf_z(&absent));
    if (!e)
        e = leaves_get(d, &row->session, b.head.first_seq, b.head.count, a, &leaf, why);
    if (!e) {
        out->has_anchor = true;
        out->head = b.head_bytes;
        out->head_sig = b.sig;
        out->transaction = b.anchor_tx;
        out->contract = b.anchor_contract;
        out->block_height = b.anchor_height;
        out->steps = batch_path(leaf, b.head.count, row->seq - b.head.first_seq, out->path);
    }
    buf_release(&absent);
    return e;
}

/* The one the worker brought, else one for its processor and time. */
static enum err find_collateral(struct db *d, const struct epoch_row *epoch, struct arena *a,
                                struct str *out, struct buf *why)
{
    struct collateral_row row;
    struct buf absent = WHY_INIT;
    struct cert_chain *chain = arena_new(a, struct cert_chain);
    struct quote q;
    struct pck pck;
    char room[16];
    struct buf fmspc = BUF_OVER(room);
    enum err e = ERR_ABSENT;

    if (epoch->has_collateral)
        e = collateral_by_hash(d, &epoch->collateral, a, &row, &absent);
    else if (quote_read(epoch->quote, &q) == ATTEST_OK && chain_read(q.chain, a, chain) &&
             chain->n && pck_read(chain->cert[0].intel, &pck)) {
        hex_put(&fmspc, pck.fmspc, sizeof pck.fmspc);
        e = collateral_for(d, buf_str(&fmspc), (int64_t)(epoch->received_ms / 1000), a, &row,
                           &absent);
    }
    if (!e)
        *out = row.text;
    else if (e != ERR_ABSENT)
        err_put(why, e, "%s", buf_z(&absent));
    buf_release(&absent);
    return e == ERR_ABSENT ? ERR_OK : e;
}

enum err bundle_write(struct db *d, const struct statement_row *s, bool payloads, struct arena *a,
                      struct buf *out, struct buf *why)
{
    struct bundle *b = arena_new(a, struct bundle);
    struct epoch_row epoch;
    enum err e = epoch_get(d, &s->session, a, &epoch, why);

    if (!e) {
        b->simulated = epoch.simulated;
        b->statement = s->bytes;
        b->sig = s->sig;
        b->manifest = epoch.manifest;
        b->quote = epoch.quote;
        b->event_log = epoch.event_log;
        e = find_collateral(d, &epoch, a, &b->collateral, why);
    }
    if (!e)
        e = find_anchor(d, s, a, b, why);
    if (!e && payloads)
        e = find_payloads(d, s, a, b, why);
    if (!e)
        bundle_put(out, b);
    return e;
}

/* ------------------------------------------------------------------ records */

enum err record_of_row(const struct statement_row *s, struct arena *a, struct record *out,
                       struct buf *why)
{
    struct statement *read = arena_new(a, struct statement);
    enum err e = statement_read(s->bytes, read, why);

    if (!e)
        record_of_statement(read, (int64_t)s->job_id, s->created_s, s->attached_usd, a, out);
    return e;
}

enum err record_write(struct db *d, const struct statement_row *s, struct str quote,
                      struct arena *a, struct buf *out, struct buf *why)
{
    struct epoch_row epoch;
    struct statement read;
    struct record r;
    struct quote q;
    enum err e = record_of_row(s, a, &r, why);

    if (!e)
        e = statement_read(s->bytes, &read, why);
    if (!e)
        e = epoch_get(d, &s->session, a, &epoch, why);
    if (e)
        return e;
    json_obj(out);
    put_u64(out, "id", s->job_id);
    record_put(out, &r);
    if (quote.ptr)
        put_base64(out, "tdx_quote", quote);
    if (quote_read(quote.ptr ? quote : epoch.quote, &q) == ATTEST_OK && q.tee == TEE_TDX)
        put_hex(out, "worker_measurement", q.td.rtmr[3]);
    if (read.origin == ORIGIN_CHAIN) {
        put_u64(out, "request_id", read.chain.request_id);
        json_key(out, "transaction_hash");
        json_str_open(out);
        hash_put_base58(out, &read.chain.tx_hash);
        json_str_close(out);
    }
    put_bool(out, "simulated", epoch.simulated);
    put_hex(out, "session_id", hash_str(&s->session));
    put_hex(out, "statement_digest", hash_str(&s->digest));
    put_u64(out, "seq", s->seq);
    json_obj_end(out);
    return ERR_OK;
}

/* ------------------------------------------------------------------ epochs */

static enum err put_batches(struct db *d, const struct hash256 *session, struct buf *out,
                            struct buf *why)
{
    struct db_stmt *s = NULL;
    struct batch_head h;
    enum err e = db_ask(d,
                        "SELECT head, sig, closed, anchor_tx, anchor_contract, anchor_height "
                        "FROM batch WHERE session = $1 ORDER BY first_seq DESC LIMIT 1000",
                        &s, why, AS_BLOB(str_from(session->b, sizeof session->b)));

    if (e)
        return e;
    json_key(out, "batches");
    json_arr(out);
    while (!(e = db_step(s, why))) {
        if (batch_head_read(db_blob(s, 0), &h, NULL))
            continue;
        json_obj(out);
        put_u64(out, "first_seq", h.first_seq);
        put_u64(out, "count", h.count);
        put_hex(out, "root", hash_str(&h.root));
        put_u64(out, "time_ms", h.time_ms);
        put_base64(out, "head", db_blob(s, 0));
        put_hex(out, "signature", db_blob(s, 1));
        col_bool(out, "closed", s, 2);
        col_text(out, "transaction", s, 3);
        col_text(out, "contract", s, 4);
        col_u64(out, "block_height", s, 5);
        json_obj_end(out);
    }
    json_arr_end(out);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err epoch_write(struct db *d, const struct epoch_row *row, bool whole, struct buf *out,
                     struct buf *why)
{
    struct manifest m;
    uint64_t n = 0;
    enum err e = statements_count(d, &row->session, &n, why);

    if (!e)
        e = manifest_read(row->manifest, &m, why);
    if (e)
        return e;
    json_obj(out);
    put_hex(out, "session_id", hash_str(&row->session));
    put_text(out, "worker", row->worker);
    put_bool(out, "simulated", row->simulated);
    put_u64(out, "received_ms", row->received_ms);
    put_u64(out, "statements", n);
    json_key(out, "collateral_sha256");
    if (row->has_collateral) {
        json_str_open(out);
        hash_put_hex(out, &row->collateral);
        json_str_close(out);
    } else {
        json_put_null(out);
    }
    json_key(out, "manifest_fields");
    manifest_put(out, &m);
    if (whole) {
        put_base64(out, "manifest", row->manifest);
        put_base64(out, "quote", row->quote);
        put_text(out, "event_log", row->event_log);
        put_text(out, "vm_config", row->vm_config);
        put_text(out, "app_compose", row->app_compose);
        e = put_batches(d, &row->session, out, why);
    }
    json_obj_end(out);
    return e;
}

enum err epochs_write(struct db *d, uint64_t limit, struct buf *out, struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        "SELECT session, worker, simulated, manifest, collateral, received_ms "
                        "FROM epoch ORDER BY received_ms DESC LIMIT $1",
                        &s, why, AS_U64(limit));

    if (e)
        return e;
    json_arr(out);
    while (!(e = db_step(s, why))) {
        struct epoch_row row = {.worker = kept(&a, db_text(s, 1)),
                                .simulated = db_bool(s, 2),
                                .manifest = kept(&a, db_blob(s, 3)),
                                .has_collateral = !db_null(s, 4),
                                .received_ms = db_u64(s, 5)};

        row.session = *(const struct hash256 *)db_blob(s, 0).ptr;
        if (row.has_collateral)
            row.collateral = *(const struct hash256 *)db_blob(s, 4).ptr;
        e = epoch_write(d, &row, false, out, why);
        if (e)
            break;
    }
    json_arr_end(out);
    db_done(&s);
    arena_release(&a);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err chain_write(struct db *d, const struct hash256 *session, uint64_t first, uint64_t limit,
                     struct buf *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        "SELECT seq, digest, bytes, sig, job_id FROM statement "
                        "WHERE session = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
                        &s, why, AS_BLOB(str_from(session->b, sizeof session->b)), AS_U64(first),
                        AS_U64(limit));

    if (e)
        return e;
    json_arr(out);
    while (!(e = db_step(s, why))) {
        json_obj(out);
        col_u64(out, "seq", s, 0);
        col_hex(out, "digest", s, 1);
        put_base64(out, "statement", db_blob(s, 2));
        put_hex(out, "signature", db_blob(s, 3));
        col_u64(out, "job_id", s, 4);
        json_obj_end(out);
    }
    json_arr_end(out);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}
