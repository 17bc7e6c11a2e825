/* file.c — see file.h. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP 65536

void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

enum err fd_read_all(int fd, struct buf *out, struct buf *why)
{
    char step[READ_STEP];

    for (;;) {
        ssize_t n = read(fd, step, sizeof(step));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(why, "read");
        if (n == 0)
            return ERR_OK;
        buf_add(out, step, (size_t)n);
        if (out->full)
            return err_put(why, ERR_TOO_BIG, "more than %zu bytes", out->max);
    }
}

enum err file_read(const char *path, struct buf *out, struct buf *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum err e;

    if (fd < 0 && errno == ENOENT)
        return err_put(why, ERR_ABSENT, "there is no file '%s'", path);
    if (fd < 0)
        return err_sys(why, "open '%s'", path);
    e = fd_read_all(fd, out, why);
    if (e)
        e = err_put(why, e, "'%s': %s", path, why ? buf_z(why) : "");
    fd_close(&fd);
    return e;
}

enum err fd_write_all(int fd, const void *p, size_t n, struct buf *why)
{
    const char *from = p;

    while (n) {
        ssize_t done = write(fd, from, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_sys(why, "write");
        from += done;
        n -= (size_t)done;
    }
    return ERR_OK;
}

static enum err sync_folder_of(const char *path, struct buf *why)
{
    char dir[4096];
    const char *slash = strrchr(path, '/');
    int fd;

    snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(why, "open folder '%s'", dir);
    if (fsync(fd) < 0) {
        enum err e = err_sys(why, "flush folder '%s'", dir);

        fd_close(&fd);
        return e;
    }
    fd_close(&fd);
    return ERR_OK;
}

enum err file_write_atomic(const char *path, struct str bytes, unsigned mode, struct buf *why)
{
    char tmp[4096];
    int fd = -1;
    enum err e;

    if (snprintf(tmp, sizeof(tmp), "%s.%d.tmp", path, (int)getpid()) >= (int)sizeof(tmp))
        return err_put(why, ERR_RANGE, "path '%s' is too long", path);
    fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return err_sys(why, "create '%s'", path);
    e = fd_write_all(fd, bytes.ptr, bytes.len, why);
    if (e)
        e = err_put(why, e, "'%s': %s", path, why ? buf_z(why) : "");
    if (!e && fsync(fd) < 0)
        e = err_sys(why, "flush '%s'", path);
    fd_close(&fd);
    if (!e && rename(tmp, path) < 0)
        e = err_sys(why, "rename '%s'", tmp);
    if (e) {
        unlink(tmp);
        return e;
    }
    return sync_folder_of(path, why);
}

enum err dir_make(const char *path, struct buf *why)
{
    char part[4096];
    size_t n = strlen(path);

    if (n >= sizeof(part))
        return err_put(why, ERR_RANGE, "path '%s' is too long", path);
    for (size_t i = 1; i <= n; i++) {
        if (i < n && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            return err_sys(why, "make folder '%s'", part);
    }
    return ERR_OK;
}

static enum err remove_below(int dir, const char *name, struct buf *why)
{
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum err e = ERR_OK;
    struct dirent *d;
    DIR *walk;

    if (fd < 0 && errno == ENOENT)
        return ERR_OK;
    if (fd < 0 || !(walk = fdopendir(fd))) {
        e = err_sys(why, "open folder '%s'", name);
        fd_close(&fd);
        return e;
    }
    while (!e && (d = readdir(walk))) {
        if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
            continue;
        if (unlinkat(fd, d->d_name, 0) == 0)
            continue;
        e = errno == EISDIR || errno == EPERM ? remove_below(fd, d->d_name, why)
                                              : err_sys(why, "remove '%s'", d->d_name);
    }
    closedir(walk);
    if (!e && unlinkat(dir, name, AT_REMOVEDIR) < 0)
        e = err_sys(why, "remove folder '%s'", name);
    return e;
}

enum err dir_remove(const char *path, struct buf *why)
{
    return remove_below(AT_FDCWD, path, why);
}

enum err file_path(const char *dir, const char *name, char out[FILE_PATH_MAX], struct buf *why)
{
    struct buf b = {.ptr = out, .cap = FILE_PATH_MAX - 1, .max = FILE_PATH_MAX - 1, .fixed = true};

    buf_addf(&b, "%s/%s", dir, name);
    return b.full ? err_put(why, ERR_TOO_BIG, "the path '%.100s…' is too long", dir) : ERR_OK;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
