/*
 * outlayer.h — what a program run by OutLayer needs, in C.
 *
 * A program reads its input from stdin, writes its answer to stdout and ends with 0; when it ends
 * with anything else, whoever asked reads what it wrote to stderr. That much needs no library, and
 * the first part here is convenience. The second part asks the worker: storage, NEAR's RPC,
 * verifiable random numbers, HTTP. It works in components (target wasm32-wasip2) only; a
 * wasm32-wasip1 program that calls any of it is refused before it starts, with the interface's
 * name.
 *
 * Functions that can fail return NULL when they did not, and else a sentence that says why; it
 * stays good until the next call. Results are written on success only.
 *
 * Memory: what comes in a struct outlayer_bytes is the caller's; outlayer_free() gives it back. A
 * program ends soon and need not. Threads: guests have one.
 */
#ifndef OUTLAYER_H
#define OUTLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `len` bytes and one more, which is 0. */
struct outlayer_bytes {
    char *ptr;
    size_t len;
};
void outlayer_free(struct outlayer_bytes *b);

/* ---- Input, output, failure (any target) ---- */

/* All of stdin. Ends the program when there is no memory for it. */
struct outlayer_bytes outlayer_input(void);
/* Write to stdout; may be called many times. No newline is added. */
void outlayer_output(const void *bytes, size_t len);
void outlayer_outputf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Say why on stderr and end the program with 1: the request fails with that text. */
_Noreturn void outlayer_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- Who asked (any target) ---- */

/* A variable of the environment, secrets among them; NULL when unset or empty. */
const char *outlayer_var(const char *name);
const char *outlayer_signer(void);      /* the account that signed the transaction */
const char *outlayer_predecessor(void); /* the contract that called OutLayer */
const char *outlayer_transaction(void); /* its hash, base58 */
const char *outlayer_request_id(void);

/* ---- Small JSON (any target) ---- */

/* The member `path` of the object `json`, NUL-terminated text; "a.b" is the member b of the object
 * a. False when there is none, when it is of another kind, or when the text is not JSON so far. */
bool outlayer_json_int(const char *json, const char *path, int64_t *out);
bool outlayer_json_double(const char *json, const char *path, double *out);
/* The string with its escapes undone. */
bool outlayer_json_text(const char *json, const char *path, struct outlayer_bytes *out);
/* `text` as a JSON string with its quotes. */
struct outlayer_bytes outlayer_json_quote(const char *text);

/* ---- Storage of the project (wasm32-wasip2) ----
 *
 * Keys are text of at most 1024 bytes, values at most 1 MiB. The storage is the project's, and in
 * it each user account has its own: two users never see each other's. It outlives the run and the
 * version of the program. Runs that belong to no project have none. */

const char *outlayer_storage_set(const char *key, const void *value, size_t len);
/* *found is false when there is none; the value is empty then. */
const char *outlayer_storage_get(const char *key, struct outlayer_bytes *value, bool *found);
bool outlayer_storage_has(const char *key);
/* Whether it was there. */
bool outlayer_storage_delete(const char *key);
/* A JSON array of the keys that begin so. */
const char *outlayer_storage_list(const char *prefix, struct outlayer_bytes *json);
const char *outlayer_storage_set_if_absent(const char *key, const void *value, size_t len,
                                           bool *inserted);
/* Replace the value when it still is what was expected; *now is what it was when it is not. */
const char *outlayer_storage_set_if_equals(const char *key, const void *expected,
                                           size_t expected_len, const void *value, size_t len,
                                           bool *replaced, struct outlayer_bytes *now);
/* Add to a counter, made at 0, in one step that no other run can come between. */
const char *outlayer_storage_add(const char *key, int64_t delta, int64_t *now);
/* What all users of the project share; `open` ones are not encrypted, and other projects may read
 * them. */
const char *outlayer_storage_share(const char *key, const void *value, size_t len, bool open);
/* `project`: "owner.near/name" or its uuid; NULL is this one. */
const char *outlayer_storage_shared(const char *key, const char *project,
                                    struct outlayer_bytes *value);
const char *outlayer_storage_clear(void);

/* ---- NEAR's RPC (wasm32-wasip2); at most 100 calls in a run ---- */

/* What a view method returns. `block`: NULL for the last final one, a height, or a hash. */
const char *outlayer_rpc_view(const char *contract, const char *method, const char *args_json,
                              const char *block, struct outlayer_bytes *result);
/* Any method of the RPC with its parameters; the whole answer. */
const char *outlayer_rpc_raw(const char *method, const char *params_json,
                             struct outlayer_bytes *answer);
/* Sign with a key of yours (a secret), send, wait until it is final; the transaction's hash. */
const char *outlayer_rpc_call(const char *signer, const char *key, const char *contract,
                              const char *method, const char *args_json, const char *deposit_yocto,
                              const char *gas, struct outlayer_bytes *hash);
const char *outlayer_rpc_transfer(const char *signer, const char *key, const char *receiver,
                                  const char *amount_yocto, struct outlayer_bytes *hash);

/* ---- Random numbers that anyone can check (wasm32-wasip2); at most 10 in a run ---- */

struct outlayer_vrf {
    struct outlayer_bytes output;    /* 64 hex digits: SHA-256 of the signature */
    struct outlayer_bytes signature; /* 128 hex digits: Ed25519 over alpha */
    struct outlayer_bytes alpha;     /* "vrf:{request}:{signer}:{seed}" */
};
/* The same request and seed give the same number. A seed holds no ':'. */
const char *outlayer_vrf(const char *seed, struct outlayer_vrf *out);
const char *outlayer_vrf_pubkey(struct outlayer_bytes *hex);

/* ---- Money (wasm32-wasip2) ---- */

/* Give back part of the attached stablecoin, in its smallest unit; once, and only if the run
 * succeeds. */
const char *outlayer_refund(uint64_t amount);

/* ---- HTTP (wasm32-wasip2) ----
 *
 * The worker makes the connection, to public addresses only. */

struct outlayer_http {
    const char *method;  /* NULL is GET */
    const char *url;     /* http:// or https:// */
    const char *headers; /* "Name: value\n" each; NULL for none */
    const void *body;
    size_t body_len;
    unsigned timeout_ms; /* to connect, and between bytes; 0 is the worker's own */
    size_t max;          /* bytes of an answer to take; 0 is 1 MiB */
};
/* Any status is a success; failing to get one is not. */
const char *outlayer_http(const struct outlayer_http *request, int *status,
                          struct outlayer_bytes *body);
const char *outlayer_http_get(const char *url, int *status, struct outlayer_bytes *body);

#endif
