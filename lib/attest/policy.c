#include "attest/policy.h"

#include <string.h>

_Static_assert(ATTEST_CODE_COUNT <= 64, "a bit for every code");

#define SGX_DEBUG 0x02

static bool same(struct str s, const uint8_t b[48])
{
    return str_eq(s, str_from(b, MEASUREMENT_LEN));
}

bool attest_tuple_fits(const struct attest_tuple *t, const struct td_report *td)
{
    return same(td->mr_td, t->mr_td) && same(td->rtmr[0], t->rtmr[0]) &&
           same(td->rtmr[1], t->rtmr[1]) && same(td->rtmr[2], t->rtmr[2]) &&
           (!t->pins_rtmr3 || same(td->rtmr[3], t->rtmr[3])) &&
           (!t->pins_config || same(td->mr_config_id, t->mr_config_id)) &&
           (!t->pins_attributes || (td->td_attributes == t->td_attributes && td->xfam == t->xfam));
}

static bool among(struct str s, const struct str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(s, list[i]))
            return true;
    return false;
}

static uint64_t td_rules(const struct attest_policy *p, const struct td_report *td)
{
    static const uint8_t zero[MEASUREMENT_LEN];
    const uint64_t named = TD_UNDER_DEBUG | TD_SEPT_VE_DISABLE | TD_MIGRATABLE;
    uint64_t failed = 0, attributes = td->td_attributes;
    bool measured = p->tuple == NULL;

    if (attributes & TD_DEBUG)
        failed |= attest_bit(ATTEST_P_DEBUG);
    if (attributes & (TD_UNDER_DEBUG & ~TD_DEBUG) || attributes & ~named & ~p->td_attributes)
        failed |= attest_bit(ATTEST_P_TD_ATTR);
    if (attributes & TD_MIGRATABLE & ~p->td_attributes)
        failed |= attest_bit(ATTEST_P_MIGRATABLE);
    if (!(attributes & TD_SEPT_VE_DISABLE))
        failed |= attest_bit(ATTEST_P_SEPT_VE);
    if (td->v15 && !same(td->mr_service_td, zero) &&
        !among(td->mr_service_td, p->service_td, p->service_td_n))
        failed |= attest_bit(ATTEST_P_SERVICE_TD);
    for (size_t i = 0; i < p->tuples && !measured; i++)
        measured = attest_tuple_fits(&p->tuple[i], td);
    if (!measured)
        failed |= attest_bit(ATTEST_P_MEASUREMENT);
    return failed;
}

static bool fresh(const struct attest_policy *p, const struct attest_age *age)
{
    const struct collateral *c = age->collateral;
    int64_t oldest = c->tcb.head.issued;

    if (c->qe.head.issued < oldest)
        oldest = c->qe.head.issued;
    if (c->pck_crl.from < oldest)
        oldest = c->pck_crl.from;
    return age->at - oldest <= p->age_max;
}

uint64_t attest_appraise(const struct attest_policy *p, const struct attest_verdict *v,
                         const struct attest_age *age)
{
    uint64_t failed = 0;

    if (!(p->statuses & 1u << v->status))
        failed |= attest_bit(ATTEST_P_TCB_STATUS);
    for (size_t i = 0; i < v->advisories; i++)
        if (among(v->advisory[i], p->denied, p->denied_n))
            failed |= attest_bit(ATTEST_P_ADVISORY);
    if (v->quote.tee == TEE_TDX)
        failed |= td_rules(p, &v->quote.td);
    else if ((uint8_t)v->quote.sgx.attributes.ptr[0] & SGX_DEBUG)
        failed |= attest_bit(ATTEST_P_DEBUG);
    if (p->report_data.ptr && !str_eq(p->report_data, quote_report_data(&v->quote)))
        failed |= attest_bit(ATTEST_P_REPORT_DATA);
    if (p->ppid && !among(str_from(v->pck.ppid, sizeof v->pck.ppid), p->ppid, p->ppids))
        failed |= attest_bit(ATTEST_P_PLATFORM);
    if (p->age_max && age && !fresh(p, age))
        failed |= attest_bit(ATTEST_P_COLLATERAL_AGE);
    return failed;
}
