/* Sleeps as many milliseconds as stdin says: time passes in a host call, not in instructions. */
#include <stdio.h>
#include <time.h>

int main(void)
{
    unsigned ms = 0;
    if (scanf("%u", &ms) != 1)
        return 1;
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
    printf("slept %u ms", ms);
    return 0;
}
