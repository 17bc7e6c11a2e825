/* content.c — see content.h. */
#include "fastfs/content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define NAME_MAX_   80
#define PIECE_BYTES 65536

enum err content_open(struct content *c, const char *dir, bool write, struct buf *why)
{
    enum err e = dir_make(dir, why);

    *c = CONTENT_NONE;
    if (e)
        return e;
    c->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->dir < 0)
        return err_sys(why, "cannot open '%s'", dir);
    if (!write)
        return ERR_OK;
    c->lock = openat(c->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (c->lock < 0)
        e = err_sys(why, "cannot open '%s/lock'", dir);
    else if (flock(c->lock, LOCK_EX | LOCK_NB))
        e = err_put(why, ERR_BUSY, "'%s' is in use by another process; end that one first", dir);
    if (e)
        content_close(c);
    return e;
}

void content_close(struct content *c)
{
    fd_close(&c->lock);
    fd_close(&c->dir);
}

static void name_of(const struct hash256 *hash, char out[NAME_MAX_])
{
    struct buf b = {.ptr = out, .cap = NAME_MAX_ - 1, .max = NAME_MAX_ - 1, .fixed = true};

    hash_put_hex(&b, hash);
}

static void part_of(uint64_t id, char out[NAME_MAX_])
{
    snprintf(out, NAME_MAX_, "part-%llu", (unsigned long long)id);
}

static bool there(const struct content *c, const char *name, uint64_t size)
{
    struct stat st;

    return !fstatat(c->dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) &&
           (uint64_t)st.st_size == size;
}

enum err content_put(const struct content *c, const struct hash256 *hash, struct str bytes,
                     struct buf *why)
{
    static const char temp[] = "part-0"; /* no part has this number, and only one thread writes */
    char name[NAME_MAX_];
    enum err e;
    int fd;

    name_of(hash, name);
    if (there(c, name, bytes.len))
        return ERR_OK;
    fd = openat(c->dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_sys(why, "cannot make a file for content");
    e = fd_write_all(fd, bytes.ptr, bytes.len, why);
    if (!e && fdatasync(fd))
        e = err_sys(why, "cannot flush a file");
    fd_close(&fd);
    /* The new name is there after loss of power, too. */
    if (!e && (renameat(c->dir, temp, c->dir, name) || fsync(c->dir)))
        e = err_sys(why, "cannot name a file '%s'", name);
    return e;
}

enum err content_get(const struct content *c, const struct hash256 *hash, uint64_t size, int *out,
                     struct buf *why)
{
    char name[NAME_MAX_];
    struct stat st;
    int fd;

    name_of(hash, name);
    fd = openat(c->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return err_put(why, ERR_ABSENT, "the content '%s' is not there", name);
    if (fd < 0)
        return err_sys(why, "cannot open '%s'", name);
    if (fstat(fd, &st) || (uint64_t)st.st_size != size) {
        fd_close(&fd);
        return err_put(why, ERR_CONFLICT, "the content '%s' is damaged: not of its size", name);
    }
    *out = fd;
    return ERR_OK;
}

void content_drop(const struct content *c, const struct hash256 *hash)
{
    char name[NAME_MAX_];

    name_of(hash, name);
    (void)!unlinkat(c->dir, name, 0);
}

enum err content_part(const struct content *c, uint64_t id, bool fresh, uint64_t at,
                      struct str bytes, struct buf *why)
{
    char name[NAME_MAX_];
    enum err e = ERR_OK;
    int fd;

    part_of(id, name);
    /* What lies there may be another file's content by now, under its other name: not truncated. */
    if (fresh)
        (void)!unlinkat(c->dir, name, 0);
    fd = openat(c->dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_sys(why, "cannot make a file for parts");
    if (lseek(fd, (off_t)at, SEEK_SET) < 0)
        e = err_sys(why, "cannot write at %llu", (unsigned long long)at);
    if (!e)
        e = fd_write_all(fd, bytes.ptr, bytes.len, why);
    if (!e && fdatasync(fd))
        e = err_sys(why, "cannot flush a file");
    fd_close(&fd);
    return e;
}

enum err content_whole(const struct content *c, uint64_t id, uint64_t size, struct hash256 *out,
                       struct buf *why)
{
    char name[NAME_MAX_], to[NAME_MAX_], piece[PIECE_BYTES];
    enum err e = ERR_OK;
    struct sha256 hash;
    uint64_t seen = 0;
    ssize_t n = 0;
    int fd;

    part_of(id, name);
    fd = openat(c->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_sys(why, "cannot open the parts of a file");
    sha256_init(&hash);
    while (seen < size && (n = read(fd, piece, sizeof(piece))) > 0) {
        sha256_add(&hash, str_from(piece, (size_t)n));
        seen += (uint64_t)n;
    }
    fd_close(&fd);
    if (n < 0 || seen != size)
        return err_put(why, ERR_IO, "the parts of a file are not what was written");
    *out = sha256_final(&hash);
    name_of(out, to);
    if (there(c, to, size))
        return ERR_OK;
    (void)!unlinkat(c->dir, to, 0);
    if (linkat(c->dir, name, c->dir, to, 0) || fsync(c->dir))
        e = err_sys(why, "cannot name a file '%s'", to);
    return e;
}

void content_drop_part(const struct content *c, uint64_t id)
{
    char name[NAME_MAX_];

    part_of(id, name);
    (void)!unlinkat(c->dir, name, 0);
}

/* Is it a name of ours? */
static bool name_read(const char *text, struct content_name *out)
{
    struct str s = str_of(text);

    *out = (struct content_name){.part = str_starts(s, STR("part-"))};
    return out->part ? str_u64(str_skip(s, 5), &out->id) : hash_from_hex(s, &out->hash);
}

enum err content_sweep(const struct content *c,
                       bool (*wanted)(void *ctx, const struct content_name *name), void *ctx,
                       struct buf *why)
{
    int fd = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct content_name name;
    struct dirent *entry;

    if (!d) {
        fd_close(&fd);
        return err_sys(why, "cannot look through the folder of content");
    }
    while ((entry = readdir(d)))
        if (name_read(entry->d_name, &name) && !wanted(ctx, &name))
            (void)!unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    return ERR_OK;
}
