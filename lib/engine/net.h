/*
 * net.h — HTTP requests of a guest, in words that the engine, the messages of the exec child and
 * the supervisor share. No engine header is included here.
 *
 * A guest cannot connect anywhere. What it asks for through wasi:http goes as one of these to the
 * supervisor, which decides by its policy and lets another process make the connection; what comes
 * back, or why nothing came, goes the same way. Requests and answers are whole, not streams: each
 * has a maximum.
 *
 * Source: WASI 0.2 wasi:http/types (error-code), platform documentation, "outbound HTTP".
 */
#ifndef ENGINE_NET_H
#define ENGINE_NET_H

#include "base/buf.h"
#include "base/err.h"

#define NET_FIELDS_MAX    128u
#define NET_HEAD_MAX      65536u /* bytes of all names and values of one head */
#define NET_NAME_MAX      256u   /* of a header's name */
#define NET_METHOD_MAX    64u
#define NET_AUTHORITY_MAX 300u        /* host and port */
#define NET_PATH_MAX      8192u       /* path and query */
#define NET_SEND_MAX      (4u << 20)  /* body of a request */
#define NET_RECEIVE_MAX   (10u << 20) /* body of an answer */
#define NET_TEXT_MAX      512u        /* sentence about a failure */
#define NET_HOST_MAX      256u
#define NET_ATTEMPTS_MAX  128u        /* kept with a result */
#define NET_REQUESTS_MAX  100u        /* of one run, unless the policy says less */
#define NET_TIMEOUT_MS    30000u      /* for one request */
#define NET_TIMEOUTS_MAX  2u          /* so many requests over time end the run */
#define NET_BYTES_MAX     (64u << 20) /* of one run, in both directions */

/* NET_ERROR(name, error-code of wasi:http) */
#define NET_ERROR_LIST(NET_ERROR)                                                                  \
    NET_ERROR(NONE, "")                                                                            \
    NET_ERROR(DENIED, "HTTP-request-denied") /* by policy: host, count, bytes */                   \
    NET_ERROR(PROHIBITED, "destination-IP-prohibited")                                             \
    NET_ERROR(URI, "HTTP-request-URI-invalid")                                                     \
    NET_ERROR(METHOD, "HTTP-request-method-invalid")                                               \
    NET_ERROR(DNS, "destination-not-found")                                                        \
    NET_ERROR(REFUSED, "connection-refused")                                                       \
    NET_ERROR(TIMEOUT, "connection-timeout")                                                       \
    NET_ERROR(READ_TIMEOUT, "HTTP-response-timeout")                                               \
    NET_ERROR(TLS, "TLS-certificate-error")                                                        \
    NET_ERROR(CUT, "HTTP-response-incomplete")                                                     \
    NET_ERROR(TOO_BIG, "HTTP-response-body-size")                                                  \
    NET_ERROR(PROTOCOL, "HTTP-protocol-error")                                                     \
    NET_ERROR(LIMIT, "connection-limit-reached")                                                   \
    NET_ERROR(SEND_TOO_BIG, "HTTP-request-body-size")                                              \
    NET_ERROR(INTERNAL, "internal-error")

enum net_error {
#define NET_ERROR(name, code) NET_##name,
    NET_ERROR_LIST(NET_ERROR)
#undef NET_ERROR
        NET_ERROR_COUNT
};

const char *net_error_code(enum net_error e);

/* Syntax of a request's parts; whoever takes one from a stranger looks. */
bool net_is_token(struct str s); /* methods, names of headers */
bool net_is_value(struct str s);
bool net_is_visible(struct str s);
bool net_is_path(struct str s);
/* The host of an authority without port and last dot; false: it is none. */
MUST_USE bool net_host(struct str authority, struct str *host);

struct net_field {
    struct str name, value;
};

struct net_request {
    struct str method;
    bool https;
    struct str authority;
    struct str path; /* with query; empty: "/" */
    const struct net_field *fields;
    size_t nfields;
    struct str body;
    uint32_t timeout_ms; /* 0: the policy's */
};

struct net_response {
    enum net_error error;
    struct str text; /* why, when there is an error */
    uint16_t status;
    struct net_field fields[NET_FIELDS_MAX];
    size_t nfields;
    struct str body;
    struct buf memory; /* what the strings point into; owned */
};

/* How the engine reaches the supervisor while a guest runs. */
struct net_host {
    void *ctx;
    /* Hand a request over; does not wait. `id` is of the caller's choice. */
    enum err (*start)(void *ctx, uint32_t id, const struct net_request *request);
    /* The next answer to any request, in no order; waits until `deadline_ns` on the monotonic clock
     * at most, then ERR_TIMEOUT. Outputs are written on ERR_OK. */
    enum err (*next)(void *ctx, uint64_t deadline_ns, uint32_t *id, struct net_response *out);
};

/* One request of a run as it is told afterwards. */
struct net_attempt {
    char host[NET_HOST_MAX];
    char address[48]; /* empty: no connection was made */
    uint16_t port;
    uint16_t status;
    enum net_error error;
    uint64_t sent, received; /* bytes of bodies and heads */
    uint32_t time_ms;
    char text[200]; /* why it failed, with the setting that would allow it; empty: it did not */
};

/* What a run may do outside; absent (NULL) means nothing. */
struct net_policy {
    const struct str *hosts; /* allowed ones, exact, without port; NULL: all public ones */
    size_t nhosts;
    bool loopback; /* for development: addresses of this machine may be reached */
    uint32_t requests_max;
    uint64_t bytes_max;
    uint32_t timeout_ms; /* for one request */
};

#endif
