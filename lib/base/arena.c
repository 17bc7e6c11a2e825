/* arena.c — see arena.h. */
#include "base/arena.h"

#include <string.h>

#include "base/mem.h"

#define ARENA_BLOCK 4096 /* bytes of an ordinary block; larger wishes get one of their own */
#define ARENA_ALIGN 16

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(ARENA_ALIGN) char data[];
};

void *arena_alloc(struct arena *a, size_t n)
{
    struct arena_block *b = a->blocks;
    size_t need = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    void *p;

    if (need < n || need > SIZE_MAX / 2)
        BUG("arena allocation too large");
    if (!b || b->size - b->used < need) {
        size_t size = need > ARENA_BLOCK / 4 ? need : ARENA_BLOCK;

        b = mem_alloc(sizeof(*b) + size);
        b->size = size;
        if (size == ARENA_BLOCK || !a->blocks) {
            b->next = a->blocks;
            a->blocks = b;
        } else { /* keep filling the ordinary block in front */
            b->next = a->blocks->next;
            a->blocks->next = b;
        }
    }
    p = b->data + b->used;
    b->used += need;
    return p;
}

void *arena_alloc_n(struct arena *a, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        BUG("allocation size overflows");
    return arena_alloc(a, bytes);
}

struct str arena_str(struct arena *a, struct str s)
{
    return (struct str){arena_z(a, s), s.len};
}

char *arena_z(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.len + 1);

    if (s.len)
        memcpy(p, s.ptr, s.len);
    return p;
}

void arena_release(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *b = a->blocks;

        a->blocks = b->next;
        mem_free(b);
    }
}
