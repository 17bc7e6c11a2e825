/*
 * session.h — how a worker shows a keystore or a coordinator who it is: the message that it signs.
 *
 *     label("outlayer:v2:tee-session") ‖ audience ‖ challenge[32] ‖ worker nonce[32] ‖
 *     session id[32] ‖ channel binding[32] ‖ issued at u64
 *
 * A label is ASCII filled with zeros to 32 bytes, the audience a borsh string. It is signed as it
 * is, never as a bare hash: the key also signs transactions, which are 32 bytes to it, and whoever
 * sends a challenge must not get a transaction signed. Secrets are sealed to the worker's box key,
 * which the session id binds; without a manifest it is the hash of a label and that key. The
 * channel binding is zero where there is no TLS, which is for loopback.
 *
 * Source: docs/formats/secrets.md.
 */
#ifndef SECRETS_SESSION_H
#define SECRETS_SESSION_H

#include "base/buf.h"
#include "crypto/hash.h"

/* Each is followed by the contract's account id: what one got is of no use to the other. */
#define SESSION_AUDIENCE     "outlayer-keystore:"
#define SESSION_COORDINATOR  "outlayer-coordinator:"
#define SESSION_AUDIENCE_MAX 128
#define SESSION_MESSAGE_MAX  (32 + 4 + SESSION_AUDIENCE_MAX + 4 * 32 + 8)
#define SESSION_SKEW_S       60 /* between the two clocks */

/* What a worker gets is sealed to its box key: this label, its own nonce, then the JSON. */
#define RELEASE_LABEL "outlayer:v2:secrets"
#define RELEASE_HEAD  64

struct session_claim {
    struct str audience;
    uint8_t challenge[32], worker_nonce[32], session_id[32], channel_binding[32];
    uint64_t issued_at; /* Unix seconds */
};

void session_message(struct buf *out, const struct session_claim *c);
struct hash256 session_id_of_box(const uint8_t box_key[32]);

#endif
