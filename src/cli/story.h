/*
 * story.h — one request, sent by a user's contract and shown step by step.
 *
 *     alice.test ──call──▶ caller.test ──request_execution──▶ outlayer.test
 *
 * What happens on the chain is read from the transaction's receipts, what happens off it from the
 * coordinator's public page of the request; both are printed as they come.
 */
#ifndef CLI_STORY_H
#define CLI_STORY_H

#include "cli/network.h"
#include "cli/report.h"
#include "crypto/hash.h"
#include "near/rpc.h"

#define STORY_OUTPUT_MAX (2u << 20)
#define STORY_MS         120000 /* the whole request */

struct story {
    struct network *net;
    struct report *report;
    struct rpc *rpc;
    const char *coordinator_url;
    const char *user_key_file; /* of alice.test */
    const char *program_url, *program_name;
    struct hash256 program_hash;
    const char *input;
};

struct story_result {
    bool success;
    struct buf output; /* JSON: what the callback got; empty when it failed */
    struct buf error;  /* why not */
    uint64_t request_id, instructions, time_ms;
    uint64_t blocks; /* from the block with the request to the block with the callback */
    u128 charged, refunded;
};
#define STORY_RESULT_INIT                                                                          \
    ((struct story_result){.output = BUF_INIT(STORY_OUTPUT_MAX), .error = BUF_INIT(WHY_MAX)})

/* ERR_OK: the request was answered, see `out->success`; anything else: it could not be followed. */
MUST_USE enum err story_run(const struct story *s, struct story_result *out, struct buf *why);
void story_result_release(struct story_result *r);

/* The one line of JSON that `outlayer up --once` ends with. */
void story_result_put(const struct story_result *r, struct buf *out);

#endif
