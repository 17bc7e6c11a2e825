/*
 * profile.h — in which functions of a guest its instructions are spent.
 *
 * A guest under a profile runs in an engine of its own kind (ENGINE_RUN_PROFILE), whose code looks
 * at an epoch at the same places where it looks at its fuel: entries of functions and heads of
 * loops. After every PROFILE_SLICE instructions the run is interrupted there, and the frames of the
 * guest on the native stack are followed by their frame pointers, which the engine keeps for its
 * backtraces. So a sample is a count of instructions, not of time, and the same run gives the same
 * samples.
 *
 * Names come from the symbol table of the machine code, where the engine puts those of the module's
 * name section. No engine header is included here.
 *
 * Thread: that of the run.
 */
#ifndef ENGINE_PROFILE_H
#define ENGINE_PROFILE_H

#include "base/buf.h"

#define PROFILE_SLICE      2000u
#define PROFILE_DEPTH_MAX  256u   /* frames of one stack; of a deeper one, the innermost */
#define PROFILE_STACKS_MAX 16384u /* different ones; the rest counts for "[other]" */

struct profile;

/* `machine`: the code as the engine serialised it, an ELF file. NULL: it has no symbols. */
struct profile *profile_new(struct str machine);
void profile_free(struct profile *p); /* NULL is fine */
void profile_clear(struct profile *p);

/* Called by the engine's interruption: the guest's frames lie above `frame`, this function's own.
 */
void profile_sample(struct profile *p, const void *frame, uint64_t instructions);

/* Folded stacks: "outer;inner 12000" and a line feed for each. */
void profile_put(const struct profile *p, struct buf *out);

#endif
