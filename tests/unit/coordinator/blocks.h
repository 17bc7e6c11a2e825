/*
 * blocks.h — documents as the block stream has them, for the tests of the coordinator.
 */
#ifndef TESTS_COORDINATOR_BLOCKS_H
#define TESTS_COORDINATOR_BLOCKS_H

#include <stdio.h>

#include "codec/json.h"

#define SUCCESS "{\"SuccessValue\":\"\"}"
#define FAILURE "{\"Failure\":{\"ActionError\":{\"index\":0,\"kind\":\"x\"}}}"

static inline void block_hash(uint64_t height, char out[45])
{
    snprintf(out, 45, "B%043llu", (unsigned long long)height);
}

static inline void block_open(struct buf *b, uint64_t height, uint64_t before)
{
    char hash[45], prev[45];

    block_hash(height, hash);
    block_hash(before, prev);
    buf_addf(b,
             "{\"block\":{\"author\":\"test\",\"header\":{\"height\":%llu,\"prev_height\":%llu,"
             "\"timestamp\":%llu,\"hash\":\"%s\",\"prev_hash\":\"%s\"},\"chunks\":[]},"
             "\"shards\":[{\"shard_id\":0,\"chunk\":null,\"receipt_execution_outcomes\":[",
             (unsigned long long)height, (unsigned long long)before,
             (unsigned long long)height * 1000000000ULL, hash, prev);
}

static inline void block_close(struct buf *b)
{
    buf_addz(b, "],\"state_changes\":[]}]}");
}

static inline void block_receipt(struct buf *b, const char *receiver, const char *status,
                                 const char *const *logs, size_t n)
{
    if (b->len && b->ptr[b->len - 1] == '}')
        buf_addz(b, ",");
    buf_addf(b,
             "{\"execution_outcome\":{\"id\":\"R1\",\"outcome\":{\"executor_id\":\"%s\","
             "\"gas_burnt\":123,\"status\":%s,\"logs\":",
             receiver, status);
    json_arr(b);
    for (size_t i = 0; i < n; i++)
        json_putz(b, logs[i]);
    json_arr_end(b);
    buf_addf(b,
             "}},\"receipt\":{\"predecessor_id\":\"dice.test\",\"receiver_id\":\"%s\","
             "\"receipt_id\":\"R1\",\"receipt\":{\"Action\":{\"signer_id\":\"alice.test\","
             "\"signer_public_key\":\"ed25519:K\",\"actions\":[]}}},\"tx_hash\":\"T1\"}",
             receiver);
}

static inline void log_requested(struct buf *b, uint64_t request_id, unsigned data_byte)
{
    struct buf data = BUF_INIT(4096);

    buf_addf(&data,
             "{\"request_id\":%llu,\"sender_id\":\"alice.test\",\"payment\":\"7000\","
             "\"resource_limits\":{\"max_instructions\":null},\"input_data\":\"a\\\"b\","
             "\"code_source\":{\"WasmUrl\":{\"url\":\"http://x/y.wasm\",\"hash\":\"00\","
             "\"build_target\":null}}}",
             (unsigned long long)request_id);
    buf_addz(b, "EVENT_JSON:{\"standard\":\"near-outlayer\",\"version\":\"1.0.0\",\"event\":"
                "\"execution_requested\",\"data\":[{\"request_data\":");
    json_put_str(b, buf_str(&data));
    buf_addz(b, ",\"data_id\":[");
    for (int i = 0; i < 32; i++)
        buf_addf(b, "%s%u", i ? "," : "", data_byte);
    buf_addz(b, "],\"timestamp\":5}]}");
    buf_release(&data);
}

static inline void log_completed(struct buf *b, uint64_t request_id, bool success)
{
    buf_addf(b,
             "EVENT_JSON:{\"standard\":\"near-outlayer\",\"version\":\"1.0.0\",\"event\":"
             "\"execution_completed\",\"data\":[{\"request_id\":%llu,\"success\":%s,"
             "\"error_message\":%s,\"payment_charged\":\"1000\",\"payment_refunded\":\"6000\"}]}",
             (unsigned long long)request_id, success ? "true" : "false",
             success ? "null" : "\"it \\\"failed\\\"\"");
}

#endif
