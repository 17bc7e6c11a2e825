/* route_storage_public.c — what projects made public of their storage, for anybody. */
#include "codec/base64.h"
#include "coordinator/bodies.h"
#include "codec/put.h"
#include "coordinator/reply.h"
#include "coordinator/routes.h"

#define ANSWER_MAX (16u << 20)

static struct space area_of(struct str project)
{
    return (struct space){project, STR(STORAGE_WORKER)};
}

static void plain(struct http_req *r, unsigned status, const char *words)
{
    http_reply(r, status, "text/plain; charset=utf-8", str_of(words));
}

/* ERR_DENIED: it is there and not public. */
static enum err look(struct db *d, struct str project, struct str key, struct buf *bytes,
                     struct stored *out, struct buf *why)
{
    const struct space area = area_of(project);
    struct hash256 h = sha256(key);
    enum err e;

    e = records_get(d, &area, &h, out, bytes, why);
    return !e && !out->is_public ? ERR_DENIED : e;
}

static void put_found(struct buf *b, enum err e, struct str value)
{
    json_obj(b);
    put_bool(b, "exists", e != ERR_EMPTY);
    if (e == ERR_DENIED) {
        put_z(b, "error", "encrypted");
    } else if (!e) {
        json_key(b, "value");
        json_str_open(b);
        base64_put(b, value.ptr, value.len);
        json_str_close(b);
    }
    json_obj_end(b);
}

void route_public_storage_get(struct coord *c UNUSED, struct db *d, struct http_req *r,
                              struct str arg UNUSED)
{
    struct buf bytes = BUF_INIT(2 * STORAGE_VALUE_MAX), out = BUF_INIT(2 * STORAGE_VALUE_MAX),
               why = WHY_INIT;
    struct str key = http_req_query(r, "key");
    const struct space area = area_of(http_req_query(r, "project_uuid"));
    bool raw = str_eqz(http_req_query(r, "format"), "raw");
    struct stored found = {0};
    enum err e;

    if (!area.project.ptr || !space_ok(&area) || !key.len || key.len > STORAGE_KEY_MAX) {
        plain(r, 400, "project_uuid and key are needed");
        return;
    }
    e = look(d, area.project, key, &bytes, &found, &why);
    if (e == ERR_DENIED) {
        plain(r, 403, "Storage key exists but is encrypted (not public)");
    } else if (raw && e == ERR_EMPTY) {
        plain(r, 404, "Key not found");
    } else if (e && e != ERR_EMPTY) {
        reply_fault(r, e, &why);
    } else if (raw) {
        /* Bytes of a stranger's at the address of our pages, which may run scripts from there. */
        http_reply_header(r, "X-Content-Type-Options", "nosniff");
        http_reply(r, 200, "application/octet-stream", found.value);
    } else {
        put_found(&out, e, found.value);
        reply_json(r, 200, &out);
    }
    buf_release(&bytes);
    buf_release(&out);
    buf_release(&why);
}

void route_public_storage_batch(struct coord *c UNUSED, struct db *d, struct http_req *r,
                                struct str arg UNUSED)
{
    struct buf bytes = BUF_INIT(2 * STORAGE_VALUE_MAX), out = BUF_INIT(ANSWER_MAX), why = WHY_INIT,
               key = BUF_INIT(STORAGE_KEY_MAX);
    struct space area = {STR(""), STR(STORAGE_WORKER)};
    struct json body, keys;
    enum err e = ERR_OK;

    if (!body_object(r, &body))
        return;
    keys = json_get(body, "keys");
    if (!json_plain(json_get(body, "project_uuid"), &area.project) || !space_ok(&area)) {
        plain(r, 400, "project_uuid is needed");
        return;
    }
    if (!keys_body(keys, &why)) {
        plain(r, 400, buf_z(&why));
        buf_release(&why);
        return;
    }
    json_obj(&out);
    json_key(&out, "results");
    json_obj(&out);
    for (struct json_iter it = json_iter(keys); !e && json_next(&it);) {
        struct stored found = {0};

        buf_clear(&key);
        buf_clear(&bytes);
        if (!json_str(it.value, &key))
            continue;
        e = look(d, area.project, buf_str(&key), &bytes, &found, &why);
        json_key_str(&out, buf_str(&key));
        put_found(&out, e, found.value);
        if (e == ERR_DENIED || e == ERR_EMPTY)
            e = ERR_OK;
    }
    json_obj_end(&out);
    json_obj_end(&out);
    if (e)
        reply_fault(r, e, &why);
    else if (out.full)
        reply_error(r, 413, "the values are too large for one answer; ask for fewer keys");
    else
        reply_json(r, 200, &out);
    buf_release(&key);
    buf_release(&bytes);
    buf_release(&out);
    buf_release(&why);
}

void route_public_storage_use(struct coord *c UNUSED, struct db *d, struct http_req *r,
                              struct str arg UNUSED)
{
    const struct space area = area_of(http_req_query(r, "project_uuid"));
    struct buf out = BUF_INIT(1024), why = WHY_INIT;
    struct quota use;
    enum err e;

    if (!area.project.ptr || !space_ok(&area)) {
        reply_error(r, 400, "'project_uuid' is needed: p and 16 hexadecimal digits");
        return;
    }
    e = records_use(d, area.project, &use, &why);
    if (e) {
        reply_fault(r, e, &why);
    } else {
        json_obj(&out);
        put_str(&out, "project_uuid", area.project);
        put_u64(&out, "total_bytes", use.bytes);
        put_u64(&out, "key_count", use.keys);
        json_obj_end(&out);
        reply_json(r, 200, &out);
    }
    buf_release(&out);
    buf_release(&why);
}
