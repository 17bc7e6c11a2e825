/*
 * folder.h — what a folder of kept files holds, by when it was used, and making room in it. A
 * file's use is its time of modification; whoever uses one touches it. Native only.
 */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include <time.h>

#include "base/err.h"

#define FOLDER_NAME_MAX 128 /* bytes of a file's name, of a folder's within */

struct folder_file {
    char path[2 * FOLDER_NAME_MAX + 2]; /* from the folder: "NAME" or "WITHIN/NAME" */
    uint64_t bytes;
    struct timespec used;
};

struct folder {
    int fd;
    struct folder_file *v;
    size_t n, cap;
    uint64_t bytes; /* of all regular files seen, also of those whose names are too long to list */
};

/* ERR_IO: it cannot be read. Undo with folder_close(). */
MUST_USE enum err folder_open(struct folder *f, const char *dir, struct buf *why);
void folder_close(struct folder *f);

/* Add the regular files of the folder `within` (NULL: of the folder itself) whose names have at
 * most `name_max` bytes, as long as there are fewer than `files_max`. Links are not followed. */
void folder_look(struct folder *f, const char *within, size_t name_max, size_t files_max);
/* Longest unused first. */
void folder_order(struct folder *f);
/* Remove the longest unused until at most so many bytes and so many files are left. Others may do
 * the same at the same time: what is gone is gone, either way. */
void folder_trim(struct folder *f, uint64_t bytes_max, size_t files_max);

#endif
