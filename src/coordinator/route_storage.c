/*
 * route_storage.c — the workers' side of what projects keep: records, for the run they have leased.
 *
 * Each call names the job and the token of its lease, and touches only the project and the account
 * that the contract gave that run, or the project's "@worker" area. So the bearer token alone
 * opens nothing, and a worker whose job went to another cannot write any more. What is kept is
 * sealed by the keystore; here it is bytes.
 *
 * Bytes go out as arrays of numbers, or as base64 where the body has "bytes":"base64".
 */
#include <string.h>

#include "codec/base64.h"
#include "coordinator/ack.h"
#include "coordinator/bodies.h"
#include "codec/put.h"
#include "coordinator/reply.h"
#include "coordinator/routes.h"

#define VALUE_ROOM (STORAGE_VALUE_MAX + STORAGE_SEALED_MORE)
#define KEY_ROOM   (STORAGE_KEY_MAX + STORAGE_SEALED_MORE)
#define ANSWER_MAX (6u << 20)

/* One call. */
struct ask {
    struct http_req *r;
    struct arena *a;
    struct json body;
    struct space space;
    struct str project_of_run, account_of_run;
    bool base64;
    struct buf out, bytes, why;
};

/* ---- who may ---- */

static enum err run_read(struct coord *c, struct ask *k, uint64_t id, uint64_t token)
{
    struct db_stmt *s = NULL;
    struct json doc;
    enum err e = db_ask(c->db,
                        "SELECT r.request_data, j.state, j.token FROM job j"
                        " JOIN request r ON r.id = j.id WHERE j.id = $1",
                        &s, &k->why, AS_U64(id));

    if (!e)
        e = db_step(s, &k->why);
    if (e == ERR_EMPTY)
        e = err_put(&k->why, ERR_DENIED, "no job '%llu'", (unsigned long long)id);
    else if (!e && ((enum job_state)db_u64(s, 1) != JOB_LEASED || db_u64(s, 2) != token))
        e = err_put(&k->why, ERR_CONFLICT, "job '%llu' is not leased with that token",
                    (unsigned long long)id);
    if (!e && (!json_parse(arena_str(k->a, db_text(s, 0)), &doc, NULL) ||
               !json_plain(json_get(doc, "project_uuid"), &k->project_of_run) ||
               !json_plain(json_get(doc, "sender_id"), &k->account_of_run)))
        e = err_put(&k->why, ERR_DENIED, "the job is no run of a project");
    db_done(&s);
    return e;
}

static enum err number(struct ask *k, const char *name, uint64_t *out)
{
    struct str q = k->body.text.ptr ? STR_NONE : http_req_query(k->r, name);

    if (k->body.text.ptr ? json_u64(json_get(k->body, name), out) : str_u64(q, out))
        return ERR_OK;
    return err_put(&k->why, ERR_FORMAT, "'%s' is missing or no number", name);
}

static enum err text(struct ask *k, const char *name, struct str *out)
{
    if (k->body.text.ptr) {
        if (json_plain(json_get(k->body, name), out))
            return ERR_OK;
    } else {
        *out = http_req_query(k->r, name);
        if (out->ptr)
            return ERR_OK;
    }
    return err_put(&k->why, ERR_FORMAT, "'%s' is missing or no text", name);
}

/* Whose records, and whether this run has anything to do with them. Under the lock. */
static enum err admit(struct coord *c, struct ask *k)
{
    uint64_t id = 0, token = 0;
    enum err e = number(k, "job_id", &id);

    if (!e)
        e = number(k, "token", &token);
    if (e)
        return err_put(&k->why, ERR_DENIED,
                       "'job_id' and 'token' of a lease are needed: storage is for runs");
    e = text(k, "project_uuid", &k->space.project);
    if (!e)
        e = text(k, "account_id", &k->space.account);
    if (!e && !space_ok(&k->space))
        e = err_put(&k->why, ERR_FORMAT, "there is no such project or account");
    if (!e)
        e = run_read(c, k, id, token);
    if (!e && (!str_eq(k->space.project, k->project_of_run) ||
               (!str_eq(k->space.account, k->account_of_run) &&
                !str_eqz(k->space.account, STORAGE_WORKER))))
        e = err_put(&k->why, ERR_DENIED,
                    "the job is a run of another project, or for another account");
    return e;
}

/* ---- members ---- */

static enum err hash(struct ask *k, const char *name, struct hash256 *out)
{
    struct str s;
    enum err e = text(k, name, &s);

    if (!e && !hash_from_hex(s, out))
        e = err_put(&k->why, ERR_FORMAT, "'%s' is not 64 hexadecimal digits", name);
    return e;
}

static void put_bytes(struct ask *k, const char *name, struct str s)
{
    json_key(&k->out, name);
    if (k->base64) {
        json_str_open(&k->out);
        base64_put(&k->out, s.ptr, s.len);
        json_str_close(&k->out);
        return;
    }
    json_arr(&k->out);
    for (size_t i = 0; i < s.len; i++)
        json_put_u64(&k->out, (uint8_t)s.ptr[i]);
    json_arr_end(&k->out);
}

static void put_hash(struct ask *k, const char *name, const struct hash256 *h)
{
    json_key(&k->out, name);
    json_str_open(&k->out);
    hash_put_hex(&k->out, h);
    json_str_close(&k->out);
}

static void put_flag(struct ask *k, const char *name, bool v)
{
    json_key(&k->out, name);
    json_put_bool(&k->out, v);
}

/* ---- what is done ---- */

typedef enum err do_fn(struct coord *c, struct ask *k);

static enum err put_with(struct coord *c, struct ask *k, enum when when, bool *done,
                         struct stored *now)
{
    struct put p;
    enum err e =
        put_body(k->body, when, str_eqz(k->space.account, STORAGE_WORKER), k->a, &p, &k->why);

    if (!e)
        e = records_put(c->db, &k->space, &p, &c->storage_quota, now_ms(), done, now, &k->bytes,
                        &k->why);
    return e;
}

static enum err do_set(struct coord *c, struct ask *k)
{
    struct stored now;
    bool done = false;
    enum err e = put_with(c, k, WHEN_ALWAYS, &done, &now);

    put_flag(k, "success", done);
    return e;
}

static enum err do_set_if_absent(struct coord *c, struct ask *k)
{
    struct stored now;
    bool done = false;
    enum err e = put_with(c, k, WHEN_ABSENT, &done, &now);

    put_flag(k, "inserted", done);
    return e;
}

static enum err do_set_if_equals(struct coord *c, struct ask *k)
{
    struct stored now;
    bool done = false;
    enum err e = put_with(c, k, WHEN_EQUAL, &done, &now);

    if (e)
        return e;
    put_flag(k, "updated", done);
    if (!done && now.key.len) {
        put_bytes(k, "current_encrypted_value", now.value);
        put_bytes(k, "current_encrypted_key", now.key);
    }
    return ERR_OK;
}

static void put_record(struct ask *k, const struct stored *r)
{
    put_flag(k, "exists", true);
    put_bytes(k, "encrypted_key", r->key);
    put_bytes(k, "encrypted_value", r->value);
    put_hash(k, "wasm_hash", &r->wasm);
    put_flag(k, "is_encrypted", !r->is_public);
}

static enum err get(struct coord *c, struct ask *k, bool by_version)
{
    struct hash256 key, wasm;
    struct stored r;
    enum err e = hash(k, "key_hash", &key);

    if (!e && by_version)
        e = hash(k, "wasm_hash", &wasm);
    if (!e)
        e = records_get(c->db, &k->space, &key, &r, &k->bytes, &k->why);
    if (e && e != ERR_EMPTY)
        return e;
    if (e || (by_version && !hash_eq(&wasm, &r.wasm)))
        put_flag(k, "exists", false);
    else
        put_record(k, &r);
    return ERR_OK;
}

static enum err do_get(struct coord *c, struct ask *k)
{
    return get(c, k, false);
}

static enum err do_get_by_version(struct coord *c, struct ask *k)
{
    return get(c, k, true);
}

static enum err do_has(struct coord *c, struct ask *k)
{
    struct hash256 key;
    bool is = false;
    enum err e = hash(k, "key_hash", &key);

    if (!e)
        e = records_has(c->db, &k->space, &key, &is, &k->why);
    put_flag(k, "exists", is);
    return e;
}

static enum err do_delete(struct coord *c, struct ask *k)
{
    struct hash256 key;
    bool was = false;
    enum err e = hash(k, "key_hash", &key);

    if (!e)
        e = records_delete(c->db, &k->space, &key, &was, &k->why);
    put_flag(k, "deleted", was);
    return e;
}

static enum err do_clear_all(struct coord *c, struct ask *k)
{
    put_flag(k, "success", true);
    return records_clear(c->db, &k->space, NULL, &k->why);
}

static enum err do_clear_version(struct coord *c, struct ask *k)
{
    struct hash256 wasm;
    enum err e = hash(k, "wasm_hash", &wasm);

    put_flag(k, "success", true);
    return e ? e : records_clear(c->db, &k->space, &wasm, &k->why);
}

static enum err put_key(void *ctx, const struct stored *r, struct buf *why UNUSED)
{
    struct ask *k = ctx;

    json_obj(&k->out);
    put_hash(k, "key_hash", &r->key_hash);
    put_bytes(k, "encrypted_key", r->key);
    put_hash(k, "wasm_hash", &r->wasm);
    json_obj_end(&k->out);
    return ERR_OK;
}

/* Without values: they are asked for one by one. */
static enum err do_list(struct coord *c, struct ask *k)
{
    uint64_t limit = 100, offset = 0, total = 0;
    struct hash256 after;
    struct str s;
    bool has_after = !text(k, "after", &s);
    enum err e = ERR_OK;

    buf_clear(&k->why);
    if (number(k, "limit", &limit))
        limit = 100;
    if (number(k, "offset", &offset))
        offset = 0;
    buf_clear(&k->why);
    if (!limit || limit > STORAGE_PAGE_MAX || offset > INT64_MAX)
        e = err_put(&k->why, ERR_RANGE, "'limit' is 1 to %u", STORAGE_PAGE_MAX);
    if (!e && has_after)
        e = hash(k, "after", &after);
    if (!e)
        e = records_count(c->db, &k->space, &total, &k->why);
    json_key(&k->out, "keys");
    json_arr(&k->out);
    if (!e)
        e = records_list(c->db, &k->space, has_after ? &after : NULL, offset, limit, put_key, k,
                         &k->why);
    json_arr_end(&k->out);
    put_u64(&k->out, "total", total);
    return e;
}

static enum err do_usage(struct coord *c, struct ask *k)
{
    struct quota use;
    enum err e = records_use(c->db, k->space.project, &use, &k->why);

    if (e)
        return e;
    put_u64(&k->out, "total_bytes", use.bytes);
    put_u64(&k->out, "key_count", use.keys);
    return ERR_OK;
}

/* ---- one call from its start to its answer ---- */

/* What anybody may read of the worker's area of any project. */
static enum err do_get_public(struct coord *c, struct ask *k)
{
    struct hash256 key;
    struct stored r;
    enum err e = text(k, "project_uuid", &k->space.project);

    k->space.account = STR(STORAGE_WORKER);
    if (!e && !space_ok(&k->space))
        e = err_put(&k->why, ERR_FORMAT, "there is no such project");
    if (!e)
        e = hash(k, "key_hash", &key);
    if (!e)
        e = records_get(c->db, &k->space, &key, &r, &k->bytes, &k->why);
    if (e && e != ERR_EMPTY)
        return e;
    if (e) {
        put_flag(k, "exists", false);
    } else if (r.is_public) {
        put_record(k, &r);
    } else {
        put_flag(k, "exists", true);
        put_flag(k, "is_encrypted", true);
    }
    return ERR_OK;
}

static void answer(struct coord *c, struct http_req *r, do_fn *fn, bool writes)
{
    struct ask k = {.r = r,
                    .a = http_req_arena(r),
                    .out = BUF_INIT(ANSWER_MAX),
                    .bytes = BUF_INIT(KEY_ROOM + VALUE_ROOM),
                    .why = WHY_INIT};
    enum err e = ERR_OK;

    if (strcmp(http_req_method(r), "POST") == 0 && !body_object(r, &k.body))
        return;
    k.base64 = json_str_eq(json_get(k.body, "bytes"), STR("base64"));
    json_obj(&k.out);
    coord_lock(c);
    if (fn != do_get_public)
        e = admit(c, &k);
    if (!e && writes)
        e = db_begin(c->db, &k.why);
    if (!e) {
        e = fn(c, &k);
        if (writes)
            e = db_end(c->db, e, &k.why);
    }
    json_obj_end(&k.out);
    if (!e && k.out.full)
        e = err_put(&k.why, ERR_TOO_BIG, "the answer is too large; ask with \"bytes\":\"base64\"");
    if (e)
        reply_fault(r, e, &k.why);
    else if (writes) /* a guest that was told "stored" can rely on it */
        ack_reply(c, r, false, buf_str(&k.out));
    else
        reply_json(r, 200, &k.out);
    coord_unlock(c);
    buf_release(&k.out);
    buf_release(&k.bytes);
    buf_release(&k.why);
}

#define ROUTE(name, writes)                                                                        \
    void route_storage_##name(struct coord *c, struct http_req *r, struct str arg UNUSED)          \
    {                                                                                              \
        answer(c, r, do_##name, writes);                                                           \
    }
ROUTE(set, true)
ROUTE(set_if_absent, true)
ROUTE(set_if_equals, true)
ROUTE(delete, true)
ROUTE(clear_all, true)
ROUTE(clear_version, true)
ROUTE(get, false)
ROUTE(get_by_version, false)
ROUTE(has, false)
ROUTE(list, false)
ROUTE(usage, false)
ROUTE(get_public, false)
