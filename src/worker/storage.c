/* storage.c — see storage.h. */
#include "worker/storage.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/put.h"
#include "codec/wire.h"
#include "crypto/ecies.h"
#include "guest/host.h"

#define BODY_MAX   (6u << 20) /* two values in base64 */
#define ANSWER_MAX (3u << 20)
#define OPENED_MAX (STORAGE_VALUE_MAX + STORAGE_KEY_MAX + 256)
#define BUSY_TRIES 4
#define BUSY_MS    200
#define HEAD       64 /* label and nonce before what was opened */

static void space_open(struct buf *b, const struct space *s)
{
    json_obj(b);
    put_str(b, "project_uuid", s->project);
    put_str(b, "account_id", s->account);
}

/* The failure of one of our own parts; `why` has it for the program. What the run's own end cut
 * off is none: who lets time run out in a call would run for nothing, and again. */
static enum err fault(struct run_storage *s, enum err e)
{
    s->broken |= !(e == ERR_TIMEOUT && host_cut_off(s->asked_ms, s->store.deadline_ms));
    return e;
}

/* ---- records, at the coordinator ---- */

static void ask_open(const struct run_storage *s, struct buf *b, const struct space *space)
{
    space_open(b, space);
    put_u64(b, "job_id", s->job_id);
    put_u64(b, "token", s->token);
    put_str(b, "bytes", STR("base64"));
}

/* The coordinator's words, where they are for the program. */
static enum err refused(struct run_storage *s, unsigned status, struct json doc, struct buf *why)
{
    char room[WHY_MAX + 1];
    struct buf words = BUF_OVER(room);

    if (!json_str(json_get(doc, "error"), &words))
        buf_addz(&words, "no reason given");
    if (status == 413 || status == 404)
        return err_put(why, ERR_TOO_BIG, "%s", room);
    return fault(s, err_put(why, ERR_UPSTREAM, "the storage does not answer properly (%u): %s",
                            status, room));
}

static enum err ask(struct run_storage *s, const char *path, struct buf *body, struct buf *answer,
                    struct json *doc, struct buf *why)
{
    unsigned status = 0;
    enum err e;

    json_obj_end(body);
    if (body->full)
        return err_put(why, ERR_TOO_BIG, "the record is too large");
    s->asked_ms = clock_mono_ms();
    if (s->asked_ms >= s->store.deadline_ms)
        return ERR_TIMEOUT;
    e = coordinator_call(s->from.coordinator, path, buf_str(body), 0, &status, answer, why);
    if (!e && (!json_parse(buf_str(answer), doc, NULL) || json_type(*doc) != JSON_OBJECT))
        e = err_put(why, ERR_UPSTREAM, "the storage answered with status %u and no JSON", status);
    if (e)
        return fault(s, e);
    return status / 100 == 2 ? ERR_OK : refused(s, status, *doc, why);
}

static enum err malformed(struct run_storage *s, struct buf *why)
{
    return fault(s, err_put(why, ERR_UPSTREAM, "the storage's answer is malformed"));
}

static enum err flag(struct run_storage *s, struct json doc, const char *name, bool *out,
                     struct buf *why)
{
    return json_bool(json_get(doc, name), out) ? ERR_OK : malformed(s, why);
}

static enum err put(void *ctx, const struct space *space, const struct put *p, bool *done,
                    struct buf *why)
{
    static const char *const paths[] = {"/storage/set", "/storage/set-if-absent",
                                        "/storage/set-if-equals"};
    static const char *const flags[] = {"success", "inserted", "updated"};
    bool equal = p->when == WHEN_EQUAL;
    struct buf body = BUF_INIT(BODY_MAX), answer = BUF_INIT(ANSWER_MAX);
    struct run_storage *s = ctx;
    struct json doc = {0};
    enum err e;

    ask_open(s, &body, space);
    put_hex(&body, "key_hash", hash_str(&p->record.key_hash));
    put_hex(&body, "wasm_hash", hash_str(&p->record.wasm));
    put_base64(&body, equal ? "new_encrypted_key" : "encrypted_key", p->record.key);
    put_base64(&body, equal ? "new_encrypted_value" : "encrypted_value", p->record.value);
    if (equal)
        put_base64(&body, "expected_encrypted_value", p->expected);
    put_bool(&body, "is_encrypted", !p->record.is_public);
    e = ask(s, paths[p->when], &body, &answer, &doc, why);
    if (!e)
        e = flag(s, doc, flags[p->when], done, why);
    buf_release(&body);
    buf_release(&answer);
    return e;
}

/* A member in base64, appended to `bytes`. */
static bool take(struct json doc, const char *name, struct buf *bytes)
{
    struct str text;

    return json_plain(json_get(doc, name), &text) && base64_get(text, bytes) && !bytes->full;
}

bool storage_answer_read(struct json doc, const struct hash256 *key, bool *exists,
                         struct stored *out, struct buf *bytes)
{
    struct stored r = {.key_hash = *key};
    size_t at = bytes->len, mid;
    bool sealed;
    struct str wasm;

    if (!json_bool(json_get(doc, "exists"), exists))
        return false;
    if (!*exists)
        return true;
    if (!json_bool(json_get(doc, "is_encrypted"), &sealed))
        return false;
    r.is_public = !sealed;
    if (sealed && json_is_null(json_get(doc, "encrypted_value"))) {
        *out = r; /* another project's, which is not told */
        return true;
    }
    if (!take(doc, "encrypted_key", bytes))
        return false;
    mid = bytes->len;
    if (!take(doc, "encrypted_value", bytes) || !json_plain(json_get(doc, "wasm_hash"), &wasm) ||
        !hash_from_hex(wasm, &r.wasm))
        return false;
    r.key = str_head(str_skip(buf_str(bytes), at), mid - at);
    r.value = str_skip(buf_str(bytes), mid);
    *out = r;
    return true;
}

static enum err get(void *ctx, const struct space *space, const struct hash256 *key,
                    struct stored *out, struct buf *bytes, struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), answer = BUF_INIT(ANSWER_MAX);
    struct run_storage *s = ctx;
    struct json doc = {0};
    bool exists = false;
    enum err e;

    ask_open(s, &body, space);
    put_hex(&body, "key_hash", hash_str(key));
    e = ask(s, str_eq(space->project, s->face.project) ? "/storage/get" : "/storage/get-public",
            &body, &answer, &doc, why);
    if (!e && !storage_answer_read(doc, key, &exists, out, bytes))
        e = malformed(s, why);
    else if (!e && !exists)
        e = ERR_EMPTY;
    buf_release(&body);
    buf_release(&answer);
    return e;
}

/* One key, one flag. */
static enum err about(struct run_storage *s, const struct space *space, const struct hash256 *key,
                      const char *path, const char *name, bool *out, struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), answer = BUF_INIT(ANSWER_MAX);
    struct json doc = {0};
    enum err e;

    ask_open(s, &body, space);
    put_hex(&body, "key_hash", hash_str(key));
    e = ask(s, path, &body, &answer, &doc, why);
    if (!e)
        e = flag(s, doc, name, out, why);
    buf_release(&body);
    buf_release(&answer);
    return e;
}

static enum err has(void *ctx, const struct space *space, const struct hash256 *key, bool *out,
                    struct buf *why)
{
    return about(ctx, space, key, "/storage/has", "exists", out, why);
}

static enum err remove_one(void *ctx, const struct space *space, const struct hash256 *key,
                           bool *was, struct buf *why)
{
    return about(ctx, space, key, "/storage/delete", "deleted", was, why);
}

static enum err clear(void *ctx, const struct space *space, const struct hash256 *wasm,
                      struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), answer = BUF_INIT(ANSWER_MAX);
    struct run_storage *s = ctx;
    struct json doc = {0};
    enum err e;

    ask_open(s, &body, space);
    if (wasm)
        put_hex(&body, "wasm_hash", hash_str(wasm));
    e = ask(s, wasm ? "/storage/clear-version" : "/storage/clear-all", &body, &answer, &doc, why);
    buf_release(&body);
    buf_release(&answer);
    return e;
}

static enum err list(void *ctx, const struct space *space, const struct hash256 *after,
                     uint64_t limit, stored_fn *each, void *each_ctx, struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), answer = BUF_INIT(ANSWER_MAX),
               key = BUF_INIT(STORAGE_KEY_MAX + STORAGE_SEALED_MORE);
    struct run_storage *s = ctx;
    struct json doc = {0}, keys;
    uint64_t n = 0;
    enum err e;

    ask_open(s, &body, space);
    put_u64(&body, "limit", limit);
    if (after)
        put_hex(&body, "after", hash_str(after));
    e = ask(s, "/storage/list", &body, &answer, &doc, why);
    keys = e ? (struct json){0} : json_get(doc, "keys");
    if (!e && json_type(keys) != JSON_ARRAY)
        e = malformed(s, why);
    for (struct json_iter it = json_iter(keys); !e && json_next(&it);) {
        struct stored r = {0};
        struct str hex;

        buf_clear(&key);
        if (n++ == limit || !json_plain(json_get(it.value, "key_hash"), &hex) ||
            !hash_from_hex(hex, &r.key_hash) || !take(it.value, "encrypted_key", &key)) {
            e = malformed(s, why);
            break;
        }
        r.key = buf_str(&key);
        e = each(each_ctx, &r, why);
    }
    buf_release(&body);
    buf_release(&answer);
    buf_release(&key);
    return e;
}

/* ---- boxes, at the keystore ---- */

static enum err ask_keystore(struct run_storage *s, const char *path, struct buf *body,
                             struct buf *answer, struct json *doc, struct buf *why)
{
    unsigned status = 0;
    enum err e;

    put_u64(body, "request_id", s->request_id);
    json_obj_end(body);
    if (body->full)
        return err_put(why, ERR_TOO_BIG, "the record is too large");
    s->asked_ms = clock_mono_ms();
    keystore_deadline(s->from.keystore, s->store.deadline_ms);
    e = keystore_ask(s->from.keystore, path, buf_str(body), &status, answer, doc, why);
    /* Its node may not have seen the request yet. */
    for (unsigned i = 1; !e && status == 429 && i < BUSY_TRIES; i++) {
        clock_sleep_ms(BUSY_MS * i);
        e = keystore_ask(s->from.keystore, path, buf_str(body), &status, answer, doc, why);
    }
    keystore_deadline(s->from.keystore, 0);
    if (!e && status == 403) /* not sealed for this place: what the coordinator gave is not ours */
        e = err_put(why, ERR_UPSTREAM, "the stored record is not what was stored");
    else if (!e && status != 200)
        e = keystore_said(status, *doc, why);
    return e ? fault(s, e) : ERR_OK;
}

static enum err seal(void *ctx, const struct space *space, struct str key, struct str value,
                     bool is_public, struct buf *sealed_key, struct buf *sealed_value,
                     struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), answer = BUF_INIT(KEYSTORE_ANSWER_MAX);
    struct run_storage *s = ctx;
    struct json doc = {0};
    enum err e;

    space_open(&body, space);
    put_hex(&body, "wasm_hash", hash_str(&s->face.wasm));
    put_str(&body, "key", key);
    put_base64(&body, "value_base64", value);
    put_bool(&body, "is_public", is_public);
    e = ask_keystore(s, "/storage/encrypt", &body, &answer, &doc, why);
    if (!e && (!take(doc, "encrypted_key_base64", sealed_key) ||
               !take(doc, "encrypted_value_base64", sealed_value)))
        e = malformed(s, why);
    buf_wipe(&body);
    buf_release(&answer);
    return e;
}

/* Ask for records to be opened; what comes is appended to `out`, in the form of struct fetch. */
static enum err opened(struct run_storage *s, struct buf *body, struct buf *out, struct buf *why)
{
    struct buf answer = BUF_INIT(KEYSTORE_ANSWER_MAX), box = BUF_INIT(KEYSTORE_ANSWER_MAX),
               clear = BUF_INIT(OPENED_MAX + HEAD);
    char label[32] = SPACE_LABEL;
    uint8_t nonce[32];
    struct json doc = {0};
    struct str got;
    enum err e;

    random_bytes(nonce, sizeof(nonce));
    put_hex(body, "nonce", str_from(nonce, sizeof(nonce)));
    e = ask_keystore(s, "/storage/decrypt", body, &answer, &doc, why);
    if (!e && !take(doc, "sealed", &box))
        e = malformed(s, why);
    if (!e && ecies_open(keystore_box_key(s->from.keystore), buf_str(&box), &clear, NULL))
        e = malformed(s, why);
    got = buf_str(&clear);
    if (!e && (got.len < HEAD || memcmp(got.ptr, label, sizeof(label)) != 0 ||
               memcmp(got.ptr + sizeof(label), nonce, sizeof(nonce)) != 0))
        e = malformed(s, why);
    if (!e)
        buf_add_str(out, str_skip(got, HEAD));
    buf_release(&answer);
    buf_release(&box);
    buf_wipe(&clear);
    return e;
}

static enum err open_one(void *ctx, const struct space *space, const struct stored *r,
                         struct buf *value, struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), out = BUF_INIT(OPENED_MAX);
    struct run_storage *s = ctx;
    struct hash256 h;
    struct str key, got;
    struct rd rd;
    enum err e;

    space_open(&body, space);
    put_base64(&body, "encrypted_key_base64", r->key);
    put_base64(&body, "encrypted_value_base64", r->value);
    put_bool(&body, "is_public", r->is_public);
    e = opened(s, &body, &out, why);
    rd = rd_over(buf_str(&out));
    key = rd_bytes(&rd, STORAGE_KEY_MAX);
    got = rd_bytes(&rd, STORAGE_VALUE_MAX);
    h = sha256(key);
    if (!e && !rd_end(&rd))
        e = malformed(s, why);
    if (!e && !hash_eq(&h, &r->key_hash))
        e = fault(s, err_put(why, ERR_UPSTREAM, "the stored record is that of another key"));
    if (!e)
        buf_add_str(value, got);
    buf_release(&body);
    buf_wipe(&out);
    return e;
}

static enum err open_keys(void *ctx, const struct space *space, const struct stored *r, size_t n,
                          struct buf *keys, struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX);
    struct run_storage *s = ctx;
    enum err e;

    space_open(&body, space);
    json_key(&body, "encrypted_keys_base64");
    json_arr(&body);
    for (size_t i = 0; i < n; i++) {
        json_str_open(&body);
        base64_put(&body, r[i].key.ptr, r[i].key.len);
        json_str_close(&body);
    }
    json_arr_end(&body);
    e = opened(s, &body, keys, why);
    buf_release(&body);
    return e;
}

/* ---- names of projects, on the chain ---- */

static enum err project(void *ctx, struct str id, struct buf *uuid, struct buf *why)
{
    struct buf args = BUF_INIT(8 * STORAGE_KEY_MAX), answer = BUF_INIT(65536);
    struct run_storage *s = ctx;
    struct json doc = {0};
    struct str text;
    enum err e = ERR_OK;

    json_obj(&args);
    put_str(&args, "project_id", id);
    json_obj_end(&args);
    if (args.full)
        e = ERR_EMPTY; /* no name is that long */
    s->asked_ms = clock_mono_ms();
    rpc_deadline(s->from.rpc, s->store.deadline_ms);
    if (!e)
        e = rpc_view_call(s->from.rpc, s->from.contract_id, "get_project", buf_str(&args), &answer,
                          why);
    rpc_deadline(s->from.rpc, 0);
    if (e == ERR_DENIED) /* the contract fails on what no project can be called */
        e = ERR_EMPTY;
    if (!e && !json_parse(buf_str(&answer), &doc, NULL))
        e = err_put(why, ERR_UPSTREAM, "the contract's get_project() answered no JSON");
    if (!e && json_is_null(doc))
        e = ERR_EMPTY;
    else if (!e && (!json_plain(json_get(doc, "uuid"), &text) || text.len > uuid->max))
        e = err_put(why, ERR_UPSTREAM, "the contract's get_project() gave no uuid");
    else if (!e)
        buf_add_str(uuid, text);
    buf_release(&args);
    buf_release(&answer);
    return e && e != ERR_EMPTY ? fault(s, e) : e;
}

bool run_storage_init(struct run_storage *s, const struct storage_source *from,
                      const struct lease *l, const struct request *r)
{
    const struct space space = {r->project_uuid, r->sender_id};

    *s = (struct run_storage){.store = {.ctx = s,
                                        .put = put,
                                        .get = get,
                                        .has = has,
                                        .remove = remove_one,
                                        .clear = clear,
                                        .list = list,
                                        .seal = seal,
                                        .open = open_one,
                                        .open_keys = open_keys,
                                        .project = project},
                              .from = *from,
                              .job_id = l->job_id,
                              .token = l->token,
                              .request_id = r->id};
    s->face = (struct storage_face){.store = &s->store,
                                    .project = space.project,
                                    .account = space.account,
                                    .wasm = r->source.wasm_sha256};
    return from->coordinator && from->keystore && from->rpc && space.project.len &&
           space_ok(&space);
}
