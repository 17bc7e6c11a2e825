#include "coordinator/throttle.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"

#define SETS     2048
#define WAYS     4    /* addresses that share a place; the one silent for longest gives way */
#define WHOLE    1000 /* parts of a request */
#define V6       (UINT64_C(1) << 63)
#define PROXY_V4 (UINT64_C(1) << 32) /* told by the proxy, so not to be taken for the proxy */

struct bucket {
    uint64_t who;
    uint64_t left; /* in parts */
    uint64_t at_ms;
};

struct throttle {
    uint64_t rate;
    uint32_t proxy;
    struct bucket bucket[SETS][WAYS];
};

struct throttle *throttle_new(uint64_t rate, uint32_t proxy)
{
    struct throttle *t = mem_new(struct throttle);

    t->rate = rate;
    t->proxy = proxy;
    return t;
}

void throttle_free(struct throttle *t)
{
    mem_free(t);
}

/* Its bucket, or a full one in place of the one unused for longest: that has filled up the most. */
static struct bucket *find(struct throttle *t, uint64_t who, uint64_t now_ms)
{
    /* Fibonacci hashing: neighbours do not share a place */
    struct bucket *set = t->bucket[(who * UINT64_C(0x9e3779b97f4a7c15)) >> 53], *oldest = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].at_ms && set[i].who == who)
            return &set[i];
        if (set[i].at_ms < oldest->at_ms)
            oldest = &set[i];
    }
    *oldest = (struct bucket){who, t->rate * THROTTLE_BURST_S * WHOLE, now_ms};
    return oldest;
}

unsigned throttle_take(struct throttle *t, uint64_t who, uint64_t cost, uint64_t now_ms)
{
    const uint64_t full = t->rate * THROTTLE_BURST_S * WHOLE;
    struct bucket *b;
    uint64_t passed;

    if (!t->rate)
        return 0;
    b = find(t, who, now_ms);
    passed = now_ms > b->at_ms ? now_ms - b->at_ms : 0; /* a clock may be set back */
    b->at_ms = now_ms;
    if (passed >= THROTTLE_BURST_S * 1000 || b->left + passed * t->rate > full)
        b->left = full;
    else
        b->left += passed * t->rate; /* a part for each of a thousand in a second */
    cost *= WHOLE;
    if (cost > full)
        cost = full;
    if (b->left >= cost) {
        b->left -= cost;
        return 0;
    }
    return (unsigned)((cost - b->left + t->rate * 1000 - 1) / (t->rate * 1000));
}

uint64_t throttle_who(const struct throttle *t, uint32_t peer, struct str forwarded)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    uint64_t who = 0;
    size_t from = forwarded.len;

    if (!t->proxy || peer != t->proxy)
        return peer;
    while (from && forwarded.ptr[from - 1] != ',')
        from--;
    forwarded = str_trim(str_skip(forwarded, from));
    if (!forwarded.len || forwarded.len >= sizeof(text) || str_has_byte(forwarded, '\0'))
        return peer;
    memcpy(text, forwarded.ptr, forwarded.len);
    text[forwarded.len] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1)
        return PROXY_V4 | ntohl(v4.s_addr);
    if (inet_pton(AF_INET6, text, &v6) != 1)
        return peer;
    for (size_t i = 0; i < 8; i++)
        who = who << 8 | v6.s6_addr[i];
    return V6 | who;
}
