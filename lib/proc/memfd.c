/* memfd.c — see memfd.h. */
#include "proc/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

enum err memfd_new(const char *name, int *out, struct buf *why)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return err_sys(why, "make anonymous memory '%s'", name);
    *out = fd;
    return ERR_OK;
}

enum err memfd_of(const char *name, struct str bytes, int *out, struct buf *why)
{
    int fd = -1;
    enum err e = memfd_new(name, &fd, why);

    if (!e)
        e = fd_write_all(fd, bytes.ptr, bytes.len, why);
    if (!e)
        e = memfd_seal(fd, why);
    if (e) {
        fd_close(&fd);
        return e;
    }
    *out = fd;
    return ERR_OK;
}

enum err memfd_seal(int fd, struct buf *why)
{
    if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
        return err_sys(why, "seal anonymous memory");
    return ERR_OK;
}

bool memfd_is_sealed(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & SEALS) == SEALS;
}

enum err memfd_map(int fd, size_t max, struct str *out, struct buf *why)
{
    struct stat st;
    void *p;

    /* libc's fstat() goes through a call that takes a path, which sandboxes refuse. */
    if (syscall(SYS_fstat, fd, &st) < 0)
        return err_sys(why, "look at a descriptor");
    if ((uint64_t)st.st_size > max)
        return err_put(why, ERR_TOO_BIG, "a file of %lld bytes, more than %zu",
                       (long long)st.st_size, max);
    if (st.st_size == 0) {
        *out = STR_NONE;
        return ERR_OK;
    }
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return err_sys(why, "map a file of %lld bytes", (long long)st.st_size);
    *out = str_from(p, (size_t)st.st_size);
    return ERR_OK;
}

void memfd_unmap(struct str *map)
{
    if (map->ptr)
        munmap((void *)(uintptr_t)map->ptr, map->len);
    *map = STR_NONE;
}
