/*
 * cache.h — compiled code kept on disk, by what it was compiled from and by which engine.
 *
 *     <dir>/<engine id>/<sha-256 of the wasm file>
 *
 * A file is 8 bytes of magic, a nonce of 32 bytes and a tag of 16 (crypto/mac.h) over the engine's
 * id, the wasm's hash and the code, then the code. Running altered machine code would be running
 * whatever somebody wrote there, so nothing is given out before the tag fits; a torn, foreign or
 * altered file counts as absent and is written anew. All files together, those of other engines
 * too, stay under a maximum: least recently used goes first.
 *
 * What is given out is a sealed copy in memory: changing the file after the check changes nothing.
 *
 * Knows nothing of the engine itself. Thread: any; several processes may share a folder.
 */
#ifndef ENGINE_CACHE_H
#define ENGINE_CACHE_H

#include "base/err.h"
#include "base/folder.h"
#include "crypto/hash.h"
#include "crypto/mac.h"

#define CACHE_PATH_MAX  3072
#define CACHE_NAME_MAX  FOLDER_NAME_MAX /* bytes of an engine's id, of a file's name */
#define CACHE_FILE_MAX  (256u << 20)
#define CACHE_BYTES_MAX (1ull << 30) /* unless told otherwise */

struct cache {
    char dir[CACHE_PATH_MAX];
    struct mac_key key;
    uint64_t bytes_max;
};

/* `dir` is made when it is not there; bytes_max 0: CACHE_BYTES_MAX. */
MUST_USE enum err cache_init(struct cache *c, const char *dir, const struct mac_key *key,
                             uint64_t bytes_max, struct buf *why);
void cache_release(struct cache *c); /* wipes the key */

/* ERR_OK: *out is a sealed memfd with the code, the caller closes it. ERR_ABSENT: compile it. */
MUST_USE enum err cache_get(const struct cache *c, const char *engine, const struct hash256 *wasm,
                            int *out, struct buf *why);
/* The same, and it does not count as use. */
MUST_USE enum err cache_peek(const struct cache *c, const char *engine, const struct hash256 *wasm,
                             int *out);
/* Keep `code`. A failure costs a compilation later, nothing else. */
MUST_USE enum err cache_put(const struct cache *c, const char *engine, const struct hash256 *wasm,
                            struct str code, struct buf *why);
/* Is there a file for it? Not whether it is sound. */
bool cache_has(const struct cache *c, const char *engine, const struct hash256 *wasm);
/* Forget one, if it is there. */
void cache_drop(const struct cache *c, const char *engine, const struct hash256 *wasm);

/* A file as it lies there; whether it is sound only cache_get() says. */
struct cache_entry {
    char engine[CACHE_NAME_MAX + 1];
    bool named;          /* by a hash; else it is being written, or was left by a crash */
    struct hash256 wasm; /* when named */
    uint64_t bytes;
    int64_t used_unix_s;
};
/* The entries of all engines, longest unused first. `*list` is the caller's to mem_free(). */
MUST_USE enum err cache_list(const struct cache *c, struct cache_entry **list, size_t *n,
                             struct buf *why);
/* Remove what was not used for longest until `bytes` are left at most. */
void cache_trim(const struct cache *c, uint64_t bytes);

#endif
