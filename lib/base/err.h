/*
 * err.h — how an operation on the outside world went: a code for programs, a sentence for people.
 *
 * A function that can fail returns `enum err` and, last, takes `struct buf *why` (may be NULL): on
 * failure the callee writes one sentence into it (lower case, what failed first, the subject in
 * single quotes, then what to do about it); on success it leaves it alone. Outputs are written
 * only on ERR_OK. A library never logs and never exits; the caller decides.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/buf.h"
#include "base/def.h"

/* ERR(name, text, HTTP status, worth a retry) */
#define ERR_LIST(ERR)                                                                              \
    ERR(OK, "ok", 200, false)                                                                      \
    ERR(EMPTY, "nothing there", 204, false)                                                        \
    ERR(FORMAT, "malformed input", 400, false)                                                     \
    ERR(RANGE, "value out of range", 400, false)                                                   \
    ERR(DENIED, "not allowed", 403, false)                                                         \
    ERR(ABSENT, "not found", 404, false)                                                           \
    ERR(CONFLICT, "already taken or changed", 409, false)                                          \
    ERR(TOO_BIG, "too large", 413, false)                                                          \
    ERR(BUSY, "busy", 429, true)                                                                   \
    ERR(UPSTREAM, "the other side did not answer properly", 502, true)                             \
    ERR(TIMEOUT, "took too long", 504, true)                                                       \
    ERR(CLOSED, "the other side has gone", 503, true)                                              \
    ERR(IO, "the system refused", 500, true)                                                       \
    ERR(DB, "the database refused", 500, true)                                                     \
    ERR(GUEST, "the guest failed", 422, false)                                                     \
    ERR(GONE, "no longer kept", 410, false)

enum err {
#define ERR(name, text, http, retry) ERR_##name,
    ERR_LIST(ERR)
#undef ERR
};

const char *err_text(enum err e);
const char *err_name(enum err e); /* "FORMAT" */
unsigned err_http(enum err e);
bool err_retry(enum err e);

/* Replace what `why` says (NULL: nobody asked) and give back `e`. Freestanding. */
static inline enum err err_say(struct buf *why, enum err e, const char *text)
{
    if (why) {
        buf_clear(why);
        buf_addz(why, text);
    }
    return e;
}
/* The same with printf's directives. Native only. */
enum err err_put(struct buf *why, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same with ": <strerror(errno)>" after it, ERR_IO. */
enum err err_sys(struct buf *why, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define WHY_MAX  1024 /* bytes of a sentence; longer ones are cut */
#define WHY_INIT BUF_INIT(WHY_MAX)

#endif
