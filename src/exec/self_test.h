/*
 * self_test.h — `outlayer-exec self-test`: does every wall hold on this machine?
 *
 * Prints one JSON object on stdout:
 *
 *     {"walls":["user","limits","no_new_privs","landlock","seccomp"],
 *      "acts":[{"act":"fork","in":"run","held":true},…]}
 *
 * Started as any child is (proc/spawn.h), so that what it inherits is tried too.
 */
#ifndef EXEC_SELF_TEST_H
#define EXEC_SELF_TEST_H

/* The exit status: 0 all held, 1 not. */
int self_test(void);

#endif
