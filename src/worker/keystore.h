/*
 * keystore.h — the worker's session with the keystore, in which everything else is asked.
 *
 * The worker shows its chain key once an hour (secrets/session.h) and says which box key it wants
 * things sealed to; that key never leaves this process. A keystore that names a register gets the
 * session and the box key that our quote binds; for others a box key is made for each session.
 *
 * Memory: answers are in the caller's buf, `struct json` borrows from it.  Thread: one.
 */
#ifndef WORKER_KEYSTORE_H
#define WORKER_KEYSTORE_H

#include "codec/json.h"
#include "crypto/derive.h"
#include "near/key.h"
#include "worker/tee.h"

#define KEYSTORE_ANSWER_MAX (2u << 20)

struct keystore_client;

/* Copies `url` and `token`; borrows `key`. */
struct keystore_client *keystore_client_new(const char *url, struct str token,
                                            const struct near_key *key, struct str contract_id);
void keystore_client_free(struct keystore_client *c);

/* Borrows `q`. */
void keystore_quoted(struct keystore_client *c, const struct quoted_box *q);

/*
 * POST `body` to `path`, entering a session where there is none or where it is over.
 *
 *   status  of HTTP; with any but 200 the answer has `error`
 *   doc     an object, borrows from `answer`, which is cleared first
 */
MUST_USE enum err keystore_ask(struct keystore_client *c, const char *path, struct str body,
                               unsigned *status, struct buf *answer, struct json *doc,
                               struct buf *why);
/* GET `path`, which anybody may. */
MUST_USE enum err keystore_get(struct keystore_client *c, const char *path, unsigned *status,
                               struct buf *answer, struct json *doc, struct buf *why);
/* No question takes longer than until `mono_ms` on the monotonic clock; 0: as long as usual. */
void keystore_deadline(struct keystore_client *c, uint64_t mono_ms);
/* An answer that is a fault of ours, or of the keystore's: ERR_UPSTREAM and its words. */
enum err keystore_said(unsigned status, struct json doc, struct buf *why);
/* What answers are sealed to: that of the session in which the last question was answered. */
const struct x25519_key *keystore_box_key(const struct keystore_client *c);

#endif
