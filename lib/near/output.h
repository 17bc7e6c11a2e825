/*
 * output.h — what a caller's callback receives, from the ExecutionOutput that the worker sends:
 * {"Text":s} and {"Json":v} become the value's own JSON text, {"Bytes":[…]} a JSON string of their
 * base64. These are the bytes that statements and records hash.
 *
 * Source: OutLayer documentation, "What You Get Back"; contracts/outlayer/callback.c.
 */
#ifndef NEAR_OUTPUT_H
#define NEAR_OUTPUT_H

#include "codec/json.h"

/* False, with nothing usable in `out`, when it is none of the three. */
MUST_USE bool output_value_put(struct buf *out, struct json output);

#endif
