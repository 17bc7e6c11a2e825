/*
 * local.h — a project's storage in a file of one's own, for trying programs.
 *
 * The same records, limits and answers as with a network, but nothing is sealed: who has the file
 * has what is in it. Thread: one.
 */
#ifndef STORAGE_LOCAL_H
#define STORAGE_LOCAL_H

#include "storage/face.h"

#define STORAGE_LOCAL_PROJECT "p0000000000000001"

struct local_store {
    struct storage_store store; /* what a face gets */
    struct db *db;
};

/* `path` NULL: in memory, gone with local_store_close(). */
MUST_USE enum err local_store_open(struct local_store *l, const char *path, struct buf *why);
void local_store_close(struct local_store *l); /* fine when it was never opened, but zeroed */

#endif
