/*
 * keystore.h — the parts of outlayer-keystore, for its own files.
 *
 * The HTTP server's thread only looks at a request and puts it in the queue; KEYSTORE_THREADS
 * threads answer, each with its own connection to the chain.
 */
#ifndef KEYSTORE_KEYSTORE_H
#define KEYSTORE_KEYSTORE_H

#include <pthread.h>

#include "codec/json.h"
#include "http/line.h"
#include "keystore/holder.h"
#include "secrets/sessions.h"
#include "near/account_id.h"
#include "near/request.h"
#include "secrets/accessor.h"

#define KEYSTORE_THREADS  4
#define KEYSTORE_QUEUE    64
#define KEYSTORE_BODY_MAX (2u << 20) /* a value of storage, in base64 */
#define KEYSTORE_HOLD_MS  60000
#define KEYSTORE_TOKENS   16
#define ASKED_RUNS        256 /* remembered, each for so long: */
#define ASKED_MS          10000

/* A run as the chain had it a moment ago: a program may touch its storage many times. */
struct asked_run {
    uint64_t request_id, until_ms;
    char project[STORAGE_UUID_LEN + 1];
    struct account_id account;
};

struct keystore {
    const char *rpc_url;
    struct str contract_id, operator_id, audience;
    struct str register_id; /* ptr NULL: none */
    struct holder *holder;
    struct sessions *sessions;
    struct line *line;                     /* of requests, for the threads that answer */
    struct hash256 token[KEYSTORE_TOKENS]; /* SHA-256 of bearer tokens that are let in */
    size_t ntokens;

    pthread_mutex_t lock;
    struct asked_run run[ASKED_RUNS]; /* under the lock */
};

/* Of one request, while it is answered. */
struct call {
    struct keystore *k;
    struct rpc *rpc;
    struct http_req *r;
    struct arena *a; /* the request's */
    struct json body;
    struct buf *out; /* the answer's body */
};

/* queue.c */
void queue_handle(void *keystore, struct http_req *r); /* of the HTTP server */
void *queue_main(void *keystore);                      /* one of the threads */

/* routes.c: answers one request. */
void routes_answer(struct keystore *k, struct rpc *rpc, struct http_req *r);

/* What routes return: ERR_OK and a body in `out`, or an error. 403 is ERR_DENIED, 401 is told by
 * call_unauthorised(). */
typedef enum err route_fn(struct call *c, struct buf *why);
/* route_public.c */
route_fn route_health, route_pubkey, route_vrf_pubkey, route_add_generated, route_update;
/* route_worker.c */
route_fn route_challenge, route_register, route_decrypt, route_vrf;
/* ERR_EMPTY is told as 401: the worker registers again. */
MUST_USE enum err call_session(struct call *c, struct session_view *out, struct buf *why);
/* route_storage.c */
route_fn route_storage_encrypt, route_storage_decrypt;

/*
 * asked.c: the run that a worker asks for, as the chain has it. ERR_ABSENT: the request waits for
 * no answer; ERR_DENIED: another account has signed it.
 */
MUST_USE enum err asked_for(struct call *c, uint64_t id, struct str account, struct request *out,
                            struct buf *why);
/* ERR_BUSY: it waits for no answer, or not yet; ERR_CONFLICT: it is for something else. */
MUST_USE enum err asked_secrets(struct call *c, uint64_t id, const struct accessor *a,
                                struct str profile, struct str owner, struct str user,
                                struct buf *why);
/* Storage of the run's project, and of its account or the worker's area. Errors as above. */
MUST_USE enum err asked_storage(struct call *c, uint64_t id, const struct space *s,
                                struct buf *why);

/* call.c: members of the body. ERR_FORMAT names the member. */
MUST_USE enum err call_text(struct call *c, struct json v, const char *member, size_t max,
                            struct str *out, struct buf *why);
MUST_USE enum err call_hex(struct json v, const char *member, void *out, size_t n, struct buf *why);
/* Bytes in base64, in the arena; empty when null or absent. */
MUST_USE enum err call_base64(struct call *c, struct json v, const char *member, size_t max,
                              struct str *out, struct buf *why);

#endif
