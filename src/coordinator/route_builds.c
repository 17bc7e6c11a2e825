/*
 * route_builds.c — builds that workers share: records and programs, and logs for who asked.
 */
#include <string.h>

#include "codec/hex.h"
#include "coordinator/bodies.h"
#include "codec/put.h"
#include "coordinator/reply.h"
#include "coordinator/routes.h"
#include "crypto/hash.h"

void route_job_build(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, answer = BUF_INIT(256);
    struct build_row b;
    struct job_build j;
    const char *wrong;
    uint64_t token;
    struct json body;
    bool has = false;
    enum err e;

    if (!body_object(r, &body))
        return;
    wrong = build_body(body, http_req_arena(r), &token, &j, &b);
    if (!wrong && !str_u64(arg, &j.job_id))
        wrong = "the job must be a number";
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
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
    e = db_end(c->db, e, &why);
    coord_unlock(c);
    json_obj(&answer);
    put_bool(&answer, "wanted", b.ok && !has);
    json_obj_end(&answer);
    reply_result(r, e, &answer, &why);
}

void route_build(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(COORD_BODY_MAX);
    enum err e;

    coord_lock(c);
    e = build_write(c->db, arg, &b, &why);
    coord_unlock(c);
    reply_result(r, e, &b, &why);
}

/* The body's "worker" takes the lock for "ttl_ms", or gives it back with 0. */
void route_build_lock(struct coord *c, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, answer = BUF_INIT(64);
    const char *wrong;
    uint64_t ttl;
    struct str worker;
    struct json body;
    bool got = false;
    enum err e;

    if (!body_object(r, &body))
        return;
    wrong = build_lock_body(body, &worker, &ttl);
    if (!wrong && (arg.len != 64 || !hex_is_lower(arg)))
        wrong = "a build's key has 64 lower-case hex digits";
    if (wrong) {
        reply_error(r, 400, wrong);
        return;
    }
    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e && ttl)
        e = build_lock(c->db, arg, worker, ttl, now_ms(), &got, &why);
    else if (!e)
        e = build_unlock(c->db, arg, worker, &why);
    e = db_end(c->db, e, &why);
    coord_unlock(c);
    json_obj(&answer);
    put_bool(&answer, "acquired", got);
    json_obj_end(&answer);
    reply_result(r, e, &answer, &why);
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
    e = db_end(c->db, e, &why);
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

void route_build_log(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(BUILD_LOG_MAX);
    uint64_t id;
    enum err e;

    if (!str_u64(arg, &id) || id > INT64_MAX) {
        reply_error(r, 404, "no such request");
        return;
    }
    e = build_log_write(d, id, &b, &why);
    if (e) {
        reply_fault(r, e, &why);
    } else {
        http_reply_header(r, "X-Content-Type-Options", "nosniff");
        http_reply(r, 200, "text/plain; charset=utf-8", buf_str(&b));
    }
    buf_release(&b);
    buf_release(&why);
}

void route_wasm_info(struct coord *c UNUSED, struct db *d, struct http_req *r,
                     struct str arg UNUSED)
{
    struct buf why = WHY_INIT, b = BUF_INIT(1024);
    struct str target = http_req_query(r, "build_target");
    enum err e;

    e = wasm_info_write(d, http_req_query(r, "repo_url"), http_req_query(r, "commit_hash"),
                        target.len ? target : STR("wasm32-wasip1"), &b, &why);
    reply_result(r, e, &b, &why);
}

void route_wasm_exists(struct coord *c UNUSED, struct db *d, struct http_req *r, struct str arg)
{
    struct buf why = WHY_INIT, b = BUF_INIT(256);
    enum err e;

    e = wasm_exists_write(d, arg, &b, &why);
    reply_result(r, e, &b, &why);
}
