/*
 * host.h — what this machine builds with, and whether its walls hold.
 *
 * The self-test runs a script in the same sandbox as every build, which tries what must not work:
 * to see files of the machine, write to the compilers, reach a network, make namespaces. A machine
 * where any of it works, or where the kernel refuses the sandbox, builds nothing.
 *
 * Thread: the only one.
 */
#ifndef COMPILE_HOST_H
#define COMPILE_HOST_H

#include "compile/job.h"

/* One line that names all that decides about the bytes of a program: versions of the compiler and
 * linker, hash of the C library. Empty when this machine lacks a compiler for "c", "go", "rust". */
MUST_USE enum err host_compiler(struct job *j, struct str language, struct str *out,
                                struct buf *why);
/* Puts `{"c":…,"go":…,"rust":…}` into the job's record, null where there is none. ERR_DENIED: a
 * wall does not hold, or the sandbox cannot be made. */
MUST_USE enum err host_test(struct job *j, struct buf *why);

#endif
