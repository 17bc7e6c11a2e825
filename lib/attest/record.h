/*
 * record.h — the attestation record of one task, in the layout that existing verifiers know.
 *
 * The quote's report data is SHA-256 of a preimage in bytes 0..31 and zeros in 32..63. The
 * preimage is the fields one after the other, without lengths or separators; an absent one adds
 * nothing. Records older than RECORD_V1_SINCE have a shorter preimage: which one applies is told
 * by the timestamp, never by trying both.
 *
 * It binds less than a statement (statement.h): bytes can move between neighbouring fields, and
 * for a program built from a repository `wasm_hash` names the coordinates, not the code.
 *
 * Memory: texts are borrowed.  Thread: any.
 */
#ifndef ATTEST_RECORD_H
#define ATTEST_RECORD_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/json.h"
#include "crypto/hash.h"

#define RECORD_V1_SINCE     INT64_C(1769784939) /* 2026-01-30T14:55:39Z */
#define RECORD_FIELD_MAX    4096                /* bytes of one text */
#define RECORD_PREIMAGE_MAX (16 * RECORD_FIELD_MAX)

enum record_kind { RECORD_EXECUTE, RECORD_COMPILE };

/* ptr NULL: the field is absent. */
struct record {
    enum record_kind kind;
    int64_t task_id;
    struct str repo_url, commit_hash, build_target;
    struct str wasm_hash, input_hash, output_hash; /* 64 lower-case hexadecimal digits */
    bool has_height;
    uint64_t block_height;
    struct str caller, project, secrets; /* "account/profile" */
    int64_t timestamp;                   /* when the job was made, seconds */
    struct str attached_usd;
};

/* What the output hash covers when a NEAR execution has no output. */
#define RECORD_NO_OUTPUT "[EXECUTION-FAILED]"

bool record_is_legacy(const struct record *r);
/* ERR_FORMAT when a field must be there and is not, or must not and is. */
MUST_USE enum err record_preimage(const struct record *r, struct buf *out, struct buf *why);
MUST_USE enum err record_hash(const struct record *r, struct hash256 *out, struct buf *why);
/* The 64 bytes that a quote for this record carries. */
MUST_USE enum err record_report_data(const struct record *r, uint8_t out[64], struct buf *why);

/*
 * The record that says of a job what its statement says. `task_id`, `timestamp` (when the job was
 * made) and the attached dollars are what a statement has not. Texts lie in `a` or borrow from `s`.
 */
struct statement;
void record_of_statement(const struct statement *s, int64_t task_id, int64_t timestamp,
                         struct str attached_usd, struct arena *a, struct record *out);

/*
 * A published record: {"task_type","task_id",…,"tdx_quote"}. `quote` gets the quote's bytes in
 * `a`. ERR_ABSENT with a sentence of its own for what the development mode of other
 * implementations stores in place of a quote.
 */
MUST_USE enum err record_read(struct json object, struct arena *a, struct record *out,
                              struct str *quote, struct buf *why);
/* The members of a published record but for the quote, into an object that is open. */
void record_put(struct buf *out, const struct record *r);

#endif
