/*
 * tee.h — how the worker comes to a session, with a keystore or with the coordinator.
 *
 * It signs the session message (secrets/session.h) with its chain key. Where the other side names a
 * register, session and box key are those that our quote binds; for others a box key is made for
 * each session. That key never leaves this process.
 */
#ifndef WORKER_TEE_H
#define WORKER_TEE_H

#include "codec/json.h"
#include "crypto/derive.h"
#include "near/key.h"

#define TEE_SESSION_MAX 64 /* bytes of a session's id */
#define TEE_ANSWER_MAX  16384

/* What is quoted: the box key, which the manifest of each epoch names, and whom to ask for the
 * session of the current one. */
struct notary;
struct quoted_box {
    const struct x25519_key *box;
    struct notary *notary;
};

/* All borrowed. */
struct tee_who {
    const struct near_key *key;
    struct str contract_id;
    const struct quoted_box *quoted; /* NULL: nothing is */
};

struct tee_door {
    const char *name;     /* in errors */
    const char *audience; /* ours, whatever the other side says its name is */
    const char *challenge_path, *register_path;
    /* POST; `answer` is cleared first, `*doc` is an object that borrows from it. */
    enum err (*ask)(void *ctx, const char *path, struct str body, unsigned *status,
                    struct buf *answer, struct json *doc, struct buf *why);
    void *ctx;
};

/* A new session: its id, and its box key. ERR_DENIED: it wants a registered quote and there is none
 * (yet). */
MUST_USE enum err tee_enter(const struct tee_door *d, const struct tee_who *who,
                            struct x25519_key *box, char session[TEE_SESSION_MAX + 1],
                            struct buf *why);
/* An answer that is a fault: ERR_UPSTREAM and its words. */
enum err tee_said(const char *name, unsigned status, struct json doc, struct buf *why);

#endif
