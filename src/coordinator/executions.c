#include "coordinator/executions.h"

#include <string.h>

#include "attest/statement.h"
#include "codec/put.h"
#include "coordinator/columns.h"
#include "coordinator/evidence.h"
#include "coordinator/prune.h"
#include "coordinator/results.h"

/* Executions that one page of a state looks at: a state that hardly any has would have all of them
 * read, while everybody waits for the lock. */
#define LOOKED_AT_MAX 20000

/* ------------------------------------------------------------------ one row */

#define ROW_COLS                                                                                   \
    "r.id, r.request_id, j.state, t.status, t.success, r.sender_id, r.predecessor_id, "            \
    "r.project_id, r.created_ms, r.block_height, t.done_ms, t.completed_height, t.time_ms, "       \
    "t.instructions, r.payment, t.charged, t.refunded, j.worker, r.transaction_hash, "             \
    "t.resolve_tx, t.wasm_sha256, t.refund_usd, r.request_data "
#define ROW_FROM     "FROM request r JOIN job j ON j.id = r.id LEFT JOIN result t ON t.id = r.id "
#define REQUEST_DATA 22 /* its column */

/* Where the code comes from: {"kind","repo","commit"} or {"kind","url","hash"}, and the target. */
static void put_source(struct buf *b, struct json request)
{
    struct json source = json_get(request, "code_source"), github = json_get(source, "GitHub"),
                url = json_get(source, "WasmUrl");
    bool is_url = json_is_null(github);

    json_key(b, "source");
    json_obj(b);
    put_z(b, "kind", is_url ? "url" : "github");
    if (is_url) {
        put_raw(b, "url", json_get(url, "url").text);
        put_raw(b, "hash", json_get(url, "hash").text);
        put_raw(b, "build_target", json_get(url, "build_target").text);
    } else {
        put_raw(b, "repo", json_get(github, "repo").text);
        put_raw(b, "commit", json_get(github, "commit").text);
        put_raw(b, "build_target", json_get(github, "build_target").text);
    }
    json_obj_end(b);
}

static const char *anchor_state(bool closed, bool anchored)
{
    return anchored ? "anchored" : closed ? "batched" : "signed";
}

/* What shows it, in short: {"state","simulated","session_id","seq"}; null: nothing. */
static enum err put_attestation(struct db *d, uint64_t job_id, struct buf *b, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(
        d,
        "SELECT s.session, s.seq, e.simulated, s.kind, b.closed, b.anchor_tx FROM statement s "
        "JOIN epoch e ON e.session = s.session "
        "LEFT JOIN batch b ON b.session = s.session AND b.first_seq <= s.seq "
        "AND b.first_seq + b.count > s.seq "
        "WHERE s.job_id = $1 ORDER BY s.kind DESC, s.received_ms DESC, s.seq DESC LIMIT 1",
        &s, why, AS_U64(job_id));

    if (e)
        return e;
    json_key(b, "attestation");
    e = db_step(s, why);
    if (!e) {
        json_obj(b);
        put_z(b, "state", anchor_state(!db_null(s, 4) && db_bool(s, 4), !db_null(s, 5)));
        col_bool(b, "simulated", s, 2);
        put_z(b, "kind", db_u64(s, 3) == STATEMENT_COMPILE ? "compile" : "execute");
        col_hex(b, "session_id", s, 0);
        col_u64(b, "seq", s, 1);
        json_obj_end(b);
    } else if (e == ERR_EMPTY) {
        json_put_null(b);
        e = ERR_OK;
    }
    db_done(&s);
    return e;
}

/* The members of a row, into an object that is open. */
static enum err put_row(struct db *d, const struct db_stmt *s, struct buf *b, struct buf *why)
{
    struct json request = JSON_NONE;

    if (!json_parse(db_text(s, REQUEST_DATA), &request, NULL))
        request = JSON_NONE;
    col_u64(b, "id", s, 0);
    col_u64(b, "request_id", s, 1);
    json_key(b, "status");
    if (db_null(s, 3))
        json_putz(b, job_state_name(db_u64(s, 2)));
    else
        json_put_str(b, db_text(s, 3));
    col_bool(b, "success", s, 4);
    col_text(b, "account", s, 5);
    col_text(b, "predecessor", s, 6);
    col_text(b, "project_id", s, 7);
    put_source(b, request);
    col_u64(b, "created_ms", s, 8);
    col_u64(b, "block_height", s, 9);
    col_u64(b, "done_ms", s, 10);
    col_u64(b, "completed_height", s, 11);
    col_u64(b, "time_ms", s, 12);
    col_u64(b, "instructions", s, 13);
    col_u128(b, "payment_yocto", s, 14);
    col_u128(b, "charged_yocto", s, 15);
    col_u128(b, "refunded_yocto", s, 16);
    col_text(b, "worker", s, 17);
    col_text(b, "transaction_hash", s, 18);
    col_text(b, "resolve_tx", s, 19);
    col_text(b, "wasm_sha256", s, 20);
    col_u64(b, "refund_usd", s, 21);
    return put_attestation(d, db_u64(s, 0), b, why);
}

/* ------------------------------------------------------------------ the list */

#define LIST_TAIL                                                                                  \
    "AND ($2 = '' OR r.project_id = $2) AND ($3 = 0 OR r.id < $3) "                                \
    "AND ($4 = '' OR t.status = $4 OR ($4 = 'queued' AND j.state = 0) "                            \
    "OR ($4 = 'running' AND j.state = 1 AND t.status IS NULL) "                                    \
    "OR ($4 = 'failed' AND t.success = 0)) AND r.id >= $6 "                                        \
    "ORDER BY r.id DESC LIMIT $5"

/* One text for each index that is worth taking. */
static const char *list_sql(const struct executions_filter *f)
{
    if (f->account.len)
        return "SELECT " ROW_COLS ROW_FROM "WHERE r.sender_id = $1 " LIST_TAIL;
    if (f->project.len)
        return "SELECT " ROW_COLS ROW_FROM "WHERE $1 = '' AND r.project_id = $2 " LIST_TAIL;
    return "SELECT " ROW_COLS ROW_FROM "WHERE $1 = '' " LIST_TAIL;
}

static struct str given(struct str s)
{
    return s.ptr ? s : STR("");
}

#define FLOOR_HEAD "SELECT COALESCE(MIN(id), 0), COUNT(*) FROM (SELECT id FROM request WHERE "
#define FLOOR_TAIL " AND id < $2 ORDER BY id DESC LIMIT $3) AS looked_at"

/* The oldest execution that this page looks at; 0: all that there are. */
static enum err floor_of(struct db *d, const struct executions_filter *f, uint64_t *out,
                         struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = ERR_OK;

    *out = 0;
    if (!f->status.len)
        return ERR_OK;
    e = db_ask(d,
               f->account.len   ? FLOOR_HEAD "sender_id = $1" FLOOR_TAIL
               : f->project.len ? FLOOR_HEAD "project_id = $1" FLOOR_TAIL
                                : FLOOR_HEAD "$1 = ''" FLOOR_TAIL,
               &s, why, AS_TEXT(f->account.len ? f->account : given(f->project)),
               AS_U64(f->before ? f->before : INT64_MAX), AS_U64(LOOKED_AT_MAX));
    if (e)
        return e;
    e = db_step(s, why);
    if (!e && db_u64(s, 1) == LOOKED_AT_MAX)
        *out = db_u64(s, 0);
    db_done(&s);
    return e;
}

enum err executions_write(struct db *d, const struct executions_filter *f, struct buf *out,
                          struct buf *why)
{
    struct db_stmt *s = NULL;
    uint64_t n = 0, last = 0, lowest;
    enum err e = floor_of(d, f, &lowest, why);

    if (!e)
        e = db_ask(d, list_sql(f), &s, why, AS_TEXT(given(f->account)), AS_TEXT(given(f->project)),
                   AS_U64(f->before), AS_TEXT(given(f->status)),
                   AS_U64(f->limit + 1 /* is there a next page? */), AS_U64(lowest));
    if (e)
        return e;
    json_obj(out);
    json_key(out, "executions");
    json_arr(out);
    while (!(e = db_step(s, why)) && n < f->limit) {
        n++;
        last = db_u64(s, 0);
        json_obj(out);
        e = put_row(d, s, out, why);
        json_obj_end(out);
        if (e)
            break;
    }
    db_done(&s);
    if (e && e != ERR_EMPTY)
        return e;
    json_arr_end(out);
    if (e)
        last = lowest; /* no more of those that were looked at */
    json_key(out, "next");
    if (last)
        json_put_u64(out, last);
    else
        json_put_null(out);
    json_obj_end(out);
    return ERR_OK;
}

/* ------------------------------------------------------------------ one in full */

/* What was asked for, as the contract's event tells it. */
static void put_request(struct buf *b, struct json request)
{
    static const char *const members[] = {
        "input_data",   "input_data_in_state", "resource_limits", "response_format",
        "secrets_ref",  "compile_only",        "force_rebuild",   "store_on_fastfs",
        "attached_usd", "payer_account_id"};

    json_key(b, "request");
    json_obj(b);
    for (size_t i = 0; i < countof(members); i++)
        put_raw(b, members[i], json_get(request, members[i]).text);
    json_obj_end(b);
}

/* Each statement about the job: what it says and where it stands. */
static enum err put_statements(struct db *d, uint64_t job_id, struct buf *b, struct buf *why)
{
    struct db_stmt *s = NULL;
    struct statement read;
    enum err e =
        db_ask(d,
               "SELECT s.digest, s.bytes, e.simulated, b.closed, b.anchor_tx, b.anchor_contract, "
               "b.anchor_height, b.first_seq, b.count FROM statement s "
               "JOIN epoch e ON e.session = s.session "
               "LEFT JOIN batch b ON b.session = s.session AND b.first_seq <= s.seq "
               "AND b.first_seq + b.count > s.seq "
               "WHERE s.job_id = $1 ORDER BY s.received_ms, s.seq",
               &s, why, AS_U64(job_id));

    if (e)
        return e;
    json_key(b, "statements");
    json_arr(b);
    while (!(e = db_step(s, why))) {
        json_obj(b);
        col_hex(b, "digest", s, 0);
        put_z(b, "state", anchor_state(!db_null(s, 3) && db_bool(s, 3), !db_null(s, 4)));
        col_bool(b, "simulated", s, 2);
        col_text(b, "anchor_tx", s, 4);
        col_text(b, "anchor_contract", s, 5);
        col_u64(b, "anchor_height", s, 6);
        col_u64(b, "batch_first_seq", s, 7);
        col_u64(b, "batch_count", s, 8);
        json_key(b, "statement");
        if (statement_read(db_blob(s, 1), &read, NULL) == ERR_OK)
            statement_put(b, &read);
        else
            json_put_null(b);
        json_obj_end(b);
    }
    json_arr_end(b);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

static enum err put_rest(struct db *d, const struct db_stmt *s, struct buf *b, struct buf *why)
{
    unsigned at = REQUEST_DATA + 1;
    struct json request;
    enum err e;

    col_hex(b, "data_id", s, at);
    col_text(b, "receipt_id", s, at + 1);
    col_text(b, "signer_public_key", s, at + 2);
    col_u64(b, "gas_burnt", s, at + 3);
    col_u64(b, "block_timestamp_ns", s, at + 4);
    col_u64(b, "deadline_height", s, at + 5);
    col_u64(b, "attempts", s, at + 6);
    col_raw(b, "output", s, at + 7);
    col_text(b, "error", s, at + 8);
    col_raw(b, "run", s, at + 9);
    if (json_parse(db_text(s, REQUEST_DATA), &request, NULL))
        put_request(b, request);
    json_key(b, "steps");
    e = steps_write(d, db_u64(s, 0), 0, b, why);
    return e ? e : put_statements(d, db_u64(s, 0), b, why);
}

enum err execution_write(struct db *d, uint64_t job_id, struct buf *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(
        d,
        "SELECT " ROW_COLS ", r.data_id, r.receipt_id, r.signer_public_key, r.gas_burnt, "
        "r.block_timestamp_ns, r.deadline_height, j.attempts, t.output, t.error, t.run " ROW_FROM
        "WHERE r.id = $1",
        &s, why, AS_U64(job_id));

    if (e)
        return e;
    e = db_step(s, why);
    if (!e) {
        json_obj(out);
        e = put_row(d, s, out, why);
        if (!e)
            e = put_rest(d, s, out, why);
        json_obj_end(out);
    }
    db_done(&s);
    if (e != ERR_EMPTY)
        return e;
    e = gone_execution(d, job_id, why);
    return e ? e : err_put(why, ERR_ABSENT, "no execution '%llu'", (unsigned long long)job_id);
}

enum err newest_write(struct db *d, uint64_t request_id, struct buf *b, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e =
        db_ask(d, "SELECT " ROW_COLS ROW_FROM "WHERE r.request_id = $1 ORDER BY r.id DESC LIMIT 1",
               &s, why, AS_U64(request_id));

    if (e)
        return e;
    e = db_step(s, why);
    if (!e) {
        json_obj(b);
        e = put_row(d, s, b, why);
        json_obj_end(b);
    }
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}
