/*
 * source.h — getting a repository: which commit a name means, and its files.
 *
 * Git runs in the sandbox, with the broker's door to the repository's server and nothing else. It
 * reads no settings of this machine, runs no hooks and no filters, follows no submodules, asks
 * nobody for a password, and speaks https (in development also http to loopback and files).
 *
 * Thread: the only one.
 */
#ifndef COMPILE_SOURCE_H
#define COMPILE_SOURCE_H

#include "compile/job.h"

/* Find the commit that the ref means: j->commit. */
MUST_USE enum err source_resolve(struct job *j, struct buf *why);
/* Fetch j->commit into src/ of the build's folder, without its history. Its server, or its
 * folder, is closed to what comes next. */
MUST_USE enum err source_fetch(struct job *j, struct buf *why);
/* Which branch leads to j->commit, into j->record; a failure (COMPILE_REF) when not even a tag
 * does. The history is fetched without files. */
MUST_USE enum err source_branch(struct job *j, struct buf *why);

#endif
