/*
 * exchange.h — one HTTP request for a stranger's program (libcurl), one answer, both as they come.
 *
 * The host's name is resolved once. When any of its addresses may not be reached, none is; the
 * connection goes to the addresses that were looked at and to no other, whatever the name means a
 * moment later. Redirects are an answer like any other. No cookies, no credentials, no proxies.
 *
 * Whoever asked is at the other end of a descriptor: its bytes are the request's body, it takes the
 * answer's at its own pace, and when it hangs up the request is given up.
 *
 * Thread: any number at once, after exchange_init(); connections are not kept.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/buf.h"
#include "base/err.h"

#define EXCHANGE_URL_MAX     9000
#define EXCHANGE_HEAD_MAX    65536u
#define EXCHANGE_PIECE_MAX   65536u
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
    bool has_length; /* of the request's body; without, it goes in chunks */
    uint64_t length;
    uint64_t timeout_ms;      /* for all of it */
    uint64_t head_ms, gap_ms; /* until the answer's head, between two pieces; 0: no limit */
    bool allow_loopback;      /* for development: this machine may be reached */
    struct str setting;       /* what would allow that, for the sentence; empty: nothing */
    int peer;                 /* who asked */
    void *ctx;
    /* The peer is readable: the next piece of the request's body, valid until the next call; empty:
     * its end. False: give up. */
    bool (*source)(void *ctx, struct str *piece);
    /* "name: value" lines, each with a line feed. False: give up. */
    bool (*head)(void *ctx, unsigned status, struct str lines);
    /* The peer is writable: EXCHANGE_PIECE_MAX bytes of the answer's body at most. False: give up.
     */
    bool (*body)(void *ctx, struct str piece);
    /* Bytes that would go, or that have come, heads too. False: too many, and they do not go. */
    bool (*spend)(void *ctx, uint64_t bytes, bool come);
};

enum exchange_end {
    EXCHANGE_OK, /* answered, with any status */
    EXCHANGE_BAD_URL,
    EXCHANGE_NO_HOST,
    EXCHANGE_PROHIBITED, /* an address that may not be reached */
    EXCHANGE_REFUSED,
    EXCHANGE_TIMEOUT,
    EXCHANGE_IMPATIENT, /* head_ms, gap_ms */
    EXCHANGE_TLS,
    EXCHANGE_CUT,
    EXCHANGE_TOO_BIG,  /* the answer */
    EXCHANGE_BAD_BODY, /* the request's: too many bytes, or not as many as it said */
    EXCHANGE_PROTOCOL,
    EXCHANGE_GONE, /* the peer hung up */
};

struct exchange_result {
    enum exchange_end end;
    unsigned status;                    /* 0: no head came */
    char address[EXCHANGE_ADDRESS_MAX]; /* looked at or connected to; empty: none */
    uint16_t port;
    uint64_t sent, received;
    struct buf why; /* a sentence, unless EXCHANGE_OK */
};

void exchange_init(void);

/* Always fills `out`, which the caller releases. */
void exchange(const struct exchange *what, struct exchange_result *out);
void exchange_result_release(struct exchange_result *r);

#endif
