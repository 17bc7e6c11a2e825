/*
 * route_storage.c — what workers ask for the storage of projects: records sealed and opened.
 *
 * The request that they are for is looked up (asked.c): its project, its account or the worker's
 * area. A public record is in the clear; any run may have it checked. What is opened is sealed to
 * the session's box key.
 */
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/put.h"
#include "keystore/keystore.h"

#define BOX_MAX (STORAGE_VALUE_MAX + BOX_OVERHEAD)

/* The seed of "project_uuid" and "account_id", which "request_id" is a run for; `open`: what is
 * asked tells nothing that is not in the clear anyway, so that any run may. */
static enum err seed_of(struct call *c, bool open, struct str *out, struct buf *why)
{
    uint64_t id = 0;
    struct buf seed = BUF_INIT(SPACE_SEED_MAX);
    struct space s;
    enum err e = call_text(c, c->body, "project_uuid", STORAGE_UUID_LEN, &s.project, why);

    if (!e)
        e = call_text(c, c->body, "account_id", 64, &s.account, why);
    if (!e && !space_ok(&s))
        e = err_put(why, ERR_FORMAT,
                    "'project_uuid' is no uuid of a project, or 'account_id' no account");
    if (!e && !json_u64(json_get(c->body, "request_id"), &id))
        e = err_put(why, ERR_FORMAT, "'request_id' is missing or no number");
    if (!e && !open)
        e = asked_storage(c, id, &s, why);
    if (!e) {
        space_seed(&seed, &s);
        *out = arena_str(c->a, buf_str(&seed));
    }
    buf_release(&seed);
    return e;
}

static enum err bool_of(struct json body, const char *member, bool *out, struct buf *why)
{
    struct json v = json_get(body, member);

    *out = false;
    if (!json_is_null(v) && !json_bool(v, out))
        return err_put(why, ERR_FORMAT, "'%s' is neither true nor false", member);
    return ERR_OK;
}

/* A member in base64 that is in the clear: for a buf that is wiped, not for the arena. */
static enum err clear_of(struct json body, const char *member, struct buf *out, struct buf *why)
{
    struct str text;

    if (!json_plain(json_get(body, member), &text) || !base64_get(text, out) || out->full)
        return err_put(why, ERR_FORMAT, "'%s' is missing, no base64, or over %zu bytes", member,
                       out->max);
    return ERR_OK;
}

enum err route_storage_encrypt(struct call *c, struct buf *why)
{
    struct buf value = BUF_INIT(STORAGE_VALUE_MAX), answer = BUF_INIT(HOLDER_MSG_MAX);
    struct session_view s;
    struct keep k = {0};
    struct str key_box, value_box;
    struct hash256 h;
    enum err e = call_session(c, &s, why);

    if (!e)
        e = seed_of(c, false, &k.seed, why);
    if (!e)
        e = call_text(c, c->body, "key", STORAGE_KEY_MAX, &k.key, why);
    if (!e)
        e = bool_of(c->body, "is_public", &k.is_public, why);
    if (!e)
        e = clear_of(c->body, "value_base64", &value, why);
    k.value = buf_str(&value);
    if (!e)
        e = holder_keep(c->k->holder, &k, &answer, &key_box, &value_box, why);
    if (!e) {
        h = sha256(k.key);
        json_obj(c->out);
        put_base64(c->out, "encrypted_key_base64", key_box);
        put_base64(c->out, "encrypted_value_base64", value_box);
        put_hex(c->out, "key_hash", hash_str(&h));
        json_obj_end(c->out);
    }
    buf_wipe(&value);
    buf_release(&answer);
    return e;
}

/* One record with its value. */
static enum err one_of(struct call *c, struct fetch *f, struct buf *why)
{
    enum err e = call_base64(c, c->body, "encrypted_key_base64", BOX_MAX, &f->key[0], why);

    if (!e)
        e = bool_of(c->body, "is_public", &f->is_public, why);
    if (!e)
        e = call_base64(c, c->body, "encrypted_value_base64", BOX_MAX, &f->value[0], why);
    f->values = true;
    f->n = 1;
    return e;
}

/* Keys alone, many at once. */
static enum err many_of(struct call *c, struct json list, struct fetch *f, struct buf *why)
{
    struct buf box = BUF_INIT(STORAGE_KEY_MAX + BOX_OVERHEAD);
    struct str text;
    enum err e = ERR_OK;

    for (struct json_iter it = json_iter(list); !e && json_next(&it);) {
        buf_clear(&box);
        if (f->n == HOLDER_FETCH_MAX || !json_plain(it.value, &text) || !base64_get(text, &box) ||
            box.full)
            e = err_put(why, ERR_FORMAT,
                        "'encrypted_keys_base64' has no or too long base64, or "
                        "more than %d members",
                        HOLDER_FETCH_MAX);
        else
            f->key[f->n++] = arena_str(c->a, buf_str(&box));
    }
    buf_release(&box);
    return e;
}

enum err route_storage_decrypt(struct call *c, struct buf *why)
{
    struct json keys = json_get(c->body, "encrypted_keys_base64");
    struct fetch *f = arena_new(c->a, struct fetch);
    struct buf box = BUF_INIT(HOLDER_MSG_MAX);
    struct session_view s;
    enum err e = call_session(c, &s, why);

    if (!e)
        e = json_type(keys) == JSON_ARRAY ? many_of(c, keys, f, why) : one_of(c, f, why);
    if (!e)
        e = seed_of(c, f->is_public, &f->seed, why);
    if (!e)
        e = call_hex(c->body, "nonce", f->nonce, sizeof(f->nonce), why);
    if (!e) {
        memcpy(f->to, s.box_key, sizeof(f->to));
        e = holder_fetch(c->k->holder, f, &box, why);
    }
    if (!e) {
        json_obj(c->out);
        put_base64(c->out, "sealed", buf_str(&box));
        json_obj_end(c->out);
    }
    buf_release(&box);
    return e;
}
