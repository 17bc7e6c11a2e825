/*
 * line.h — requests that stand in line for a thread that may block, answers them and takes the
 * next.
 *
 * Whoever puts a request there holds no lock that an answer needs. While it stands it is held
 * (http_hold): if its client goes, its time ends or the server stops, it leaves the line; once it
 * is taken, the thread that took it answers it or hands it on.
 *
 * Thread: any.
 */
#ifndef HTTP_LINE_H
#define HTTP_LINE_H

#include "http/server.h"

struct line;

/* At most `max` stand in it, each for at most `hold_ms`; then it is answered 504. */
struct line *line_new(size_t max, uint64_t hold_ms);
void line_free(struct line *l); /* empty, nobody waits at it; NULL is fine */

/* A request and what is wanted for it, both borrowed. */
struct lined {
    struct http_req *r;
    const void *what;
    struct str arg;
};
/* False: it is full or stopped, and the request is as it was. */
MUST_USE bool line_put(struct line *l, const struct lined *w);
/*
 * The first in line, when there is one.
 *
 * ERR_TIMEOUT  none came for `ms` (UINT64_MAX: waits for ever)
 * ERR_CLOSED   stopped, and nobody stands there any more
 */
MUST_USE enum err line_take(struct line *l, uint64_t ms, struct lined *out);
void line_stop(struct line *l);

#endif
