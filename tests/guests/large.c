/*
 * large.c — a program of about 2 MB of WebAssembly: three thousand functions, of which a run calls
 * a few. For the benchmark of loading. Not optimised, so that it is quickly built.
 */
#include <stdint.h>
#include <stdio.h>

#define STEP(n, i)                                                                                 \
    x = (x ^ (x >> (7 + i))) * (2654435761u + n * 97 + i * 31) + (x << (3 + i));                   \
    if (x & (1u << i))                                                                             \
        x += n * 1013904223u + i;
#define STEPS(n)                                                                                   \
    STEP(n, 0)                                                                                     \
    STEP(n, 1) STEP(n, 2) STEP(n, 3) STEP(n, 4) STEP(n, 5) STEP(n, 6) STEP(n, 7) STEP(n, 8)
#define F1(n)                                                                                      \
    __attribute__((noinline, optnone)) static uint32_t f##n(uint32_t x)                            \
    {                                                                                              \
        STEPS(n##u) return x;                                                                      \
    }
#define F10(n)                                                                                     \
    F1(n##0) F1(n##1) F1(n##2) F1(n##3) F1(n##4) F1(n##5) F1(n##6) F1(n##7) F1(n##8) F1(n##9)
#define F100(n)                                                                                    \
    F10(n##0)                                                                                      \
    F10(n##1) F10(n##2) F10(n##3) F10(n##4) F10(n##5) F10(n##6) F10(n##7) F10(n##8) F10(n##9)
#define F1000(n)                                                                                   \
    F100(n##0)                                                                                     \
    F100(n##1)                                                                                     \
    F100(n##2) F100(n##3) F100(n##4) F100(n##5) F100(n##6) F100(n##7) F100(n##8) F100(n##9)
#define P1(n) f##n,
#define P10(n)                                                                                     \
    P1(n##0) P1(n##1) P1(n##2) P1(n##3) P1(n##4) P1(n##5) P1(n##6) P1(n##7) P1(n##8) P1(n##9)
#define P100(n)                                                                                    \
    P10(n##0)                                                                                      \
    P10(n##1) P10(n##2) P10(n##3) P10(n##4) P10(n##5) P10(n##6) P10(n##7) P10(n##8) P10(n##9)
#define P1000(n)                                                                                   \
    P100(n##0)                                                                                     \
    P100(n##1)                                                                                     \
    P100(n##2) P100(n##3) P100(n##4) P100(n##5) P100(n##6) P100(n##7) P100(n##8) P100(n##9)

/* clang-format off */
F1000(1) F1000(2) F1000(3)
static uint32_t (*const all[])(uint32_t) = {
    P1000(1) P1000(2) P1000(3)
};
/* clang-format on */

int main(void)
{
    unsigned n = 0;
    uint32_t x = 1;
    if (scanf("%u", &n) != 1)
        return 1;
    for (unsigned i = 0; i < n; i++)
        x = all[x % (sizeof(all) / sizeof(all[0]))](x);
    printf("%u", x);
    return 0;
}
