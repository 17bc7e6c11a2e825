#include "attest/verify.h"

#include <string.h>

#include "attest/tcb.h"

#define QE_DEBUG 0x02 /* in the first byte of an enclave's attributes */

/* What a chain is for decides its length, the names in it and who may sign what. */
struct chain {
    const struct cert_chain *c;
    const char *what;
    size_t n;               /* certificates it must have */
    bool leaf;              /* the first is no authority */
    const char *name[2][2]; /* of the first and second certificate; alternatives; without maker */
};

#define NAME_ROOT      "SGX Root CA"
#define NAME_PLATFORM  "SGX PCK Platform CA"
#define NAME_PROCESSOR "SGX PCK Processor CA"

enum { CHAIN_PCK, CHAIN_CA, CHAIN_TCB, CHAIN_QE, CHAINS };

struct run {
    const struct attest_input *in;
    const struct attest_crypto *crypto;
    const struct attest_root *root;
    const struct collateral *coll;
    struct attest_verdict *v;
    struct x509_cert root_cert;
    struct cert_chain pck;
    struct chain chain[CHAINS];
    size_t first; /* CHAIN_CA when there is no machine */
};

static enum attest_code no(struct run *r, enum attest_code code, const char *subject)
{
    r->v->subject = subject;
    return code;
}

static bool signed_by(struct run *r, struct str bytes, const uint8_t sig[64], const uint8_t key[64])
{
    uint8_t digest[32];

    r->crypto->sha256(bytes, digest);
    r->v->signatures++;
    return r->crypto->p256_verify(key, digest, sig);
}

/* ------------------------------------------------------------------ chains */

/* "Intel SGX …" or "SIMULATED SGX …" */
static bool name_is(const struct run *r, struct str cn, const char *rest)
{
    struct str maker = r->root->simulated ? STR("SIMULATED ") : STR("Intel ");

    return str_starts(cn, maker) && str_eqz(str_skip(cn, maker.len), rest);
}

static bool name_fits(const struct run *r, const struct chain *ch, size_t i)
{
    struct str cn = ch->c->cert[i].cn;

    if (i + 1 == ch->n)
        return name_is(r, cn, NAME_ROOT);
    return name_is(r, cn, ch->name[i][0]) || (ch->name[i][1] && name_is(r, cn, ch->name[i][1]));
}

/* May certificate `i` stand where it stands? `below`: authorities between it and a leaf. */
static bool role_fits(const struct x509_cert *c, bool leaf, size_t below)
{
    if (!c->p256 || c->odd_critical || !c->has_constraints || !c->has_usage)
        return false;
    if (leaf)
        return !c->ca && c->path_max == X509_NO_PATH && (c->usage & X509_SIGN_DATA);
    return c->ca && (c->usage & X509_SIGN_CERT) &&
           (c->path_max == X509_NO_PATH || c->path_max >= below);
}

/* An equal pair of certificates in a chain before this one has been checked already. */
static bool checked_before(const struct run *r, size_t k, const struct x509_cert *c,
                           const struct x509_cert *issuer)
{
    for (size_t j = r->first; j < k; j++) {
        const struct cert_chain *o = r->chain[j].c;

        for (size_t i = 0; i + 1 < o->n; i++)
            if (str_eq(o->cert[i].der, c->der) && str_eq(o->cert[i + 1].der, issuer->der))
                return true;
    }
    return false;
}

static bool chain_holds(struct run *r, size_t k)
{
    const struct chain *ch = &r->chain[k];

    if (ch->c->n != ch->n)
        return false;
    for (size_t i = 0; i < ch->n; i++) {
        const struct x509_cert *c = &ch->c->cert[i], *issuer = &ch->c->cert[i + 1];
        bool leaf = ch->leaf && i == 0;

        if (!name_fits(r, ch, i) || !role_fits(c, leaf, ch->leaf ? i - !leaf : i))
            return false;
        if (i + 1 == ch->n) /* the root: its bytes are known */
            break;
        if (!str_eq(c->issuer, issuer->subject))
            return false;
        if (!checked_before(r, k, c, issuer) && !signed_by(r, c->tbs, c->sig, issuer->key))
            return false;
    }
    return true;
}

static enum attest_code check_chains(struct run *r)
{
    bool current = true;

    for (size_t k = r->first; k < CHAINS; k++) {
        const struct cert_chain *c = r->chain[k].c;

        if (!str_eq(c->cert[c->n - 1].der, r->root->der))
            return no(r, ATTEST_E_CHAIN_UNTRUSTED, r->chain[k].what);
    }
    for (size_t k = r->first; k < CHAINS; k++)
        if (!chain_holds(r, k))
            return no(r, ATTEST_E_CHAIN_INVALID, r->chain[k].what);
    for (size_t k = CHAINS; k-- > r->first;) {
        const struct cert_chain *c = r->chain[k].c;

        for (size_t i = 0; i < c->n; i++) {
            if (r->in->at < c->cert[i].from || r->in->at > c->cert[i].until) {
                r->v->subject = r->chain[k].what;
                current = false;
            }
        }
    }
    return current ? ATTEST_OK : ATTEST_E_CHAIN_TIME;
}

/* ------------------------------------------------------------------ revocation */

static bool crl_holds(struct run *r, const struct x509_crl *crl, const struct x509_cert *ca)
{
    return str_eq(crl->issuer, ca->subject) && crl->p256 && !crl->odd_critical && crl->has_number &&
           crl->aki.ptr && ca->ski.ptr && str_eq(crl->aki, ca->ski) &&
           (ca->usage & X509_SIGN_CRL) && signed_by(r, crl->tbs, crl->sig, ca->key);
}

static enum attest_code check_crls(struct run *r)
{
    const struct x509_crl *root = &r->coll->root_crl, *pck = &r->coll->pck_crl;
    const struct x509_cert *ca = r->first == CHAIN_PCK ? &r->pck.cert[1] : &r->coll->pck_ca.cert[0];

    if (!crl_holds(r, root, &r->root_cert))
        return no(r, ATTEST_E_CRL_INVALID, "the root's list");
    if (!crl_holds(r, pck, ca))
        return no(r, ATTEST_E_CRL_INVALID, "the list of PCK certificates");
    if (r->in->at < root->from || r->in->at >= root->until)
        return no(r, ATTEST_E_CRL_TIME, "the root's list");
    if (r->in->at < pck->from || r->in->at >= pck->until)
        return no(r, ATTEST_E_CRL_TIME, "the list of PCK certificates");
    for (size_t k = r->first; k < CHAINS; k++) {
        const struct chain *ch = &r->chain[k];

        for (size_t i = 0; i + 1 < ch->n; i++) {
            bool machine = k == CHAIN_PCK && i == 0;

            if (x509_crl_has(machine ? pck : root, ch->c->cert[i].serial))
                return no(r, ATTEST_E_REVOKED, ch->what);
        }
    }
    return ATTEST_OK;
}

/* ------------------------------------------------------------------ documents */

static bool current(const struct run *r, const struct doc_head *h)
{
    return h->issued <= r->in->at && r->in->at <= h->next;
}

static enum attest_code check_documents(struct run *r)
{
    const struct collateral *c = r->coll;
    bool tdx = r->v->has_quote ? r->v->quote.tee == TEE_TDX : c->tcb.tdx;

    if (!signed_by(r, c->tcb_text, c->tcb_sig, c->tcb_chain.cert[0].key))
        return ATTEST_E_TCBINFO_SIG;
    if (!current(r, &c->tcb.head))
        return ATTEST_E_TCBINFO_TIME;
    if (!str_eqz(str_of(c->tcb.head.id), tdx ? "TDX" : "SGX") || c->tcb.head.version != 3 ||
        c->tcb.tcb_type != 0)
        return ATTEST_E_TCBINFO_KIND;
    if (!signed_by(r, c->qe_text, c->qe_sig, c->qe_chain.cert[0].key))
        return ATTEST_E_QEID_SIG;
    if (!current(r, &c->qe.head))
        return ATTEST_E_QEID_TIME;
    if (!str_eqz(str_of(c->qe.head.id), tdx ? "TD_QE" : "QE") || c->qe.head.version != 2)
        return ATTEST_E_QEID_KIND;
    r->v->tcb_evaluation = c->tcb.head.evaluation;
    r->v->qe_evaluation = c->qe.head.evaluation;
    return ATTEST_OK;
}

/* ------------------------------------------------------------------ the machine */

static bool bytes_are(struct str s, const uint8_t *b, size_t n)
{
    return str_eq(s, str_from(b, n));
}

/* Report data of the quoting enclave: a hash of key and authentication data, then zeros. */
static bool qe_binds(const struct run *r)
{
    const struct quote *q = &r->v->quote;
    struct buf all = BUF_INIT(64 + UINT16_MAX);
    uint8_t want[64] = {0};

    buf_add_str(&all, q->attestation_key);
    buf_add_str(&all, q->qe_auth_data);
    BUG_ON(all.full);
    r->crypto->sha256(buf_str(&all), want);
    buf_release(&all);
    return bytes_are(q->qe_report.report_data, want, sizeof want);
}

static bool qe_is(const struct qe_identity *id, const struct sgx_report *qe)
{
    if (!bytes_are(qe->mr_signer, id->mr_signer, sizeof id->mr_signer) ||
        qe->isv_prod_id != id->isv_prod_id ||
        (qe->misc_select & id->misc_mask) != (id->misc_select & id->misc_mask))
        return false;
    for (size_t i = 0; i < sizeof id->attributes; i++)
        if (((uint8_t)qe->attributes.ptr[i] & id->attributes_mask[i]) !=
            (id->attributes[i] & id->attributes_mask[i]))
            return false;
    return !((uint8_t)qe->attributes.ptr[0] & QE_DEBUG);
}

static const uint8_t *as_bytes(struct str s)
{
    return (const uint8_t *)s.ptr;
}

static enum attest_code check_machine(struct run *r)
{
    const struct x509_cert *leaf = &r->pck.cert[0];
    const struct collateral *c = r->coll;
    struct attest_verdict *v = r->v;
    const struct quote *q = &v->quote;
    const struct svn_level *qe;

    if (!leaf->intel.ptr || !pck_read(leaf->intel, &v->pck))
        return ATTEST_E_PCK_EXT;
    v->has_pck = true;
    if (memcmp(v->pck.fmspc, c->tcb.fmspc, sizeof c->tcb.fmspc) != 0)
        return ATTEST_E_FMSPC;
    if (memcmp(v->pck.pceid, c->tcb.pceid, sizeof c->tcb.pceid) != 0)
        return ATTEST_E_PCEID;
    if (!signed_by(r, q->qe_report.raw, as_bytes(q->qe_signature), leaf->key))
        return ATTEST_E_QE_REPORT_SIG;
    if (!qe_binds(r))
        return ATTEST_E_QE_BINDING;
    if (!qe_is(&c->qe, &q->qe_report))
        return ATTEST_E_QE_IDENTITY;
    qe = svn_level_of(c->qe.level, c->qe.n, q->qe_report.isv_svn);
    if (!qe)
        return ATTEST_E_QE_TCB;
    if (!signed_by(r, q->signed_bytes, as_bytes(q->signature), as_bytes(q->attestation_key)))
        return ATTEST_E_QUOTE_SIG;
    return tcb_rate(&c->tcb, qe, v);
}

/* ------------------------------------------------------------------ all of it */

static void set_chains(struct run *r)
{
    r->chain[CHAIN_PCK] =
        (struct chain){&r->pck,
                       "the PCK chain in the quote",
                       3,
                       true,
                       {{"SGX PCK Certificate", NULL}, {NAME_PLATFORM, NAME_PROCESSOR}}};
    r->chain[CHAIN_CA] = (struct chain){&r->coll->pck_ca,
                                        "the issuer chain of the PCK list",
                                        2,
                                        false,
                                        {{NAME_PLATFORM, NAME_PROCESSOR}}};
    r->chain[CHAIN_TCB] = (struct chain){
        &r->coll->tcb_chain, "the issuer chain of the TCB info", 2, true, {{"SGX TCB Signing"}}};
    r->chain[CHAIN_QE] = (struct chain){
        &r->coll->qe_chain, "the issuer chain of the QE identity", 2, true, {{"SGX TCB Signing"}}};
}

static void begin(struct run *r, const struct attest_input *in, struct attest_verdict *out)
{
    memset(out, 0, sizeof *out);
    out->window = (struct attest_window){INT64_MIN, INT64_MAX};
    memset(r, 0, sizeof *r);
    r->in = in;
    r->crypto = in->crypto;
    r->root = in->root ? in->root : &attest_root_intel;
    r->coll = in->collateral;
    r->v = out;
    out->simulated = r->root->simulated;
}

static void narrow(struct attest_window *w, int64_t from, int64_t until)
{
    if (from > w->from)
        w->from = from;
    if (until < w->until)
        w->until = until;
}

/* Of everything at hand, believed or not: a time error is explained by it. */
static void set_window(struct run *r)
{
    const struct collateral *c = r->coll;
    struct attest_window *w = &r->v->window;

    for (size_t k = r->first; k < CHAINS; k++)
        for (size_t i = 0; i < r->chain[k].c->n; i++)
            narrow(w, r->chain[k].c->cert[i].from, r->chain[k].c->cert[i].until);
    narrow(w, c->root_crl.from, c->root_crl.until);
    narrow(w, c->pck_crl.from, c->pck_crl.until);
    narrow(w, c->tcb.head.issued, c->tcb.head.next);
    narrow(w, c->qe.head.issued, c->qe.head.next);
}

static enum attest_code run_all(struct run *r)
{
    enum attest_code code;

    set_chains(r);
    set_window(r);
    if (!x509_cert_read(r->root->der, &r->root_cert))
        return no(r, ATTEST_E_CHAIN_UNTRUSTED, "the trusted root itself");
    code = check_chains(r);
    if (!code)
        code = check_crls(r);
    if (!code)
        code = check_documents(r);
    if (!code && r->first == CHAIN_PCK)
        code = check_machine(r);
    return code;
}

enum attest_code attest_verify(const struct attest_input *in, struct arena *a,
                               struct attest_verdict *out)
{
    struct run r;

    begin(&r, in, out);
    out->code = quote_read(in->quote, &out->quote);
    if (out->code)
        return out->code;
    out->has_quote = true;
    if (!in->collateral)
        return out->code = ATTEST_E_COLL_PARSE;
    if (!chain_read(out->quote.chain, a, &r.pck)) {
        out->code = no(&r, ATTEST_E_CHAIN_INVALID, "the PCK chain in the quote");
        return out->code;
    }
    out->pck_issuer = r.pck.n > 1 ? r.pck.cert[1].cn : STR_NONE;
    out->pck_serial = r.pck.cert[0].serial;
    out->pck_from = r.pck.cert[0].from;
    out->pck_until = r.pck.cert[0].until;
    return out->code = run_all(&r);
}

enum attest_code attest_check_collateral(const struct attest_input *in, struct attest_verdict *out)
{
    struct run r;

    begin(&r, in, out);
    if (!in->collateral)
        return out->code = ATTEST_E_COLL_PARSE;
    r.first = CHAIN_CA;
    return out->code = run_all(&r);
}
