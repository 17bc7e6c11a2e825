/*
 * face.h — near:storage/api as programs see it, over whatever keeps the records.
 *
 * Whose records a run sees is decided by who makes the `struct storage_face`: nothing that the
 * program says can change project or account. Counters are values of 8 bytes, little-endian,
 * changed by compare-and-swap until nobody came between, at most STORAGE_TRIES times with growing
 * random pauses. Every failure is a sentence for the program.
 *
 * A store keeps sealed records; the value that compare-and-swap compares is the sealed one, which
 * is another each time it is written. Public records have their value in the clear, and their key
 * is sealed together with the value's hash, so that neither can be changed alone.
 *
 * Thread: one per face.
 */
#ifndef STORAGE_FACE_H
#define STORAGE_FACE_H

#include "engine/host.h"
#include "storage/records.h"

#define STORAGE_TRIES 200 /* with eight runs that do nothing but count, 20 are rare */

/*
 * Where records are kept, and by whom they are sealed. Results are appended to the bufs; a struct
 * record given out borrows from them. `deadline_ms` is the face's to set before each call.
 */
struct storage_store {
    void *ctx;
    enum err (*put)(void *ctx, const struct space *s, const struct put *p, bool *done,
                    struct buf *why);
    /* ERR_EMPTY: there is none. */
    enum err (*get)(void *ctx, const struct space *s, const struct hash256 *key, struct stored *out,
                    struct buf *bytes, struct buf *why);
    enum err (*has)(void *ctx, const struct space *s, const struct hash256 *key, bool *out,
                    struct buf *why);
    enum err (*remove)(void *ctx, const struct space *s, const struct hash256 *key, bool *was,
                       struct buf *why);
    enum err (*clear)(void *ctx, const struct space *s, const struct hash256 *wasm,
                      struct buf *why);
    enum err (*list)(void *ctx, const struct space *s, const struct hash256 *after, uint64_t limit,
                     stored_fn *each, void *each_ctx, struct buf *why);
    /* Make the stored key and value; the value of a public record stays as it is. */
    enum err (*seal)(void *ctx, const struct space *s, struct str key, struct str value,
                     bool is_public, struct buf *sealed_key, struct buf *sealed_value,
                     struct buf *why);
    /* The value of a record, once it is certain that it belongs to its key. */
    enum err (*open)(void *ctx, const struct space *s, const struct stored *r, struct buf *value,
                     struct buf *why);
    /* The keys of `n` records, each as u32 length and bytes. */
    enum err (*open_keys)(void *ctx, const struct space *s, const struct stored *r, size_t n,
                          struct buf *keys, struct buf *why);
    /* The uuid of the project "owner/name". ERR_EMPTY: there is none. */
    enum err (*project)(void *ctx, struct str id, struct buf *uuid, struct buf *why);
    uint64_t deadline_ms; /* on clock_mono_ms(): no call shall take longer */
};

struct storage_face {
    struct storage_store *store;
    struct str project; /* uuid */
    struct str account; /* the run is for */
    struct hash256 wasm;
};

/* host_server's function; `face` is a struct storage_face. */
enum err storage_serve(void *face, const struct host_call *c, uint64_t deadline_ms,
                       struct host_reply *out, struct buf *why);

#endif
