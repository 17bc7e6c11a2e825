/* store.c — see store.h. */
#include "builder/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "codec/hex.h"

#define COPY_BYTES (64u << 10)
#define NAME_BYTES 71 /* 64 digits, and a suffix while it is being written */

enum err store_init(struct store *s, const char *dir, uint64_t bytes_max, struct buf *why)
{
    struct buf b = BUF_OVER(s->dir);

    buf_addz(&b, dir);
    if (b.full)
        return err_put(why, ERR_TOO_BIG, "the path '%.100s…' is too long", dir);
    s->bytes_max = bytes_max;
    return dir_make(dir, why);
}

static void path_of(const struct store *s, const struct hash256 *id, const char *more,
                    char out[STORE_PATH_MAX + 100])
{
    struct buf b = {
        .ptr = out, .cap = STORE_PATH_MAX + 99, .max = STORE_PATH_MAX + 99, .fixed = true};

    buf_addz(&b, s->dir);
    buf_addz(&b, "/");
    hash_put_hex(&b, id);
    buf_addz(&b, more);
    BUG_ON(b.full);
}

enum err store_get(const struct store *s, const struct hash256 *id, int *out, uint64_t *size,
                   struct buf *why)
{
    char path[STORE_PATH_MAX + 100];
    struct stat st;
    int fd;

    path_of(s, id, "", path);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return ERR_ABSENT;
    if (fd < 0)
        return err_sys(why, "cannot open '%s'", path);
    if (fstat(fd, &st)) {
        fd_close(&fd);
        return err_sys(why, "cannot look at '%s'", path);
    }
    (void)!futimens(fd, NULL); /* used now; if that fails it only goes sooner */
    *size = (uint64_t)st.st_size;
    *out = fd;
    return ERR_OK;
}

void store_limit(struct store *s, uint64_t bytes_max)
{
    s->bytes_max = bytes_max;
}

void store_drop(const struct store *s, const struct hash256 *id)
{
    char path[STORE_PATH_MAX + 100];

    path_of(s, id, "", path);
    (void)!unlink(path);
}

struct kept {
    char name[NAME_BYTES + 1];
    struct timespec used;
    uint64_t bytes;
};

static int by_use(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;

    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

/* Remove the least recently used files until `need` more bytes, and one more file, fit. */
static void make_room(const struct store *s, uint64_t need)
{
    struct kept *all = NULL;
    size_t n = 0, room = 0;
    uint64_t sum = need;
    struct dirent *entry;
    DIR *d = opendir(s->dir);

    if (!d)
        return;
    while ((entry = readdir(d))) {
        struct stat st;

        if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
            continue;
        sum += (uint64_t)st.st_size;
        /* What a crash left half written goes the same way. */
        if (strlen(entry->d_name) > NAME_BYTES)
            continue;
        if (n == room) {
            all = mem_realloc(all, room * sizeof(*all), (2 * room + 256) * sizeof(*all));
            room = 2 * room + 256;
        }
        all[n] = (struct kept){.used = st.st_mtim, .bytes = (uint64_t)st.st_size};
        memcpy(all[n++].name, entry->d_name, strlen(entry->d_name) + 1);
    }
    if (n)
        qsort(all, n, sizeof(*all), by_use);
    for (size_t i = 0; i < n && (sum > s->bytes_max || n - i >= STORE_FILES_MAX); i++)
        if (unlinkat(dirfd(d), all[i].name, 0) == 0 || errno == ENOENT)
            sum -= all[i].bytes;
    mem_free(all);
    closedir(d);
}

static enum err copy(int from, int to, uint64_t size, struct buf *why)
{
    char room[COPY_BYTES];
    uint64_t at = 0;

    while (at < size) {
        size_t want = size - at < sizeof(room) ? (size_t)(size - at) : sizeof(room);
        ssize_t n = pread(from, room, want, (off_t)at);
        enum err e;

        if (n < 0)
            return err_sys(why, "cannot read what was downloaded");
        if (n == 0)
            return err_put(why, ERR_IO, "what was downloaded is shorter than it was");
        e = fd_write_all(to, room, (size_t)n, why);
        if (e)
            return e;
        at += (uint64_t)n;
    }
    return ERR_OK;
}

enum err store_put(const struct store *s, const struct hash256 *id, int fd, uint64_t size,
                   struct buf *why)
{
    char path[STORE_PATH_MAX + 100], temp[STORE_PATH_MAX + 100];
    enum err e;
    int to;

    if (size > s->bytes_max)
        return ERR_OK; /* never kept, always fetched */
    make_room(s, size);
    path_of(s, id, "", path);
    /* Several slots may fetch the same program. */
    path_of(s, id, ".XXXXXX", temp);
    to = mkostemp(temp, O_CLOEXEC);
    if (to < 0)
        return err_sys(why, "cannot make a file in '%s'", s->dir);
    e = copy(fd, to, size, why);
    fd_close(&to);
    if (!e && rename(temp, path))
        e = err_sys(why, "cannot rename '%s'", temp);
    if (e)
        (void)!unlink(temp);
    return e;
}
