/*
 * memfd.h — bytes in anonymous memory, handed to another process as a descriptor.
 *
 * Sealed ones can never change again, whoever holds them: what was checked is what is used.
 */
#ifndef PROC_MEMFD_H
#define PROC_MEMFD_H

#include "base/err.h"

/* An empty one, close-on-exec. `name` shows in /proc only. */
MUST_USE enum err memfd_new(const char *name, int *out, struct buf *why);
/* A sealed one holding `bytes`. */
MUST_USE enum err memfd_of(const char *name, struct str bytes, int *out, struct buf *why);
/* No more writing, growing or shrinking; ERR_IO while somebody has it mapped for writing. */
MUST_USE enum err memfd_seal(int fd, struct buf *why);
bool memfd_is_sealed(int fd);

/* Map all of `fd` for reading; ERR_TOO_BIG over `max`. An unsealed file may shrink under the map:
 * map only what is sealed or one's own. Undo with memfd_unmap(). */
MUST_USE enum err memfd_map(int fd, size_t max, struct str *out, struct buf *why);
void memfd_unmap(struct str *map); /* NULL is fine */

#endif
