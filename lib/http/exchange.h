/*
 * exchange.h — one HTTP request for a stranger's program (libcurl), one answer.
 *
 * The host's name is resolved once. When any of its addresses may not be reached, none is; the
 * connection goes to the addresses that were looked at and to no other, whatever the name means a
 * moment later. Redirects are an answer like any other. No cookies, no credentials, no proxies.
 *
 * Thread: one request at a time per `struct exchanger`; connections are not kept.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/buf.h"
#include "base/err.h"

#define EXCHANGE_URL_MAX     9000
#define EXCHANGE_HEAD_MAX    65536u
#define EXCHANGE_ADDRESS_MAX 48
#define EXCHANGE_HOST_MAX    256

struct exchange_field {
    struct str name, value;
};

struct exchange {
    struct str method;
    struct str url; /* http or https */
    const struct exchange_field *fields;
    size_t nfields;
    struct str body;
    uint64_t timeout_ms; /* for all of it */
    size_t max_bytes;    /* of the answer's body */
    bool allow_loopback; /* for development: this machine may be reached */
};

enum exchange_end {
    EXCHANGE_OK, /* answered, with any status */
    EXCHANGE_BAD_URL,
    EXCHANGE_NO_HOST,
    EXCHANGE_PROHIBITED, /* an address that may not be reached */
    EXCHANGE_REFUSED,
    EXCHANGE_TIMEOUT,
    EXCHANGE_TLS,
    EXCHANGE_CUT,
    EXCHANGE_TOO_BIG,
    EXCHANGE_PROTOCOL,
};

struct exchange_result {
    enum exchange_end end;
    unsigned status;
    struct buf head; /* "name: value" lines, each with a line feed */
    struct buf body;
    char address[EXCHANGE_ADDRESS_MAX]; /* looked at or connected to; empty: none */
    uint16_t port;
    uint64_t sent, received;
    struct buf why; /* a sentence, unless EXCHANGE_OK */
};

struct exchanger;
struct exchanger *exchanger_new(void);
void exchanger_free(struct exchanger *x);

/* Always fills `out`, which the caller releases. */
void exchange(struct exchanger *x, const struct exchange *what, struct exchange_result *out);
void exchange_result_release(struct exchange_result *r);

#endif
