/*
 * mem.c — base/mem.h for native contract code.
 *
 * A contract frees nothing and leaves by longjmp when it panics, so everything that is allocated
 * during a call is kept in a list and freed when the call is over. Each piece is an allocation of
 * its own, which is what lets AddressSanitizer see overruns. Outside calls it is plain malloc.
 */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/mock/mock.h"

struct piece {
    struct piece *prev, *next;
    bool of_call;
    uint64_t pad; /* keeps what follows aligned for a u128 */
};

static struct piece *pieces;
static bool in_call;

static void link_piece(struct piece *p)
{
    p->prev = NULL;
    p->next = NULL;
    p->of_call = in_call;
    if (!in_call)
        return;
    p->next = pieces;
    if (pieces)
        pieces->prev = p;
    pieces = p;
}

static void unlink_piece(struct piece *p)
{
    if (!p->of_call)
        return;
    if (p->prev)
        p->prev->next = p->next;
    else
        pieces = p->next;
    if (p->next)
        p->next->prev = p->prev;
}

void *mem_alloc(size_t n)
{
    struct piece *p = calloc(1, sizeof(*p) + n);
    if (!p)
        BUG("out of memory");
    link_piece(p);
    return p + 1;
}

void *mem_alloc_n(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        BUG("allocation size overflows");
    return mem_alloc(bytes);
}

void *mem_realloc(void *old_p, size_t old, size_t n)
{
    void *p = mem_alloc(n);
    if (old_p) {
        memcpy(p, old_p, old < n ? old : n);
        mem_free(old_p);
    }
    return p;
}

void mem_free(void *p)
{
    if (!p)
        return;
    unlink_piece((struct piece *)p - 1);
    free((struct piece *)p - 1);
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

void mock_mem_enter(void)
{
    in_call = true;
}

void mock_mem_pause(void)
{
    in_call = false;
}

void mock_mem_resume(void)
{
    in_call = mock_frame != NULL;
}

void mock_mem_leave(void)
{
    in_call = false;
    while (pieces) {
        struct piece *p = pieces;
        pieces = p->next;
        free(p);
    }
}
