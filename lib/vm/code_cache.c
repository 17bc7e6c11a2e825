#include "vm/code_cache.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/cache.h"

struct entry {
    struct code code; /* first: code_put() gets back from it to the entry */
    uint8_t hash[32];
    bool ready;
    unsigned users;
    uint64_t used_at;
    struct entry *next;
};

struct code_cache {
    struct contract_engine *engine;
    const struct params *params;
    size_t max, n;
    struct entry *entries;
    uint64_t clock;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct cache *disk; /* NULL: none */
    char disk_id[256];
};

/* ------------------------------------------------------------------ on disk */

static enum err open_disk(struct code_cache *c, const char *dir, struct buf *why)
{
    char path[CACHE_PATH_MAX];
    struct mac_key key;
    enum err e;

    if (snprintf(path, sizeof path, "%s/contract.key", dir) >= (int)sizeof path)
        return err_put(why, ERR_RANGE, "the path of the cache folder is too long");
    e = dir_make(dir, why);
    if (!e)
        e = mac_key_load(path, &key, why);
    if (e)
        return e;
    c->disk = mem_new(struct cache);
    e = cache_init(c->disk, dir, &key, 0, why);
    mac_key_wipe(&key);
    if (e) {
        mem_free(c->disk);
        c->disk = NULL;
    }
    snprintf(c->disk_id, sizeof c->disk_id, "%s-v%d-p%u", contract_engine_id(), PREPARE_VERSION,
             (unsigned)c->params->protocol);
    return e;
}

static struct contract_module *from_disk(struct code_cache *c, const struct hash256 *hash)
{
    struct buf bytes = BUF_INIT(CACHE_FILE_MAX);
    struct contract_module *m = NULL;
    int fd = -1;

    if (c->disk == NULL || cache_get(c->disk, c->disk_id, hash, &fd, NULL) != ERR_OK)
        return NULL;
    if (fd_read_all(fd, &bytes, NULL) != ERR_OK ||
        contract_load(c->engine, buf_str(&bytes), &m, NULL) != ERR_OK)
        m = NULL;
    fd_close(&fd);
    buf_release(&bytes);
    return m;
}

static void to_disk(struct code_cache *c, const struct hash256 *hash,
                    const struct contract_module *m)
{
    struct buf bytes = BUF_INIT(CACHE_FILE_MAX), why = WHY_INIT;
    enum err e;

    if (c->disk == NULL)
        return;
    e = contract_serialize(m, &bytes, &why);
    if (!e)
        e = cache_put(c->disk, c->disk_id, hash, buf_str(&bytes), &why);
    if (e)
        log_unusual("contract_not_cached", "why=%s", buf_z(&why));
    buf_release(&bytes);
    buf_release(&why);
}

/* ------------------------------------------------------------------ compiling */

static void compile(struct code_cache *c, struct entry *n, struct str wasm)
{
    struct buf prepared = BUF_INIT(PREPARED_MAX), why = WHY_INIT;
    struct hash256 hash;
    enum err e;

    memcpy(hash.b, n->hash, sizeof hash.b);
    n->code.module = from_disk(c, &hash);
    if (n->code.module != NULL)
        goto out;
    n->code.refused = prepare(c->params, wasm, &prepared);
    if (n->code.refused != PREPARE_OK)
        goto out;
    e = contract_compile(c->engine, buf_str(&prepared), &n->code.module, &why);
    if (e) {
        char *text = mem_alloc(why.len + 1);

        memcpy(text, buf_z(&why), why.len);
        n->code.engine_refused = str_from(text, why.len);
        n->code.module = NULL;
    } else {
        to_disk(c, &hash, n->code.module);
    }
out:
    buf_release(&prepared);
    buf_release(&why);
}

/* ------------------------------------------------------------------ in memory */

static void entry_free(struct entry *n)
{
    contract_module_free(n->code.module);
    mem_free((void *)(uintptr_t)n->code.engine_refused.ptr);
    mem_free(n);
}

/* Drop the least recently used that nobody uses, while there are too many. */
static void trim(struct code_cache *c)
{
    while (c->n > c->max) {
        struct entry **oldest = NULL, *gone;

        for (struct entry **at = &c->entries; *at != NULL; at = &(*at)->next)
            if ((*at)->users == 0 && (oldest == NULL || (*at)->used_at < (*oldest)->used_at))
                oldest = at;
        if (oldest == NULL)
            return;
        gone = *oldest;
        *oldest = gone->next;
        c->n--;
        entry_free(gone);
    }
}

static struct entry *find(struct code_cache *c, const uint8_t hash[32])
{
    for (struct entry *n = c->entries; n != NULL; n = n->next)
        if (memcmp(n->hash, hash, 32) == 0)
            return n;
    return NULL;
}

const struct code *code_get(struct code_cache *c, const uint8_t hash[32], struct str wasm)
{
    struct entry *n;

    pthread_mutex_lock(&c->lock);
    n = find(c, hash);
    if (n == NULL) {
        n = mem_new(struct entry);
        memcpy(n->hash, hash, sizeof n->hash);
        n->users = 1;
        n->used_at = ++c->clock;
        n->next = c->entries;
        c->entries = n;
        c->n++;
        trim(c);
        pthread_mutex_unlock(&c->lock);
        compile(c, n, wasm);
        pthread_mutex_lock(&c->lock);
        n->ready = true;
        pthread_cond_broadcast(&c->changed);
    } else {
        n->users++;
        n->used_at = ++c->clock;
        while (!n->ready)
            pthread_cond_wait(&c->changed, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return &n->code;
}

void code_put(struct code_cache *c, const struct code *code)
{
    struct entry *n = (struct entry *)(uintptr_t)code;

    pthread_mutex_lock(&c->lock);
    BUG_ON(n->users == 0);
    n->users--;
    pthread_mutex_unlock(&c->lock);
}

enum err code_cache_new(struct contract_engine *e, const struct params *p, size_t max,
                        const char *dir, struct code_cache **out, struct buf *why)
{
    struct code_cache *c = mem_new(struct code_cache);
    enum err err = ERR_OK;

    c->engine = e;
    c->params = p;
    c->max = max;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    if (dir != NULL)
        err = open_disk(c, dir, why);
    if (err)
        code_cache_free(c);
    else
        *out = c;
    return err;
}

void code_cache_free(struct code_cache *c)
{
    struct entry *next;

    if (c == NULL)
        return;
    for (struct entry *n = c->entries; n != NULL; n = next) {
        next = n->next;
        entry_free(n);
    }
    if (c->disk != NULL) {
        cache_release(c->disk);
        mem_free(c->disk);
    }
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}
