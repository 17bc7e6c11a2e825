#include "attest/quote.h"

#include "codec/wire.h"

#define SGX_REPORT_LEN 384
#define TD_10_LEN      584
#define TD_15_LEN      648
#define KEY_ECDSA_P256 2
#define CERT_PCK_CHAIN 5 /* PEM: leaf, intermediate, root */
#define CERT_QE_REPORT 6 /* wraps the other in versions 4 and 5 */

static const uint8_t intel[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                  0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

static struct sgx_report read_sgx(struct str raw)
{
    struct rd r = rd_over(raw);
    struct sgx_report s = {.raw = raw};

    s.cpusvn = rd_fixed(&r, 16);
    s.misc_select = rd_u32(&r);
    rd_fixed(&r, 28);
    s.attributes = rd_fixed(&r, 16);
    s.mr_enclave = rd_fixed(&r, 32);
    rd_fixed(&r, 32);
    s.mr_signer = rd_fixed(&r, 32);
    rd_fixed(&r, 96);
    s.isv_prod_id = rd_u16(&r);
    s.isv_svn = rd_u16(&r);
    rd_fixed(&r, 60);
    s.report_data = rd_fixed(&r, REPORT_DATA_LEN);
    BUG_ON(!rd_end(&r));
    return s;
}

static struct td_report read_td(struct str raw)
{
    struct rd r = rd_over(raw);
    struct td_report t = {.raw = raw, .v15 = raw.len == TD_15_LEN};

    t.tee_tcb_svn = rd_fixed(&r, 16);
    t.mr_seam = rd_fixed(&r, MEASUREMENT_LEN);
    t.mr_signer_seam = rd_fixed(&r, MEASUREMENT_LEN);
    t.seam_attributes = rd_fixed(&r, 8);
    t.td_attributes = rd_u64(&r);
    t.xfam = rd_u64(&r);
    t.mr_td = rd_fixed(&r, MEASUREMENT_LEN);
    t.mr_config_id = rd_fixed(&r, MEASUREMENT_LEN);
    t.mr_owner = rd_fixed(&r, MEASUREMENT_LEN);
    t.mr_owner_config = rd_fixed(&r, MEASUREMENT_LEN);
    for (size_t i = 0; i < countof(t.rtmr); i++)
        t.rtmr[i] = rd_fixed(&r, MEASUREMENT_LEN);
    t.report_data = rd_fixed(&r, REPORT_DATA_LEN);
    if (t.v15) {
        t.tee_tcb_svn2 = rd_fixed(&r, 16);
        t.mr_service_td = rd_fixed(&r, MEASUREMENT_LEN);
    }
    BUG_ON(!rd_end(&r));
    return t;
}

/* Size of the body of this version, or what is wrong; version 5 says it itself. */
static enum attest_code body_len(struct rd *r, struct quote *q, size_t *len)
{
    uint32_t size;

    *len = q->tee == TEE_SGX ? SGX_REPORT_LEN : TD_10_LEN;
    if (q->version != 5)
        return ATTEST_OK;
    q->body_type = rd_u16(r);
    size = rd_u32(r);
    if (r->bad)
        return ATTEST_E_QUOTE_SHORT;
    if (q->body_type != 2 && q->body_type != 3) /* 1 is SGX, which has no version 5 here */
        return ATTEST_E_QUOTE_TEE;
    *len = q->body_type == 2 ? TD_10_LEN : TD_15_LEN;
    return size == *len ? ATTEST_OK : ATTEST_E_QUOTE_BODY_SIZE;
}

/* `auth` is all of the authentication data. */
static enum attest_code read_auth(struct str auth, struct quote *q)
{
    struct rd r = rd_over(auth);
    struct str report;
    uint16_t type;
    uint32_t size;

    q->signature = rd_fixed(&r, 64);
    q->attestation_key = rd_fixed(&r, 64);
    if (q->version != 3) {
        type = rd_u16(&r);
        size = rd_u32(&r);
        if (!r.bad && (type != CERT_QE_REPORT || size != rd_left(&r)))
            return ATTEST_E_QUOTE_CERTDATA;
    }
    report = rd_fixed(&r, SGX_REPORT_LEN);
    q->qe_signature = rd_fixed(&r, 64);
    q->qe_auth_data = rd_fixed(&r, rd_u16(&r));
    type = rd_u16(&r);
    size = rd_u32(&r);
    if (r.bad || type != CERT_PCK_CHAIN || size != rd_left(&r))
        return ATTEST_E_QUOTE_CERTDATA;
    q->chain = rd_fixed(&r, size);
    q->qe_report = read_sgx(report);
    return ATTEST_OK;
}

enum attest_code quote_read(struct str bytes, struct quote *out)
{
    struct rd r = rd_over(bytes);
    struct quote q = {0};
    struct str vendor, body, auth;
    uint16_t key_type;
    uint32_t tee;
    size_t len;
    enum attest_code code;

    q.version = rd_u16(&r);
    key_type = rd_u16(&r);
    tee = rd_u32(&r);
    rd_u32(&r); /* version 3: SVNs of the enclaves, reserved later; not covered by any rule */
    vendor = rd_fixed(&r, sizeof intel);
    q.user_data = rd_fixed(&r, 20);
    if (r.bad)
        return ATTEST_E_QUOTE_SHORT;
    if (q.version < 3 || q.version > 5)
        return ATTEST_E_QUOTE_VERSION;
    if (key_type != KEY_ECDSA_P256)
        return ATTEST_E_QUOTE_KEYTYPE;
    if (!str_eq(vendor, str_from(intel, sizeof intel)))
        return ATTEST_E_QUOTE_VENDOR;
    if (tee != (q.version == 3 ? TEE_SGX : TEE_TDX))
        return ATTEST_E_QUOTE_TEE;
    q.tee = tee == TEE_SGX ? TEE_SGX : TEE_TDX;
    code = body_len(&r, &q, &len);
    if (code)
        return code;
    body = rd_fixed(&r, len);
    q.signed_bytes = str_head(bytes, r.at);
    auth = rd_bytes(&r, QUOTE_MAX);
    if (r.bad)
        return ATTEST_E_QUOTE_SHORT;
    q.canonical = str_head(bytes, r.at);
    q.trailing = rd_left(&r);
    code = read_auth(auth, &q);
    if (code)
        return code;
    if (q.tee == TEE_SGX)
        q.sgx = read_sgx(body);
    else
        q.td = read_td(body);
    *out = q;
    return ATTEST_OK;
}

struct str quote_report_data(const struct quote *q)
{
    return q->tee == TEE_SGX ? q->sgx.report_data : q->td.report_data;
}
