/*
 * self_test.h — do the walls around guests hold on this machine?
 *
 * Nobody who runs strangers' programs should believe it: kernels are built without seccomp or
 * Landlock, containers take away what walls are made of, and a sandbox that does not stand looks
 * like one that does. So each forbidden act is tried before the first guest (exec/acts.h), about a
 * fifth of a second.
 */
#ifndef GUEST_SELF_TEST_H
#define GUEST_SELF_TEST_H

#include "base/err.h"

#define SELF_TEST_REPORT_MAX 65536
#define SELF_TEST_MS_MAX     20000u

/*
 *   exec_path  NULL: outlayer-exec where our executables are
 *   report     gets the JSON object that it printed (exec/self_test.h); may be NULL
 *
 * ERR_OK      every wall that must stand does
 * ERR_DENIED  one does not: run no guests here; `why` names the act that was possible
 * others      it could not be found out
 */
MUST_USE enum err guest_self_test(const char *exec_path, struct buf *report, struct buf *why);

#endif
