/*
 * readers.h — threads that answer what only reads.
 *
 * Each has a connection of its own to the database and sees the last commit when it begins: nothing
 * that anybody looks at holds up a lease, neither under the coordinator's lock nor in the thread of
 * the HTTP server. A request stands in line for them from the moment it comes, and once more when
 * what it waits for (wait.h) has happened.
 */
#ifndef COORDINATOR_READERS_H
#define COORDINATOR_READERS_H

#include "coordinator/routes.h"

#define READERS     2
#define READERS_MAX 512 /* requests in line */

struct readers;
MUST_USE enum err readers_start(struct coord *c, struct readers **out, struct buf *why);
void readers_stop(struct readers *rs); /* after the HTTP server; NULL is fine */

/* Until readers_resume nobody reads: when it returns, the last answer has been read. */
void readers_pause(struct readers *rs);
void readers_resume(struct readers *rs);

/* Have `r` answered by `route`, whose variable part is `arg`; 503 when too many stand in line. The
 * caller answers it no more. */
void readers_put(struct readers *rs, struct http_req *r, const struct route *route, struct str arg);

#endif
