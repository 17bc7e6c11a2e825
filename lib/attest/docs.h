/* docs.h — the two JSON documents inside collateral; for collateral.c. Freestanding. */
#ifndef ATTEST_DOCS_H
#define ATTEST_DOCS_H

#include "attest/collateral.h"
#include "codec/json.h"

#define DOC_DEPTH_MAX   16 /* nesting of objects and arrays */
#define DOC_MEMBERS_MAX 64 /* of one object */

/* No object in `v` has a member twice, no name is escaped, nothing is nested too deep. */
MUST_USE bool json_strict(struct json v, unsigned depth);

/* NULL, or which member is wrong. Slices borrow from `text`. */
const char *tcb_info_read(struct str text, struct tcb_info *out);
const char *qe_identity_read(struct str text, struct qe_identity *out);

#endif
