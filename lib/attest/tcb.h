/*
 * tcb.h — which patch level a machine is on, and what Intel says about it. Freestanding.
 *
 * Rule: Intel TDX provisioning certification service, "Get TDX TCB Info"; the merge table and the
 * relaunch advice are those of Intel's quote verification library.
 */
#ifndef ATTEST_TCB_H
#define ATTEST_TCB_H

#include "attest/verify.h"

/* The newest level that `svn` reaches, or NULL; levels are newest first. */
const struct svn_level *svn_level_of(const struct svn_level *level, size_t n, uint32_t svn);

/* What status follows when a part (module or quoting enclave) has a status of its own. */
enum tcb_status tcb_merge(enum tcb_status platform, enum tcb_status other);

/*
 * Steps "TDX module", "platform level" and "merged status" for a quote whose signatures hold.
 * Fills status, platform, module, qe and advisories.
 */
MUST_USE enum attest_code tcb_rate(const struct tcb_info *tcb, const struct svn_level *qe,
                                   struct attest_verdict *v);

#endif
