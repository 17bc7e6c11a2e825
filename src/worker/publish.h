/*
 * publish.h — store_on_fastfs: the program becomes a file on the chain, named by its hash; where it
 * is, is the answer.
 *
 * Sending it is paid by the worker's account and costs more than a request, so what this worker has
 * sent it does not send again for PUBLISH_AGAIN_S: it is on the chain for good. What was sent is
 * noted beside the outbox.
 *
 * Thread: any; one file is sent at a time.
 */
#ifndef WORKER_PUBLISH_H
#define WORKER_PUBLISH_H

#include <pthread.h>

#include "builder/store.h"
#include "near/rpc.h"
#include "worker/answer.h"
#include "worker/outbox.h"

#define PUBLISH_AGAIN_S UINT64_C(86400)
#define PUBLISH_ROWS    65536 /* remembered; the oldest go */

struct publisher {
    pthread_mutex_t lock;
    struct near_key key;
    struct str receiver, url; /* url: a template, near/fastfs.h */
    const char *network_id;
    struct outbox *outbox;
};

/* The members are set; makes the table. */
MUST_USE enum err publisher_open(struct publisher *p, struct buf *why);

/* `fd` is the program's file. An error is a fault of ours; that the chain does not take it is an
 * answer. */
MUST_USE enum err publish(struct publisher *p, struct rpc *rpc, const struct store *store,
                          const struct request *r, int fd, struct answer *answer, struct buf *why);

/* Was it sent lately? Noting it says so from now on. For tests. */
MUST_USE enum err publish_known(struct publisher *p, struct str path, uint64_t now_s, bool *is,
                                struct buf *why);
MUST_USE enum err publish_note(struct publisher *p, struct str path, uint64_t now_s,
                               struct buf *why);

#endif
