/*
 * env.h — what a guest finds in its environment.
 *
 * Source: OutLayer documentation, environment of a NEAR call.
 */
#ifndef WORKER_ENV_H
#define WORKER_ENV_H

#include "engine/outcome.h"
#include "near/request.h"
#include "worker/coordinator.h"

#define ENV_VARS_MAX 200 /* ours, and as many secrets as there can be */

struct env {
    struct run_var var[ENV_VARS_MAX];
    size_t n;
};

/* Values live in `a` or borrow from the arguments. */
void env_make(const struct lease *l, const struct request *r, const char *network_id,
              struct arena *a, struct env *out);
bool env_has(const struct env *e, struct str name);
/* STR_NONE when not set. */
struct str env_get(const struct env *e, const char *name);

#endif
