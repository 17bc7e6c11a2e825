/* call.c — members of a request's body, see keystore.h. */
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "keystore/keystore.h"

enum err call_text(struct call *c, struct json v, const char *member, size_t max, struct str *out,
                   struct buf *why)
{
    struct json m = json_get(v, member);
    char *room;
    struct buf b;

    if (json_type(m) != JSON_STRING || json_str_len(m) > max)
        return err_put(why, ERR_FORMAT, "'%s' is missing or no text of at most %zu bytes", member,
                       max);
    room = arena_alloc(c->a, json_str_len(m) + 1);
    b = (struct buf){.ptr = room, .cap = json_str_len(m), .max = json_str_len(m), .fixed = true};
    if (!json_str(m, &b))
        return err_put(why, ERR_FORMAT, "'%s' is no text", member);
    *out = buf_str(&b);
    return ERR_OK;
}

enum err call_hex(struct json v, const char *member, void *out, size_t n, struct buf *why)
{
    struct str s;

    if (!json_plain(json_get(v, member), &s) || !hex_get(s, out, n))
        return err_put(why, ERR_FORMAT, "'%s' is missing or not %zu hexadecimal digits", member,
                       2 * n);
    return ERR_OK;
}

enum err call_base64(struct call *c, struct json v, const char *member, size_t max, struct str *out,
                     struct buf *why)
{
    struct json m = json_get(v, member);
    struct buf b = BUF_INIT(max);
    struct str text;
    enum err e = ERR_OK;

    if (json_is_null(m)) {
        *out = STR("");
        return ERR_OK;
    }
    if (!json_plain(m, &text) || !base64_get(text, &b) || b.full)
        e = err_put(why, ERR_FORMAT, "'%s' is not base64 of at most %zu bytes", member, max);
    else
        *out = arena_str(c->a, buf_str(&b));
    buf_release(&b);
    return e;
}
