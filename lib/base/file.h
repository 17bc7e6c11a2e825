/*
 * file.h — whole files and folders. Native only.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* Append all of `path` to `out`; ERR_ABSENT, ERR_TOO_BIG (out->max), ERR_IO. */
MUST_USE enum err file_read(const char *path, struct buf *out, struct buf *why);
/* Append all that `fd` gives until its end. */
MUST_USE enum err fd_read_all(int fd, struct buf *out, struct buf *why);
MUST_USE enum err fd_write_all(int fd, const void *p, size_t n, struct buf *why);
/* Write beside, flush to disk, rename over: a reader sees the old or the new, never half. */
MUST_USE enum err file_write_atomic(const char *path, struct str bytes, unsigned mode,
                                    struct buf *why);
/* Make `path` and what is missing above it, mode 0700. Already there is fine. */
MUST_USE enum err dir_make(const char *path, struct buf *why);
/* Remove a folder and all below it, never following a symbolic link. Absent is fine. */
MUST_USE enum err dir_remove(const char *path, struct buf *why);
bool file_exists(const char *path);
#define FILE_PATH_MAX 4096
/* "dir/name". ERR_TOO_BIG. */
MUST_USE enum err file_path(const char *dir, const char *name, char out[FILE_PATH_MAX],
                            struct buf *why);
/* Close when open (>= 0) and set to -1. */
void fd_close(int *fd);

#endif
