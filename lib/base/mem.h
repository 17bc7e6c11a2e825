/*
 * mem.h — memory that never fails.
 *
 * No memory is not an error a caller can handle: natively the process aborts and its supervisor
 * restarts it, a contract panics and the chain rolls the call back.
 * Sizes are limited by whoever grows something, with a named maximum, before asking.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/def.h"

void *mem_alloc(size_t n);                        /* zeroed; gives; n may be 0 */
void *mem_realloc(void *p, size_t old, size_t n); /* new bytes are not zeroed */
void mem_free(void *p);                           /* NULL is fine */
void mem_wipe(void *p, size_t n);                 /* never optimised away; for secrets */

#define mem_new(type)      ((type *)mem_alloc(sizeof(type)))
#define mem_new_n(type, n) ((type *)mem_alloc_n((n), sizeof(type)))
void *mem_alloc_n(size_t n, size_t size); /* aborts when n * size overflows */

/* Constant-time equality of `n` bytes. */
MUST_USE bool mem_eq_secret(const void *a, const void *b, size_t n);

#endif
