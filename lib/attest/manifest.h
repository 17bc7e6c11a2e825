/*
 * manifest.h — what one quote per epoch binds: the keys that a worker or keystore made after it
 * booted, for how long, for which contracts.
 *
 * Borsh; the quote's report data is SHA-256(label ‖ manifest) ‖ label, and its first half is the
 * session id by which statements name the epoch.
 *
 * Memory: texts are borrowed.  Thread: any.  Reading and writing are freestanding.
 */
#ifndef ATTEST_MANIFEST_H
#define ATTEST_MANIFEST_H

#include "attest/label.h"
#include "base/err.h"
#include "crypto/hash256.h"

#define MANIFEST_FORMAT   2
#define MANIFEST_MAX      4096           /* bytes */
#define MANIFEST_TEXT_MAX 256            /* bytes of one text */
#define MANIFEST_SPAN_MAX (24 * 60 * 60) /* seconds an epoch may last */

struct manifest {
    struct str network; /* "mainnet", …; "sandbox…" for simulated machines */
    struct str register_contract, outlayer_contract;
    uint8_t near_key[32];      /* Ed25519, signs transactions */
    uint8_t statement_key[32]; /* Ed25519, signs statements and batches; in memory only */
    uint8_t box_key[32];       /* X25519, secrets are sealed to it */
    uint8_t tls_spki[32];      /* SHA-256; zeros when unused */
    uint8_t boot_nonce[32];
    bool has_challenge;
    uint8_t challenge[32];          /* of the register contract or of a verifier */
    uint64_t not_before, not_after; /* seconds */
    uint64_t near_block_height;
    uint8_t near_block_hash[32]; /* a recent final block: not made before it */
    struct str software;
    uint8_t engine_config[32]; /* SHA-256 of engine version, limits, features */
};

void manifest_write(struct buf *out, const struct manifest *m);
MUST_USE enum err manifest_read(struct str bytes, struct manifest *out, struct buf *why);
/* One JSON object with every field by its name. */
void manifest_put(struct buf *out, const struct manifest *m);
/* The first half of the report data. */
struct hash256 manifest_session(const char *label, struct str bytes);

#endif
