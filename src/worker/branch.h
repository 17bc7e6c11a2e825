/*
 * branch.h — on which branch of its repository a commit lies.
 *
 * Secrets are bound to repositories and branches, and a server hands out commits of forks, which
 * anybody can make, under the name of the repository that was forked. So a commit counts as the
 * repository's only when a branch or a tag there leads to it. The compile child looks, in the
 * history without its files; what it found is good for an hour.
 *
 * Memory: the name lives in the arena given.  Thread: as build_control.h.
 */
#ifndef WORKER_BRANCH_H
#define WORKER_BRANCH_H

#include "worker/build_control.h"

/*
 *   source  a repository, its commit of 40 digits
 *   branch  `main` or `master` if that leads there, else the first by name; ptr NULL: only a tag is
 *           there
 *
 * ERR_DENIED  none leads there, or it cannot be found out; `why` is for the user
 * others      a fault of ours
 */
MUST_USE enum err branch_of(const struct builds *b, const struct code_source *source,
                            struct arena *a, struct str *branch, struct buf *why);

#endif
