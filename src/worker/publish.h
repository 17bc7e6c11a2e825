/*
 * publish.h — store_on_fastfs: the program becomes a file on the chain, named by its hash; where it
 * is, is the answer.
 *
 * Thread: that of `w`.
 */
#ifndef WORKER_PUBLISH_H
#define WORKER_PUBLISH_H

#include "worker/answer.h"

struct worker;

/* `fd` is the program's file. An error is a fault of ours; that the chain does not take it is an
 * answer. */
MUST_USE enum err publish(const struct worker *w, const struct request *r, int fd,
                          struct answer *answer, struct buf *why);

#endif
