/*
 * policy.h — is what Intel vouches for acceptable to us?
 *
 * Every rule is asked and each that fails sets its bit, so that a report lists all of them and a
 * relaxed policy can name what it waives. A zero-filled rule means: nothing asked, except those
 * that ATTEST_POLICY_STRICT sets. Freestanding.
 */
#ifndef ATTEST_POLICY_H
#define ATTEST_POLICY_H

#include "attest/verify.h"

/* TD attributes (Intel TDX module ABI, TD_ATTRIBUTES). */
#define TD_DEBUG           (UINT64_C(1) << 0)
#define TD_UNDER_DEBUG     UINT64_C(0xff) /* the host sees into it one way or another */
#define TD_SEPT_VE_DISABLE (UINT64_C(1) << 28)
#define TD_MIGRATABLE      (UINT64_C(1) << 29)
#define TD_PKS             (UINT64_C(1) << 30)
#define TD_KEY_LOCKER      (UINT64_C(1) << 31)
#define TD_PERFMON         (UINT64_C(1) << 63)

#define COLLATERAL_AGE_LIVE (7 * 86400) /* seconds; for live checks only */

/* What an approved machine measures. RTMR3 and MRCONFIGID only where the entry pins them. */
struct attest_tuple {
    uint8_t mr_td[48], rtmr[4][48], mr_config_id[48];
    uint64_t td_attributes, xfam;
    bool pins_rtmr3, pins_config, pins_attributes;
};

struct attest_policy {
    uint64_t waived;          /* bits of rules that are reported but do not refuse */
    unsigned statuses;        /* bit per enum tcb_status */
    uint64_t td_attributes;   /* allowed besides SEPT_VE_DISABLE */
    const struct str *denied; /* advisory ids */
    size_t denied_n;
    const struct str *service_td; /* allowed MRSERVICETD values, 48 bytes each */
    size_t service_td_n;
    const struct attest_tuple *tuple; /* NULL: measurements are not asked */
    size_t tuples;
    struct str report_data; /* 64 bytes that must be there; ptr NULL: not asked */
    const struct str *ppid; /* NULL: any processor; 16 bytes each */
    size_t ppids;
    int64_t age_max; /* seconds since collateral was issued; 0: not asked */
};

#define ATTEST_POLICY_STRICT ((struct attest_policy){.statuses = 1u << TCB_UP_TO_DATE})

static inline uint64_t attest_bit(enum attest_code c)
{
    return UINT64_C(1) << c;
}

/* What P_COLLATERAL_AGE asks. */
struct attest_age {
    const struct collateral *collateral;
    int64_t at;
};
/*
 * Bits of the rules that fail, waived ones included: refuse when `result & ~p->waived` is not 0.
 * Only for a verdict of ATTEST_OK. `age` may be NULL: old evidence is judged by its own time.
 */
uint64_t attest_appraise(const struct attest_policy *p, const struct attest_verdict *v,
                         const struct attest_age *age);

/* Does the report measure what the entry says? */
bool attest_tuple_fits(const struct attest_tuple *t, const struct td_report *td);

#endif
