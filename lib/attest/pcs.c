#include "attest/pcs.h"

#include <string.h>

#include "attest/utc.h"
#include "base/file.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "crypto/hash.h"

#define URL_MAX      1024
#define CALL_MS      30000
#define HEADER_MAX   (64 * 1024)
#define BODY_MAX     (1024 * 1024)
#define PATH_LONGEST 4096

bool pcs_wish_for(const struct quote *q, struct pcs_wish *out)
{
    struct arena a = ARENA_INIT;
    struct cert_chain *c = arena_new(&a, struct cert_chain);
    struct pck p;
    bool ok = chain_read(q->chain, &a, c) && c->n > 1 && c->cert[0].intel.ptr &&
              pck_read(c->cert[0].intel, &p);

    if (ok) {
        *out = (struct pcs_wish){.https_only = true};
        memcpy(out->fmspc, p.fmspc, sizeof out->fmspc);
        out->processor_ca = str_ends(c->cert[1].cn, STR("Processor CA"));
    }
    arena_release(&a);
    return ok;
}

bool pcs_cut(struct str body, const char *name, struct str *object, struct str *sig)
{
    struct json all;

    if (!json_parse(body, &all, NULL) || json_type(json_get(all, name)) != JSON_OBJECT ||
        !json_plain(json_get(all, "signature"), sig))
        return false;
    *object = json_get(all, name).text;
    return true;
}

bool pcs_unescape(struct str text, struct buf *out)
{
    uint8_t c;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '%') {
            buf_add_byte(out, (uint8_t)text.ptr[i]);
            continue;
        }
        if (!hex_get(str_head(str_skip(text, i + 1), 2), &c, 1))
            return false;
        buf_add_byte(out, c);
        i += 2;
    }
    return !out->full;
}

/* One document: its body and, when asked for, the chain from the header. */
static enum err get(struct http_client *c, const struct pcs_wish *w, const char *url,
                    const char *header, const char *other_header, struct buf *body,
                    struct buf *chain, struct buf *why)
{
    struct buf escaped = BUF_INIT(HEADER_MAX);
    struct http_call call = {
        .method = "GET",
        .url = url,
        .timeout_ms = CALL_MS,
        .max_body = BODY_MAX,
        .https_only = w->https_only,
        .header = {header, other_header},
        .header_value = &escaped,
    };
    unsigned status = 0;
    enum err e = http_client_call(c, &call, &status, body, why);

    if (!e && status != 200)
        e = err_put(why, status == 404 ? ERR_ABSENT : ERR_UPSTREAM,
                    "'%s' answered %u; check the FMSPC and the service", url, status);
    if (!e && header && (!escaped.len || !pcs_unescape(buf_str(&escaped), chain)))
        e = err_put(why, ERR_UPSTREAM, "'%s' sent no issuer chain; use another service", url);
    buf_release(&escaped);
    return e;
}

/* A signed document: three members. */
static enum err add_document(struct http_client *c, const struct pcs_wish *w, const char *url,
                             const char *object, const char *member, const char *header,
                             const char *other_header, struct buf *out, struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), chain = BUF_INIT(HEADER_MAX);
    struct str text = STR_NONE, sig = STR_NONE;
    char name[64];
    struct buf key = BUF_OVER(name);
    enum err e = get(c, w, url, header, other_header, &body, &chain, why);

    if (!e && !pcs_cut(buf_str(&body), object, &text, &sig))
        e = err_put(why, ERR_UPSTREAM, "'%s' sent no '%s'; use another service", url, object);
    if (!e) {
        buf_addf(&key, "%s_issuer_chain", member);
        put_str(out, name, buf_str(&chain));
        put_str(out, member, text);
        buf_clear(&key);
        buf_addf(&key, "%s_signature", member);
        put_str(out, name, sig);
    }
    buf_release(&body);
    buf_release(&chain);
    return e;
}

static enum err add_lists(struct http_client *c, const struct pcs_wish *w, const char *url,
                          const char *root_url, struct buf *out, struct buf *why)
{
    struct buf body = BUF_INIT(BODY_MAX), chain = BUF_INIT(HEADER_MAX), root = BUF_INIT(BODY_MAX);
    struct str text;
    enum err e = get(c, w, url, "SGX-PCK-CRL-Issuer-Chain", NULL, &body, &chain, why);

    if (!e)
        e = get(c, w, root_url, NULL, NULL, &root, NULL, why);
    if (!e) {
        put_str(out, "pck_crl_issuer_chain", buf_str(&chain));
        put_hex(out, "pck_crl", buf_str(&body));
        text = str_trim(buf_str(&root));
        /* Intel sends DER, caches send hexadecimal text; no DER is made of digits alone. */
        if (text.len && hex_is_lower(text))
            put_str(out, "root_ca_crl", text);
        else
            put_hex(out, "root_ca_crl", buf_str(&root));
    }
    buf_release(&body);
    buf_release(&chain);
    buf_release(&root);
    return e;
}

enum err pcs_fetch(struct http_client *c, const struct pcs_wish *w, struct buf *out,
                   struct buf *why)
{
    const char *base = w->url ? w->url : PCS_URL, *more = w->early ? "&update=early" : "";
    struct buf url = BUF_INIT(URL_MAX);
    size_t start = out->len;
    enum err e;

    json_obj(out);
    buf_addf(&url, "%s/tdx/certification/v4/tcb?fmspc=", base);
    hex_put(&url, w->fmspc, sizeof w->fmspc);
    buf_addz(&url, more);
    e = add_document(c, w, buf_z(&url), "tcbInfo", "tcb_info", "TCB-Info-Issuer-Chain",
                     "SGX-TCB-Info-Issuer-Chain", out, why);
    buf_clear(&url);
    buf_addf(&url, "%s/tdx/certification/v4/qe/identity%s", base, w->early ? "?update=early" : "");
    if (!e)
        e = add_document(c, w, buf_z(&url), "enclaveIdentity", "qe_identity",
                         "SGX-Enclave-Identity-Issuer-Chain", NULL, out, why);
    buf_clear(&url);
    buf_addf(&url, "%s/sgx/certification/v4/pckcrl?ca=%s&encoding=der", base,
             w->processor_ca ? "processor" : "platform");
    if (!e)
        e = add_lists(c, w, buf_z(&url), w->root_crl ? w->root_crl : PCS_ROOT_CRL, out, why);
    json_obj_end(out);
    if (!e && (out->full || url.full))
        e = err_put(why, ERR_TOO_BIG, "the collateral of '%s' has more than %zu bytes", base,
                    out->max);
    if (e) {
        out->len = start;
        if (out->ptr)
            out->ptr[start] = '\0';
    }
    buf_release(&url);
    return e;
}

enum err pcs_archive(const char *dir, struct str collateral, const struct collateral *c,
                     const struct attest_verdict *v, struct buf *path, struct buf *why)
{
    struct hash256 h = sha256(collateral);
    struct buf name = BUF_INIT(PATH_LONGEST), meta = BUF_INIT(4096);
    enum err e = dir_make(dir, why);

    buf_addf(&name, "%s/", dir);
    hash_put_hex(&name, &h);
    json_obj(&meta);
    put_hex(&meta, "fmspc", str_from(c->tcb.fmspc, sizeof c->tcb.fmspc));
    json_key(&meta, "from");
    json_str_open(&meta);
    utc_put(&meta, v->window.from);
    json_str_close(&meta);
    json_key(&meta, "until");
    json_str_open(&meta);
    utc_put(&meta, v->window.until);
    json_str_close(&meta);
    put_u64(&meta, "evaluation", v->tcb_evaluation);
    put_bool(&meta, "simulated", v->simulated);
    json_obj_end(&meta);
    buf_addz(&name, ".meta.json");
    if (!e && name.full)
        e = err_put(why, ERR_TOO_BIG, "the folder's name '%s' is too long", dir);
    if (!e)
        e = file_write_atomic(buf_z(&name), buf_str(&meta), 0644, why);
    if (!e) {
        name.len -= sizeof ".meta.json" - 1;
        name.ptr[name.len] = '\0';
        buf_addz(&name, ".json");
        e = file_write_atomic(buf_z(&name), collateral, 0644, why);
    }
    if (!e && path)
        buf_add_str(path, buf_str(&name));
    buf_release(&name);
    buf_release(&meta);
    return e;
}
