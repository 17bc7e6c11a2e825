/*
 * statement.h — the signed account of one execution: code, input, output, limits, use, payment.
 *
 * Signed message: label ‖ Borsh fields, Ed25519 with the epoch's statement key. Statements of an
 * epoch are numbered from 0 without gaps, and each names the digest of the one before: none can be
 * left out, added or changed without the next one showing it. There is one for every execution,
 * failures too.
 *
 * `wasm_sha256` is the hash of the bytes that the engine was given, never of a cache key.
 *
 * Memory: texts are borrowed.  Thread: any.
 */
#ifndef ATTEST_STATEMENT_H
#define ATTEST_STATEMENT_H

#include "attest/label.h"
#include "base/err.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"

#define STATEMENT_FORMAT   2
#define STATEMENT_MAX      (32 * 1024) /* bytes */
#define STATEMENT_TEXT_MAX 4096        /* bytes of one text */

enum statement_kind { STATEMENT_COMPILE = 0, STATEMENT_EXECUTE = 1 };

/* How it ended; the numbers are part of the format. */
#define STATEMENT_STATUSES(X)                                                                      \
    X(OK, 0, "ok")                                                                                 \
    X(TRAP, 1, "trap")                                                                             \
    X(INSTRUCTIONS, 2, "instruction limit")                                                        \
    X(TIME, 3, "time limit")                                                                       \
    X(MEMORY, 4, "memory limit")                                                                   \
    X(EXIT, 5, "non-zero exit")                                                                    \
    X(COMPILE_ERROR, 6, "compile error")                                                           \
    X(FETCH, 7, "fetch or hash error")                                                             \
    X(INPUT, 8, "input error")                                                                     \
    X(CANCELLED, 9, "cancelled")

enum statement_status {
#define X(name, number, text) STATEMENT_##name = (number),
    STATEMENT_STATUSES(X)
#undef X
        STATEMENT_STATUS_COUNT
};
const char *statement_status_name(enum statement_status s);

/* What a run touched that another run could find different. No bit: anybody can run it again and
 * must get the same. */
enum {
    EFFECT_CLOCK = 1 << 0,
    EFFECT_RANDOM = 1 << 1,
    EFFECT_NETWORK = 1 << 2,
    EFFECT_STORAGE_READ = 1 << 3,
    EFFECT_STORAGE_WRITE = 1 << 4,
    EFFECT_SECRETS = 1 << 5,
    EFFECT_CHAIN_RPC = 1 << 6,
    EFFECT_WALLET = 1 << 7,
    EFFECT_VRF = 1 << 8,
    EFFECTS_ALL = (1 << 9) - 1,
};

enum statement_origin { ORIGIN_CHAIN = 0, ORIGIN_HTTPS = 1 };
enum statement_source { CODE_GITHUB = 0, CODE_URL = 1 };
enum delivered_format { DELIVERED_TEXT = 0, DELIVERED_JSON = 1, DELIVERED_BYTES = 2 };
enum payment_unit { PAY_NONE = 0, PAY_YOCTO = 1, PAY_MICRO_USD = 2 };

struct statement {
    struct hash256 session, prev;
    uint64_t seq;
    enum statement_kind kind;
    enum statement_origin origin;
    struct { /* ORIGIN_CHAIN */
        uint64_t request_id, block_height;
        struct hash256 data_id, tx_hash;
    } chain;
    struct { /* ORIGIN_HTTPS */
        uint8_t call_id[16];
        struct str payment_owner;
        uint32_t payment_nonce;
    } https;
    struct str caller;
    bool has_project;
    struct str project_id, version_key;
    enum statement_source source;
    struct str repo, requested_ref, url;
    uint8_t commit[20];
    struct str build_target;
    struct hash256 wasm_sha256;
    uint64_t wasm_len;
    bool has_build;
    struct hash256 build_statement; /* digest of the compile statement */
    struct hash256 input_sha256;    /* of the raw stdin bytes */
    uint64_t input_len;
    struct hash256
        env_sha256; /* of NAME=VALUE in order, each followed by a zero byte; no secrets */
    bool has_secrets;
    struct str secrets_account, secrets_profile;
    struct hash256 secrets_sha256; /* of the ciphertext */
    uint64_t max_instructions, max_seconds;
    uint32_t max_memory_mb;
    enum statement_status status;
    int32_t exit_code;
    struct hash256 stdout_sha256;
    uint64_t stdout_len;
    enum delivered_format format;
    struct hash256 delivered_sha256; /* of the exact text that the caller got */
    uint64_t instructions, time_ms, compile_time_ms;
    uint32_t effects;
    bool has_transcript;
    struct hash256 transcript_root;
    u128 payment;
    enum payment_unit payment_unit;
    uint64_t started_ms, finished_ms;
};

/* The Borsh fields without the label. */
void statement_write(struct buf *out, const struct statement *s);
MUST_USE enum err statement_read(struct str bytes, struct statement *out, struct buf *why);

/* SHA-256(0x00 ‖ label ‖ bytes): the leaf of a batch, and `prev` of the next. */
struct hash256 statement_digest(struct str bytes);
/*
 * Does `next` come right after `before` in the same session? ERR_FORMAT, or ERR_CONFLICT with what
 * does not follow: another session, a gap, or another predecessor. `before` ptr NULL: `next` must
 * be the first.
 */
MUST_USE enum err statement_follows(struct str before, struct str next, struct buf *why);
struct ed25519_sig statement_sign(const struct ed25519_key *key, struct str bytes);
MUST_USE bool statement_signed_by(const struct ed25519_pub *key, struct str bytes,
                                  const struct ed25519_sig *sig);

/* One JSON object with every field by its name. For readers: what counts are the bytes. */
void statement_put(struct buf *out, const struct statement *s);

/* Report data of a quote for one execution: statement digest and the asker's nonce. */
void statement_quote_data(const struct hash256 *digest, const uint8_t nonce[32], uint8_t out[64]);

#endif
