/* build_share.c — see build_share.h. */
#include "worker/build_share.h"

#include "base/log.h"
#include "codec/base58.h"
#include "codec/put.h"
#include "proc/memfd.h"

#define LOCK_MS 20000 /* renewed while compiling */
#define HEX_MAX 65
#define SIG_MAX 128

static void hex_of(const struct hash256 *h, char out[HEX_MAX])
{
    struct buf b = {.ptr = out, .cap = HEX_MAX - 1, .max = HEX_MAX - 1, .fixed = true};

    hash_put_hex(&b, h);
}

void share_statement_put(struct buf *out, const struct hash256 *key, const struct hash256 *sha256,
                         uint64_t size)
{
    buf_addz(out, "outlayer-build:1:");
    hash_put_hex(out, key);
    buf_addz(out, ":");
    hash_put_hex(out, sha256);
    buf_addf(out, ":%llu", (unsigned long long)size);
}

/* "ed25519:<base58>" */
static bool sig_get(struct str text, struct ed25519_sig *out)
{
    return str_starts(text, STR("ed25519:")) &&
           base58_get(str_skip(text, 8), out->b, sizeof(out->b));
}

enum err share_record_read(struct str text, const struct hash256 *key, struct shared_build *out,
                           struct ed25519_pub *signer, struct buf *why)
{
    struct buf statement = BUF_INIT(256);
    struct shared_build v = {.fd = -1};
    struct ed25519_pub pub;
    struct ed25519_sig sig;
    struct str hash, who, signature;
    uint64_t made_ms;
    struct json doc;
    enum err e = ERR_OK;

    if (!json_parse(text, &doc, NULL) || !json_plain(json_get(doc, "sha256"), &hash) ||
        !hash_from_hex(hash, &v.sha256) || !json_u64(json_get(doc, "size"), &v.size) || !v.size ||
        v.size > COMPILE_WASM_MAX || !json_u64(json_get(doc, "compile_ms"), &v.compile_ms) ||
        !json_u64(json_get(doc, "made_ms"), &made_ms) ||
        !json_plain(json_get(doc, "signer"), &who) || !ed25519_pub_get(who, &pub) ||
        !json_plain(json_get(doc, "signature"), &signature) || !sig_get(signature, &sig))
        return err_put(why, ERR_FORMAT, "the coordinator's record of a build is malformed");
    share_statement_put(&statement, key, &v.sha256, v.size);
    if (!ed25519_verify(&pub, buf_str(&statement), &sig))
        e = err_put(why, ERR_DENIED,
                    "the coordinator's record of a build is not signed as it says");
    buf_release(&statement);
    if (e)
        return e;
    v.made_unix_s = made_ms / 1000;
    *out = v;
    *signer = pub;
    return ERR_OK;
}

static enum err program_get(const struct build_share *s, struct shared_build *b, struct buf *why)
{
    struct buf bytes = BUF_INIT(COMPILE_WASM_MAX);
    char hex[HEX_MAX];
    struct hash256 is;
    enum err e;

    hex_of(&b->sha256, hex);
    e = coordinator_program_get(s->coordinator, hex, &bytes, why);
    is = sha256(buf_str(&bytes));
    if (!e && (bytes.len != b->size || !hash_eq(&is, &b->sha256)))
        e = err_put(why, ERR_DENIED, "the coordinator gave another program than it was signed for");
    if (!e)
        e = memfd_of("outlayer-shared", buf_str(&bytes), &b->fd, why);
    buf_release(&bytes);
    return e;
}

enum err share_get(const struct build_share *s, const struct hash256 *key, struct shared_build *out,
                   struct buf *why)
{
    struct buf text = BUF_INIT(BUILD_ANSWER_MAX), said = WHY_INIT;
    struct shared_build b = {.fd = -1};
    struct ed25519_pub signer;
    char hex[HEX_MAX];
    enum err e;

    if (!s->coordinator)
        return ERR_ABSENT;
    hex_of(key, hex);
    e = coordinator_build_get(s->coordinator, hex, &text, &said);
    if (!e)
        e = share_record_read(buf_str(&text), key, &b, &signer, &said);
    if (!e)
        e = rpc_key_may_call(s->rpc, account_id_str(&s->key->account), &signer, s->contract_id,
                             "resolve_execution", &said);
    if (!e)
        e = program_get(s, &b, &said);
    if (!e)
        *out = b;
    else if (e != ERR_ABSENT)
        log_unusual("shared_build_refused", "key=%s why=%s", hex, buf_z(&said));
    buf_release(&text);
    buf_release(&said);
    return e ? err_put(why, ERR_ABSENT, "nobody shares this build") : ERR_OK;
}

bool share_lock(const struct build_share *s, const struct hash256 *key)
{
    struct buf why = WHY_INIT;
    char hex[HEX_MAX];
    bool got = true;

    if (!s->coordinator)
        return true;
    hex_of(key, hex);
    if (coordinator_build_lock(s->coordinator, hex, s->holder, LOCK_MS, &got, &why))
        got = true;
    buf_release(&why);
    return got;
}

void share_unlock(const struct build_share *s, const struct hash256 *key)
{
    struct buf why = WHY_INIT;
    char hex[HEX_MAX];
    bool got;

    if (!s->coordinator)
        return;
    hex_of(key, hex);
    /* One that is not given back runs out. */
    if (coordinator_build_lock(s->coordinator, hex, s->holder, 0, &got, &why))
        log_unusual("build_lock_kept", "why=%s", buf_z(&why));
    buf_release(&why);
}

/* What was built here, and our word for it. */
static void put_built(const struct build_share *s, const struct build_told *t, struct buf *body)
{
    const struct built *b = t->built;
    struct buf statement = BUF_INIT(256), pub = BUF_INIT(128), sig = BUF_INIT(SIG_MAX);
    struct ed25519_sig signature;
    struct json record;

    put_str(body, "repo", t->repo);
    put_str(body, "commit", t->commit);
    put_str(body, "target", t->target);
    put_bool(body, "ok", b->result == COMPILE_OK);
    put_str(body, "log", b->log);
    if (b->result == COMPILE_OK && json_parse(b->record, &record, NULL)) {
        share_statement_put(&statement, &t->key, &b->sha256, b->size);
        signature = ed25519_sign(&s->key->key, buf_str(&statement));
        ed25519_pub_put(&pub, &s->key->key.pub);
        ed25519_sig_put(&sig, &signature);
        put_hex(body, "sha256", hash_str(&b->sha256));
        put_u64(body, "size", b->size);
        put_raw(body, "record", record.text);
        put_str(body, "signer", buf_str(&pub));
        put_str(body, "signature", buf_str(&sig));
    }
    buf_release(&statement);
    buf_release(&pub);
    buf_release(&sig);
}

static enum err program_put(const struct build_share *s, const struct built *b, struct buf *why)
{
    char hex[HEX_MAX];
    struct str bytes;
    enum err e = memfd_map(b->fd, COMPILE_WASM_MAX, &bytes, why);

    if (e)
        return e;
    hex_of(&b->sha256, hex);
    e = coordinator_program_put(s->coordinator, hex, bytes, why);
    memfd_unmap(&bytes);
    return e;
}

void share_tell(const struct build_share *s, const struct build_told *t)
{
    struct buf body = BUF_INIT(4u << 20), why = WHY_INIT;
    bool wanted = false;
    enum err e;

    if (!s->coordinator)
        return;
    json_obj(&body);
    put_u64(&body, "token", t->token);
    put_hex(&body, "key", hash_str(&t->key));
    put_bool(&body, "cached", t->cached);
    put_u64(&body, "compile_ms", t->compile_ms);
    put_u128(&body, "cost_yocto", t->cost);
    if (!t->cached)
        put_built(s, t, &body);
    json_obj_end(&body);
    e = coordinator_build_told(s->coordinator, t->job_id, buf_str(&body), &wanted, &why);
    if (!e && wanted && t->built && t->built->fd >= 0)
        e = program_put(s, t->built, &why);
    if (e)
        log_unusual("build_not_told", "job=%llu why=%s", (unsigned long long)t->job_id,
                    buf_z(&why));
    buf_release(&body);
    buf_release(&why);
}
