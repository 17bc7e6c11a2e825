/*
 * arena.h — memory of one request, job or message, dropped whole.
 *
 * Nothing is freed piece by piece. Secrets never go here (see crypto/secret.h).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/buf.h"
#include "base/def.h"
#include "base/str.h"

struct arena_block;
struct arena {
    struct arena_block *blocks;
};

#define ARENA_INIT ((struct arena){0})

void *arena_alloc(struct arena *a, size_t n); /* zeroed, aligned for anything */
#define arena_new(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define arena_new_n(a, type, n) ((type *)arena_alloc_n((a), (n), sizeof(type)))
void *arena_alloc_n(struct arena *a, size_t n, size_t size);
struct str arena_str(struct arena *a, struct str s); /* a copy, NUL after it */
char *arena_z(struct arena *a, struct str s);        /* a terminated copy */
void arena_release(struct arena *a);

#endif
