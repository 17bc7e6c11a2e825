/*
 * answer.h — what a run becomes: the value for the caller, or the sentence that says why not.
 *
 * Formats: `Text` is stdout as it is and must be UTF-8; `Json` is one value, sent in its canonical
 * spelling so that what is hashed, sent and returned is the same to the byte; `Bytes` is anything.
 *
 * A yield takes a payload of at most 1,024 bytes. A longer success goes by the method that stores
 * the output first; a longer error is cut, saying how long it was.
 */
#ifndef WORKER_ANSWER_H
#define WORKER_ANSWER_H

#include "base/err.h"
#include "guest/run_report.h"
#include "near/request.h"
#include "worker/deed.h"

#define ANSWER_PAYLOAD_MAX 1024    /* bytes of a response given to a yield, exclusive */
#define ANSWER_ARGS_MAX    1500000 /* bytes of arguments that a transaction can carry */
#define ANSWER_VALUE_MAX   262144  /* bytes of the JSON value that the contract hands on */
#define ANSWER_ERROR_MAX   65536
#define ANSWER_ERROR_SHORT 512 /* characters kept of an error that is too long */

/* Categories of failure; they are the statuses the coordinator keeps, too. */
enum answer_status {
    ANSWER_COMPLETED,
    ANSWER_COMPILATION_FAILED,
    ANSWER_EXECUTION_FAILED,
    ANSWER_ACCESS_DENIED,
    ANSWER_INSUFFICIENT_PAYMENT,
    ANSWER_CUSTOM,
};
const char *answer_status_name(enum answer_status s); /* "execution_failed" */

struct answer {
    enum answer_status status;
    struct buf output; /* ExecutionOutput as JSON, with ANSWER_COMPLETED */
    struct buf error;  /* UTF-8, without the category, with any other */
    uint64_t instructions, time_ms;
    uint64_t compile_ms; /* spent on compiling for this request; 0: nothing was compiled */
    uint64_t refund_usd; /* given back by the guest, in millionths; with ANSWER_COMPLETED */
    char note[512];      /* how the program came about; "": not said */
    struct deed deed;    /* for the statement */
    struct buf run;      /* what the run did (guest/run_report.h), JSON; empty: nothing was run */
};
#define ANSWER_INIT                                                                                \
    ((struct answer){.output = BUF_INIT(ANSWER_ARGS_MAX),                                          \
                     .error = BUF_INIT(ANSWER_ERROR_MAX),                                          \
                     .run = BUF_INIT(RUN_REPORT_MAX)})
void answer_release(struct answer *a);

/* Make it a failure; what it held before is dropped. Bytes that are no UTF-8 become U+FFFD. */
void answer_fail(struct answer *a, enum answer_status status, struct str message);
/* Make it a success with what the guest wrote, or a failure when that is not of `format`. */
void answer_output(struct answer *a, enum response_format format, struct str out);

/* The contract method to call and its arguments. */
const char *answer_call(const struct answer *a, uint64_t request_id, struct buf *args);
/* The coordinator's report: what is known before the chain has spoken. */
void answer_report(const struct answer *a, const struct request *r, struct buf *out);

#endif
