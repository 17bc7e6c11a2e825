/* store.c — see store.h. */
#include "builder/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"
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

/* Remove the least recently used files until `need` more bytes, and one more file, fit. What a
 * crash left half written goes the same way. */
static void make_room(const struct store *s, uint64_t need)
{
    const uint64_t max = s->bytes_max;
    struct folder f;

    if (folder_open(&f, s->dir, NULL))
        return;
    folder_look(&f, NULL, NAME_BYTES, SIZE_MAX);
    folder_trim(&f, max > need ? max - need : 0, STORE_FILES_MAX - 1);
    folder_close(&f);
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
