/*
 * net.h — HTTP requests of a guest, in words that the engine, the messages of the exec child and
 * the supervisor share. No engine header is included here.
 *
 * A guest cannot connect anywhere. The head of what it asks for through wasi:http goes to the
 * supervisor, which decides by its policy, tells another process to make the connection and hands
 * back a stream to that process. Bodies and the answer go over that stream, one for each request,
 * so requests do not wait for each other and no body is held anywhere as a whole.
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
#define NET_AUTHORITY_MAX 300u       /* host and port */
#define NET_PATH_MAX      8192u      /* path and query */
#define NET_HOLD_MAX      (4u << 20) /* of a request's body written before it is sent off */
#define NET_PIECE_MAX     65536u     /* of a body in one message */
#define NET_TEXT_MAX      512u       /* sentence about a failure */
#define NET_HOST_MAX      256u
#define NET_ATTEMPTS_MAX  128u        /* kept with a result */
#define NET_REQUESTS_MAX  100u        /* of one run, unless the policy says less */
#define NET_AT_ONCE_MAX   32u         /* of them at the same time */
#define NET_OPEN_MAX      96u         /* streams in a child; answers that nobody has read, too */
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
bool net_is_path(struct str s);
/* Of headers, of hosts: ASCII letters are the same in both cases. */
bool net_same_name(struct str a, struct str b);
/* Headers that belong to the connection, not to the guest. */
bool net_is_hop(struct str name);
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
    bool has_length; /* of the body; without, it is sent in chunks */
    uint64_t length;
    /* The guest's own patience, 0: the policy's: until the answer's head, between two pieces. */
    uint32_t head_ms, gap_ms;
};

/* The head of an answer, or why there is none or no more of it. */
struct net_response {
    enum net_error error;
    bool impatient;  /* a time-out of the guest's own making */
    struct str text; /* why, when there is an error */
    uint16_t status;
    struct net_field fields[NET_FIELDS_MAX];
    size_t nfields;
    struct buf memory; /* what the strings point into; owned */
};

enum net_part { NET_PART_HEAD, NET_PART_PIECE, NET_PART_END };

/* How the engine reaches the supervisor while a guest runs, and through it who makes requests. */
struct net_host {
    void *ctx;
    /*
     * Ask for a request to be made.
     *
     * ERR_OK     *fd is its stream, the caller's to close; poll it, and use the functions below
     * ERR_DENIED `refusal` says why; its memory is the caller's
     * others     the supervisor has gone
     */
    enum err (*open)(void *ctx, const struct net_request *request, int *fd, uint32_t *timeout_ms,
                     struct net_response *refusal);
    /* The next NET_PIECE_MAX bytes of the request's body at most; none: its end. Waits for room. */
    enum err (*send)(void *ctx, int fd, struct str piece);
    /* The next part of the answer; waits for it. A head comes first, an end last or instead. `head`
     * has head or end, its memory is the caller's; `piece` is appended to. */
    enum err (*read)(void *ctx, int fd, enum net_part *part, struct net_response *head,
                     struct buf *piece);
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

/* Names of the settings of whoever made a policy, for sentences about what would allow something:
 * "outlayer run --allow-host". */
struct net_settings {
    const char *hosts, *requests, *at_once, *bytes, *loopback, *none;
};

/* What a run may do outside; absent (NULL) means nothing. The program's own manifest may allow it
 * less (guest/egress.h). */
struct net_policy {
    const struct net_settings *settings;
    const struct str *hosts; /* allowed ones, exact, without port; NULL: all public ones */
    size_t nhosts;
    bool loopback; /* for development: addresses of this machine may be reached */
    bool denied;   /* all of it */
    uint32_t requests_max, at_once_max;
    uint64_t bytes_max;
    uint32_t timeout_ms; /* for one request */
};

#define NET_SETTING_MAX 128u /* bytes of a setting's name */

/* All public hosts, with the limits above. */
struct net_policy net_policy_default(const struct net_settings *settings);

#endif
