#include "coordinator/reply.h"

#include <stdio.h>

#include "base/log.h"
#include "codec/put.h"

void reply_json(struct http_req *r, unsigned status, struct buf *body)
{
    if (body->full) {
        log_unusual("answer_too_large", "path=%.*s", STR_ARG(http_req_path(r)));
        reply_error(r, 500, "the answer is too large");
        return;
    }
    http_reply(r, status, "application/json", buf_str(body));
}

void reply_error(struct http_req *r, unsigned status, const char *text)
{
    struct buf b = BUF_INIT(WHY_MAX * 8);

    json_obj(&b);
    put_z(&b, "error", text);
    json_obj_end(&b);
    http_reply(r, status, "application/json", buf_str(&b));
    buf_release(&b);
}

void reply_later(struct http_req *r, unsigned status, const char *text, unsigned seconds)
{
    char room[16];

    snprintf(room, sizeof(room), "%u", seconds);
    http_reply_header(r, "Retry-After", room);
    reply_error(r, status, text);
}

void reply_fault(struct http_req *r, enum err e, const struct buf *why)
{
    if (err_http(e) >= 500) {
        log_unusual("request_failed", "path=%.*s error=%s why=%s", STR_ARG(http_req_path(r)),
                    err_name(e), buf_z(why));
        reply_error(r, err_http(e), err_text(e));
        return;
    }
    reply_error(r, err_http(e), why->len ? buf_z(why) : err_text(e));
}

void reply_result(struct http_req *r, enum err e, struct buf *b, struct buf *why)
{
    if (e)
        reply_fault(r, e, why);
    else
        reply_json(r, 200, b);
    buf_release(b);
    buf_release(why);
}

bool body_object(struct http_req *r, struct json *out)
{
    struct json_fault fault;
    char text[160];
    struct buf b = BUF_OVER(text);

    if (!json_parse(http_req_body(r), out, &fault)) {
        buf_addf(&b, "the body is not JSON: %s at byte %zu", fault.what, fault.at);
        reply_error(r, 400, text);
        return false;
    }
    if (json_type(*out) != JSON_OBJECT) {
        reply_error(r, 400, "the body is not a JSON object");
        return false;
    }
    return true;
}

bool query_u64(struct http_req *r, const char *name, uint64_t fallback, uint64_t *out)
{
    struct str s = http_req_query(r, name);
    char text[160];
    struct buf b = BUF_OVER(text);

    if (!s.len) {
        *out = fallback;
        return true;
    }
    if (str_u64(s, out) && *out <= INT64_MAX)
        return true;
    buf_addf(&b, "'%s' must be a number", name);
    reply_error(r, 400, text);
    return false;
}
