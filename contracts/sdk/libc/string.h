/* string.h — the functions of sdk/libc.c; the target wasm32 has no C library of its own. */
#ifndef SDK_LIBC_STRING_H
#define SDK_LIBC_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *p, int c, size_t n);
size_t strlen(const char *z);

#endif
