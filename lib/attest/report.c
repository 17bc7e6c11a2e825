#include "attest/report.h"

#include "attest/utc.h"
#include "codec/put.h"

enum attest_outcome attest_outcome(const struct attest_verdict *v, uint64_t policy_failed)
{
    switch (v->code) {
    case ATTEST_OK:
        break;
    case ATTEST_E_CRL_TIME:
    case ATTEST_E_TCBINFO_TIME:
    case ATTEST_E_QEID_TIME:
        return ATTEST_UNPROVEN;
    default:
        return ATTEST_FAIL;
    }
    if (!policy_failed)
        return ATTEST_PASS;
    return policy_failed & ~attest_bit(ATTEST_P_TCB_STATUS) ? ATTEST_FAIL : ATTEST_UNPROVEN;
}

const char *attest_outcome_name(enum attest_outcome o)
{
    static const char *const names[] = {"pass", "fail", "unproven"};

    return names[o];
}

/* As the bytes stand in the report: little-endian. */
static void put_le(struct buf *b, const char *key, uint64_t v, size_t n)
{
    uint8_t le[8];

    for (size_t i = 0; i < n; i++)
        le[i] = (uint8_t)(v >> 8 * i);
    put_hex(b, key, str_from(le, n));
}

static void put_sgx(struct buf *b, const struct sgx_report *s)
{
    json_obj(b);
    put_hex(b, "cpu_svn", s->cpusvn);
    put_le(b, "misc_select", s->misc_select, 4);
    put_hex(b, "attributes", s->attributes);
    put_hex(b, "mr_enclave", s->mr_enclave);
    put_hex(b, "mr_signer", s->mr_signer);
    put_u64(b, "isv_prod_id", s->isv_prod_id);
    put_u64(b, "isv_svn", s->isv_svn);
    put_hex(b, "report_data", s->report_data);
    json_obj_end(b);
}

static void put_td(struct buf *b, const struct td_report *t)
{
    static const char *const rtmr[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};

    json_obj(b);
    put_hex(b, "tee_tcb_svn", t->tee_tcb_svn);
    put_hex(b, "mr_seam", t->mr_seam);
    put_hex(b, "mr_signer_seam", t->mr_signer_seam);
    put_hex(b, "seam_attributes", t->seam_attributes);
    put_le(b, "td_attributes", t->td_attributes, 8);
    put_le(b, "xfam", t->xfam, 8);
    put_hex(b, "mr_td", t->mr_td);
    put_hex(b, "mr_config_id", t->mr_config_id);
    put_hex(b, "mr_owner", t->mr_owner);
    put_hex(b, "mr_owner_config", t->mr_owner_config);
    for (size_t i = 0; i < countof(rtmr); i++)
        put_hex(b, rtmr[i], t->rtmr[i]);
    put_hex(b, "report_data", t->report_data);
    if (t->v15) {
        put_hex(b, "tee_tcb_svn2", t->tee_tcb_svn2);
        put_hex(b, "mr_service_td", t->mr_service_td);
    }
    json_obj_end(b);
}

void quote_put(struct buf *b, const struct quote *q)
{
    json_obj(b);
    put_u64(b, "version", q->version);
    put_z(b, "tee", q->tee == TEE_TDX ? "TDX" : "SGX");
    put_u64(b, "canonical_len", q->canonical.len);
    put_u64(b, "trailing_bytes", q->trailing);
    json_key(b, "body");
    if (q->tee == TEE_TDX)
        put_td(b, &q->td);
    else
        put_sgx(b, &q->sgx);
    put_hex(b, "attestation_key", q->attestation_key);
    json_key(b, "qe_report");
    put_sgx(b, &q->qe_report);
    put_hex(b, "qe_auth_data", q->qe_auth_data);
    json_obj_end(b);
}

static void put_status(struct buf *b, const char *key, enum tcb_status s)
{
    if (s == TCB_NONE)
        return;
    put_z(b, key, tcb_status_name(s));
}

static void put_pck(struct buf *b, const struct attest_verdict *v)
{
    json_key(b, "pck");
    json_obj(b);
    put_str(b, "issuer", v->pck_issuer);
    put_hex(b, "serial", v->pck_serial);
    put_utc(b, "not_before", v->pck_from);
    put_utc(b, "not_after", v->pck_until);
    put_hex(b, "fmspc", str_from(v->pck.fmspc, sizeof v->pck.fmspc));
    put_hex(b, "pceid", str_from(v->pck.pceid, sizeof v->pck.pceid));
    put_hex(b, "ppid", str_from(v->pck.ppid, sizeof v->pck.ppid));
    put_u64(b, "pcesvn", v->pck.pcesvn);
    json_key(b, "components");
    json_arr(b);
    for (size_t i = 0; i < TCB_COMPONENTS; i++)
        json_put_u64(b, v->pck.components[i]);
    json_arr_end(b);
    json_obj_end(b);
}

static void put_rating(struct buf *b, const struct attest_verdict *v)
{
    put_status(b, "status", v->status);
    put_status(b, "platform_status", v->platform);
    put_status(b, "module_status", v->module);
    put_status(b, "qe_status", v->qe);
    json_key(b, "advisory_ids");
    json_arr(b);
    for (size_t i = 0; i < v->advisories; i++)
        json_put_str(b, v->advisory[i]);
    json_arr_end(b);
    json_key(b, "tcb_evaluation_data_number");
    json_obj(b);
    put_u64(b, "tcb_info", v->tcb_evaluation);
    put_u64(b, "qe_identity", v->qe_evaluation);
    json_obj_end(b);
}

void attest_report_put(struct buf *b, const struct attest_verdict *v, int64_t at,
                       uint64_t policy_failed)
{
    json_obj(b);
    put_z(b, "verdict", attest_outcome_name(attest_outcome(v, policy_failed)));
    put_z(b, "code", attest_code_name(v->code));
    put_z(b, "reason", attest_code_text(v->code));
    if (v->subject)
        put_z(b, "subject", v->subject);
    put_z(b, "root", v->simulated ? "SIMULATED" : "Intel");
    put_utc(b, "at", at);
    if (v->status != TCB_NONE)
        put_rating(b, v);
    json_key(b, "policy");
    json_arr(b);
    for (enum attest_code c = ATTEST_P_TCB_STATUS; c < ATTEST_CODE_COUNT; c++)
        if (policy_failed & attest_bit(c))
            json_putz(b, attest_code_name(c));
    json_arr_end(b);
    if (v->window.from != INT64_MIN && v->window.until != INT64_MAX) {
        json_key(b, "window");
        json_obj(b);
        put_utc(b, "from", v->window.from);
        put_utc(b, "until", v->window.until);
        json_obj_end(b);
    }
    put_u64(b, "signatures", v->signatures);
    if (v->has_pck)
        put_pck(b, v);
    if (v->has_quote) {
        json_key(b, "quote");
        quote_put(b, &v->quote);
    }
    json_obj_end(b);
}
