/*
 * outcome.h — reading what a transaction did from the answer of send_tx or tx.
 *
 * The status of a transaction is where its chain of receipts ends: a value or a failure. Receipts
 * beside that chain may fail without changing it.
 *
 * Memory: borrows from the answer.
 */
#ifndef NEAR_OUTCOME_H
#define NEAR_OUTCOME_H

#include "base/err.h"
#include "codec/json.h"
#include "crypto/hash.h"

enum outcome_status { OUTCOME_PENDING, OUTCOME_VALUE, OUTCOME_FAILED };

struct outcome {
    enum outcome_status status;
    struct json value;                /* base64 string, with OUTCOME_VALUE */
    struct json failure;              /* the error object, with OUTCOME_FAILED */
    struct json tx_outcome, receipts; /* where the logs are */
    struct hash256 tx_hash;           /* zero when not told */
};

/* False when `result` is no such answer. */
MUST_USE bool outcome_read(struct json result, struct outcome *out);
/* Append the decoded returned bytes; false unless there is a value. */
MUST_USE bool outcome_value(const struct outcome *o, struct buf *out);
/* Append the sentence a person wants to see of a failure: the panic text, else the error. */
void outcome_failure_text(const struct outcome *o, struct buf *out);

/* Walk all logs in order, each with the account whose contract wrote it. */
struct outcome_logs {
    struct json_iter receipts, logs;
    struct json executor_id;
    struct json log;
};
struct outcome_logs outcome_logs(const struct outcome *o);
bool outcome_next_log(struct outcome_logs *it);

#endif
