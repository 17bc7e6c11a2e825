/*
 * X-Forwarded-For, as strangers and proxies write it: whom a request is counted for. What stands
 * before the last comma changes nothing.
 */
#include "coordinator/throttle.h"

#define PROXY 0x7f000001u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct throttle *t;
    struct str text = str_from((const char *)data, size);
    struct buf more = BUF_INIT(1 << 20);
    uint64_t who;

    if (!t)
        t = throttle_new(5, PROXY);
    who = throttle_who(t, PROXY, text);
    BUG_ON(who != PROXY && who >> 32 == 0); /* nobody can pass for another direct client */
    BUG_ON(throttle_who(t, PROXY + 1, text) != PROXY + 1);
    buf_addz(&more, "192.0.2.9, ");
    buf_add_str(&more, text);
    BUG_ON(size && throttle_who(t, PROXY, buf_str(&more)) != who);
    buf_release(&more);
    return 0;
}
