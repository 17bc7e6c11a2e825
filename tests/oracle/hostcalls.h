/*
 * hostcalls.h — modules that call one host function each, with arguments drawn from values that
 * matter: lengths of keys and hashes, addresses inside, at the edge and beyond, registers.
 */
#ifndef TESTS_ORACLE_HOSTCALLS_H
#define TESTS_ORACLE_HOSTCALLS_H

#include "base/buf.h"

struct hostcall {
    const char *name;
    struct str wasm; /* borrowed until the function returns; exports "m" */
    struct str input;
    bool view;
    uint64_t gas;
};

/* `per`: modules for each function whose name starts with `only`. What the function answers and
 * what it leaves in registers 0 and 1 ends up in storage, where both sides can be compared. */
void hostcalls_each(unsigned per, uint64_t seed, const char *only,
                    void (*run)(const struct hostcall *c));

#endif
