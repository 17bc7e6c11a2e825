#include "attest/collateral.h"

#include "attest/docs.h"
#include "base/mem.h"
#include "codec/hex.h"

bool chain_read(struct str pem, struct arena *a, struct cert_chain *out)
{
    struct str der[PEM_CERTS_MAX];
    struct cert_chain c = {0};

    if (!pem_read(pem, a, der, &c.n))
        return false;
    for (size_t i = 0; i < c.n; i++)
        if (!x509_cert_read(der[i], &c.cert[i]))
            return false;
    *out = c;
    return true;
}

/* A member that must be a string, decoded; ptr NULL when it is not. */
static struct str text_of(struct json object, const char *name, struct arena *a)
{
    struct json v = json_get(object, name);
    struct buf b = BUF_INIT(COLLATERAL_MAX);
    struct str s = STR_NONE;

    if (json_str(v, &b) && !b.full)
        s = arena_str(a, buf_str(&b));
    buf_release(&b);
    return s;
}

static bool hex_text(struct json object, const char *name, struct arena *a, struct str *out)
{
    struct str text;
    uint8_t *bytes;

    if (!json_plain(json_get(object, name), &text) || text.len % 2 || text.len > 2 * X509_CRL_MAX)
        return false;
    bytes = arena_alloc(a, text.len / 2);
    *out = str_from(bytes, text.len / 2);
    return hex_get(text, bytes, text.len / 2);
}

static bool signature(struct json object, const char *name, uint8_t out[64])
{
    struct str text;

    return json_plain(json_get(object, name), &text) && hex_get(text, out, 64);
}

static bool read_chain(struct json object, const char *name, struct arena *a,
                       struct cert_chain *out)
{
    struct str pem = text_of(object, name, a);

    return pem.ptr && chain_read(pem, a, out);
}

static bool read_crl(struct json object, const char *name, struct arena *a, struct x509_crl *out)
{
    struct str der;

    return hex_text(object, name, a, &der) && x509_crl_read(der, out);
}

/* err_put needs the C library; this is for contracts too. */
static enum err say(struct buf *why, enum err e, const char *what, const char *member)
{
    if (why) {
        buf_clear(why);
        buf_addz(why, "the collateral's '");
        buf_addz(why, what);
        if (member) {
            buf_addz(why, "' has a wrong '");
            buf_addz(why, member);
        }
        buf_addz(why, "'");
        if (!member)
            buf_addz(why, " is missing or malformed");
        buf_addz(why, "; fetch it again");
    }
    return e;
}

enum err collateral_read(struct str json, struct arena *a, struct collateral *out, struct buf *why)
{
    struct collateral *c = arena_new(a, struct collateral);
    struct json object;
    const char *wrong;

    if (json.len > COLLATERAL_MAX)
        return say(why, ERR_TOO_BIG, "length", NULL);
    if (!json_parse(json, &object, NULL) || json_type(object) != JSON_OBJECT ||
        !json_strict(object, DOC_DEPTH_MAX))
        return say(why, ERR_FORMAT, "JSON", NULL);
    if (!read_chain(object, "pck_crl_issuer_chain", a, &c->pck_ca))
        return say(why, ERR_FORMAT, "pck_crl_issuer_chain", NULL);
    if (!read_crl(object, "root_ca_crl", a, &c->root_crl))
        return say(why, ERR_FORMAT, "root_ca_crl", NULL);
    if (!read_crl(object, "pck_crl", a, &c->pck_crl))
        return say(why, ERR_FORMAT, "pck_crl", NULL);
    if (!read_chain(object, "tcb_info_issuer_chain", a, &c->tcb_chain))
        return say(why, ERR_FORMAT, "tcb_info_issuer_chain", NULL);
    if (!signature(object, "tcb_info_signature", c->tcb_sig))
        return say(why, ERR_FORMAT, "tcb_info_signature", NULL);
    if (!read_chain(object, "qe_identity_issuer_chain", a, &c->qe_chain))
        return say(why, ERR_FORMAT, "qe_identity_issuer_chain", NULL);
    if (!signature(object, "qe_identity_signature", c->qe_sig))
        return say(why, ERR_FORMAT, "qe_identity_signature", NULL);
    c->tcb_text = text_of(object, "tcb_info", a);
    if (!c->tcb_text.ptr)
        return say(why, ERR_FORMAT, "tcb_info", NULL);
    c->qe_text = text_of(object, "qe_identity", a);
    if (!c->qe_text.ptr)
        return say(why, ERR_FORMAT, "qe_identity", NULL);
    wrong = tcb_info_read(c->tcb_text, &c->tcb);
    if (wrong)
        return say(why, ERR_FORMAT, "tcb_info", wrong);
    wrong = qe_identity_read(c->qe_text, &c->qe);
    if (wrong)
        return say(why, ERR_FORMAT, "qe_identity", wrong);
    *out = *c;
    return ERR_OK;
}
