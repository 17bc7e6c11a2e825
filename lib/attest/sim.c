#include "attest/sim.h"

#include <string.h>

#include "attest/sim_pki.h"
#include "attest/utc.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "codec/wire.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"

#define DAY          INT64_C(86400)
#define DOC_DAYS     30
#define DOC_MAX      (32 * 1024)
#define ROOT_MAX     (4 * 1024)
#define PATH_LONGEST 4096

/* ------------------------------------------------------------------ keys and roots */

static struct p256_key *derive(const uint8_t seed[SIM_SEED_LEN], unsigned role)
{
    struct p256_key *k = NULL;

    for (uint8_t attempt = 0; !k; attempt++) {
        uint8_t tail[2] = {(uint8_t)role, attempt};
        struct sha256 st;
        struct hash256 h;

        sha256_init(&st);
        sha256_add(&st, STR("outlayer simulator key"));
        sha256_add(&st, str_from(tail, sizeof tail));
        sha256_add(&st, str_from(seed, SIM_SEED_LEN));
        h = sha256_final(&st);
        k = p256_from_scalar(h.b);
        mem_wipe(&h, sizeof h);
    }
    return k;
}

static struct sim *with_keys(const uint8_t seed[SIM_SEED_LEN])
{
    struct sim *s = mem_new(struct sim);

    for (unsigned i = 0; i < SIM_ROLES; i++)
        s->key[i] = derive(seed, i);
    s->root = BUF_INIT(ROOT_MAX);
    s->ca = BUF_INIT(ROOT_MAX);
    s->root_short = BUF_INIT(ROOT_MAX);
    sim_make_root(s, 0, &s->root_short);
    return s;
}

struct sim *sim_new(const uint8_t seed[SIM_SEED_LEN])
{
    struct sim *s = with_keys(seed);

    sim_make_root(s, 1, &s->root);
    return s;
}

enum err sim_open(const char *dir, struct sim **out, struct buf *why)
{
    struct buf seed_path = BUF_INIT(PATH_LONGEST), root_path = BUF_INIT(PATH_LONGEST);
    struct buf seed = BUF_INIT(SIM_SEED_LEN), root = BUF_INIT(ROOT_MAX);
    uint8_t fresh[SIM_SEED_LEN];
    struct sim *s = NULL;
    struct x509_cert cert;
    enum err e = dir_make(dir, why);

    buf_addf(&seed_path, "%s/seed", dir);
    buf_addf(&root_path, "%s/root.der", dir);
    if (e)
        goto out;
    if (!file_exists(buf_z(&seed_path)) || !file_exists(buf_z(&root_path))) {
        random_bytes(fresh, sizeof fresh);
        s = sim_new(fresh);
        e = file_write_atomic(buf_z(&root_path), buf_str(&s->root), 0644, why);
        if (!e)
            e = file_write_atomic(buf_z(&seed_path), str_from(fresh, sizeof fresh), 0600, why);
        mem_wipe(fresh, sizeof fresh);
        goto out;
    }
    e = file_read(buf_z(&seed_path), &seed, why);
    if (!e)
        e = file_read(buf_z(&root_path), &root, why);
    if (e)
        goto out;
    if (seed.len != SIM_SEED_LEN || !x509_cert_read(buf_str(&root), &cert)) {
        e = err_put(why, ERR_FORMAT,
                    "'%s' holds no simulator; remove it, and it is made again with a new root",
                    dir);
        goto out;
    }
    s = with_keys((const uint8_t *)seed.ptr);
    buf_add_str(&s->root, buf_str(&root));
out:
    buf_wipe(&seed);
    buf_release(&root);
    buf_release(&seed_path);
    buf_release(&root_path);
    if (e) {
        sim_free(s);
        return e;
    }
    *out = s;
    return ERR_OK;
}

void sim_free(struct sim *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < SIM_ROLES; i++)
        p256_free(s->key[i]);
    buf_release(&s->root);
    buf_release(&s->ca);
    buf_release(&s->root_short);
    mem_free(s);
}

struct attest_root sim_root(const struct sim *s)
{
    return (struct attest_root){.der = buf_str(&s->root), .simulated = true};
}

/* ------------------------------------------------------------------ a machine */

void sim_spec_default(struct sim_spec *out, int64_t now)
{
    /* Of the shape that current machines have; the FMSPC spells SIM. */
    static const struct sim_spec usual = {
        .version = 4,
        .fmspc = {'S', 'I', 'M', 0, 0, 0},
        .ppid = {'S', 'I', 'M', 'U', 'L', 'A', 'T', 'E', 'D'},
        .components = {3, 3, 2, 2, 4, 1, 0, 5},
        .pcesvn = 11,
        .qe_attributes = {0x11, 0, 0, 0, 0, 0, 0, 0, 0xe7},
        .qe_mr_signer = {'S', 'I', 'M', 'U', 'L', 'A', 'T', 'E', 'D', ' ', 'Q', 'E'},
        .qe_prod_id = 2,
        .qe_svn = 6,
        .qe_auth_len = 32,
        .cert_type = 5,
        .key_type = 2,
        .tee_tcb_svn = {11, 1, 3},
        .tee_tcb_svn2 = {11, 1, 3},
        .mr_seam = {'S', 'I', 'M'},
        .td_attributes = UINT64_C(1) << 28,
        .xfam = 0x602e7,
        .mr_td = {'S', 'I', 'M', 'U', 'L', 'A', 'T', 'E', 'D'},
    };

    *out = usual;
    out->now = now;
}

/* ------------------------------------------------------------------ documents */

static void put_head(struct buf *b, const struct sim_spec *spec, const char *id, unsigned version)
{
    int64_t issued = spec->now - (spec->faults & SIM_DOCUMENTS_OLD ? DOC_DAYS + 1 : 1) * DAY;

    put_z(b, "id", id);
    put_u64(b, "version", version);
    put_utc(b, "issueDate", issued);
    put_utc(b, "nextUpdate", issued + DOC_DAYS * DAY);
}

static void put_components(struct buf *b, const char *key, const uint8_t svn[16])
{
    json_key(b, key);
    json_arr(b);
    for (size_t i = 0; i < 16; i++) {
        json_obj(b);
        put_u64(b, "svn", svn[i]);
        json_obj_end(b);
    }
    json_arr_end(b);
}

static void put_rated(struct buf *b, const struct sim_spec *spec)
{
    put_utc(b, "tcbDate", spec->now - 100 * DAY);
    put_z(b, "tcbStatus", "UpToDate");
}

static void put_svn_levels(struct buf *b, const struct sim_spec *spec, uint64_t svn)
{
    json_key(b, "tcbLevels");
    json_arr(b);
    json_obj(b);
    json_key(b, "tcb");
    json_obj(b);
    put_u64(b, "isvsvn", svn);
    json_obj_end(b);
    put_rated(b, spec);
    json_obj_end(b);
    json_arr_end(b);
}

static void put_module(struct buf *b)
{
    static const uint8_t zero[48], ones[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    put_hex(b, "mrsigner", str_from(zero, 48));
    put_hex(b, "attributes", str_from(zero, 8));
    put_hex(b, "attributesMask", str_from(ones, 8));
}

void sim_tcb_info(const struct sim_spec *spec, struct buf *b)
{
    char id[8];
    struct buf name = BUF_OVER(id);

    json_obj(b);
    put_head(b, spec, "TDX", 3);
    put_hex(b, "fmspc", str_from(spec->fmspc, sizeof spec->fmspc));
    put_hex(b, "pceId", str_from(spec->pceid, sizeof spec->pceid));
    put_u64(b, "tcbType", 0);
    put_u64(b, "tcbEvaluationDataNumber", 1);
    json_key(b, "tdxModule");
    json_obj(b);
    put_module(b);
    json_obj_end(b);
    json_key(b, "tdxModuleIdentities");
    json_arr(b);
    if (spec->tee_tcb_svn[1]) {
        json_obj(b);
        buf_addz(&name, "TDX_");
        hex_put(&name, &spec->tee_tcb_svn[1], 1);
        put_str(b, "id", buf_str(&name));
        put_module(b);
        put_svn_levels(b, spec, spec->tee_tcb_svn[0]);
        json_obj_end(b);
    }
    json_arr_end(b);
    json_key(b, "tcbLevels");
    json_arr(b);
    json_obj(b);
    json_key(b, "tcb");
    json_obj(b);
    put_components(b, "sgxtcbcomponents", spec->components);
    put_u64(b, "pcesvn", spec->pcesvn);
    put_components(b, "tdxtcbcomponents", spec->tee_tcb_svn);
    json_obj_end(b);
    put_rated(b, spec);
    json_obj_end(b);
    json_arr_end(b);
    json_obj_end(b);
}

void sim_qe_identity(const struct sim_spec *spec, struct buf *b)
{
    static const uint8_t ones[4] = {0xff, 0xff, 0xff, 0xff};
    static const uint8_t mask[16] = {0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t misc[4];

    for (size_t i = 0; i < 4; i++)
        misc[i] = (uint8_t)(spec->qe_misc >> (24 - 8 * i));
    json_obj(b);
    put_head(b, spec, "TD_QE", 2);
    put_u64(b, "tcbEvaluationDataNumber", 1);
    put_hex(b, "miscselect", str_from(misc, sizeof misc));
    put_hex(b, "miscselectMask", str_from(ones, sizeof ones));
    put_hex(b, "attributes", str_from(spec->qe_attributes, sizeof spec->qe_attributes));
    put_hex(b, "attributesMask", str_from(mask, sizeof mask));
    put_hex(b, "mrsigner", str_from(spec->qe_mr_signer, sizeof spec->qe_mr_signer));
    put_u64(b, "isvprodid", spec->qe_prod_id);
    put_svn_levels(b, spec, spec->qe_svn);
    json_obj_end(b);
}

/* ------------------------------------------------------------------ collateral */

static void add_pem(struct sim *s, const struct sim_spec *spec, enum sim_role role, struct buf *out)
{
    struct buf der = BUF_INIT(X509_CERT_MAX);

    sim_put_cert(s, spec, role, &der);
    sim_put_pem(out, buf_str(&der), spec->faults & SIM_PEM_CRLF);
    buf_release(&der);
}

static void put_crl(struct sim *s, const struct sim_spec *spec, const char *key,
                    enum sim_role issuer, struct buf *out)
{
    struct buf der = BUF_INIT(X509_CERT_MAX);

    sim_put_crl(s, spec, issuer, &der);
    put_hex(out, key, buf_str(&der));
    buf_release(&der);
}

static void put_document(struct sim *s, const struct sim_spec *spec, const char *key,
                         const char *sig_key, struct str text, struct buf *out)
{
    enum sim_role signer = spec->faults & SIM_CA_SIGNS_DOCUMENTS ? SIM_CA : SIM_SIGNER;
    uint8_t sig[64];

    sim_sign(s->key[signer], text, sig);
    put_str(out, key, text);
    put_hex(out, sig_key, str_from(sig, sizeof sig));
}

void sim_collateral(struct sim *s, const struct sim_spec *spec, struct buf *out)
{
    struct buf ca = BUF_INIT(DOC_MAX), signer = BUF_INIT(DOC_MAX), doc = BUF_INIT(DOC_MAX);
    enum sim_role who = spec->faults & SIM_CA_SIGNS_DOCUMENTS ? SIM_CA : SIM_SIGNER;

    add_pem(s, spec, SIM_CA, &ca);
    add_pem(s, spec, SIM_ROOT, &ca);
    add_pem(s, spec, who, &signer);
    add_pem(s, spec, SIM_ROOT, &signer);
    json_obj(out);
    put_str(out, "pck_crl_issuer_chain", buf_str(&ca));
    put_crl(s, spec, "root_ca_crl", SIM_ROOT, out);
    put_crl(s, spec, "pck_crl", SIM_CA, out);
    put_str(out, "tcb_info_issuer_chain", buf_str(&signer));
    if (!spec->tcb_info.ptr)
        sim_tcb_info(spec, &doc);
    put_document(s, spec, "tcb_info", "tcb_info_signature",
                 spec->tcb_info.ptr ? spec->tcb_info : buf_str(&doc), out);
    put_str(out, "qe_identity_issuer_chain", buf_str(&signer));
    buf_clear(&doc);
    if (!spec->qe_identity.ptr)
        sim_qe_identity(spec, &doc);
    put_document(s, spec, "qe_identity", "qe_identity_signature",
                 spec->qe_identity.ptr ? spec->qe_identity : buf_str(&doc), out);
    json_obj_end(out);
    buf_release(&ca);
    buf_release(&signer);
    buf_release(&doc);
}

/* ------------------------------------------------------------------ quotes */

static void put_body(struct buf *b, const struct sim_spec *spec)
{
    buf_add(b, spec->tee_tcb_svn, 16);
    buf_add(b, spec->mr_seam, 48);
    buf_add(b, spec->mr_signer_seam, 48);
    buf_add(b, spec->seam_attributes, 8);
    wr_u64(b, spec->td_attributes);
    wr_u64(b, spec->xfam);
    buf_add(b, spec->mr_td, 48);
    buf_add(b, spec->mr_config_id, 48);
    buf_add(b, spec->mr_owner, 48);
    buf_add(b, spec->mr_owner_config, 48);
    buf_add(b, spec->rtmr, sizeof spec->rtmr);
    buf_add(b, spec->report_data, 64);
    if (spec->version == 5) {
        buf_add(b, spec->tee_tcb_svn2, 16);
        buf_add(b, spec->mr_service_td, 48);
    }
}

static void put_zeros(struct buf *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_byte(b, 0);
}

/* The quoting enclave's report; it vouches for `key`. */
static void put_qe_report(struct buf *b, const struct sim_spec *spec, const uint8_t key[64],
                          struct str auth)
{
    struct buf bound = BUF_INIT(64 + SIM_QE_AUTH_MAX);
    struct hash256 h;

    buf_add(b, spec->components, 16);
    wr_u32(b, spec->qe_misc);
    put_zeros(b, 28);
    buf_add(b, spec->qe_attributes, 16);
    put_zeros(b, 64); /* MRENCLAVE and 32 reserved bytes */
    buf_add(b, spec->qe_mr_signer, 32);
    put_zeros(b, 96);
    wr_u16(b, spec->qe_prod_id);
    wr_u16(b, spec->qe_svn);
    put_zeros(b, 60);
    buf_add(&bound, key, 64);
    buf_add_str(&bound, auth);
    h = sha256(buf_str(&bound));
    if (spec->faults & SIM_UNBOUND_KEY)
        h.b[0] ^= 1;
    buf_add(b, h.b, 32);
    put_zeros(b, 32);
    buf_release(&bound);
}

/* The order of P-256, big-endian (SEC 2). */
static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

/* s := order - s */
static void negate(uint8_t s[32])
{
    int borrow = 0;

    for (size_t i = 32; i-- > 0;) {
        int d = order[i] - s[i] - borrow;

        borrow = d < 0;
        s[i] = (uint8_t)(d + (borrow ? 256 : 0));
    }
}

static void quote_signature(struct sim *s, const struct sim_spec *spec, struct str bytes,
                            uint8_t sig[64])
{
    sim_sign(s->key[SIM_ATTESTATION], bytes, sig);
    if (spec->faults & SIM_HIGH_S && !(sig[32] & 0x80))
        negate(sig + 32);
    if (spec->faults & SIM_SIGNATURE_ZERO)
        memset(sig, 0, 32);
    if (spec->faults & SIM_SIGNATURE_ORDER)
        memcpy(sig + 32, order, 32);
}

/* Attestation key, QE report and chain, as the outer certification data wraps them. */
static void put_certification(struct sim *s, const struct sim_spec *spec, const uint8_t key[64],
                              struct buf *out)
{
    struct buf auth = BUF_INIT(SIM_QE_AUTH_MAX), pem = BUF_INIT(DOC_MAX);
    uint8_t sig[64];
    size_t at = out->len;

    for (size_t i = 0; i < spec->qe_auth_len; i++)
        buf_add_byte(&auth, (uint8_t)i);
    BUG_ON(auth.full);
    put_qe_report(out, spec, key, buf_str(&auth));
    sim_sign(s->key[spec->faults & SIM_OTHER_QE_KEY ? SIM_STRANGER : SIM_LEAF],
             str_skip(buf_str(out), at), sig);
    buf_add(out, sig, sizeof sig);
    wr_u16(out, (uint16_t)auth.len);
    buf_add_str(out, buf_str(&auth));
    add_pem(s, spec, SIM_LEAF, &pem);
    add_pem(s, spec, SIM_CA, &pem);
    if (spec->faults & SIM_FOUR_CERTS)
        add_pem(s, spec, SIM_CA, &pem);
    add_pem(s, spec, SIM_ROOT, &pem);
    wr_u16(out, (uint16_t)spec->cert_type);
    wr_bytes(out, buf_str(&pem));
    buf_release(&auth);
    buf_release(&pem);
}

void sim_quote(struct sim *s, const struct sim_spec *spec, struct buf *out)
{
    static const uint8_t vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                       0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
    struct buf q = BUF_INIT(SIM_QUOTE_MAX), auth = BUF_INIT(SIM_QUOTE_MAX),
               cert = BUF_INIT(SIM_QUOTE_MAX);
    uint8_t key[64], sig[64];

    wr_u16(&q, (uint16_t)spec->version);
    wr_u16(&q, (uint16_t)spec->key_type);
    wr_u32(&q, TEE_TDX);
    wr_u32(&q, 0);
    buf_add(&q, vendor, sizeof vendor);
    buf_add_str(&q, STR("SIMULATED QUOTE\0\0\0\0\0"));
    if (spec->version == 5) {
        wr_u16(&q, 3);
        wr_u32(&q, 648);
    }
    put_body(&q, spec);
    p256_public(s->key[SIM_ATTESTATION], key);
    if (spec->faults & SIM_KEY_OFF_CURVE)
        key[63] ^= 1;
    quote_signature(s, spec, buf_str(&q), sig);
    buf_add(&auth, sig, sizeof sig);
    buf_add(&auth, key, sizeof key);
    put_certification(s, spec, key, &cert);
    wr_u16(&auth, 6);
    wr_bytes(&auth, buf_str(&cert));
    wr_bytes(&q, buf_str(&auth));
    BUG_ON(q.full || auth.full || cert.full);
    buf_add_str(out, buf_str(&q));
    buf_release(&q);
    buf_release(&auth);
    buf_release(&cert);
}
