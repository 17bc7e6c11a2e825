/*
 * grant.h — the secrets that a run is given: those that it names, else those of its project.
 *
 * Thread: that of `w`.
 */
#ifndef WORKER_GRANT_H
#define WORKER_GRANT_H

#include "worker/secrets.h"

struct answer;
struct deed;
struct worker;

struct grant {
    struct secret_env env;
    size_t n;                  /* how many: env is wiped before that is told */
    struct str profile, owner; /* ptr NULL: none were looked for */
    char note[160];            /* why there are none */
};
void grant_release(struct grant *g); /* wipes */

/*
 * That there are none of the name is no failure.
 *
 * ERR_GUEST  those that the request names are refused: `answer` has been made a failure
 * others     a fault of ours
 */
MUST_USE enum err grant_get(struct worker *w, const struct request *r, struct arena *a,
                            struct grant *out, struct answer *answer, struct buf *why);

/*
 * Who may meet in one process: runs of the same program for the same sender with the same secrets.
 * Secrets are told apart by the hash of their ciphertext, which says nothing about them.
 */
struct str grant_tenant(const struct grant *g, struct str sender, struct arena *a);

void grant_attest(const struct grant *g, struct deed *d);
/* Members for the news about the run; nothing when none were looked for. */
void grant_put(const struct grant *g, struct buf *out);

#endif
