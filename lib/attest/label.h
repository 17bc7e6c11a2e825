/*
 * label.h — what a signature or a quote is for, in its first 32 bytes.
 *
 * Everything that a TEE signs begins with one of these, ASCII padded with zero bytes, so that
 * nothing signed for one purpose can be used for another. In particular no signature of a key that
 * signs transactions is over 32 bytes that somebody else chose.
 */
#ifndef ATTEST_LABEL_H
#define ATTEST_LABEL_H

#include "base/buf.h"

#define LABEL_LEN       32
#define LABEL_WORKER    "outlayer:v2:worker"    /* quote over a worker's manifest */
#define LABEL_KEYSTORE  "outlayer:v2:keystore"  /* quote over a keystore's manifest */
#define LABEL_QUOTE     "outlayer:v2:quote"     /* quote over one statement and a nonce */
#define LABEL_STATEMENT "outlayer:v2:statement" /* signed statement of one execution */
#define LABEL_BATCH     "outlayer:v2:batch"     /* signed head of a batch of statements */

void label_put(struct buf *out, const char *label);

/* SHA-256(label ‖ content) ‖ label: the report data of a quote that binds `content`. */
void label_report_data(const char *label, struct str content, uint8_t out[64]);

#endif
