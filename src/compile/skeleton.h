/*
 * skeleton.h — what the crates of a Rust project are compiled from, and nothing else of it.
 *
 * All its manifests, its lock file, its cargo settings, and for each file that cargo takes for a
 * program or a library an empty one. Cargo resolves, chooses features and compiles what comes from
 * the registry exactly as for the whole project, and no line of the project's own code is there to
 * take part: what comes out depends on these bytes, the toolchain, and what the registry holds
 * under the checksums of the lock file. So it may be kept and used for every project with the same
 * skeleton, whoever made it first.
 *
 * Format: for each file, in the order of their paths: path, contents (codec/wire.h, wr_bytes).
 * Paths are relative to the project's root. Thread: the only one.
 */
#ifndef COMPILE_SKELETON_H
#define COMPILE_SKELETON_H

#include "compile/job.h"

/* Of the project in `src`, into `out`; false: crates of this one cannot be compiled apart, because
 * it takes none, has no lock file, puts its own code in the place of crates, or is too large. */
bool skeleton_make(struct job *j, struct buf *out);

/* Write its files into the new folder `src`. ERR_FORMAT: it is no skeleton. */
MUST_USE enum err skeleton_lay(struct str skeleton, struct buf *why);

/* One file of a skeleton; false at its end, and for what is malformed. Borrows. */
struct rd;
bool skeleton_next(struct rd *r, struct str *path, struct str *text);
bool skeleton_path_ok(struct str path);

#endif
