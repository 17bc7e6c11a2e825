/*
 * route_public.c — what anybody may ask: keys to seal to, and merging of secrets that only their
 * owner can then store.
 *
 * Answers are ciphertexts and names. An update is signed by its owner (NEP-413) with a key that the
 * owner's account has on the chain; the row that it adds to is read from the contract. New secrets
 * come as `secrets` (in the clear, as existing clients send them) or as `encrypted_secrets_base64`
 * with their names in `secret_names`, sealed to the same key; then this process never sees them.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "codec/put.h"
#include "keystore/keystore.h"
#include "near/account_id.h"
#include "near/nep413.h"
#include "secrets/accessor.h"

#define ROW_MAX     (1u << 20)
#define MESSAGE_MAX 65536

enum err route_health(struct call *c, struct buf *why)
{
    (void)why;
    json_obj(c->out);
    put_z(c->out, "status", holder_broken(c->k->holder) ? "broken" : "ok");
    put_z(c->out, "tee_mode", "none");
    put_u64(c->out, "epochs", holder_epochs(c->k->holder));
    put_u64(c->out, "sessions", sessions_open(c->k->sessions));
    json_obj_end(c->out);
    return ERR_OK;
}

enum err route_vrf_pubkey(struct call *c, struct buf *why)
{
    struct vrf_key key[HOLDER_EPOCHS_MAX];
    size_t n = 0;
    enum err e = holder_vrf_keys(c->k->holder, key, countof(key), &n, why);

    if (e)
        return e;
    json_obj(c->out);
    put_hex(c->out, "vrf_public_key_hex", str_from(key[n - 1].pub.b, 32));
    json_key(c->out, "epochs");
    json_arr(c->out);
    for (size_t i = 0; i < n; i++) {
        json_obj(c->out);
        put_u64(c->out, "epoch", key[i].epoch);
        put_hex(c->out, "vrf_public_key_hex", str_from(key[i].pub.b, 32));
        json_obj_end(c->out);
    }
    json_arr_end(c->out);
    json_obj_end(c->out);
    return ERR_OK;
}

/* Which key: by accessor and owner, as the coordinator's clients say it. */
struct target {
    struct accessor accessor;
    struct str owner, profile;
    struct str seed;
};

static enum err target_read(struct call *c, struct target *t, struct buf *why)
{
    struct buf name = BUF_INIT(ACCESSOR_TEXT_MAX), seed = BUF_INIT(SEED_MAX);
    enum err e = accessor_parse(json_get(c->body, "accessor"), c->a, &t->accessor, why);

    t->profile = STR(PROFILE_DEFAULT);
    if (!e && !json_is_null(json_get(c->body, "vault_id")))
        e = err_put(why, ERR_FORMAT, "this keystore has no vaults; leave out vault_id");
    if (!e)
        e = call_text(c, c->body, "owner", ACCOUNT_ID_MAX, &t->owner, why);
    if (!e && !json_is_null(json_get(c->body, "profile")))
        e = call_text(c, c->body, "profile", PROFILE_TEXT_MAX, &t->profile, why);
    if (!e && !profile_valid(t->profile))
        e = err_put(why, ERR_FORMAT, "'profile' is no profile");
    if (!e && t->accessor.kind == ACCESSOR_REPO) {
        e = repo_name_normalise(t->accessor.name, &name, why);
        if (!e)
            t->accessor.name = arena_str(c->a, buf_str(&name));
    }
    if (!e)
        e = accessor_seed(&t->accessor, t->owner, t->profile, &seed, why);
    if (!e)
        t->seed = arena_str(c->a, buf_str(&seed));
    buf_release(&name);
    buf_release(&seed);
    return e;
}

static void put_accessor(struct call *c, const struct target *t)
{
    json_key(c->out, "accessor");
    accessor_put_web(c->out, &t->accessor);
    if (t->accessor.kind == ACCESSOR_REPO) {
        /* into the object that was just closed */
        c->out->len--;
        put_str(c->out, "repo_normalized", t->accessor.name);
        json_obj_end(c->out);
    }
}

/* `secrets_json` is a text with an object in it; only its names are looked at. */
static enum err names_check(struct call *c, struct buf *why)
{
    struct json m = json_get(c->body, "secrets_json");
    char *room;
    struct buf b;
    struct secret_set *set;
    enum err e;

    if (json_is_null(m))
        return ERR_OK;
    if (json_type(m) != JSON_STRING || json_str_len(m) > SECRETS_TEXT_MAX)
        return err_put(why, ERR_FORMAT, "'secrets_json' is no text of at most %d bytes",
                       SECRETS_TEXT_MAX);
    room = mem_alloc(SECRETS_TEXT_MAX + 1);
    set = mem_new(struct secret_set);
    b = (struct buf){.ptr = room, .cap = SECRETS_TEXT_MAX, .max = SECRETS_TEXT_MAX, .fixed = true};
    e = json_str(m, &b) ? secret_set_parse(buf_str(&b), set, why)
                        : err_put(why, ERR_FORMAT, "'secrets_json' is no text");
    if (!e)
        e = secret_set_check_names(set, why);
    mem_wipe(room, SECRETS_TEXT_MAX);
    mem_free(room);
    mem_free(set);
    /* a name that is refused is a bad request, not a lack of rights */
    return e == ERR_DENIED ? ERR_FORMAT : e;
}

enum err route_pubkey(struct call *c, struct buf *why)
{
    struct target t = {.seed = STR_NONE};
    bool by_seed = json_type(json_get(c->body, "seed")) != JSON_ABSENT;
    uint8_t pub[32];
    enum err e = names_check(c, why);

    if (!e && by_seed && !json_is_null(json_get(c->body, "vault_id")))
        e = err_put(why, ERR_FORMAT, "this keystore has no vaults; leave out vault_id");
    if (!e)
        e = by_seed ? call_text(c, c->body, "seed", HOLDER_SEED_MAX, &t.seed, why)
                    : target_read(c, &t, why);
    if (!e)
        e = holder_pubkey(c->k->holder, t.seed, pub, why);
    if (e)
        return e;
    json_obj(c->out);
    if (!by_seed) {
        put_accessor(c, &t);
        put_str(c->out, "owner", t.owner);
    }
    put_hex(c->out, "pubkey", str_from(pub, sizeof(pub)));
    json_obj_end(c->out);
    return ERR_OK;
}

static enum err generate_read(struct call *c, const char *member, struct merge *m, struct buf *why)
{
    struct json list = json_get(c->body, member);
    struct json_iter it = json_iter(list);
    enum err e = ERR_OK;

    if (json_is_null(list))
        return ERR_OK;
    if (json_type(list) != JSON_ARRAY || json_count(list) > SECRETS_GENERATE_MAX)
        return err_put(why, ERR_FORMAT, "'%s' is no list of at most %d", member,
                       SECRETS_GENERATE_MAX);
    while (!e && json_next(&it)) {
        struct generate *g = &m->generate[m->ngenerate++];

        e = call_text(c, it.value, "name", SECRET_NAME_MAX, &g->name, why);
        if (!e)
            e = call_text(c, it.value, "generation_type", SECRET_NAME_MAX, &g->type, why);
    }
    return e;
}

static void put_names(struct buf *out, const char *key, const struct name_list *l)
{
    json_key(out, key);
    json_arr(out);
    for (size_t i = 0; i < l->n; i++)
        json_put_str(out, l->name[i]);
    json_arr_end(out);
}

/* What the keyholder says of names and ciphertexts is the caller's mistake, not ours. */
static enum err merge_fault(enum err e)
{
    return e == ERR_DENIED ? ERR_FORMAT : e;
}

enum err route_add_generated(struct call *c, struct buf *why)
{
    struct merge *m = arena_new(c->a, struct merge);
    struct merged *told = arena_new(c->a, struct merged);
    struct buf answer = BUF_INIT(HOLDER_MSG_MAX);
    struct target t;
    enum err e = target_read(c, &t, why);

    if (!e)
        e = call_base64(c, c->body, "encrypted_secrets_base64", HOLDER_CIPHER_MAX, &m->base, why);
    if (!e)
        e = generate_read(c, "new_secrets", m, why);
    m->seed = t.seed;
    if (!e)
        e = merge_fault(holder_merge(c->k->holder, m, &answer, told, why));
    if (!e) {
        json_obj(c->out);
        put_base64(c->out, "encrypted_data_base64", told->cipher);
        put_names(c->out, "all_keys", &told->all);
        put_accessor(c, &t);
        json_obj_end(c->out);
    }
    buf_release(&answer);
    return e;
}

/* ---- updates ---- */

/* Names of `secrets`, or those announced for what is sealed. */
static enum err update_read(struct call *c, struct merge *m, struct buf *why)
{
    struct json clear = json_get(c->body, "secrets"), names = json_get(c->body, "secret_names");
    struct json_iter it;
    enum err e = ERR_OK;

    if (!json_is_null(json_get(c->body, "encrypted_secrets_base64"))) {
        m->form = UPDATE_SEALED;
        e = call_base64(c, c->body, "encrypted_secrets_base64", HOLDER_CIPHER_MAX, &m->update, why);
        if (!e && (json_type(names) != JSON_ARRAY || !json_is_null(clear)))
            e = err_put(
                why, ERR_FORMAT,
                "sealed secrets come with their names in 'secret_names', without 'secrets'");
        it = json_iter(names);
    } else if (json_type(clear) == JSON_OBJECT && json_count(clear)) {
        m->form = UPDATE_CLEAR;
        m->update = clear.text;
        it = json_iter(clear);
    } else {
        return ERR_OK;
    }
    while (!e && json_next(&it)) {
        struct str name;

        if (m->nnames == SECRETS_MAX)
            e = err_put(why, ERR_TOO_BIG, "there are more than %d secrets", SECRETS_MAX);
        else if (!json_plain(m->form == UPDATE_CLEAR ? it.key : it.value, &name))
            e = err_put(why, ERR_FORMAT, "the name of a secret is none a variable can have");
        else
            m->name[m->nnames++] = name;
    }
    m->names_given = true;
    return e;
}

static void message_write(const struct target *t, struct merge *m, struct buf *out)
{
    struct str drawn[SECRETS_GENERATE_MAX];

    for (size_t i = 0; i < m->ngenerate; i++)
        drawn[i] = m->generate[i].name;
    secret_update_message(out, t->owner, t->profile, m->name, m->nnames, drawn, m->ngenerate);
}

/* Signed by a key of the owner's account, over exactly this update. */
static enum err owner_check(struct call *c, const struct target *t, struct merge *m,
                            struct buf *why)
{
    struct buf message = BUF_INIT(MESSAGE_MAX), reason = WHY_INIT;
    struct str said, key, sig, nonce, recipient;
    struct ed25519_pub pub;
    struct ed25519_sig signature;
    struct rpc_key_state state;
    struct hash256 digest;
    enum err e = call_text(c, c->body, "signed_message", MESSAGE_MAX, &said, why);

    if (!e)
        e = call_text(c, c->body, "public_key", 100, &key, why);
    if (!e)
        e = call_text(c, c->body, "recipient", ACCOUNT_ID_MAX, &recipient, why);
    if (!e)
        e = call_base64(c, c->body, "signature", sizeof(signature.b), &sig, why);
    if (!e)
        e = call_base64(c, c->body, "nonce", 32, &nonce, why);
    if (!e && (sig.len != sizeof(signature.b) || nonce.len != 32 || !ed25519_pub_get(key, &pub)))
        e = err_put(why, ERR_FORMAT, "'signature', 'nonce' or 'public_key' is malformed");
    if (e)
        goto out;
    memcpy(signature.b, sig.ptr, sizeof(signature.b));
    message_write(t, m, &message);
    if (message.full || !str_eq(said, buf_str(&message))) {
        e = err_put(why, ERR_DENIED, "'signed_message' is not that of this update");
        goto out;
    }
    if (!str_eq(recipient, c->k->contract_id)) {
        e = err_put(why, ERR_DENIED, "the message is for '%.*s', not for '%.*s'",
                    STR_ARG(recipient), STR_ARG(c->k->contract_id));
        goto out;
    }
    digest = nep413_digest(said, (const uint8_t *)nonce.ptr, recipient);
    if (!ed25519_verify(&pub, str_from(digest.b, sizeof(digest.b)), &signature)) {
        e = err_put(why, ERR_DENIED, "the signature is not that of the message");
        goto out;
    }
    e = rpc_view_access_key(c->rpc, t->owner, &pub, &state, &reason);
    if (e && rpc_fault(c->rpc) == RPC_UNKNOWN_KEY)
        e = err_put(why, ERR_DENIED, "the key is none of '%.*s'", STR_ARG(t->owner));
    else if (e)
        e = err_put(why, ERR_DENIED, "the owner's key could not be looked up: %s", buf_z(&reason));
out:
    buf_release(&message);
    buf_release(&reason);
    return e;
}

/* The ciphertext that is stored under exactly this accessor; empty when there is none. */
static enum err stored(struct call *c, const struct target *t, struct str *out, struct buf *why)
{
    struct buf args = BUF_INIT(8192), answer = BUF_INIT(ROW_MAX);
    struct accessor found;
    struct json v;
    enum err e;

    *out = STR("");
    json_obj(&args);
    json_key(&args, "accessor");
    accessor_put(&args, &t->accessor);
    put_str(&args, "profile", t->profile);
    put_str(&args, "owner", t->owner);
    json_obj_end(&args);
    e = rpc_view_call(c->rpc, c->k->contract_id, "get_secrets", buf_str(&args), &answer, why);
    if (!e && !json_parse(buf_str(&answer), &v, NULL))
        e = err_put(why, ERR_UPSTREAM, "the contract's answer is no JSON");
    if (!e && !json_is_null(v)) {
        e = accessor_parse(json_get(v, "accessor"), c->a, &found, why);
        if (!e && accessor_eq(&found, &t->accessor))
            e = call_base64(c, v, "encrypted_secrets", HOLDER_CIPHER_MAX, out, why);
    }
    buf_release(&args);
    buf_release(&answer);
    return e;
}

enum err route_update(struct call *c, struct buf *why)
{
    struct merge *m = arena_new(c->a, struct merge);
    struct merged *told = arena_new(c->a, struct merged);
    struct buf answer = BUF_INIT(HOLDER_MSG_MAX);
    struct json mode = json_get(c->body, "mode");
    struct target t;
    enum err e = target_read(c, &t, why);

    if (!e && t.accessor.kind == ACCESSOR_PAYMENT_KEY)
        e = err_put(why, ERR_FORMAT, "payment keys are written once");
    m->seed = t.seed;
    m->reset = json_str_eq(mode, STR("reset"));
    if (!e && !m->reset && !json_is_null(mode) && !json_str_eq(mode, STR("append")))
        e = err_put(why, ERR_FORMAT, "'mode' is append or reset");
    if (!e)
        e = update_read(c, m, why);
    if (!e)
        e = generate_read(c, "generate_protected", m, why);
    if (!e)
        e = owner_check(c, &t, m, why);
    if (!e)
        e = stored(c, &t, &m->base, why);
    if (!e)
        e = merge_fault(holder_merge(c->k->holder, m, &answer, told, why));
    if (!e) {
        json_obj(c->out);
        put_base64(c->out, "encrypted_secrets_base64", told->cipher);
        json_key(c->out, "summary");
        json_obj(c->out);
        put_names(c->out, "protected_keys_preserved", &told->preserved);
        put_names(c->out, "updated_keys", &told->updated);
        put_names(c->out, "removed_keys", &told->removed);
        put_u64(c->out, "total_keys", told->all.n);
        json_obj_end(c->out);
        json_obj_end(c->out);
    }
    buf_release(&answer);
    return e;
}
