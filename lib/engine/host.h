/*
 * host.h — the platform's own interfaces, which a component may import beside WASI's.
 *
 * A table says what there is: interfaces (faces), their functions, the kinds of their parameters
 * and results. The engine links what a component imports of it, by name and by the structure of
 * types, never by the names of parameters. A call leaves the sandboxed process as one message and
 * is served by the supervisor (guest/host.h). To add an interface: a list here, a row in host.c,
 * and whoever serves it.
 *
 * Kinds: s string, l list<u8>, t bool, I u64, J s64; '?' before one: an option. Every function
 * fails in band: its last result is a sentence, empty when it did not fail, and then all others are
 * zero or empty. That one is not among the `results` here. No function ends a run.
 *
 * Source: OutLayer's guest interfaces; api/wit has them as components see them.
 */
#ifndef ENGINE_HOST_H
#define ENGINE_HOST_H

#include "base/buf.h"
#include "base/err.h"

#define HOST_ARGS_MAX    8u
#define HOST_RESULTS_MAX 3u         /* beside the error */
#define HOST_ASK_MAX     (3u << 20) /* bytes of all arguments of a call: what the engine passes on */
#define HOST_TOLD_MAX    (8u << 20) /* bytes of all its results */
#define HOST_ERROR_MAX   4096u

/* FN(in C, in WIT, parameters, results, older components have no error beside the result) */
#define HOST_STORAGE_LIST(FN)                                                                      \
    FN(SET, "set", "sl", "", false)                                                                \
    FN(GET, "get", "s", "l", false)                                                                \
    FN(HAS, "has", "s", "t", true)                                                                 \
    FN(DELETE, "delete", "s", "t", true)                                                           \
    FN(LIST_KEYS, "list-keys", "s", "s", false)                                                    \
    FN(SET_IF_ABSENT, "set-if-absent", "sl", "t", false)                                           \
    FN(SET_IF_EQUALS, "set-if-equals", "sll", "tl", false)                                         \
    FN(INCREMENT, "increment", "sJ", "J", false)                                                   \
    FN(DECREMENT, "decrement", "sJ", "J", false)                                                   \
    FN(SET_WORKER, "set-worker", "sl?t", "", false)                                                \
    FN(GET_WORKER, "get-worker", "s?s", "l", false)                                                \
    FN(GET_BY_VERSION, "get-by-version", "ss", "l", false)                                         \
    FN(CLEAR_ALL, "clear-all", "", "", false)                                                      \
    FN(CLEAR_VERSION, "clear-version", "s", "", false)

#define HOST_RPC_LIST(FN)                                                                          \
    FN(VIEW, "view", "ssss", "s", false)                                                           \
    FN(VIEW_ACCOUNT, "view-account", "ss", "s", false)                                             \
    FN(VIEW_ACCESS_KEY, "view-access-key", "sss", "s", false)                                      \
    FN(VIEW_ACCESS_KEY_LIST, "view-access-key-list", "ss", "s", false)                             \
    FN(VIEW_CODE, "view-code", "ss", "s", false)                                                   \
    FN(VIEW_STATE, "view-state", "sss", "s", false)                                                \
    FN(BLOCK, "block", "s", "s", false)                                                            \
    FN(CHANGES, "changes", "s", "s", false)                                                        \
    FN(CHUNK, "chunk", "s", "s", false)                                                            \
    FN(SEND_TX, "send-tx", "ss", "s", false)                                                       \
    FN(TX_STATUS, "tx-status", "sss", "s", false)                                                  \
    FN(RECEIPT, "receipt", "s", "s", false)                                                        \
    FN(CALL, "call", "ssssssss", "s", false)                                                       \
    FN(TRANSFER, "transfer", "sssss", "s", false)                                                  \
    FN(GAS_PRICE, "gas-price", "s", "s", false)                                                    \
    FN(STATUS, "status", "", "s", false)                                                           \
    FN(NETWORK_INFO, "network-info", "", "s", false)                                               \
    FN(VALIDATORS, "validators", "s", "s", false)                                                  \
    FN(RAW, "raw", "ss", "s", false)

#define HOST_PAYMENT_LIST(FN) FN(REFUND_USD, "refund-usd", "I", "", false)

#define HOST_VRF_LIST(FN)                                                                          \
    FN(GENERATE, "generate", "s", "sss", false)                                                    \
    FN(PUBKEY, "pubkey", "", "s", false)

enum host_storage_fn {
#define FN(id, name, params, results, bare) HOST_STORAGE_##id,
    HOST_STORAGE_LIST(FN)
#undef FN
};

enum host_rpc_fn {
#define FN(id, name, params, results, bare) HOST_RPC_##id,
    HOST_RPC_LIST(FN)
#undef FN
};
enum host_payment_fn {
#define FN(id, name, params, results, bare) HOST_PAYMENT_##id,
    HOST_PAYMENT_LIST(FN)
#undef FN
};
enum host_vrf_fn {
#define FN(id, name, params, results, bare) HOST_VRF_##id,
    HOST_VRF_LIST(FN)
#undef FN
};

/* Interfaces; their order is the wire's. */
enum host_face_id { HOST_STORAGE, HOST_RPC, HOST_PAYMENT, HOST_VRF, HOST_FACES };

struct host_fn {
    const char *name, *params, *results;
    bool bare;
    enum host_face_id face;
};

struct host_face {
    const char *name; /* "package:name/interface" */
    const char *version;
    const char *later; /* a version with more functions, of which ours are the same; may be NULL */
    const struct host_fn *fns;
    size_t nfns;
    uint32_t calls_max; /* of one run */
    const char *absent; /* which runs have it and how to get there, after "the program imports …" */
};

extern const struct host_face host_faces[HOST_FACES];

/* By "package:name/interface@version"; NULL: not ours. */
const struct host_face *host_face_find(struct str import);
const struct host_fn *host_fn_find(const struct host_face *face, struct str name);

struct host_val {
    bool none;    /* an option without a value */
    uint64_t n;   /* t, I; J as two's complement */
    struct str s; /* s (UTF-8), l */
};

struct host_call {
    const struct host_fn *fn;
    struct host_val args[HOST_ARGS_MAX]; /* as many as fn->params has kinds; borrowed */
};

struct host_answer {
    struct str error;                          /* empty: it went well */
    struct host_val results[HOST_RESULTS_MAX]; /* as fn->results says */
    struct buf memory;                         /* what the strings point into; owned */
};

/* How the engine reaches the supervisor while a guest runs. */
struct host_port {
    void *ctx;
    /*
     * Ask and wait for the answer. `out` is written on ERR_OK.
     *
     * ERR_TIMEOUT  the monotonic clock is at `deadline_ns`
     * others       the supervisor has gone
     */
    enum err (*call)(void *ctx, const struct host_call *c, uint64_t deadline_ns,
                     struct host_answer *out);
};

/* Results as whoever serves a call makes them. */
struct host_reply {
    uint64_t n[HOST_RESULTS_MAX];      /* t, I, J */
    struct buf text[HOST_RESULTS_MAX]; /* s, l: appended to; wiped after they are sent */
};

/*
 * Who serves one interface in one run; `serve` NULL: the run does not have it.
 *
 * serve: `deadline_ms` on clock_mono_ms(); ERR_OK with results, or any error with the sentence that
 * the guest gets in `why`.
 */
struct host_server {
    enum err (*serve)(void *ctx, const struct host_call *c, uint64_t deadline_ms,
                      struct host_reply *out, struct buf *why);
    void *ctx;
};

/* Step through a list of kinds: the next one and whether it is an option; 0 at its end. */
char host_kind_next(const char **kinds, bool *option);

#endif
