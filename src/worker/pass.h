/*
 * pass.h — the worker's one session with the coordinator, which all its connections name.
 *
 * It is entered when the coordinator first asks for it (401), and again whenever it is over: after
 * an hour, after the coordinator's restart. Until this worker's quote is registered there is none
 * to be had, and calls fail as if the coordinator were away: they are tried again.
 *
 * Thread: any.
 */
#ifndef WORKER_PASS_H
#define WORKER_PASS_H

#include "worker/tee.h"

struct pass;

/* Never freed: the worker's threads use it until the process ends. Borrows both. */
struct pass *pass_new(const struct near_key *key, struct str contract_id);
/* Now it is known what is quoted. Borrows `q`. */
void pass_quoted(struct pass *p, const struct quoted_box *q);
/* Empty: there is none yet. */
void pass_get(struct pass *p, char out[TEE_SESSION_MAX + 1]);
/*
 * The session `old` was refused: enter another through `door`, unless another thread has.
 * ERR_UPSTREAM: none is to be had now.
 */
MUST_USE enum err pass_renew(struct pass *p, const char *old, const struct tee_door *door,
                             struct buf *why);

#endif
