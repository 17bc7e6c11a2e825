/* attestation_get.h — fetching one execution's bundle from a coordinator, which need not be
 * trusted: the bundle is checked by itself. */
#ifndef CLI_ATTESTATION_GET_H
#define CLI_ATTESTATION_GET_H

#include "attest/bundle.h"

struct attestation_wish {
    const char *coordinator_url;
    const char *what;    /* an execution's id or a transaction's hash; NULL: `request` counts */
    const char *request; /* a request's id */
    bool compile;        /* the statement about its compilation */
    bool payloads;
};

/* The bundle's text is appended to `text`; `out` is what it holds, in `a`, and `*id` the
 * execution's. ERR_ABSENT: it is not attested, or there is no such thing. */
MUST_USE enum err attestation_get(const struct attestation_wish *w, struct arena *a,
                                  struct buf *text, struct bundle *out, uint64_t *id,
                                  struct buf *why);

#endif
