/* secrets.c — see secrets.h. */
#include "worker/secrets.h"

#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "builder/repo.h"
#include "codec/base64.h"
#include "codec/put.h"
#include "crypto/ecies.h"
#include "secrets/session.h"

#define BODY_MAX   16384
#define BOX_MAX    (RELEASE_HEAD + 2 * SECRETS_TEXT_MAX + ECIES_OVERHEAD)
#define ROOM_BYTES (2 * (size_t)BOX_MAX + 2) /* the JSON, then the values */

void secret_env_release(struct secret_env *e)
{
    if (e->room) {
        mem_wipe(e->room, ROOM_BYTES);
        (void)munlock(e->room, ROOM_BYTES);
        mem_free(e->room);
    }
    *e = SECRET_ENV_NONE;
}

/* The box holds a label and our nonce, so that nothing else can be put in its place. */
static enum err box_open(const struct x25519_key *key, struct str box, const uint8_t nonce[32],
                         struct secret_env *out, struct buf *why)
{
    static const char label[32] = RELEASE_LABEL;
    struct buf plain = {.ptr = out->room, .cap = BOX_MAX, .max = BOX_MAX, .fixed = true};
    struct buf values = {
        .ptr = out->room + BOX_MAX + 1, .cap = BOX_MAX, .max = BOX_MAX, .fixed = true};
    struct secret_set *b;
    enum err e = ecies_open(key, box, &plain, why);

    if (e || plain.len < RELEASE_HEAD || memcmp(plain.ptr, label, 32) != 0 ||
        memcmp(plain.ptr + 32, nonce, 32) != 0)
        return err_put(why, ERR_UPSTREAM,
                       "what the keystore sent was not sealed for this question");
    b = mem_new(struct secret_set);
    if (secret_set_parse(str_skip(buf_str(&plain), RELEASE_HEAD), b, why))
        e = err_put(why, ERR_UPSTREAM, "what the keystore sent are no secrets");
    else
        secret_set_strip(b);
    for (size_t i = 0; i < b->n && !e; i++) {
        size_t from = values.len;

        if (!json_str(b->list[i].value, &values) || values.full)
            e = err_put(why, ERR_UPSTREAM, "the secrets are too large");
        out->var[out->n++] =
            (struct run_var){b->list[i].name, str_from(values.ptr + from, values.len - from)};
    }
    mem_free(b);
    return e;
}

static void question_write(const struct secrets_question *q, const uint8_t nonce[32],
                           struct buf *out)
{
    json_obj(out);
    put_u64(out, "request_id", q->request_id);
    json_key(out, "accessor");
    accessor_put_web(out, &q->accessor);
    put_str(out, "profile", q->profile);
    put_str(out, "owner", q->owner);
    put_str(out, "user_account_id", q->user);
    put_hex(out, "nonce", str_from(nonce, 32));
    json_obj_end(out);
}

enum err secrets_read(const struct x25519_key *key, unsigned status, struct json doc,
                      const uint8_t nonce[32], struct secret_env *out, struct buf *why)
{
    struct buf text = BUF_INIT(WHY_MAX), box = BUF_INIT(BOX_MAX);
    struct secret_env got = {.room = mem_alloc(ROOM_BYTES)};
    struct str b64, hex;
    enum err e;

    /* Better not on a swap disk; where it cannot be had, wiping has to do. */
    (void)mlock(got.room, ROOM_BYTES);
    if (status == 400 || status == 403 || status == 404) {
        if (!json_str(json_get(doc, "error"), &text))
            buf_addz(&text, "Failed to decrypt secrets. Please check your secrets configuration.");
        e = err_put(why,
                    status == 403   ? ERR_DENIED
                    : status == 404 ? ERR_ABSENT
                                    : ERR_FORMAT,
                    "%s", buf_z(&text));
    } else if (status != 200) {
        e = keystore_said(status, doc, why);
    } else if (!json_plain(json_get(doc, "sealed_secrets"), &b64) || !base64_get(b64, &box) ||
               !json_plain(json_get(doc, "ciphertext_sha256"), &hex) ||
               !hash_from_hex(hex, &got.ciphertext)) {
        e = err_put(why, ERR_UPSTREAM, "the keystore's answer is malformed");
    } else {
        e = box_open(key, buf_str(&box), nonce, &got, why);
    }
    if (e)
        secret_env_release(&got);
    else
        *out = got;
    buf_release(&text);
    buf_release(&box);
    return e;
}

enum err secrets_get(struct keystore_client *c, const struct secrets_question *q,
                     struct secret_env *out, struct buf *why)
{
    struct buf answer = BUF_INIT(KEYSTORE_ANSWER_MAX), body = BUF_INIT(BODY_MAX);
    struct json doc;
    uint8_t nonce[32];
    unsigned status;
    enum err e;

    random_bytes(nonce, sizeof(nonce));
    question_write(q, nonce, &body);
    e = keystore_ask(c, "/decrypt", buf_str(&body), &status, &answer, &doc, why);
    if (!e)
        e = secrets_read(keystore_box_key(c), status, doc, nonce, out, why);
    buf_release(&answer);
    buf_release(&body);
    return e;
}

bool secrets_accessor(const struct request *r, bool dev, struct arena *a, struct accessor *out)
{
    struct buf text = BUF_INIT(ACCESSOR_TEXT_MAX + 16);
    bool ok = true;

    *out = (struct accessor){.kind = ACCESSOR_PROJECT, .name = r->project_id};
    if (r->project_id.len) {
        ok = r->project_id.len <= ACCESSOR_TEXT_MAX;
    } else if (r->source.kind == SOURCE_WASM_URL) {
        out->kind = ACCESSOR_WASM_HASH;
        hash_put_hex(&text, &r->source.wasm_sha256);
        out->name = arena_str(a, buf_str(&text));
    } else {
        out->kind = ACCESSOR_REPO;
        ok = !repo_normalise(r->source.repo, dev, &text, NULL);
        out->name = arena_str(a, repo_bare(buf_str(&text)));
        /* On which branch a commit is has to be looked up: branch.h. */
        if (r->source.commit.len && r->source.commit.len <= ACCESSOR_BRANCH_MAX &&
            !ref_is_sha(r->source.commit))
            out->branch = r->source.commit;
    }
    buf_release(&text);
    return ok;
}

enum err secrets_project_owner(struct rpc *rpc, struct str contract_id, struct str id,
                               struct arena *a, struct str *out, struct buf *why)
{
    struct buf args = BUF_INIT(1024), answer = BUF_INIT(65536);
    struct json doc;
    struct str owner;
    enum err e;

    json_obj(&args);
    put_str(&args, "project_id", id);
    json_obj_end(&args);
    e = rpc_view_call(rpc, contract_id, "get_project", buf_str(&args), &answer, why);
    if (!e && !json_parse(buf_str(&answer), &doc, NULL))
        e = err_put(why, ERR_UPSTREAM, "the contract's get_project() answered no JSON");
    if (!e && (!json_plain(json_get(doc, "owner"), &owner) || !account_id_valid(owner)))
        e = err_put(why, ERR_ABSENT, "the project is gone");
    if (!e)
        *out = arena_str(a, owner);
    buf_release(&args);
    buf_release(&answer);
    return e;
}

void secrets_add(struct env *env, const struct secret_env *s)
{
    for (size_t i = 0; i < s->n && env->n < ENV_VARS_MAX; i++)
        if (!env_has(env, s->var[i].name))
            env->var[env->n++] = s->var[i];
}
