/*
 * sandbox.h — what the fetch child gives up before it reads its first question.
 *
 * Limits on memory, file size and descriptors; no new privileges; files readable only where name
 * resolution and certificates live and writable nowhere (Landlock, where the kernel has it); system
 * calls by list (seccomp): no exec, no files opened for writing, no tracing, no mounts.
 * Built with a sanitizer, which wants more calls than the list has, only limits and privileges are
 * given up.
 */
#ifndef FETCH_SANDBOX_H
#define FETCH_SANDBOX_H

#include "base/err.h"

MUST_USE enum err fetch_sandbox_enter(struct buf *why);
/* This kernel cannot forbid reading: all that keeps files shut then is who the child runs as. */
bool fetch_sandbox_reads_all(void);

#endif
