/*
 * sessions.h — which workers have shown who they are: of a keystore and of a coordinator.
 *
 * A challenge is random, good for 60 seconds and for one answer. The answer is signed with a key
 * that the operator's account has on the chain (secrets/session.h); a session lasts an hour, and
 * the chain is asked again every two minutes, so that a key which is taken away ends it. A session
 * is worth nothing without its box key: secrets are sealed to that.
 *
 * With a register contract the session id must be one that it has taken by a quote: key and box key
 * are then those of the quoted manifest, and the session ends with it. Secrets go to what was
 * quoted, not to whoever holds a key.
 *
 * In memory only: after a restart workers register again. Thread: any.
 */
#ifndef SECRETS_SESSIONS_H
#define SECRETS_SESSIONS_H

#include "base/err.h"
#include "codec/json.h"
#include "crypto/ed25519.h"
#include "near/rpc.h"
#include "secrets/session.h"

#define CHALLENGES_MAX     256
#define CHALLENGE_MS       60000
#define SESSIONS_MAX       256
#define SESSION_MS         3600000
#define SESSION_RECHECK_MS 120000
#define SESSION_STALE_MS   600000 /* the chain has not been there for so long: no session holds */
#define SESSION_TEXT       36     /* a UUID */

struct sessions;

/* `operator_id` is the account whose keys count, `register_id` the register contract; ptr NULL:
 * there is none. All are borrowed. */
struct sessions *sessions_new(struct str operator_id, struct str audience, struct str register_id);
/* How often the chain is asked again; SESSION_RECHECK_MS unless told. Before any other call. */
void sessions_recheck_every(struct sessions *s, uint64_t ms);
void sessions_free(struct sessions *s);

/* ERR_BUSY: too many are open. */
MUST_USE enum err sessions_challenge(struct sessions *s, uint8_t out[32], struct buf *why);

struct registration {
    struct ed25519_pub pub;
    struct ed25519_sig signature;
    struct session_claim claim; /* its audience is ours whatever it says */
    uint8_t box_key[32];
};
/* A challenge as JSON: {"challenge","audience","register"}; errors as above. */
MUST_USE enum err sessions_challenge_write(struct sessions *s, struct buf *out, struct buf *why);
/* The body of a registration. ERR_FORMAT names the member that is wrong. */
MUST_USE enum err registration_read(struct json body, struct registration *out, struct buf *why);
/*
 * ERR_DENIED  challenge unknown, used or too old; signature, time or box wrong; the key is not on
 *             the operator's account, or not of a quote that the register has taken
 * others      the chain could not be asked
 */
MUST_USE enum err sessions_register(struct sessions *s, struct rpc *rpc,
                                    const struct registration *r, char id[SESSION_TEXT + 1],
                                    struct buf *why);

/* The answer to it. */
void session_write(struct buf *out, const char *id);

struct session_view {
    uint8_t box_key[32];
    struct ed25519_pub pub;
};
/* ERR_DENIED: there is none of that id, it is over, or its key is gone from the chain. */
MUST_USE enum err sessions_find(struct sessions *s, struct rpc *rpc, struct str id,
                                struct session_view *out, struct buf *why);
/* For a thread that must not wait for the chain: is there one, as last asked? Whoever calls this
 * has another thread call sessions_recheck() every second or so. */
bool sessions_has(struct sessions *s, struct str id);
/* Ask the chain again about those whose time has come; one whose key is gone ends. */
void sessions_recheck(struct sessions *s, struct rpc *rpc);
size_t sessions_open(struct sessions *s);

#endif
