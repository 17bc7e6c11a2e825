/*
 * bundle.h — one execution's evidence in one file, and its verification without a network.
 *
 * A bundle is JSON: the signed statement, the epoch's manifest, quote and event log, the
 * collateral, and where they are known the batch it is anchored in and the payloads:
 *
 *     {"format":"outlayer-bundle-2","simulated":false,
 *      "statement":b64,"signature":hex,
 *      "session":{"manifest":b64,"quote":b64,"event_log":text},
 *      "collateral":text,"collateral_sha256":hex,
 *      "anchor":{"head":b64,"signature":hex,"path":[hex,…],
 *                "transaction":text,"contract":text,"block_height":n},
 *      "payload":{"wasm":b64,"input":b64,"stdout":b64,"delivered":b64}}
 *
 * Verification asks a fixed list of questions; each is answered pass, fail or unproven with a
 * reason, and the whole is as bad as its worst. What is expected comes from the asker, never from
 * the bundle: a bundle cannot approve its own measurements. What a pass does not show: that the
 * approved image was built from published source, that outside data was true, or that nobody with
 * the machine in hand broke it.
 *
 * Thread: any.
 */
#ifndef ATTEST_BUNDLE_H
#define ATTEST_BUNDLE_H

#include "attest/approved.h"
#include "attest/batch.h"
#include "attest/manifest.h"
#include "attest/report.h"
#include "attest/statement.h"
#include "base/arena.h"

#define BUNDLE_FORMAT      "outlayer-bundle-2"
#define BUNDLE_MAX         (64 * 1024 * 1024) /* bytes of JSON */
#define BUNDLE_PAYLOAD_MAX (40 * 1024 * 1024) /* bytes of one payload */

/* What goes into one; ptr NULL: not known. */
struct bundle {
    bool simulated;
    struct str statement, manifest, quote, event_log, collateral;
    struct ed25519_sig sig;
    bool has_anchor;
    struct str head, transaction, contract; /* where the root stands on the chain */
    uint64_t block_height;                  /* 0: not said */
    struct ed25519_sig head_sig;
    struct hash256 path[BATCH_PATH_MAX];
    size_t steps;
    struct str wasm, input, stdout_bytes, delivered;
};

void bundle_put(struct buf *out, const struct bundle *b);
/* Slices lie in `a`. Also checks that the collateral has the hash it says. */
MUST_USE enum err bundle_read(struct str json, struct arena *a, struct bundle *out,
                              struct buf *why);

/* The questions, in the order in which they are asked. */
#define BUNDLE_LAYERS(X)                                                                           \
    X(QUOTE, "quote", "Intel vouches for the machine")                                             \
    X(TIME, "time", "the time it is judged at")                                                    \
    X(IDENTITY, "identity", "the machine runs what was approved")                                  \
    X(EVENT_LOG, "event_log", "the log leads to the measured registers")                           \
    X(SESSION, "session", "the quote binds the keys that signed")                                  \
    X(SIGNATURE, "signature", "the statement is signed in this session")                           \
    X(CODE, "code", "the code is the one named")                                                   \
    X(INPUT, "input", "the input is the one named")                                                \
    X(OUTPUT, "output", "the output is the one delivered")                                         \
    X(REQUEST, "request", "it answers the request that was asked")                                 \
    X(ORDER, "order", "it stands in a batch that was anchored")

enum bundle_layer {
#define X(name, text, meaning) BUNDLE_##name,
    BUNDLE_LAYERS(X)
#undef X
        BUNDLE_LAYER_COUNT
};
const char *bundle_layer_name(enum bundle_layer l);

/* What the asker knows. Zero or ptr NULL: nothing. */
struct bundle_expect {
    const struct attest_root *root; /* NULL: Intel's */
    const struct attest_crypto *crypto;
    bool has_time;
    int64_t at; /* known to be when it ran, for instance from a block */
    const struct approved_list *approved;
    struct str wasm, input, delivered; /* in place of the bundle's payload */
    bool has_request;
    uint64_t request_id;
    struct str caller;
    bool has_root; /* a batch's root as read from the chain */
    struct hash256 batch_root;
    struct str network; /* of the manifest */
};

struct bundle_report {
    struct {
        enum attest_outcome outcome;
        char reason[200];
    } layer[BUNDLE_LAYER_COUNT];
    enum attest_outcome total;
    struct attest_verdict verdict;
    struct manifest manifest;
    struct statement statement;
    struct hash256 session, digest;
    bool simulated;
};

/* The report's texts borrow from bundle and arena. */
void bundle_verify(const struct bundle *b, const struct bundle_expect *x, struct arena *a,
                   struct bundle_report *out);
void bundle_report_put(struct buf *out, const struct bundle_report *r);

#endif
