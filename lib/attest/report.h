/*
 * report.h — verdicts and quotes as JSON, the same for the command line and the services.
 */
#ifndef ATTEST_REPORT_H
#define ATTEST_REPORT_H

#include "attest/policy.h"

/* What a whole check comes to. A tool that can only say yes or no says yes to what it did not
 * check; so there is a third answer. */
enum attest_outcome { ATTEST_PASS, ATTEST_FAIL, ATTEST_UNPROVEN };

/*
 * Codes that say "this collateral does not speak about this time" and a patch level that is merely
 * not acceptable leave the matter unproven; everything else that fails, fails.
 */
enum attest_outcome attest_outcome(const struct attest_verdict *v, uint64_t policy_failed);
const char *attest_outcome_name(enum attest_outcome o); /* "pass", "fail", "unproven" */

/* One object: outcome, code, status, advisories, window, policy, the quote's fields. */
void attest_report_put(struct buf *out, const struct attest_verdict *v, int64_t at,
                       uint64_t policy_failed);
/* One object: every field of the quote. */
void quote_put(struct buf *out, const struct quote *q);

#endif
