/*
 * event.h — structured events in contract logs: `EVENT_JSON:{"standard","version","event","data"}`.
 *
 * Memory: everything borrows from the log line. Source: NEP-297.
 */
#ifndef NEAR_EVENT_H
#define NEAR_EVENT_H

#include "base/err.h"
#include "codec/json.h"

#define EVENT_LOG_MAX 16384 /* bytes of all logs of one receipt, so of a line */

struct event {
    struct str standard, version, name; /* without escapes */
    struct json data;                   /* may be absent */
};

/*
 * ERR_EMPTY    an ordinary log line, no event
 * ERR_FORMAT   starts like an event and is not one
 * ERR_TOO_BIG
 */
MUST_USE enum err event_parse(struct str log, struct event *out, struct buf *why);
/* `version` a.b.c is not older than `least`; false when either is no version. */
bool event_version_at_least(struct str version, struct str least);

#endif
