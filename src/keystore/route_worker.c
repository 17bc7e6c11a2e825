/*
 * route_worker.c — what workers ask: a session, secrets for a run, verifiable randomness.
 *
 * Secrets are never taken from the caller: the request that they are for is looked up (asked.c),
 * the row is read from the contract, its condition is judged for the account that signed the
 * request, and what the keyholder opens it seals to the session's box key. What cannot be found out
 * is refused.
 */
#include <string.h>

#include "base/log.h"
#include "codec/put.h"
#include "keystore/keystore.h"
#include "near/account_id.h"
#include "secrets/access_rpc.h"
#include "secrets/accessor.h"
#include "secrets/alpha.h"

#define ROW_MAX (1u << 20)
#define DENIED                                                                                     \
    "Access to secrets denied. You do not have permission to use these secrets. Check the access " \
    "conditions configured by the secret owner."
#define NOT_DECRYPTED "Failed to decrypt secrets. Please check your secrets configuration."

enum err route_challenge(struct call *c, struct buf *why)
{
    return sessions_challenge_write(c->k->sessions, c->out, why);
}

enum err route_register(struct call *c, struct buf *why)
{
    struct registration r;
    char id[SESSION_TEXT + 1];
    enum err e = registration_read(c->body, &r, why);

    if (!e)
        e = sessions_register(c->k->sessions, c->rpc, &r, id, why);
    if (!e)
        session_write(c->out, id);
    return e;
}

enum err call_session(struct call *c, struct session_view *out, struct buf *why)
{
    struct str id = http_req_header(c->r, "X-TEE-Session");
    enum err e;

    if (!id.ptr)
        return err_put(why, ERR_EMPTY, "X-TEE-Session is missing; register first");
    e = sessions_find(c->k->sessions, c->rpc, id, out, why);
    return e == ERR_DENIED ? ERR_EMPTY : e;
}

struct row {
    uint64_t request_id; /* for which run */
    struct accessor accessor;
    struct str profile, owner, user;
    struct str cipher;
    const struct access *access;
};

static enum err row_fetch(struct call *c, struct row *row, struct buf *why)
{
    struct buf args = BUF_INIT(8192), answer = BUF_INIT(ROW_MAX);
    struct accessor stored;
    struct json v, vault = JSON_NONE;
    enum err e;

    json_obj(&args);
    json_key(&args, "accessor");
    accessor_put(&args, &row->accessor);
    put_str(&args, "profile", row->profile);
    put_str(&args, "owner", row->owner);
    json_obj_end(&args);
    e = rpc_view_call(c->rpc, c->k->contract_id, "get_secret_with_vault", buf_str(&args), &answer,
                      why);
    if (!e && !json_parse(buf_str(&answer), &v, NULL))
        e = err_put(why, ERR_UPSTREAM, "the contract's answer is no JSON");
    if (!e && json_is_null(v))
        e = err_put(why, ERR_ABSENT, "%s", accessor_not_found(&row->accessor));
    if (!e) {
        vault = json_get(v, "vault_id");
        v = json_get(v, "profile");
    }
    if (!e && !json_is_null(vault))
        e = err_put(why, ERR_FORMAT,
                    "These secrets are bound to the vault %.*s, and this keystore has no vaults. "
                    "Delete them and store them again without one.",
                    STR_ARG(str_head(vault.text, 80)));
    if (!e)
        e = accessor_parse(json_get(v, "accessor"), c->a, &stored, why);
    /* The row may be the one without a branch; it decides which key opens it. */
    if (!e && (stored.kind != row->accessor.kind || !str_eq(stored.name, row->accessor.name) ||
               (stored.branch.ptr && !accessor_eq(&stored, &row->accessor))))
        e = err_put(why, ERR_UPSTREAM, "the contract answered with another row");
    if (!e)
        e = call_base64(c, v, "encrypted_secrets", HOLDER_CIPHER_MAX, &row->cipher, why);
    if (!e) {
        row->accessor = stored;
        e = access_parse(json_get(v, "access").text, c->a, &row->access, why);
        if (e) /* a condition that cannot be read lets nobody in */
            e = ERR_DENIED;
    }
    buf_release(&args);
    buf_release(&answer);
    return e;
}

static enum err row_read(struct call *c, struct row *row, struct buf *why)
{
    enum err e = accessor_parse(json_get(c->body, "accessor"), c->a, &row->accessor, why);

    if (!e && row->accessor.kind == ACCESSOR_PAYMENT_KEY)
        e = err_put(why, ERR_FORMAT, "payment keys are not given to runs");
    if (!e && row->accessor.kind == ACCESSOR_REPO) {
        struct buf name = BUF_INIT(ACCESSOR_TEXT_MAX);

        e = repo_name_normalise(row->accessor.name, &name, why);
        if (!e)
            row->accessor.name = arena_str(c->a, buf_str(&name));
        buf_release(&name);
    }
    if (!e)
        e = call_text(c, c->body, "profile", PROFILE_TEXT_MAX, &row->profile, why);
    if (!e)
        e = call_text(c, c->body, "owner", ACCOUNT_ID_MAX, &row->owner, why);
    if (!e)
        e = call_text(c, c->body, "user_account_id", ACCOUNT_ID_MAX, &row->user, why);
    if (!e && (!profile_valid(row->profile) || !account_id_valid(row->owner) ||
               !account_id_valid(row->user)))
        e = err_put(why, ERR_FORMAT,
                    "'profile', 'owner' or 'user_account_id' is no profile or account id");
    if (!e && !json_u64(json_get(c->body, "request_id"), &row->request_id))
        e = err_put(why, ERR_FORMAT, "'request_id' is missing or no number");
    return e;
}

/* The words for the user, then the reason. */
static enum err deny(struct buf *why)
{
    char room[WHY_MAX];
    struct buf reason = BUF_OVER(room);

    buf_add_str(&reason, str_head(buf_str(why), 700));
    return err_put(why, ERR_DENIED, "%s (%s)", DENIED, buf_z(&reason));
}

static enum err release(struct call *c, const struct row *row, const struct session_view *s,
                        const uint8_t nonce[32], struct buf *why)
{
    struct buf box = BUF_INIT(HOLDER_MSG_MAX), seed = BUF_INIT(SEED_MAX);
    struct hash256 h = sha256(row->cipher);
    struct open open = {.cipher = row->cipher};
    enum err e = accessor_seed(&row->accessor, row->owner, row->profile, &seed, why);

    open.seed = buf_str(&seed);
    memcpy(open.to, s->box_key, sizeof(open.to));
    memcpy(open.nonce, nonce, sizeof(open.nonce));
    if (!e)
        e = holder_open(c->k->holder, &open, &box, why);
    if (e && e != ERR_CLOSED && !err_retry(e)) {
        log_info("not_opened", "seed=%s why=%s", buf_z(&seed), buf_z(why));
        e = err_put(why, ERR_FORMAT, NOT_DECRYPTED);
    }
    if (!e) {
        json_obj(c->out);
        put_base64(c->out, "sealed_secrets", buf_str(&box));
        put_hex(c->out, "ciphertext_sha256", hash_str(&h));
        json_obj_end(c->out);
    }
    buf_release(&box);
    buf_release(&seed);
    return e;
}

enum err route_decrypt(struct call *c, struct buf *why)
{
    const struct access_chain chain = access_chain_of(c->rpc);
    struct session_view s;
    struct row row;
    uint8_t nonce[32];
    enum err e;

    memset(&row, 0, sizeof(row));
    e = call_session(c, &s, why);
    if (!e)
        e = row_read(c, &row, why);
    if (!e)
        e = call_hex(c->body, "nonce", nonce, sizeof(nonce), why);
    if (!e)
        e = asked_secrets(c, row.request_id, &row.accessor, row.profile, row.owner, row.user, why);
    if (!e)
        e = row_fetch(c, &row, why);
    if (!e && access_judge(row.access, row.user, &chain, why))
        e = ERR_DENIED;
    if (e == ERR_DENIED)
        return deny(why);
    if (!e)
        e = release(c, &row, &s, nonce, why);
    if (!e)
        log_info("released", "request=%llu owner=%.*s profile=%.*s user=%.*s name=%.*s",
                 (unsigned long long)row.request_id, STR_ARG(row.owner), STR_ARG(row.profile),
                 STR_ARG(row.user), STR_ARG(row.accessor.name));
    return e;
}

/* Nobody learns a value before there is a request that it belongs to, or for another account. */
static enum err run_check(struct call *c, const struct alpha *a, struct buf *why)
{
    struct request r;

    return a->request_id >= ALPHA_HTTPS_FROM ? ERR_OK
                                             : asked_for(c, a->request_id, a->account_id, &r, why);
}

enum err route_vrf(struct call *c, struct buf *why)
{
    struct session_view s;
    struct ed25519_pub pub;
    struct str text;
    struct alpha alpha;
    struct vrf v;
    enum err e = call_session(c, &s, why);

    if (!e)
        e = call_text(c, c->body, "alpha", ALPHA_MAX, &text, why);
    if (!e) /* nothing else may be signed with this key */
        e = alpha_parse(text, &alpha, why);
    if (!e)
        e = run_check(c, &alpha, why);
    if (!e)
        e = holder_vrf(c->k->holder, text, &v, &pub, why);
    if (e)
        return e;
    log_info("drawn", "request=%llu account=%.*s", (unsigned long long)alpha.request_id,
             STR_ARG(alpha.account_id));
    json_obj(c->out);
    put_hex(c->out, "output_hex", str_from(v.output, sizeof(v.output)));
    put_hex(c->out, "signature_hex", str_from(v.proof.b, sizeof(v.proof.b)));
    put_hex(c->out, "vrf_public_key_hex", str_from(pub.b, sizeof(pub.b)));
    json_obj_end(c->out);
    return ERR_OK;
}
