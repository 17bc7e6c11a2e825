/*
 * repo.h — how repositories and commits are named.
 *
 * Several spellings mean one repository: `u/r`, `github.com/u/r`, `git@github.com:u/r.git`,
 * `ssh://git@github.com/u/r`, `https://github.com/u/r/`. Builds, caches and secrets know it by one:
 * `https://github.com/u/r`. What is not on one of the hosts that are listed here is refused, so
 * that nobody makes a worker talk to a server of their own.
 *
 * A commit is a full SHA-1 of 40 digits; everything else is the name of a branch or a tag, because
 * a server cannot be asked for an abbreviated one.
 *
 * Source: OutLayer documentation, "Code sources". Memory: as told. Thread: any.
 */
#ifndef BUILDER_REPO_H
#define BUILDER_REPO_H

#include "base/err.h"

#define REPO_MAX 512 /* bytes of a repository's name, however spelt */
#define REF_MAX  256
#define SHA_HEX  40

/* `dev`: also http on this machine's loopback addresses and absolute file:// paths.
 * ERR_FORMAT not a repository's name, ERR_DENIED another host or scheme. */
MUST_USE enum err repo_normalise(struct str name, bool dev, struct buf *url, struct buf *why);
/* The same without `https://`: how secrets name it. */
struct str repo_bare(struct str url);
/* Where a connection to it goes: host and port; false for file://. Borrows. */
bool repo_endpoint(struct str url, struct str *host, unsigned *port);

MUST_USE enum err ref_check(struct str ref, struct buf *why);
bool ref_is_sha(struct str ref); /* 40 hexadecimal digits */

/* "wasm32-wasip1" for nothing, itself and its old name "wasm32-wasi"; "wasm32-wasip2"; else
 * STR_NONE. */
struct str target_normalise(struct str name);

#endif
