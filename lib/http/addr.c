/* addr.c — see addr.h. */
#include "http/addr.h"

#include <netinet/in.h>
#include <string.h>

struct net4 {
    uint32_t net;
    unsigned bits;
};

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

static const struct net4 special4[] = {
    {IP4(0, 0, 0, 0), 8},       /* this network */
    {IP4(10, 0, 0, 0), 8},      /* private */
    {IP4(100, 64, 0, 0), 10},   /* carrier NAT */
    {IP4(169, 254, 0, 0), 16},  /* link-local; cloud metadata */
    {IP4(172, 16, 0, 0), 12},   /* private */
    {IP4(192, 0, 0, 0), 24},    /* protocol assignments */
    {IP4(192, 0, 2, 0), 24},    /* documentation */
    {IP4(192, 88, 99, 0), 24},  /* 6to4 relays */
    {IP4(192, 168, 0, 0), 16},  /* private */
    {IP4(198, 18, 0, 0), 15},   /* benchmarks */
    {IP4(198, 51, 100, 0), 24}, /* documentation */
    {IP4(203, 0, 113, 0), 24},  /* documentation */
    {IP4(224, 0, 0, 0), 4},     /* multicast */
    {IP4(240, 0, 0, 0), 4},     /* reserved, broadcast */
};

static enum addr_kind kind4(uint32_t ip)
{
    if (ip >> 24 == 127)
        return ADDR_LOOPBACK;
    for (size_t i = 0; i < countof(special4); i++)
        if ((ip ^ special4[i].net) >> (32 - special4[i].bits) == 0)
            return ADDR_SPECIAL;
    return ADDR_PUBLIC;
}

static bool in6(const uint8_t a[16], const uint8_t *net, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(a, net, whole) == 0 && (!rest || (a[whole] ^ net[whole]) >> (8 - rest) == 0);
}

static enum addr_kind kind6(const uint8_t a[16])
{
    static const uint8_t zero[16] = {0}, one[16] = {[15] = 1};
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t local[] = {0xfc}, link[] = {0xfe, 0x80}, site[] = {0xfe, 0xc0},
                         multi[] = {0xff}, doc[] = {0x20, 0x01, 0x0d, 0xb8},
                         nat64[12] = {0x00, 0x64, 0xff, 0x9b},
                         nat64_local[] = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01},
                         sixto4[] = {0x20, 0x02}, teredo[] = {0x20, 0x01, 0x00, 0x00},
                         discard[] = {0x01, 0x00, 0, 0, 0, 0, 0, 0};
    uint32_t inner = IP4(a[12], a[13], a[14], a[15]);

    if (memcmp(a, one, 16) == 0)
        return ADDR_LOOPBACK;
    if (memcmp(a, zero, 16) == 0)
        return ADDR_SPECIAL;
    if (in6(a, mapped, 96) || in6(a, zero, 96))
        return kind4(inner);
    if (in6(a, local, 7) || in6(a, link, 10) || in6(a, site, 10) || in6(a, multi, 8) ||
        in6(a, doc, 32) || in6(a, nat64, 96) || in6(a, nat64_local, 48) || in6(a, sixto4, 16) ||
        in6(a, teredo, 32) || in6(a, discard, 64))
        return ADDR_SPECIAL;
    return ADDR_PUBLIC;
}

enum addr_kind addr_kind(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, sa, sizeof(in));
        return kind4(ntohl(in.sin_addr.s_addr));
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in;

        memcpy(&in, sa, sizeof(in));
        return kind6(in.sin6_addr.s6_addr);
    }
    return ADDR_SPECIAL;
}

static bool near4(uint32_t ip)
{
    return ip >> 24 == 127 || ip >> 24 == 0 || ip >> 16 == (169u << 8 | 254) || ip >> 28 >= 0xe;
}

bool addr_is_near(const struct sockaddr *sa)
{
    static const uint8_t zero[16] = {0}, mapped[16] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t link[] = {0xfe, 0x80}, multi[] = {0xff};
    struct sockaddr_in in;
    struct sockaddr_in6 in6_;
    const uint8_t *a = in6_.sin6_addr.s6_addr;

    if (sa->sa_family == AF_INET) {
        memcpy(&in, sa, sizeof(in));
        return near4(ntohl(in.sin_addr.s_addr));
    }
    if (sa->sa_family != AF_INET6)
        return true;
    memcpy(&in6_, sa, sizeof(in6_));
    if (in6(a, mapped, 96) || in6(a, zero, 96))
        return near4(IP4(a[12], a[13], a[14], a[15]));
    return in6(a, link, 10) || in6(a, multi, 8);
}
