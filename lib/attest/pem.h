/* pem.h — certificates as PEM text (RFC 7468). Freestanding. */
#ifndef ATTEST_PEM_H
#define ATTEST_PEM_H

#include "base/arena.h"
#include "base/str.h"

#define PEM_CERTS_MAX 4 /* of one chain; real ones have two or three */

/*
 * The certificates of `text` as DER in `a`, at most PEM_CERTS_MAX, at least one. Between them
 * only white space may stand, after the last one also NUL bytes, as Intel's tools write them.
 */
MUST_USE bool pem_read(struct str text, struct arena *a, struct str out[PEM_CERTS_MAX], size_t *n);

#endif
