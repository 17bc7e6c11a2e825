/*
 * local_register.h — what the register contract of a local network is told: whose machines it
 * takes, and what they measure. The machines are SIMULATED, by the simulator in a folder of the
 * network's home.
 *
 * Memory: texts in the caller's arena.
 */
#ifndef CLI_LOCAL_REGISTER_H
#define CLI_LOCAL_REGISTER_H

#include "base/arena.h"
#include "base/err.h"

struct local_register {
    struct str root;         /* base64 of the simulator's root certificate */
    struct str collateral;   /* arguments of update_collateral */
    struct str measurements; /* arguments of add_approved_measurements */
};

/* `dir` is where the simulator lives; made when it is not there. */
MUST_USE enum err local_register_make(const char *dir, struct arena *a, struct local_register *out,
                                      struct buf *why);

#endif
