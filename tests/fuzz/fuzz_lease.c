/* A job as the coordinator sends it, down to the request in it and the guest's environment. */
#include "worker/coordinator.h"
#include "worker/env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct request r;
    struct lease l;
    struct env e;

    if (lease_parse(str_from(data, size), &a, &l, NULL) == ERR_OK &&
        request_parse(l.request_data, &a, &r, NULL) == ERR_OK) {
        env_make(&l, &r, "localnet", &a, &e);
        BUG_ON(!env_get(&e, "NEAR_REQUEST_ID").len);
    }
    arena_release(&a);
    return 0;
}
