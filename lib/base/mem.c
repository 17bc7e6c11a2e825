/* mem.c — see mem.h; over the C library. Contracts bring their own. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void *mem_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    if (!p)
        BUG("out of memory");
    return p;
}

void *mem_alloc_n(size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        BUG("allocation size overflows");
    return mem_alloc(bytes);
}

void *mem_realloc(void *p, size_t old, size_t n)
{
    void *q = realloc(p, n ? n : 1);

    (void)old;
    if (!q)
        BUG("out of memory");
    return q;
}

void mem_free(void *p)
{
    free(p);
}

void mem_wipe(void *p, size_t n)
{
    explicit_bzero(p, n);
}

bool mem_eq_secret(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t diff = 0;

    for (size_t i = 0; i < n; i++)
        diff |= x[i] ^ y[i];
    return diff == 0;
}
