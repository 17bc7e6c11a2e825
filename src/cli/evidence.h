/*
 * evidence.h — what the commands about attestation share: reading quotes, collateral, roots and
 * times as people hand them in.
 *
 * Memory: everything read lies in the arena.
 */
#ifndef CLI_EVIDENCE_H
#define CLI_EVIDENCE_H

#include "attest/report.h"
#include "base/arena.h"

#define EVIDENCE_FILE_MAX (8 * 1024 * 1024)

/* A whole file; "-" is stdin. */
MUST_USE enum err evidence_file(struct arena *a, const char *path, struct str *out,
                                struct buf *why);
/* A quote as bytes, as hexadecimal or as base64 text. */
MUST_USE enum err evidence_quote(struct arena *a, const char *path, struct str *out,
                                 struct buf *why);
/* "2026-08-13T10:45:38Z" or seconds since 1970; NULL is now. */
MUST_USE enum err evidence_time(const char *text, int64_t *out, struct buf *why);
/* The root certificate of a simulator, DER or PEM; NULL gives Intel's. Says on stderr that it is
 * not Intel's. */
MUST_USE enum err evidence_root(struct arena *a, const char *path, struct attest_root *out,
                                struct buf *why);
/* The exit status that an outcome stands for. */
int evidence_status(enum attest_outcome o);

#endif
