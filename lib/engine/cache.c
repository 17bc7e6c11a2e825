/* cache.c — see cache.h. */
#include "engine/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "codec/wire.h"
#include "proc/memfd.h"

#define MAGIC       "OLCODE2\n"
#define HEAD        (8 + sizeof(struct mac)) /* magic, nonce, tag */
#define LABEL_MAX   256
#define ENTRIES_MAX 65536u /* files looked at when making room */

enum err cache_init(struct cache *c, const char *dir, const struct mac_key *key, uint64_t bytes_max,
                    struct buf *why)
{
    struct buf path = BUF_OVER(c->dir);
    enum err e;

    buf_addz(&path, dir);
    if (path.full || path.len == 0 || path.len > CACHE_PATH_MAX - 256)
        return err_put(why, ERR_RANGE, "the cache folder's path has %zu bytes", strlen(dir));
    e = dir_make(dir, why);
    if (e)
        return e;
    c->key = *key;
    c->bytes_max = bytes_max ? bytes_max : CACHE_BYTES_MAX;
    return ERR_OK;
}

void cache_release(struct cache *c)
{
    mac_key_wipe(&c->key);
}

/* The engine's folder, or with `wasm` a file in it. */
static void path_of(const struct cache *c, const char *engine, const struct hash256 *wasm,
                    struct buf *out)
{
    buf_addf(out, "%s/%s", c->dir, engine);
    if (wasm) {
        buf_addz(out, "/");
        hash_put_hex(out, wasm);
    }
    if (out->full)
        BUG("a path in the cache is too long");
}

/* What the tag of a file says beside its code. */
static void label_of(const char *engine, const struct hash256 *wasm, size_t len, struct buf *out)
{
    wr_bytes(out, str_of(engine));
    buf_add(out, wasm->b, sizeof(wasm->b));
    wr_u64(out, len);
    BUG_ON(out->full);
}

/* Copy `len` bytes that follow in `fd` into a memfd, sealed. */
static enum err copy_in(int fd, size_t len, int *out, struct buf *why)
{
    int to = -1;
    enum err e = memfd_new("code", &to, why);

    if (e)
        return e;
    if (ftruncate(to, (off_t)len) < 0) {
        e = err_sys(why, "make room for compiled code");
        goto out;
    }
    char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
    if (p == MAP_FAILED) {
        e = err_sys(why, "map room for compiled code");
        goto out;
    }
    size_t at = 0;
    while (at < len) {
        ssize_t n = read(fd, p + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    munmap(p, len);
    e = at == len ? memfd_seal(to, why) : err_put(why, ERR_ABSENT, "the cached code is torn");
out:
    if (e)
        fd_close(&to);
    else
        *out = to;
    return e;
}

static enum err get(const struct cache *c, const char *engine, const struct hash256 *wasm, bool use,
                    int *out, struct buf *why)
{
    char name[CACHE_PATH_MAX], head[HEAD];
    struct buf path = BUF_OVER(name);
    struct str code = STR_NONE;
    char label_bytes[LABEL_MAX];
    struct buf label = BUF_OVER(label_bytes);
    struct stat st;
    struct mac mac;
    int fd = -1, copy = -1;
    enum err e = ERR_ABSENT;

    path_of(c, engine, wasm, &path);
    fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= (off_t)HEAD ||
        st.st_size > (off_t)CACHE_FILE_MAX || read(fd, head, HEAD) != (ssize_t)HEAD ||
        memcmp(head, MAGIC, 8) != 0) {
        err_put(why, ERR_ABSENT, "no compiled code is cached");
        goto out;
    }
    e = copy_in(fd, (size_t)st.st_size - HEAD, &copy, why);
    if (!e)
        e = memfd_map(copy, CACHE_FILE_MAX, &code, why);
    if (e)
        goto out;
    memcpy(mac.nonce, head + 8, sizeof(mac.nonce));
    memcpy(mac.tag, head + 8 + sizeof(mac.nonce), sizeof(mac.tag));
    label_of(engine, wasm, code.len, &label);
    if (!mac_check(&mac, &c->key, buf_str(&label), code)) {
        e = err_put(why, ERR_ABSENT, "the cached code is not what was written");
        goto out;
    }
    if (use)
        futimens(fd, NULL); /* used now; a failure only makes it look older */
    *out = copy;
    copy = -1;
out:
    memfd_unmap(&code);
    fd_close(&copy);
    fd_close(&fd);
    return e;
}

enum err cache_get(const struct cache *c, const char *engine, const struct hash256 *wasm, int *out,
                   struct buf *why)
{
    return get(c, engine, wasm, true, out, why);
}

enum err cache_peek(const struct cache *c, const char *engine, const struct hash256 *wasm, int *out)
{
    return get(c, engine, wasm, false, out, NULL);
}

bool cache_has(const struct cache *c, const char *engine, const struct hash256 *wasm)
{
    char name[CACHE_PATH_MAX];
    struct buf path = BUF_OVER(name);

    path_of(c, engine, wasm, &path);
    return file_exists(name);
}

void cache_drop(const struct cache *c, const char *engine, const struct hash256 *wasm)
{
    char name[CACHE_PATH_MAX];
    struct buf path = BUF_OVER(name);

    path_of(c, engine, wasm, &path);
    unlink(name);
}

struct entry {
    char engine[CACHE_NAME_MAX + 1], name[CACHE_NAME_MAX + 1];
    uint64_t bytes;
    struct timespec used;
};

struct entries {
    struct entry *all;
    size_t n, cap;
    uint64_t bytes;
};

static int by_use(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

/* Regular files in the folder of one engine. */
static void scan_engine(struct entries *to, int cache_dir, const char *engine)
{
    int fd = openat(cache_dir, engine, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d) {
        fd_close(&fd);
        return;
    }
    for (struct dirent *f; to->n < ENTRIES_MAX && (f = readdir(d));) {
        struct entry *e;
        struct stat st;

        if (strlen(f->d_name) > CACHE_NAME_MAX ||
            fstatat(dirfd(d), f->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            continue;
        if (to->n == to->cap) {
            size_t cap = to->cap ? to->cap * 2 : 64;

            to->all = mem_realloc(to->all, to->cap * sizeof(*e), cap * sizeof(*e));
            to->cap = cap;
        }
        e = &to->all[to->n++];
        memcpy(e->engine, engine, strlen(engine) + 1);
        memcpy(e->name, f->d_name, strlen(f->d_name) + 1);
        e->bytes = (uint64_t)st.st_size;
        e->used = st.st_mtim;
        to->bytes += e->bytes;
    }
    closedir(d);
}

/* All engines' files, longest unused first. Release with mem_free(to->all). */
static enum err scan(const struct cache *c, struct entries *to, struct buf *why)
{
    DIR *d = opendir(c->dir);

    *to = (struct entries){0};
    if (!d)
        return err_sys(why, "cannot read the cache folder '%s'", c->dir);
    for (struct dirent *f; (f = readdir(d));)
        if (f->d_name[0] != '.' && strlen(f->d_name) <= CACHE_NAME_MAX)
            scan_engine(to, dirfd(d), f->d_name);
    closedir(d);
    if (to->n)
        qsort(to->all, to->n, sizeof(*to->all), by_use);
    return ERR_OK;
}

void cache_trim(const struct cache *c, uint64_t bytes)
{
    struct entries found;
    char name[CACHE_PATH_MAX];

    if (scan(c, &found, NULL))
        return;
    /* Others may do the same at the same time: what is gone is gone, either way. */
    for (size_t i = 0; i < found.n && found.bytes > bytes; i++) {
        struct buf path = BUF_OVER(name);

        buf_addf(&path, "%s/%s/%s", c->dir, found.all[i].engine, found.all[i].name);
        if (!path.full && (unlink(name) == 0 || errno == ENOENT))
            found.bytes -= found.all[i].bytes;
    }
    mem_free(found.all);
}

enum err cache_list(const struct cache *c, struct cache_entry **list, size_t *n, struct buf *why)
{
    struct entries found;
    struct cache_entry *out;
    enum err e = scan(c, &found, why);

    if (e)
        return e;
    out = mem_alloc((found.n + 1) * sizeof(*out));
    for (size_t i = 0; i < found.n; i++) {
        const struct entry *from = &found.all[i];

        out[i] = (struct cache_entry){.bytes = from->bytes, .used_unix_s = from->used.tv_sec};
        memcpy(out[i].engine, from->engine, sizeof(out[i].engine));
        out[i].named = hash_from_hex(str_of(from->name), &out[i].wasm);
    }
    *n = found.n;
    *list = out;
    mem_free(found.all);
    return ERR_OK;
}

enum err cache_put(const struct cache *c, const char *engine, const struct hash256 *wasm,
                   struct str code, struct buf *why)
{
    char dir[CACHE_PATH_MAX], name[CACHE_PATH_MAX], tmp[CACHE_PATH_MAX];
    struct buf d = BUF_OVER(dir), path = BUF_OVER(name), t = BUF_OVER(tmp);
    char label_bytes[LABEL_MAX];
    struct buf label = BUF_OVER(label_bytes);
    struct mac mac;
    int fd = -1;
    enum err e;

    if (code.len > CACHE_FILE_MAX - HEAD || code.len + HEAD > c->bytes_max)
        return err_put(why, ERR_TOO_BIG, "%zu bytes of code do not fit into the cache", code.len);
    path_of(c, engine, NULL, &d);
    path_of(c, engine, wasm, &path);
    e = dir_make(dir, why);
    if (e)
        return e;
    cache_trim(c, c->bytes_max - (code.len + HEAD));
    buf_addf(&t, "%s/new.XXXXXX", dir);
    fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0)
        return err_sys(why, "make a file in the cache folder '%s'", dir);
    /* Not flushed to disk: what a crash leaves half written fails its check. */
    label_of(engine, wasm, code.len, &label);
    mac = mac_make(&c->key, buf_str(&label), code);
    e = fd_write_all(fd, MAGIC, 8, why);
    if (!e)
        e = fd_write_all(fd, mac.nonce, sizeof(mac.nonce), why);
    if (!e)
        e = fd_write_all(fd, mac.tag, sizeof(mac.tag), why);
    if (!e)
        e = fd_write_all(fd, code.ptr, code.len, why);
    if (!e && rename(tmp, name) < 0)
        e = err_sys(why, "name the file '%s'", name);
    if (e)
        unlink(tmp);
    fd_close(&fd);
    return e;
}
