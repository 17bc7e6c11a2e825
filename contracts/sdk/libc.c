/*
 * libc.c — the little of a C library that a contract for wasm32 needs, and its memory.
 *
 * Memory is a bump allocator over the module's linear memory: a call starts with fresh zeroed
 * memory and ends soon, so nothing is given back, except that the newest piece grows in place.
 * The copies go word by word because the chain charges per instruction.
 */
#include <stdalign.h>
#include <string.h>

#include "base/def.h"
#include "base/mem.h"
#include "base/str.h"
#include "sdk/near.h"

typedef uint64_t __attribute__((aligned(1), may_alias)) word;

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    char *d = to;
    const char *s = from;
    for (; n >= 32; n -= 32, d += 32, s += 32) {
        ((word *)d)[0] = ((const word *)s)[0];
        ((word *)d)[1] = ((const word *)s)[1];
        ((word *)d)[2] = ((const word *)s)[2];
        ((word *)d)[3] = ((const word *)s)[3];
    }
    for (; n >= 8; n -= 8, d += 8, s += 8)
        *(word *)d = *(const word *)s;
    while (n--)
        *d++ = *s++;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    char *d = to;
    const char *s = from;
    if (d <= s || d >= s + n)
        return memcpy(to, from, n);
    for (; n >= 8; n -= 8)
        *(word *)(d + n - 8) = *(const word *)(s + n - 8);
    while (n--)
        d[n] = s[n];
    return to;
}

void *memset(void *to, int c, size_t n)
{
    char *d = to;
    uint64_t w = (uint8_t)c * UINT64_C(0x0101010101010101);
    for (; n >= 8; n -= 8, d += 8)
        *(word *)d = w;
    while (n--)
        *d++ = (char)c;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;
    for (; n >= 8 && *(const word *)x == *(const word *)y; n -= 8)
        x += 8, y += 8;
    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *p, int c, size_t n)
{
    const unsigned char *s = p;
    for (; n; n--, s++)
        if (*s == (unsigned char)c)
            return (void *)(uintptr_t)s;
    return NULL;
}

size_t strlen(const char *z)
{
    size_t n = 0;
    while (z[n])
        n++;
    return n;
}

/* ---- memory ---- */

#define PAGE 65536u

extern char __heap_base; /* the linker's: first byte after data and stack */
static uintptr_t top, newest;

static void reach(uintptr_t end)
{
    uintptr_t have = __builtin_wasm_memory_size(0) * PAGE;
    if (end > have && __builtin_wasm_memory_grow(0, (end - have + PAGE - 1) / PAGE) == SIZE_MAX)
        near_fail("out of memory");
}

void *mem_alloc(size_t n)
{
    if (!top)
        top = (uintptr_t)&__heap_base;
    newest = (top + 15) & ~(uintptr_t)15;
    if (n > UINT32_MAX / 2 - newest)
        near_fail("out of memory");
    top = newest + n;
    reach(top);
    return (void *)newest;
}

void *mem_alloc_n(size_t n, size_t size)
{
    BUG_ON(size && n > SIZE_MAX / size);
    return mem_alloc(n * size);
}

void *mem_realloc(void *p, size_t old, size_t n)
{
    if (p && (uintptr_t)p == newest) {
        if (n > UINT32_MAX / 2 - newest)
            near_fail("out of memory");
        if (newest + n > top)
            top = newest + n; /* never back: what lies below `top` is no longer zero */
        reach(top);
        return p;
    }
    void *q = mem_alloc(n);
    if (old)
        memcpy(q, p, old < n ? old : n);
    return q;
}

void mem_free(UNUSED void *p)
{
}

void mem_wipe(void *p, size_t n)
{
    memset(p, 0, n);
}

bool mem_eq_secret(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;
    unsigned diff = 0;
    for (size_t i = 0; i < n; i++)
        diff |= (unsigned)(x[i] ^ y[i]);
    return diff == 0;
}

void bug(UNUSED const char *file, UNUSED int line, UNUSED const char *what)
{
    near_fail("bug in the contract");
}
