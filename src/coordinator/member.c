/* member.c — see member.h. */
#include "coordinator/member.h"

#include "codec/base64.h"
#include "codec/hex.h"
#include "coordinator/jobq.h"

static bool kept(struct buf *b, bool ok, struct arena *a, struct str *out)
{
    ok = ok && !b->full;
    if (ok)
        *out = arena_str(a, b->len ? buf_str(b) : STR(""));
    buf_release(b);
    return ok;
}

bool member_text(struct json v, size_t max, struct arena *a, struct str *out)
{
    struct buf b = BUF_INIT(max);

    *out = STR_NONE;
    return json_is_null(v) || kept(&b, json_str(v, &b), a, out);
}

bool member_base64(struct json v, size_t max, struct arena *a, struct str *out)
{
    struct buf b = BUF_INIT(max);
    struct str text;

    *out = STR_NONE;
    return json_is_null(v) || kept(&b, json_plain(v, &text) && base64_get(text, &b), a, out);
}

bool member_hash(struct json v, struct hash256 *out)
{
    struct str text;

    return json_plain(v, &text) && hash_from_hex(text, out);
}

bool member_sig(struct json v, struct ed25519_sig *out)
{
    struct str text;

    return json_plain(v, &text) && hex_get(text, out->b, sizeof out->b);
}

bool member_digits(struct json v, size_t digits, struct str *out)
{
    return json_plain(v, out) && out->len == digits && hex_is_lower(*out);
}

bool member_count(struct json v, uint64_t *out)
{
    return json_u64(v, out) && *out <= INT64_MAX;
}

bool member_id(struct json v, struct str *out)
{
    if (!json_plain(v, out) || !out->len || out->len > JOB_WORKER_MAX)
        return false;
    for (size_t i = 0; i < out->len; i++)
        if (out->ptr[i] <= ' ' || out->ptr[i] > '~')
            return false;
    return true;
}
