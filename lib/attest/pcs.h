/*
 * pcs.h — fetching collateral from Intel's provisioning service, or a cache with its interface,
 * and keeping it.
 *
 * Intel serves only the current documents, so what was used is archived by the SHA-256 of its
 * bytes: evidence of last month can be judged only with collateral of last month.
 *
 * The signed bytes are cut out of the service's answers, never written anew.
 *
 * Thread: one per http_client.  Native.
 * Rule: https://api.portal.trustedservices.intel.com/provisioning-certification, version 4.
 */
#ifndef ATTEST_PCS_H
#define ATTEST_PCS_H

#include "attest/verify.h"
#include "http/client.h"

#define PCS_URL      "https://api.trustedservices.intel.com"
#define PCS_ROOT_CRL "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"

struct pcs_wish {
    const char *url;      /* base of the service; NULL: Intel's */
    const char *root_crl; /* the root's list, DER or hexadecimal text; NULL: Intel's */
    uint8_t fmspc[6];
    bool processor_ca; /* the PCK certificate is of the Processor CA, not the Platform CA */
    bool early;        /* the next evaluation set before it becomes the standard */
    bool https_only;
};

/* What to ask for to judge this quote. False when its chain cannot be read. */
MUST_USE bool pcs_wish_for(const struct quote *q, struct pcs_wish *out);

/* The collateral as JSON text, appended to `out`; not verified. */
MUST_USE enum err pcs_fetch(struct http_client *c, const struct pcs_wish *w, struct buf *out,
                            struct buf *why);

/* The text of the object `name` in an answer {"name":{…},"signature":"…"}, and the signature. */
MUST_USE bool pcs_cut(struct str body, const char *name, struct str *object, struct str *sig);
/* Undo the %XX of a header. */
MUST_USE bool pcs_unescape(struct str text, struct buf *out);

/*
 * Keep `collateral` in the folder `dir` as <SHA-256>.json, and its meaning as <SHA-256>.meta.json:
 * {"fmspc","from","until","evaluation"}. `v` is its verdict. `path` gets the file's path.
 */
MUST_USE enum err pcs_archive(const char *dir, struct str collateral, const struct collateral *c,
                              const struct attest_verdict *v, struct buf *path, struct buf *why);

#endif
