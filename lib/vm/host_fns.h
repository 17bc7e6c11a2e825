/* host_fns.h — declarations of all host functions, from the table. Inside lib/vm only. */
#ifndef VM_HOST_FNS_H
#define VM_HOST_FNS_H

#include "vm/host.h"
#include "vm/host_list.h"

/* `a`: the arguments, i32 zero-extended; `r`: the result, 0 before. */
#define X(name, params, result, when)                                                              \
    bool host_##name(struct host *h, const uint64_t *a, uint64_t *r);
HOST_LIST(X)
#undef X

#endif
