/* How much a stranger may ask, and who is a stranger behind a proxy. */
#include "test.h"

#include <stdlib.h>

#include "coordinator/throttle.h"

#define PROXY 0x0a000001u

/* How many of `n` requests at the same moment go through. */
static unsigned through(struct throttle *t, uint64_t who, unsigned n, uint64_t now)
{
    unsigned went = 0;

    for (unsigned i = 0; i < n; i++)
        went += throttle_take(t, who, 1, now) == 0;
    return went;
}

static void test_rate(void **state UNUSED)
{
    struct throttle *t = throttle_new(5, 0);

    assert_int_equal(through(t, 1, 100, 1000), 50);
    assert_int_equal(throttle_take(t, 1, 1, 1000), 1); /* a second is more than enough for one */
    assert_int_equal(through(t, 2, 100, 1000), 50);    /* another address is not asked for it */
    assert_int_equal(through(t, 1, 100, 1199), 0);
    assert_int_equal(through(t, 1, 100, 1200), 1);
    assert_int_equal(through(t, 1, 100, 2200), 5);
    assert_int_equal(through(t, 1, 100, 900), 0); /* a clock set back gives nothing */
    assert_int_equal(through(t, 1, 100, 1000000), 50);
    /* what is dear takes more out of it, and says when there is enough again */
    assert_int_equal(throttle_take(t, 3, 40, 5000), 0);
    assert_int_equal(throttle_take(t, 3, 20, 5000), 2);
    assert_int_equal(throttle_take(t, 3, 20, 7000), 0);
    assert_int_equal(throttle_take(t, 3, 1000000, 90000), 0); /* never for ever */
    throttle_free(t);
    t = throttle_new(0, 0);
    assert_int_equal(through(t, 1, 10000, 1000), 10000);
    throttle_free(t);
}

/* A stranger with many addresses may have forgotten what others asked, never what it was asked. */
static void test_many(void **state UNUSED)
{
    struct throttle *t = throttle_new(1, 0);
    unsigned refused = 0;

    for (uint64_t who = 1; who <= 100000; who++)
        assert_int_equal(throttle_take(t, who, 1, 1000 + who), 0);
    for (unsigned i = 0; i < 1000; i++) /* while it goes on, one among them has its limit */
        refused += throttle_take(t, 7777777, 1, 101001) != 0;
    assert_int_equal(refused, 990);
    throttle_free(t);
}

static uint64_t who(struct throttle *t, const char *forwarded)
{
    return throttle_who(t, PROXY, forwarded ? str_of(forwarded) : STR_NONE);
}

static void test_proxy(void **state UNUSED)
{
    struct throttle *t = throttle_new(5, PROXY);
    uint64_t one = who(t, "192.0.2.1");

    assert_true(one != who(t, "192.0.2.2") && one != 0xc0000201u);
    /* what the client itself wrote stands before, and counts for nothing */
    assert_true(who(t, "8.8.8.8, 192.0.2.1") == one);
    assert_true(who(t, ",, ,192.0.2.1 ") == one);
    /* a subscriber's IPv6 addresses are one */
    assert_true(who(t, "2001:db8:1:2::1") == who(t, "2001:db8:1:2:ffff::9"));
    assert_true(who(t, "2001:db8:1:2::1") != who(t, "2001:db8:1:3::1"));
    /* nothing usable: the proxy itself */
    assert_true(who(t, NULL) == PROXY && who(t, "") == PROXY && who(t, "unknown") == PROXY);
    assert_true(who(t, "192.0.2.1,") == PROXY && who(t, "192.0.2.1:80") == PROXY);
    assert_true(throttle_who(t, PROXY, str_from("192.0.2.1\0", 10)) == PROXY);
    /* who is not the proxy cannot say that he is somebody else */
    assert_true(throttle_who(t, 0x7f000001, STR("192.0.2.1")) == 0x7f000001);
    throttle_free(t);
    t = throttle_new(5, 0);
    assert_true(throttle_who(t, 0, STR("192.0.2.1")) == 0);
    throttle_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rate), cmocka_unit_test(test_many),
                                       cmocka_unit_test(test_proxy)};

    return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}
