/* Which addresses are public: the borders of every special network. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "http/addr.h"

static struct sockaddr_storage addr(const char *text)
{
    struct sockaddr_storage ss;
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

    memset(&ss, 0, sizeof(ss));
    if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
        memcpy(&ss, &in4, sizeof(in4));
    else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
        memcpy(&ss, &in6, sizeof(in6));
    else
        fail_msg("no address: %s", text);
    return ss;
}

static enum addr_kind kind(const char *text)
{
    struct sockaddr_storage ss = addr(text);

    return addr_kind((struct sockaddr *)&ss);
}

static void test_near(void **state)
{
    static const char *const here[] = {"127.0.0.1",
                                       "127.255.255.255",
                                       "0.0.0.0",
                                       "0.1.2.3",
                                       "169.254.169.254",
                                       "224.0.0.1",
                                       "255.255.255.255",
                                       "::",
                                       "::1",
                                       "::ffff:127.0.0.1",
                                       "fe80::1",
                                       "febf::1",
                                       "ff02::1",
                                       "::ffff:169.254.0.1"};
    static const char *const away[] = {
        "10.0.0.1",  "169.253.255.255", "169.255.0.0",  "192.168.0.1", "203.0.113.80",   "1.1.1.1",
        "223.0.0.1", "fc00::1",         "2606:4700::1", "fec0::1",     "::ffff:10.0.0.1"};
    struct sockaddr_storage ss;

    (void)state;
    for (size_t i = 0; i < countof(here); i++) {
        ss = addr(here[i]);
        if (!addr_is_near((struct sockaddr *)&ss))
            fail_msg("%s is near", here[i]);
    }
    for (size_t i = 0; i < countof(away); i++) {
        ss = addr(away[i]);
        if (addr_is_near((struct sockaddr *)&ss))
            fail_msg("%s is not near", away[i]);
    }
}

static void test_kinds(void **state)
{
    (void)state;
    static const char *const special[] = {
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "ff02::1",
        "2001:db8::1",
        "64:ff9b::a00:1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "::ffff:169.254.169.254",
        "2002:a00:1::1",
        "fec0::1",
    };
    static const char *const loopback[] = {"127.0.0.1", "127.255.255.255", "::1",
                                           "::ffff:127.0.0.1"};
    static const char *const public[] = {
        "1.1.1.1",         "9.255.255.255",  "11.0.0.0",        "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0",      "169.253.255.255", "172.15.255.255", "172.32.0.0",
        "192.167.255.255", "192.169.0.0",    "198.17.255.255",  "198.20.0.0",     "223.255.255.255",
        "2606:4700::1",    "::ffff:8.8.8.8",
    };

    for (size_t i = 0; i < countof(special); i++)
        if (kind(special[i]) != ADDR_SPECIAL)
            fail_msg("%s should be special", special[i]);
    for (size_t i = 0; i < countof(loopback); i++)
        if (kind(loopback[i]) != ADDR_LOOPBACK)
            fail_msg("%s should be loopback", loopback[i]);
    for (size_t i = 0; i < countof(public); i++)
        if (kind(public[i]) != ADDR_PUBLIC)
            fail_msg("%s should be public", public[i]);
}

static void test_other_families(void **state)
{
    (void)state;
    const struct sockaddr sa = {.sa_family = AF_UNIX};

    assert_int_equal(addr_kind(&sa), ADDR_SPECIAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_near),
        cmocka_unit_test(test_other_families),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
