/*
 * cmd_vrf.c — `outlayer vrf`: was a random value drawn as it should, and with which key are they.
 *
 * `verify` needs nothing but what it is given: no network, no files.
 */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "codec/hex.h"
#include "codec/put.h"
#include "crypto/derive.h"
#include "crypto/hash.h"
#include "http/client.h"
#include "secrets/alpha.h"

#define ANSWER_MAX 65536
#define CALL_MS    30000
#define TOLD_MAX   (8 * ALPHA_MAX + 2 * WHY_MAX)

struct vrf_opts {
    const char *pubkey, *alpha, *signature, *output, *keystore_url;
    bool json;
};

static const struct opt vrf_options[] = {
    OPT_TEXT("pubkey", "HEX", struct vrf_opts, pubkey, NULL, "verify: the keystore's key"),
    OPT_TEXT("alpha", "TEXT", struct vrf_opts, alpha, NULL,
             "verify: what it was drawn for, vrf:REQUEST:ACCOUNT:SEED"),
    OPT_TEXT("signature", "HEX", struct vrf_opts, signature, NULL, "verify: the proof"),
    OPT_TEXT("output", "HEX", struct vrf_opts, output, NULL,
             "verify: the random value (default: it is told)"),
    OPT_TEXT("keystore-url", "URL", struct vrf_opts, keystore_url, "OUTLAYER_KEYSTORE_URL",
             "pubkey: the keystore (default http://127.0.0.1:3034)"),
    OPT_FLAG("json", struct vrf_opts, json, "print JSON"),
    OPT_END,
};

static const char *const vrf_examples[] = {
    "outlayer vrf pubkey",
    "outlayer vrf verify "
    "--pubkey f11881f7bd2ab547d1208e993aabecd6051671a594619088395f0801a7bd0236 "
    "--alpha vrf:98321:alice.near:coin-flip --signature "
    "bd882b15f8e9a9a8b43ee34aae608c7da88a0352f8eb431effd3d7cc4aa2969a"
    "e0648716c9463ea4140abdf681ccdfeba3585ac3391b62920e0306e277231e0f",
    NULL,
};

const struct command command_vrf = {
    .name = "vrf",
    .summary = "check random values that programs were given",
    .usage = "verify|pubkey [options]",
    .about = "verify   does the signature prove the value for this alpha; asks nobody\n"
             "pubkey   the key that a keystore draws with\n\n"
             "A program's near:vrf/api gives it value, signature and alpha.",
    .verbs = "verify pubkey",
    .options = vrf_options,
    .examples = vrf_examples,
    .statuses = "verify: 0 proven, 1 not; pubkey: 0 done, 1 failed; 3 wrong usage.",
    .run = cmd_vrf,
};

static enum err hex_option(const char *name, const char *value, void *out, size_t n,
                           struct buf *why)
{
    if (!value)
        return err_put(why, ERR_FORMAT, "--%s is missing", name);
    if (!hex_get(str_of(value), out, n))
        return err_put(why, ERR_FORMAT, "--%s has %zu hexadecimal digits", name, 2 * n);
    return ERR_OK;
}

/* ERR_DENIED: it proves nothing. `output` is what the signature stands for. */
static enum err judge(const struct ed25519_pub *pub, struct str text, const struct ed25519_sig *sig,
                      const uint8_t *claimed, uint8_t output[32], struct alpha *alpha,
                      struct buf *why)
{
    struct hash256 h = sha256(str_from(sig->b, sizeof(sig->b)));
    struct vrf v = {.proof = *sig};

    memcpy(output, h.b, 32);
    memcpy(v.output, h.b, 32);
    if (alpha_parse(text, alpha, why))
        return ERR_DENIED;
    if (!vrf_check(pub, text, &v))
        return err_put(why, ERR_DENIED, "the signature is not that of this key for this alpha");
    if (claimed && memcmp(claimed, h.b, 32) != 0)
        return err_put(why, ERR_DENIED, "the output is not the SHA-256 of the signature");
    return ERR_OK;
}

static void tell(const struct vrf_opts *o, enum err e, const uint8_t output[32],
                 const struct alpha *alpha, const struct buf *why)
{
    struct buf b = BUF_INIT(TOLD_MAX);

    if (o->json) {
        json_obj(&b);
        put_bool(&b, "valid", !e);
        if (e) {
            put_str(&b, "reason", buf_str(why));
        } else {
            put_hex(&b, "output", str_from(output, 32));
            put_u64(&b, "request_id", alpha->request_id);
            put_str(&b, "account_id", alpha->account_id);
            put_str(&b, "seed", alpha->seed);
        }
        json_obj_end(&b);
    } else if (!e) {
        buf_addz(&b, "proven: ");
        hex_put(&b, output, 32);
        buf_addf(&b, "\n  drawn in request %llu of %.*s for the seed '%.*s'",
                 (unsigned long long)alpha->request_id, STR_ARG(alpha->account_id),
                 STR_ARG(alpha->seed));
    }
    if (b.len)
        puts(buf_z(&b));
    buf_release(&b);
}

static int verify(const struct vrf_opts *o, struct buf *why)
{
    uint8_t claimed[32], output[32];
    struct ed25519_pub pub;
    struct ed25519_sig sig;
    struct alpha alpha = {0};
    enum err e = hex_option("pubkey", o->pubkey, pub.b, sizeof(pub.b), why);

    if (!e && !o->alpha)
        e = err_put(why, ERR_FORMAT, "--alpha is missing");
    if (!e)
        e = hex_option("signature", o->signature, sig.b, sizeof(sig.b), why);
    if (!e && o->output)
        e = hex_option("output", o->output, claimed, sizeof(claimed), why);
    if (e)
        return command_misused(&command_vrf, why);
    e = judge(&pub, str_of(o->alpha), &sig, o->output ? claimed : NULL, output, &alpha, why);
    tell(o, e, output, &alpha, why);
    return e ? command_failed(why) : EXIT_DONE;
}

static enum err ask_pubkey(const char *url, struct buf *answer, struct json *doc, struct str *hex,
                           struct buf *why)
{
    struct http_client *http = http_client_new();
    struct buf full = BUF_INIT(4096);
    struct http_call call = {.method = "GET", .timeout_ms = CALL_MS, .max_body = ANSWER_MAX};
    unsigned status = 0;
    uint8_t key[32];
    enum err e;

    buf_addf(&full, "%s/vrf/pubkey", url);
    call.url = buf_z(&full);
    e = http_client_call(http, &call, &status, answer, why);
    if (!e && (status != 200 || !json_parse(buf_str(answer), doc, NULL) ||
               !json_plain(json_get(*doc, "vrf_public_key_hex"), hex) ||
               !hex_get(*hex, key, sizeof(key))))
        e = err_put(why, ERR_UPSTREAM, "'%s' is no keystore (status %u); give --keystore-url", url,
                    status);
    http_client_free(http);
    buf_release(&full);
    return e;
}

static int pubkey(const struct vrf_opts *o, struct buf *why)
{
    struct buf answer = BUF_INIT(ANSWER_MAX);
    struct json doc = JSON_NONE;
    struct str hex = STR_NONE;
    enum err e = ask_pubkey(o->keystore_url, &answer, &doc, &hex, why);

    if (!e && o->json)
        printf("%.*s\n", STR_ARG(doc.text));
    else if (!e)
        printf("%.*s\n", STR_ARG(hex));
    buf_release(&answer);
    return e ? command_failed(why) : EXIT_DONE;
}

int cmd_vrf(int argc, char **argv)
{
    struct vrf_opts o = {.keystore_url = "http://127.0.0.1:3034"};
    struct buf why = WHY_INIT;
    int operands, status = EXIT_DONE;

    if (!command_begin(&command_vrf, argc, argv, &o, &operands, &status))
        return status;
    if (argc - operands == 1 && strcmp(argv[operands], "verify") == 0) {
        status = verify(&o, &why);
    } else if (argc - operands == 1 && strcmp(argv[operands], "pubkey") == 0) {
        status = pubkey(&o, &why);
    } else {
        (void)err_put(&why, ERR_FORMAT, "say what: verify or pubkey");
        status = command_misused(&command_vrf, &why);
    }
    buf_release(&why);
    return status;
}
