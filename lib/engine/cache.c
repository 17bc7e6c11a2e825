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

enum err cache_get(const struct cache *c, const char *engine, const struct hash256 *wasm, int *out,
                   struct buf *why)
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
    futimens(fd, NULL); /* used now; a failure only makes it look older */
    *out = copy;
    copy = -1;
out:
    memfd_unmap(&code);
    fd_close(&copy);
    fd_close(&fd);
    return e;
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
    char name[80];
    uint64_t bytes;
    struct timespec used;
};

static int by_use(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

/* Remove what was not used for longest until `more` bytes fit under the maximum. */
static void make_room(const struct cache *c, const char *dir, uint64_t more)
{
    struct entry *all = NULL;
    size_t n = 0, cap = 0;
    uint64_t total = more;
    DIR *d = opendir(dir);

    if (!d)
        return;
    for (struct dirent *f; n < ENTRIES_MAX && (f = readdir(d));) {
        struct stat st;
        if (strlen(f->d_name) >= sizeof(all->name) ||
            fstatat(dirfd(d), f->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            continue;
        if (n == cap) {
            all = mem_realloc(all, cap * sizeof(*all), (cap ? cap * 2 : 64) * sizeof(*all));
            cap = cap ? cap * 2 : 64;
        }
        memcpy(all[n].name, f->d_name, strlen(f->d_name) + 1);
        all[n].bytes = (uint64_t)st.st_size;
        all[n].used = st.st_mtim;
        total += all[n++].bytes;
    }
    if (n && total > c->bytes_max) {
        qsort(all, n, sizeof(*all), by_use);
        for (size_t i = 0; i < n && total > c->bytes_max; i++)
            if (unlinkat(dirfd(d), all[i].name, 0) == 0)
                total -= all[i].bytes;
    }
    mem_free(all);
    closedir(d);
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
    make_room(c, dir, code.len + HEAD);
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
