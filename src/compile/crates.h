/*
 * crates.h — compiled crates of the registry: asking for them, unpacking and packing them.
 *
 * An archive (tar, zstd with checksums) holds cargo's copy of the crates and what the compiler made
 * of them, as they lie in the build's folder. Its files have one time, long ago: so everything that
 * was made of a skeleton's empty files is out of date for cargo beside the project's own, and
 * nothing else is.
 */
#ifndef COMPILE_CRATES_H
#define COMPILE_CRATES_H

#include "compile/job.h"

/* Ask for the crates of the project in `src` and lay them out. *have: they are there, nothing has
 * to be fetched. */
MUST_USE enum err crates_ask(struct job *j, bool *have, struct buf *why);

/* Put what cargo has left for `target` into j->archive. */
MUST_USE enum err crates_pack(struct job *j, const char *target, struct buf *why);

#endif
