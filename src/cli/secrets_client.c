/* secrets_client.c — see secrets_client.h. */
#include "cli/secrets_client.h"

#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "crypto/ecies.h"
#include "http/client.h"
#include "near/nep413.h"

#define ANSWER_MAX  (1u << 20)
#define BODY_MAX    (1u << 20)
#define CALL_MS     30000
#define MESSAGE_MAX 65536

enum err secrets_row_get(struct secrets_client *c, bool exact, struct arena *a,
                         struct secrets_row *out, struct buf *why)
{
    struct buf args = BUF_INIT(8192), answer = BUF_INIT(ANSWER_MAX);
    struct json v, vault = JSON_NONE;
    struct str cipher;
    enum err e;

    json_obj(&args);
    json_key(&args, "accessor");
    accessor_put(&args, &c->accessor);
    put_str(&args, "profile", c->profile);
    put_str(&args, "owner", c->owner);
    json_obj_end(&args);
    e = client_view(c->chain, "get_secret_with_vault", buf_str(&args), &answer, &v, why);
    if (!e && !json_is_null(v)) {
        vault = json_get(v, "vault_id");
        v = json_get(v, "profile");
    }
    if (!e && !json_is_null(v))
        e = accessor_parse(json_get(v, "accessor"), a, &out->accessor, why);
    if (!e && (json_is_null(v) || (exact && !accessor_eq(&out->accessor, &c->accessor))))
        e = err_put(why, ERR_ABSENT, "%s", accessor_not_found(&c->accessor));
    if (!e && !json_is_null(vault))
        e = err_put(
            why, ERR_CONFLICT,
            "these secrets are bound to the vault %.*s, which this keystore has not; `outlayer "
            "secrets delete` removes them",
            STR_ARG(str_head(vault.text, 80)));
    if (!e && !json_plain(json_get(v, "encrypted_secrets"), &cipher))
        e = err_put(why, ERR_UPSTREAM, "the contract's row has no ciphertext");
    if (!e) {
        out->cipher = arena_str(a, cipher);
        out->access = arena_str(a, json_get(v, "access").text);
    }
    buf_release(&args);
    buf_release(&answer);
    return e;
}

/* `*doc` borrows from `answer`. */
static enum err ask(struct secrets_client *c, const char *path, struct str body, struct buf *answer,
                    struct json *doc, struct buf *why)
{
    struct http_client *http = http_client_new();
    struct buf url = BUF_INIT(4096), text = BUF_INIT(WHY_MAX);
    struct http_call call = {.method = "POST",
                             .body = body,
                             .content_type = "application/json",
                             .timeout_ms = CALL_MS,
                             .max_body = ANSWER_MAX};
    unsigned status = 0;
    enum err e;

    buf_addf(&url, "%s%s", c->keystore_url, path);
    call.url = buf_z(&url);
    e = http_client_call(http, &call, &status, answer, why);
    if (!e && (!json_parse(buf_str(answer), doc, NULL) || json_type(*doc) != JSON_OBJECT))
        e = err_put(why, ERR_UPSTREAM, "'%s' is no keystore", c->keystore_url);
    if (!e && status != 200) {
        if (!json_str(json_get(*doc, "error"), &text))
            buf_addf(&text, "the keystore answered with status %u", status);
        e = err_put(why, ERR_DENIED, "%s", buf_z(&text));
    }
    http_client_free(http);
    buf_release(&url);
    buf_release(&text);
    return e;
}

static void put_target(struct secrets_client *c, struct buf *b)
{
    json_key(b, "accessor");
    accessor_put_web(b, &c->accessor);
    put_str(b, "owner", c->owner);
    put_str(b, "profile", c->profile);
}

static void put_generate(struct secrets_client *c, const char *key, struct buf *b)
{
    json_key(b, key);
    json_arr(b);
    for (size_t i = 0; i < c->ngenerate; i++) {
        json_obj(b);
        put_str(b, "name", c->generate[i][0]);
        put_str(b, "generation_type", c->generate[i][1]);
        json_obj_end(b);
    }
    json_arr_end(b);
}

/* Ask for the key and seal to it; the result in base64. */
static enum err seal(struct secrets_client *c, struct str plain, struct buf *cipher,
                     struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), answer = BUF_INIT(ANSWER_MAX);
    struct buf raw = BUF_INIT(SECRETS_CIPHER_MAX);
    struct json doc;
    struct str hex;
    uint8_t pub[32];
    enum err e;

    json_obj(&body);
    put_target(c, &body);
    put_str(&body, "secrets_json", STR("{}"));
    json_obj_end(&body);
    e = ask(c, "/pubkey", buf_str(&body), &answer, &doc, why);
    if (!e && (!json_plain(json_get(doc, "pubkey"), &hex) || !hex_get(hex, pub, sizeof(pub))))
        e = err_put(why, ERR_UPSTREAM, "the keystore's key is malformed");
    if (!e)
        e = ecies_seal(pub, plain, &raw, why);
    if (!e)
        base64_put(cipher, raw.ptr, raw.len);
    buf_release(&body);
    buf_release(&answer);
    buf_release(&raw);
    return e;
}

static enum err take_cipher(struct json v, struct buf *out, struct buf *why)
{
    struct str s;

    buf_clear(out);
    if (!json_plain(v, &s) || !s.len)
        return err_put(why, ERR_UPSTREAM, "the keystore's ciphertext is malformed");
    buf_add_str(out, s);
    return out->full ? err_put(why, ERR_TOO_BIG, "the secrets are too large") : ERR_OK;
}

enum err secrets_seal_new(struct secrets_client *c, struct str plain, struct buf *cipher,
                          struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), answer = BUF_INIT(ANSWER_MAX);
    struct json doc;
    enum err e = seal(c, plain, cipher, why);

    if (!e && c->ngenerate) {
        json_obj(&body);
        put_target(c, &body);
        put_str(&body, "encrypted_secrets_base64", buf_str(cipher));
        put_generate(c, "new_secrets", &body);
        json_obj_end(&body);
        e = ask(c, "/add_generated_secret", buf_str(&body), &answer, &doc, why);
        if (!e)
            e = take_cipher(json_get(doc, "encrypted_data_base64"), cipher, why);
    }
    if (!e && cipher->full)
        e = err_put(why, ERR_TOO_BIG, "the secrets are too large");
    buf_release(&body);
    buf_release(&answer);
    return e;
}

/* ---- updates ---- */

/* The message that the owner signs, and its signature. */
static void sign(struct secrets_client *c, const struct secret_set *b, struct buf *body)
{
    struct buf message = BUF_INIT(MESSAGE_MAX);
    struct str names[SECRETS_MAX], drawn[SECRETS_GENERATE_MAX];
    uint8_t nonce[32];
    struct hash256 digest;
    struct ed25519_sig sig;

    for (size_t i = 0; i < b->n; i++)
        names[i] = b->list[i].name;
    for (size_t i = 0; i < c->ngenerate; i++)
        drawn[i] = c->generate[i][0];
    secret_update_message(&message, c->owner, c->profile, names, b->n, drawn, c->ngenerate);
    random_bytes(nonce, sizeof(nonce));
    digest = nep413_digest(buf_str(&message), nonce, c->chain->contract_id);
    sig = ed25519_sign(&c->chain->key.key, str_from(digest.b, sizeof(digest.b)));
    put_str(body, "signed_message", buf_str(&message));
    put_base64(body, "signature", str_from(sig.b, sizeof(sig.b)));
    json_key(body, "public_key");
    json_str_open(body);
    ed25519_pub_put(body, &c->chain->key.key.pub);
    json_str_close(body);
    put_base64(body, "nonce", str_from(nonce, sizeof(nonce)));
    put_str(body, "recipient", c->chain->contract_id);
    buf_release(&message);
}

static void say_names(struct buf *out, const char *head, struct json list)
{
    struct json_iter it = json_iter(list);

    if (!json_count(list))
        return;
    buf_addz(out, head);
    while (json_next(&it)) {
        buf_add_byte(out, ' ');
        if (!json_str(it.value, out))
            buf_addz(out, "?");
    }
    buf_addz(out, "\n");
}

enum err secrets_seal_update(struct secrets_client *c, struct str plain, bool reset,
                             struct buf *cipher, struct buf *note, struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), answer = BUF_INIT(ANSWER_MAX);
    struct secret_set *b = mem_new(struct secret_set);
    struct json doc, summary;
    enum err e = secret_set_parse(plain, b, why);

    if (!e && b->n)
        e = seal(c, plain, cipher, why);
    if (!e) {
        json_obj(&body);
        put_target(c, &body);
        put_str(&body, "mode", reset ? STR("reset") : STR("append"));
        if (b->n) {
            put_str(&body, "encrypted_secrets_base64", buf_str(cipher));
            json_key(&body, "secret_names");
            json_arr(&body);
            for (size_t i = 0; i < b->n; i++)
                json_put_str(&body, b->list[i].name);
            json_arr_end(&body);
        }
        put_generate(c, "generate_protected", &body);
        sign(c, b, &body);
        json_obj_end(&body);
        e = ask(c, "/update_user_secrets", buf_str(&body), &answer, &doc, why);
    }
    if (!e)
        e = take_cipher(json_get(doc, "encrypted_secrets_base64"), cipher, why);
    if (!e) {
        summary = json_get(doc, "summary");
        say_names(note, "set      ", json_get(summary, "updated_keys"));
        say_names(note, "removed  ", json_get(summary, "removed_keys"));
        say_names(note, "kept     ", json_get(summary, "protected_keys_preserved"));
    }
    mem_free(b);
    buf_release(&body);
    buf_release(&answer);
    return e;
}
