/*
 * records.h — what projects keep between runs, as rows of a database.
 *
 * A record lies under (project uuid, account, SHA-256 of its key) and remembers which version of
 * the program wrote it last. Key and value are whatever the caller gives: ciphertexts, or, in a
 * public record, a value in the clear. Bytes and number of a project's records are counted with
 * every change and bounded. A project that was erased takes no records any more: uuids are not
 * used twice.
 *
 * All functions that write expect the caller's transaction. Memory: results live in the caller's
 * buffers.  Thread: the caller's lock.
 */
#ifndef STORAGE_RECORDS_H
#define STORAGE_RECORDS_H

#include "crypto/hash.h"
#include "db/db.h"
#include "secrets/space.h"

#define STORAGE_SEALED_MORE 128u         /* what sealing adds at most */
#define STORAGE_PAGE_MAX    1000u        /* records of a list */
#define STORAGE_BYTES_MAX   (256u << 20) /* of a project, unless told otherwise */
#define STORAGE_KEYS_MAX    100000u

struct stored {
    struct hash256 key_hash;
    struct str key, value;
    struct hash256 wasm; /* the version that wrote it last */
    bool is_public;
};

struct quota {
    uint64_t bytes, keys;
};

MUST_USE enum err records_migrate(struct db *d, struct buf *why);

/* What must be so for a write to happen. */
enum when { WHEN_ALWAYS, WHEN_ABSENT, WHEN_EQUAL };
struct put {
    struct stored record;
    enum when when;
    struct str expected; /* WHEN_EQUAL: the value as it is stored */
};
/*
 *   done  was it written?
 *   now   if not, for WHEN_EQUAL: the value that is there is appended; `*there` false: there is
 * none
 *
 * ERR_TOO_BIG   the project's quota is used up, or key or value is too long
 * ERR_ABSENT    the project was erased
 */
MUST_USE enum err records_put(struct db *d, const struct space *s, const struct put *p,
                              const struct quota *q, uint64_t now_ms, bool *done,
                              struct stored *now, struct buf *bytes, struct buf *why);
/* ERR_EMPTY: there is none. Key and value are appended to `bytes`; `out` borrows from it. */
MUST_USE enum err records_get(struct db *d, const struct space *s, const struct hash256 *key,
                              struct stored *out, struct buf *bytes, struct buf *why);
MUST_USE enum err records_has(struct db *d, const struct space *s, const struct hash256 *key,
                              bool *out, struct buf *why);
MUST_USE enum err records_delete(struct db *d, const struct space *s, const struct hash256 *key,
                                 bool *was, struct buf *why);
/* Delete all of a space; with `wasm` only what that version wrote last. */
MUST_USE enum err records_clear(struct db *d, const struct space *s, const struct hash256 *wasm,
                                struct buf *why);
/* Delete all of a project, for good. */
MUST_USE enum err records_erase(struct db *d, struct str project, struct buf *why);

/*
 * The keys of a space in the order of their hashes, without values.
 *
 *   after  only what comes behind it; NULL: from the start
 *   each   called for each one; an error ends the list
 */
typedef enum err stored_fn(void *ctx, const struct stored *r, struct buf *why);
MUST_USE enum err records_list(struct db *d, const struct space *s, const struct hash256 *after,
                               uint64_t offset, uint64_t limit, stored_fn *each, void *ctx,
                               struct buf *why);
MUST_USE enum err records_count(struct db *d, const struct space *s, uint64_t *out,
                                struct buf *why);
MUST_USE enum err records_use(struct db *d, struct str project, struct quota *out, struct buf *why);

#endif
