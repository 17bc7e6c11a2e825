/*
 * fetch_control.h — the worker's side of the fetch child.
 *
 * The child is started when it is first needed and again after it has died. What it brings is
 * believed because of its hash. Thread: one.
 */
#ifndef WORKER_FETCH_CONTROL_H
#define WORKER_FETCH_CONTROL_H

#include "base/arena.h"
#include "crypto/hash.h"
#include "fetch/fetch_msg.h"
#include "proc/spawn.h"

#define FETCH_WASM_MAX (10u << 20) /* bytes of a program */
#define FETCH_WASM_MS  30000
#define FETCH_REF_MS   10000

struct fetcher {
    struct child child;
    bool allow_http_loopback;
    const char *ipfs_gateway; /* of ipfs:// URLs: GATEWAY/ipfs/CID; NULL or empty: refused */
};

void fetcher_init(struct fetcher *f, bool allow_http_loopback, const char *ipfs_gateway);

struct fetched {
    enum fetch_result result;
    unsigned status;
    uint64_t size, time_ms;
    struct hash256 sha256; /* with FETCH_OK and FETCH_WRONG_HASH */
    struct buf text;       /* when not FETCH_OK; set up by the caller */
};

/*
 * Download `url` into a new memory file.
 *
 *   out   how it went, also when the file did not come
 *   fd    written only with FETCH_OK: the bytes, sealed; the caller closes it
 *
 * ERR_OK means that the child answered; anything else is a fault of ours.
 */
MUST_USE enum err fetcher_get(struct fetcher *f, struct str url, const struct hash256 *sha256,
                              struct fetched *out, int *fd, struct buf *why);

/*
 * Which commit the branch or tag `ref` of `repo` is now, asked in one round trip.
 *
 * ERR_ABSENT  it did not say so at once; ask git, which knows why
 * others      a fault of ours
 */
MUST_USE enum err fetcher_ref(struct fetcher *f, struct str repo, struct str ref,
                              char commit[SHA_HEX + 1], struct buf *why);

#endif
