/*
 * server.h — an HTTP/1.1 server on loopback or behind a TLS proxy (libmicrohttpd).
 *
 * One thread of its own reads requests; the handler is called in it with the whole body and must
 * not block. It either answers with http_reply(), or keeps the request (`http_hold`) and answers
 * later from any thread: that is a long poll. A held request that nobody answers by its deadline
 * gets `timeout_status` with an empty body.
 *
 * Bodies over `max_body` get 413, slow clients are dropped. Beyond `max_conns` connections a new
 * one takes the place of the stranger's that has been idle or slow for longest; where there is none
 * (all are known, or their requests are held) it is refused. All memory of a request lives in its
 * arena.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/arena.h"
#include "base/err.h"

struct http_server;
struct http_req;

struct http_terms {
    size_t max_body;
    bool known;
};

struct http_server_opts {
    const char *host; /* "127.0.0.1" */
    uint16_t port;    /* 0: any free one, see http_server_port */
    size_t max_body;  /* bytes */
    /* Judged by its head: how many of them this request may send, and whether it is of somebody
     * known, whose connection strangers cannot take. NULL: max_body, and all are strangers. */
    struct http_terms (*terms)(void *ctx, struct http_req *req);
    unsigned max_conns;
    uint64_t idle_ms; /* a connection without a whole request head for so long is dropped;
                         0: 30 seconds */
    void (*handle)(void *ctx, struct http_req *req);
    void *ctx;
};

#define HTTP_HOST_MAX 64
/* Where to listen, from "HOST:PORT" as it stands on a command line. */
MUST_USE enum err http_listen_read(const char *text, char host[HTTP_HOST_MAX], uint16_t *port,
                                   struct buf *why);

MUST_USE enum err http_server_start(const struct http_server_opts *o, struct http_server **out,
                                    struct buf *why);
void http_server_stop(struct http_server *s); /* held requests get 503; returns when all are done */
uint16_t http_server_port(const struct http_server *s);

/* Valid until the reply. */
const char *http_req_method(const struct http_req *r);
struct str http_req_path(const struct http_req *r);               /* decoded, without the query */
struct str http_req_query(struct http_req *r, const char *name);  /* STR_NONE when absent */
struct str http_req_header(struct http_req *r, const char *name); /* STR_NONE when absent */
struct str http_req_body(const struct http_req *r);
struct arena *http_req_arena(struct http_req *r);
uint32_t http_req_peer(const struct http_req *r); /* IPv4 address of who is connected, host order */

/* Answer and give the request back; it is gone afterwards. Copies `body`. */
void http_reply(struct http_req *r, unsigned status, const char *content_type, struct str body);
/* The same with `n` bytes of a file, from `from` on; the descriptor is the server's from now on. */
void http_reply_fd(struct http_req *r, unsigned status, const char *content_type, int fd,
                   uint64_t from, uint64_t n);
void http_reply_header(struct http_req *r, const char *name,
                       const char *value); /* before the reply */
/*
 * Keep the request after the handler returns, for at most `ms`; then it gets `timeout_status` and
 * an empty body.
 *
 * `on_end` is asked, in a thread of the server's (not the one that calls the handler), when the
 * server wants to end a held request by itself (deadline, client gone, stop). Under the holder's
 * own lock it must either forget the request and return true, or return false because another
 * thread has taken it and is about to http_reply(). It must not call into the server. The holder
 * may http_reply() under its lock.
 *
 * Who holds a request may hand it on to another by holding it anew: deadline, status and `on_end`
 * are then those.
 */
void http_hold(struct http_req *r, uint64_t ms, unsigned timeout_status,
               bool (*on_end)(void *ctx, struct http_req *r), void *ctx);

#endif
