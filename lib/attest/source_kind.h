/* source_kind.h — what a kind of source does; for source.c and the source_*.c beside it. */
#ifndef ATTEST_SOURCE_KIND_H
#define ATTEST_SOURCE_KIND_H

#include <pthread.h>

#include "attest/source.h"

/* A kind leaves checking, cutting and locking to source.c. NULL functions: there is no such thing.
 */
struct quote_source_kind {
    const char *name;
    bool simulated;
    enum err (*get)(void *ctx, const uint8_t report_data[64], struct evidence *out,
                    struct buf *why);
    enum err (*compose)(void *ctx, struct buf *out, struct buf *why);
    enum err (*collateral)(void *ctx, int64_t now, struct buf *out, struct buf *why);
    void (*close)(void *ctx);
};

struct quote_source {
    const struct quote_source_kind *kind;
    void *ctx;
    pthread_mutex_t lock;
};

struct quote_source *source_new(const struct quote_source_kind *kind, void *ctx);

/* `where` is what follows the colon, or NULL. */
enum err source_dstack(const char *where, struct quote_source **out, struct buf *why);
enum err source_configfs(const char *where, struct quote_source **out, struct buf *why);
enum err source_simulator(const char *where, struct quote_source **out, struct buf *why);
bool source_dstack_there(void);
bool source_configfs_there(void);

/*
 * The four file operations that configfs-tsm is used with; errno or 0. Tests put others in their
 * place, because attributes of configfs behave like no ordinary file.
 */
struct tsm_ops {
    int (*mkdir)(void *ctx, const char *path);
    int (*rmdir)(void *ctx, const char *path);
    int (*read)(void *ctx, const char *path, struct buf *out);
    int (*write)(void *ctx, const char *path, struct str bytes);
    void *ctx;
    uint64_t pause_ms; /* before a retry */
};
struct quote_source *source_configfs_over(const char *dir, const struct tsm_ops *ops);

#endif
