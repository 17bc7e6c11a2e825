/*
 * events.h — what one block says about executions of our contract.
 *
 * A block comes as a neardata document: `block`, and per shard the receipts executed in it with
 * their outcomes. Only receipts executed by the contract itself count, and only those that did not
 * fail: a failed receipt keeps its logs, but what they tell did not happen. Of their logs only
 * events (NEP-297) of the contract's standard, at least the version we know, are read.
 *
 * The document is foreign: its size is limited by who fetches it, everything in it is checked here.
 * An event that cannot be used is listed as EV_UNUSABLE with the reason, for the log.
 *
 * Memory: all of it borrows from the document or lives in the arena.
 * Source: NEP-297; FastNear's neardata server README (github.com/fastnear/neardata-server);
 * OutLayer documentation, "NEAR Integration".
 */
#ifndef COORDINATOR_EVENTS_H
#define COORDINATOR_EVENTS_H

#include "base/arena.h"
#include "base/err.h"
#include "crypto/hash.h"

#define BLOCK_DOC_MAX    (64u << 20) /* bytes of a document */
#define BLOCK_EVENTS_MAX 20000       /* of one block; more logs than that do not fit its gas */

struct event_filter {
    struct str contract_id;
    struct str standard;
    struct str least_version;
};

struct block_head {
    uint64_t height, prev_height; /* prev_height: 0 when the document does not say */
    uint64_t timestamp_ns;
    struct str hash, prev_hash; /* base58 */
};

enum event_kind { EV_REQUESTED, EV_COMPLETED, EV_ERASED, EV_UNUSABLE };

struct block_event {
    enum event_kind kind;
    /* Of the receipt. tx_hash has ptr NULL where the stream does not tell it. */
    struct str receipt_id, tx_hash;
    struct str predecessor_id, signer_id, signer_public_key;
    uint64_t gas_burnt;

    uint64_t request_id; /* requested, completed */

    /* requested */
    struct hash256 data_id;
    struct str request_data; /* JSON text of an object */
    struct str sender_id;
    struct str project_id, repo, commit; /* ptr NULL: none */
    u128 payment;

    /* completed */
    bool success;
    struct str error; /* ptr NULL: none */
    u128 charged, refunded;

    struct str project_uuid; /* erased: the project was deleted, its storage goes */

    struct str reason; /* unusable */
};

struct block_events {
    struct block_head head;
    struct block_event *list;
    size_t n;
};

/*
 * ERR_EMPTY   the document is `null`: no block at this height, or not yet
 * ERR_FORMAT  not a block; `why` says where
 */
MUST_USE enum err block_read(struct str doc, const struct event_filter *f, struct arena *a,
                             struct block_events *out, struct buf *why);

#endif
