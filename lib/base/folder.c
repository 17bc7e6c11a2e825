/* folder.c — see folder.h. */
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum err folder_open(struct folder *f, const char *dir, struct buf *why)
{
    *f = (struct folder){.fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return f->fd < 0 ? err_sys(why, "cannot read the folder '%s'", dir) : ERR_OK;
}

void folder_close(struct folder *f)
{
    fd_close(&f->fd);
    mem_free(f->v);
    f->v = NULL;
}

void folder_look(struct folder *f, const char *within, size_t name_max, size_t files_max)
{
    int fd = openat(f->fd, within ? within : ".",
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC | (within ? O_NOFOLLOW : 0));
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    BUG_ON(name_max > FOLDER_NAME_MAX || (within && strlen(within) > FOLDER_NAME_MAX));
    if (!d) {
        fd_close(&fd);
        return;
    }
    while (f->n < files_max && (entry = readdir(d))) {
        struct folder_file *to;
        struct stat st;

        if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
            continue;
        f->bytes += (uint64_t)st.st_size;
        if (strlen(entry->d_name) > name_max)
            continue;
        if (f->n == f->cap) {
            size_t cap = f->cap ? 2 * f->cap : 64;

            f->v = mem_realloc(f->v, f->cap * sizeof(*f->v), cap * sizeof(*f->v));
            f->cap = cap;
        }
        to = &f->v[f->n++];
        *to = (struct folder_file){.bytes = (uint64_t)st.st_size, .used = st.st_mtim};
        snprintf(to->path, sizeof(to->path), "%s%s%s", within ? within : "", within ? "/" : "",
                 entry->d_name);
    }
    closedir(d);
}

static int by_use(const void *a, const void *b)
{
    const struct folder_file *x = a, *y = b;

    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

void folder_order(struct folder *f)
{
    if (f->n)
        qsort(f->v, f->n, sizeof(*f->v), by_use);
}

void folder_trim(struct folder *f, uint64_t bytes_max, size_t files_max)
{
    folder_order(f);
    for (size_t i = 0; i < f->n && (f->bytes > bytes_max || f->n - i > files_max); i++)
        if (unlinkat(f->fd, f->v[i].path, 0) == 0 || errno == ENOENT)
            f->bytes -= f->v[i].bytes;
}
