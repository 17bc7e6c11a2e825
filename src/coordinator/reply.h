/* reply.h — answers in the one shape they have: JSON, errors as {"error":"text"}. */
#ifndef COORDINATOR_REPLY_H
#define COORDINATOR_REPLY_H

#include "base/err.h"
#include "codec/json.h"
#include "http/server.h"

/* A body that did not fit its buf becomes 500. */
void reply_json(struct http_req *r, unsigned status, struct buf *body);
void reply_error(struct http_req *r, unsigned status, const char *text);
/* The same, to be tried again after so many seconds. */
void reply_later(struct http_req *r, unsigned status, const char *text, unsigned seconds);
/* For a failed operation: the status of `e`; details of our own faults stay in the log. */
void reply_fault(struct http_req *r, enum err e, const struct buf *why);
/* What most routes end with: `b` as 200 when `e` is ERR_OK, else the fault; releases both bufs. */
void reply_result(struct http_req *r, enum err e, struct buf *b, struct buf *why);
/* The body as a JSON object; false: it was not one and the request has been answered. */
MUST_USE bool body_object(struct http_req *r, struct json *out);
/* A number of the query: `fallback` when absent; false: not a number, answered. */
MUST_USE bool query_u64(struct http_req *r, const char *name, uint64_t fallback, uint64_t *out);

#endif
