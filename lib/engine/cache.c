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
#include "base/folder.h"
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

/* All engines' files. Undo with folder_close(), also after a failure. */
static enum err look(const struct cache *c, struct folder *to, struct buf *why)
{
    enum err e = folder_open(to, c->dir, why);
    DIR *d = e ? NULL : opendir(c->dir);

    if (!e && !d)
        e = err_sys(why, "cannot read the cache folder '%s'", c->dir);
    for (struct dirent *f; d && (f = readdir(d));)
        if (f->d_name[0] != '.' && strlen(f->d_name) <= CACHE_NAME_MAX)
            folder_look(to, f->d_name, CACHE_NAME_MAX, ENTRIES_MAX);
    if (d)
        closedir(d);
    return e;
}

void cache_trim(const struct cache *c, uint64_t bytes)
{
    struct folder found;

    if (!look(c, &found, NULL))
        folder_trim(&found, bytes, SIZE_MAX);
    folder_close(&found);
}

enum err cache_list(const struct cache *c, struct cache_entry **list, size_t *n, struct buf *why)
{
    struct folder found;
    struct cache_entry *out;
    enum err e = look(c, &found, why);

    if (!e) {
        folder_order(&found);
        out = mem_alloc((found.n + 1) * sizeof(*out));
        for (size_t i = 0; i < found.n; i++) {
            struct str engine, name = str_cut(str_of(found.v[i].path), '/', &engine);

            out[i] = (struct cache_entry){.bytes = found.v[i].bytes,
                                          .used_unix_s = found.v[i].used.tv_sec};
            memcpy(out[i].engine, engine.ptr, engine.len);
            out[i].named = hash_from_hex(name, &out[i].wasm);
        }
        *n = found.n;
        *list = out;
    }
    folder_close(&found);
    return e;
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
