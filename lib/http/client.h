/*
 * client.h — blocking HTTP requests with caps on size and time (libcurl).
 *
 * One `struct http_client` per thread: it keeps connections open between calls.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/err.h"

struct http_client;

struct http_call {
    const char *method; /* "GET", "POST", … */
    const char *url;
    struct str body;          /* sent when ptr is set */
    const char *content_type; /* of the body */
    const char *bearer;       /* Authorization token, or NULL */
    const char *session;      /* X-TEE-Session, or NULL */
    uint64_t timeout_ms;      /* for the whole of it */
    size_t max_body;          /* of the answer */
    unsigned max_redirects;   /* 0: none is followed */
    bool https_only;          /* refuse plain http, also on a redirect */
    const char *unix_socket;  /* connect to this path instead of the URL's host, or NULL */
    const char *header[2];    /* answer headers wanted, the first that is there; may be NULL */
    struct buf *header_value; /* gets it; left alone when none is there */
};

struct http_client *http_client_new(void);
void http_client_free(struct http_client *c);

/* `*status` is the HTTP status, `body` gets the answer (any status). ERR_UPSTREAM: no answer;
 * ERR_TIMEOUT; ERR_TOO_BIG: the answer passed max_body. */
MUST_USE enum err http_client_call(struct http_client *c, const struct http_call *call,
                                   unsigned *status, struct buf *body, struct buf *why);

#endif
