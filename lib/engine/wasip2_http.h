/*
 * wasip2_http.h — what the files of wasi:http share.
 *
 *     wasip2_fields.c    headers
 *     wasip2_request.c   a request as the guest makes it: parts, options, body
 *     wasip2_exchange.c  a request under way: its stream to who makes it, the answer
 *     wasip2_http.c      sending, futures, answers: what the guest calls
 *
 * Who holds whom:
 *
 *     body stream → outgoing-body ─────────────────────────┐
 *     future ──────────────────────────────────┐           ▼
 *     body stream → incoming-body → response → exchange → request → fields
 *
 * An exchange goes, and its stream is closed, when the guest has dropped all that could still show
 * its answer; a request knows its exchange, if there is one, without holding it.
 */
#ifndef ENGINE_WASIP2_HTTP_H
#define ENGINE_WASIP2_HTTP_H

#include "engine/wasip2.h"

enum p2_scheme { SCHEME_NONE, SCHEME_HTTP, SCHEME_HTTPS, SCHEME_OTHER };

struct p2_header {
    struct buf name, value;
};

struct p2_fields {
    struct p2_header list[NET_FIELDS_MAX];
    size_t n, bytes;
    bool fixed;
};

struct p2_request {
    struct buf method, authority, path;
    enum p2_scheme scheme;
    bool has_authority, has_path;
    bool body_taken, body_done, sent_off;
    struct buf body;            /* written and not yet sent */
    size_t body_at;             /* the first byte of it not yet sent */
    struct p2_object *exchange; /* no reference */
};

struct p2_options {
    uint64_t timeout[3]; /* nanoseconds: connect, first byte, between bytes */
    bool has_timeout[3];
};

struct p2_exchange {
    struct wasip2 *w;
    int fd; /* -1: not sent off yet, or over */
    bool opened, end_sent;
    bool headed, ended;
    uint32_t head_ms, gap_ms;
    uint64_t due_ns;
    struct net_response head, end;
    struct buf piece; /* of the answer's body */
    size_t piece_at;
};

/* ---- wasip2_fields.c ---- */

struct p2_object *p2_fields_copy(const struct p2_fields *from, bool fixed);
/* Those of an answer, also the ones that a guest may not send. */
struct p2_object *p2_fields_of(const struct net_response *head);
void p2_fields_free(struct p2_fields *f);

/* ---- wasip2_request.c ---- */

void p2_request_free(struct p2_request *q);

/* ---- wasip2_exchange.c ---- */

/* Takes a reference to `request`; `options` may be NULL. */
struct p2_object *p2_exchange_new(struct wasip2 *w, struct p2_object *request,
                                  const struct p2_options *options);
void p2_exchange_free(struct p2_object *o);
/* Go on with it as far as that needs no waiting. */
void p2_exchange_step(struct p2_object *o);
/* The body of a request was dropped unfinished. */
void p2_exchange_break(struct p2_object *o);

#define P2_FN(name)  static wasmtime_error_t *name(struct p2_call *c)
#define P2_NO_HANDLE "no such object of wasi:http behind the handle"
#define P2_GET(var, i, type)                                                                       \
    struct p2_object *var = p2_get(c, i, type);                                                    \
    if (!var)                                                                                      \
    return p2_abuse(c, P2_NO_HANDLE)
/* Return a handle for a new object as the good case of a result. */
#define P2_RET_OK_HANDLE(object)                                                                   \
    do {                                                                                           \
        p2_val handle_ = p2_give(c, (object));                                                     \
        if (handle_.kind != WASMTIME_COMPONENT_RESOURCE)                                           \
            return p2_abuse(c, "more than 4096 handles at a time");                                \
        P2_RET(p2_ok(handle_));                                                                    \
    } while (0)

extern const struct p2_interface p2_fields_interface, p2_request_interface;

#endif
