/*
 * token.h — bearer tokens of a service's clients. A service keeps their SHA-256 alone.
 */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include "base/err.h"
#include "crypto/hash.h"

#define TOKEN_MIN 16 /* characters */
#define TOKEN_MAX 1024

/* The token in the file, white space at its ends left out. ERR_FORMAT: shorter than TOKEN_MIN. */
MUST_USE enum err token_read(const char *path, struct hash256 *out, struct buf *why);
/* Is "Bearer <token>" one of the `n` in `list`? The time it takes tells neither which nor how much
 * of it. */
MUST_USE bool token_matches(struct str authorization, const struct hash256 *list, size_t n);

#endif
