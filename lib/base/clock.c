/* clock.c — see clock.h. */
#include "base/clock.h"

#include <time.h>

static uint64_t ns_of(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t clock_unix_ns(void)
{
    return ns_of(CLOCK_REALTIME);
}

uint64_t clock_mono_us(void)
{
    return ns_of(CLOCK_MONOTONIC) / 1000u;
}

uint64_t clock_mono_ms(void)
{
    return ns_of(CLOCK_MONOTONIC) / 1000000u;
}

void clock_sleep_ms(uint64_t ms)
{
    struct timespec ts = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&ts, NULL);
}
