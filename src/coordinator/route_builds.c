/*
 * route_builds.c — builds that workers share: records and programs, and logs for who asked.
 */
#include <string.h>

#include "codec/hex.h"
#include "coordinator/builds.h"
#include "coordinator/reply.h"
#include "coordinator/routes.h"
#include "crypto/hash.h"

static bool is_hex(struct str s, size_t digits)
{
    return s.len == digits && hex_is_lower(s);
}

/* A text of the body, decoded; false: it is not there or longer than `max`. */
static bool text_get(struct http_req *r, struct json body, const char *key, size_t max,
                     struct str *out)
{
    struct buf b = BUF_INIT(max);
    bool ok = json_str(json_get(body, key), &b) && !b.full;

    *out = ok ? arena_str(http_req_arena(r), b.len ? buf_str(&b) : STR("")) : STR_NONE;
    buf_release(&b);
    return ok;
}

/* What a worker compiled. */
static const char *row_read(struct http_req *r, struct json body, struct build_row *b)
{
    struct json record = json_get(body, "record");

    if (!text_get(r, body, "repo", 512, &b->repo) || !text_get(r, body, "commit", 64, &b->commit) ||
        !text_get(r, body, "target", 64, &b->target) || !is_hex(b->commit, 40))
        return "'repo', 'commit' and 'target' must say what was compiled";
    if (!json_bool(json_get(body, "ok"), &b->ok) ||
        !text_get(r, body, "log", BUILD_LOG_MAX, &b->log))
        return "'ok' and 'log' must say how it went";
    if (!b->ok)
        return NULL;
    if (!text_get(r, body, "sha256", 64, &b->sha256) || !is_hex(b->sha256, 64) ||
        !json_u64(json_get(body, "size"), &b->size) || b->size > PROGRAM_MAX)
        return "'sha256' and 'size' must be those of the program";
    if (json_type(record) != JSON_OBJECT || record.text.len > BUILD_RECORD_MAX)
        return "'record' must be an object of at most 8192 bytes";
    b->record = record.text;
    if (!text_get(r, body, "signer", 64, &b->signer) ||
        !text_get(r, body, "signature", 128, &b->signature))
        return "'signer' and 'signature' must be texts";
    return NULL;
}

void route_job_build(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, answer = BUF_INIT(256);
    struct build_row b = {0};
    struct job_build j = {0};
    const char *wrong = NULL;
    uint64_t token;
    struct json body;
    bool has = false;
    enum err e;

    if (!body_object(r, &body))
        return;
    if (!str_u64(arg, &j.job_id) || !json_u64(json_get(body, "token"), &token)) {
        reply_error(r, 400, "the job and its 'token' must be numbers");
        return;
    }
    if (!text_get(r, body, "key", 64, &b.key) || !is_hex(b.key, 64) ||
        !json_bool(json_get(body, "cached"), &j.cached) ||
        !json_u64(json_get(body, "compile_ms"), &j.compile_ms) || j.compile_ms > INT64_MAX ||
        !json_u128_str(json_get(body, "cost_yocto"), &j.cost))
        wrong = "'key', 'cached', 'compile_ms' and 'cost_yocto' must say which build it was";
    if (!wrong && !j.cached)
        wrong = row_read(r, body, &b);
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
    j.key = b.key;
    b.compile_ms = j.compile_ms;
    b.made_ms = now_ms();
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e)
        e = jobq_held(c->db, j.job_id, token, http_req_arena(r), &b.worker, &why);
    if (!e)
        e = job_build_put(c->db, &j, &why);
    if (!e && !j.cached)
        e = build_put(c->db, &b, &why);
    if (!e && b.ok)
        e = program_has(c->db, b.sha256, &has, &why);
    if (!e)
        e = db_commit(c->db, &why);
    else
        db_rollback(c->db);
    coord_unlock(c);
    json_obj(&answer);
    json_key(&answer, "wanted");
    json_put_bool(&answer, b.ok && !has);
    json_obj_end(&answer);
    if (e)
        reply_fault(r, e, &why);
    else
        reply_json(r, 200, &answer);
    buf_release(&answer);
    buf_release(&why);
}

void route_build(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    enum err e;

    coord_lock(c);
    e = build_write(c->db, arg, &b, &why);
    coord_unlock(c);
    if (e)
        reply_fault(r, e, &why);
    else
        reply_json(r, 200, &b);
    buf_release(&b);
    buf_release(&why);
}

/* The body's "worker" takes the lock for "ttl_ms", or gives it back with 0. */
void route_build_lock(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, answer = BUF_INIT(64);
    uint64_t ttl;
    struct str worker;
    struct json body;
    bool got = false;
    enum err e;

    if (!body_object(r, &body))
        return;
    if (!is_hex(arg, 64) || !text_get(r, body, "worker", JOB_WORKER_MAX, &worker) || !worker.len ||
        !json_u64(json_get(body, "ttl_ms"), &ttl) || ttl > BUILD_LOCK_MS_MAX) {
        reply_error(r, 400,
                    "a lock has a key of 64 hex digits, a 'worker' and a 'ttl_ms' of at "
                    "most 60000");
        return;
    }
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e && ttl)
        e = build_lock(c->db, arg, worker, ttl, now_ms(), &got, &why);
    else if (!e)
        e = build_unlock(c->db, arg, worker, &why);
    if (!e)
        e = db_commit(c->db, &why);
    else
        db_rollback(c->db);
    coord_unlock(c);
    json_obj(&answer);
    json_key(&answer, "acquired");
    json_put_bool(&answer, got);
    json_obj_end(&answer);
    if (e)
        reply_fault(r, e, &why);
    else
        reply_json(r, 200, &answer);
    buf_release(&answer);
    buf_release(&why);
}

void route_program_put(struct coord *c, struct http_req *r, struct str arg)
{
    struct str body = http_req_body(r);
    struct buf why = WHY_INIT;
    struct hash256 is = sha256(body), named;
    enum err e;

    if (!hash_from_hex(arg, &named) || !hash_eq(&is, &named) || body.len > PROGRAM_MAX) {
        reply_error(r, 400, "the body is not the program of that SHA-256");
        return;
    }
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e)
        e = program_put(c->db, arg, body, now_ms(), &why);
    if (!e)
        e = db_commit(c->db, &why);
    else
        db_rollback(c->db);
    coord_unlock(c);
    if (e)
        reply_fault(r, e, &why);
    else
        http_reply(r, 200, "application/json", STR("{\"ok\":true}"));
    buf_release(&why);
}

void route_program(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(PROGRAM_MAX);
    enum err e;

    coord_lock(c);
    e = program_write(c->db, arg, now_ms(), &b, &why);
    coord_unlock(c);
    if (e)
        reply_fault(r, e, &why);
    else
        http_reply(r, 200, "application/wasm", buf_str(&b));
    buf_release(&b);
    buf_release(&why);
}

void route_build_log(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(BUILD_LOG_MAX);
    uint64_t id;
    enum err e;

    if (!str_u64(arg, &id) || id > INT64_MAX) {
        reply_error(r, 404, "no such request");
        return;
    }
    coord_lock(c);
    e = build_log_write(c->db, id, &b, &why);
    coord_unlock(c);
    if (e) {
        reply_fault(r, e, &why);
    } else {
        http_reply_header(r, "X-Content-Type-Options", "nosniff");
        http_reply(r, 200, "text/plain; charset=utf-8", buf_str(&b));
    }
    buf_release(&b);
    buf_release(&why);
}

void route_wasm_info(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(1024);
    struct str target = http_req_query(r, "build_target");
    enum err e;

    coord_lock(c);
    e = wasm_info_write(c->db, http_req_query(r, "repo_url"), http_req_query(r, "commit_hash"),
                        target.len ? target : STR("wasm32-wasip1"), &b, &why);
    coord_unlock(c);
    if (e)
        reply_fault(r, e, &why);
    else
        reply_json(r, 200, &b);
    buf_release(&b);
    buf_release(&why);
}

void route_wasm_exists(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(256);
    enum err e;

    coord_lock(c);
    e = wasm_exists_write(c->db, arg, &b, &why);
    coord_unlock(c);
    if (e)
        reply_fault(r, e, &why);
    else
        reply_json(r, 200, &b);
    buf_release(&b);
    buf_release(&why);
}
