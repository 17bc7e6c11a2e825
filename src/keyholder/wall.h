/*
 * wall.h — what the keyholder gives up before it answers anybody.
 *
 * Its memory is locked (never on a swap disk), not dumpable and not traceable by its user; no new
 * privileges; system calls by list: it reads and writes the descriptors it has, and opens,
 * connects, starts and traces nothing. Built with a sanitizer, memory is not locked and calls not
 * listed.
 */
#ifndef KEYHOLDER_WALL_H
#define KEYHOLDER_WALL_H

#include "base/err.h"

/* First: no core dump, no tracing. */
MUST_USE enum err wall_conceal(struct buf *why);
/* Lock all memory. ERR_DENIED: the limit of locked memory is too low. */
MUST_USE enum err wall_lock(struct buf *why);
/* Last: nothing more can be opened. */
MUST_USE enum err wall_enter(struct buf *why);

#endif
