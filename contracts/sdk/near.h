/*
 * near.h — the one header of a smart contract in C.
 *
 * A method is written once and compiled twice: to wasm32 for the chain, and natively against the
 * mock in sdk/mock for tests, sanitizers, fuzzing and the debugger.
 *
 *     NEAR_CALL(increment)
 *     {
 *         uint64_t n = … ;
 *         near_return_u64(n + 1);
 *     }
 *
 * Memory: a call is short and starts with fresh memory, so nothing is freed. Everything handed out
 * lives until the method ends; mem_alloc() gives memory of that lifetime.
 * Failing: near_panic() ends the call and the chain rolls back all it did. There are no error codes
 * in contract code. The texts for bad arguments, deposits, private methods and a missing state are
 * those that contracts of the Rust near-sdk give, because wallets and tests match on them.
 *
 * Source: NEP-264 (gas weights), NEP-297 (events), NEP-519 (yield and resume), near-sdk 5 (texts).
 */
#ifndef SDK_NEAR_H
#define SDK_NEAR_H

#include "base/buf.h"
#include "base/def.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/put.h"
#include "codec/wire.h"
#include "near/account_id.h"

#define TGAS                UINT64_C(1000000000000)
#define NEAR_YOCTO_PER_BYTE UINT64_C(10000000000000000000) /* storage staking: 10^19 */
#define NEAR_BYTES_MAX      (4u * 1024 * 1024) /* arguments, values, results: the chain's limit */
#define NEAR_LOG_MAX        16384u             /* all logs of one call together */
#define NEAR_PAYLOAD_MAX    1024u              /* what a yield can be resumed with */

struct yield_id {
    uint8_t b[32];
};

/* ---- methods ---- */

/*
 * NEAR_CALL      changes state, refuses a deposit
 * NEAR_PAYABLE   changes state, takes a deposit
 * NEAR_VIEW      only looks
 * NEAR_PRIVATE   only the contract itself may call it
 * NEAR_CALLBACK  the same, and only as what follows a promise or a yield
 *
 * The body gets `args`, the checked JSON object of arguments ({} when there were none).
 */
#define NEAR_CALL(name)     NEAR_METHOD_(name, near_enter_call)
#define NEAR_PAYABLE(name)  NEAR_METHOD_(name, near_enter_payable)
#define NEAR_VIEW(name)     NEAR_METHOD_(name, near_enter_payable)
#define NEAR_PRIVATE(name)  NEAR_METHOD_(name, near_enter_private)
#define NEAR_CALLBACK(name) NEAR_METHOD_(name, near_enter_callback)

#ifdef __wasm__
#define NEAR_METHOD_(name, enter)                                                                  \
    static void name##_body(struct json args);                                                     \
    __attribute__((export_name(#name))) void method_##name(void);                                  \
    void method_##name(void)                                                                       \
    {                                                                                              \
        name##_body(enter(#name));                                                                 \
    }                                                                                              \
    static void name##_body(UNUSED struct json args)
#else
/* Natively each method announces itself to the mock before main() runs. */
void mock_method(const char *name, void (*run)(void));
#define NEAR_METHOD_(name, enter)                                                                  \
    static void name##_body(struct json args);                                                     \
    static void name##_run(void)                                                                   \
    {                                                                                              \
        name##_body(enter(#name));                                                                 \
    }                                                                                              \
    __attribute__((constructor)) static void name##_announce(void)                                 \
    {                                                                                              \
        mock_method(#name, name##_run);                                                            \
    }                                                                                              \
    static void name##_body(UNUSED struct json args)
#endif

struct json near_enter_call(const char *method);
struct json near_enter_payable(const char *method);
struct json near_enter_private(const char *method);
struct json near_enter_callback(const char *method);

/* ---- failing and logging ---- */

NORETURN void near_panic(struct str text);
NORETURN void near_fail(const char *text);
void near_log(struct str text);
/* `text` with each {} replaced by the next of `parts`; also good for small JSON of ids and numbers,
 * which have nothing to escape. */
struct str near_text(const char *text, const struct str *parts);

/* PANIC("needs {} more", near_dec(n)) */
#define PANIC(text, ...) near_panic(near_text(text, (const struct str[]){__VA_ARGS__}))
#define LOG(text, ...)   near_log(near_text(text, (const struct str[]){__VA_ARGS__}))
#define TEXT(text, ...)  near_text(text, (const struct str[]){__VA_ARGS__})
#define REQUIRE(cond, text)                                                                        \
    do {                                                                                           \
        if (!(cond))                                                                               \
            near_fail(text);                                                                       \
    } while (0)

struct str near_dec(u128 v); /* decimal text */
struct buf near_buf(void);   /* empty, for up to NEAR_BYTES_MAX */

/* A NEP-297 event; `data` is one JSON value, put into the array `data` of the event. */
/* Gives the length of its line. */
size_t near_event(struct str standard, struct str version, const char *event, struct str data);
/* The same into a buf, for who must know its length before it is logged. */
void near_event_put(struct buf *b, struct str standard, struct str version, const char *event,
                    struct str data);

/* ---- who, when, how much ---- */

struct str near_current(void); /* account ids */
struct str near_predecessor(void);
struct str near_signer(void);
u128 near_deposit(void);
u128 near_balance(void);       /* with the attached deposit */
uint64_t near_timestamp(void); /* of the block, ns */
uint64_t near_height(void);
uint64_t near_gas_left(void);
uint64_t near_storage_usage(void); /* bytes, with what this call wrote so far */

/* ---- arguments: each panics when its member is missing or of another type ---- */

NORETURN void near_bad_args(const char *what, const char *name);
/* As json_get, for objects of arguments: reads through each one once and remembers its members. */
struct json arg_get(struct json object, const char *name);
void args_forget(void); /* for near_enter_…: a new call has new arguments */
uint64_t arg_u64(struct json args, const char *name);
uint32_t arg_u32(struct json args, const char *name);
u128 arg_u128(struct json args, const char *name); /* a decimal string */
struct str arg_str(struct json args, const char *name);
struct str arg_account(struct json args, const char *name); /* a valid account id */
bool arg_bool(struct json args, const char *name);
struct json arg_object(struct json args, const char *name);
struct json arg_array(struct json args, const char *name);
/* Optional: false (and nothing written) when absent or null. */
bool arg_opt_u64(struct json args, const char *name, uint64_t *out);
bool arg_opt_u32(struct json args, const char *name, uint32_t *out);
bool arg_opt_u128(struct json args, const char *name, u128 *out);
bool arg_opt_str(struct json args, const char *name, struct str *out);
bool arg_opt_account(struct json args, const char *name, struct str *out);
/* Absent gives `otherwise`; null is an error, as it is for a Rust bool with a default. */
bool arg_bool_or(struct json args, const char *name, bool otherwise);
/* A decoded string value. */
struct str near_json_str(struct json v, const char *name);

/* ---- JSON objects, member by member: codec/put.h, and ---- */

void put_id(struct buf *b, const char *key, const struct yield_id *id); /* array of numbers */

/* ---- results ---- */

void near_return(struct str bytes);
void near_return_buf(const struct buf *b); /* panics when it did not all fit */
void near_return_u64(uint64_t v);          /* JSON */
void near_return_bool(bool v);
void near_return_str(struct str s);
void near_return_u128(u128 v); /* a decimal string */
void near_return_null(void);

/* ---- amounts: panics instead of wrapping ---- */

u128 u128_add(u128 a, u128 b);
u128 u128_sub(u128 a, u128 b);
u128 u128_mul(u128 a, uint64_t b);
u128 u128_div(u128 a, uint32_t b);   /* rounds down */
u128 storage_cost(uint64_t bytes);   /* what so many bytes of storage lock up */
u128 u128_sub_floor(u128 a, u128 b); /* not below 0 */

/* ---- storage ---- */

/* A key: `tag` and then bytes. Lives as long as the call. */
struct str near_key(char tag, struct str rest);
struct str near_key_u64(char tag, uint64_t n); /* big-endian: keys sort as numbers do */
bool near_has(struct str key);
bool near_read(struct str key, struct str *out);
void near_write(struct str key, struct str value);
void near_write_buf(struct str key, const struct buf *value); /* panics when it did not all fit */
bool near_remove(struct str key);
bool near_take(struct str key, struct str *out); /* read and remove, for the price of a remove */

/* ---- promises ---- */

uint64_t promise_batch(struct str to);
uint64_t promise_then(uint64_t after, struct str to);
/* Unused gas of this call is shared among its promises by `weight`. */
void promise_call(uint64_t promise, const char *method, struct str args, u128 deposit, uint64_t gas,
                  uint64_t weight);
void promise_transfer(uint64_t promise, u128 amount);
/* Access keys of the receiver, which must be this contract: an Ed25519 key that may call `methods`
 * (names with commas between) of `receiver` and spend `allowance` on gas. */
void promise_add_key(uint64_t promise, const uint8_t key[32], u128 allowance, struct str receiver,
                     struct str methods);
void promise_delete_key(uint64_t promise, const uint8_t key[32]);
void promise_return(uint64_t promise);

/* In a callback: how the promise before it ended. */
uint64_t promise_results(void);
bool promise_result(uint64_t i, struct str *out); /* false: it failed; `out` untouched */

/* ---- yield and resume (NEP-519) ---- */

/* The call of `method` (private, of this contract) waits 200 blocks at most for a resume. */
uint64_t yield_create(const char *method, struct str args, uint64_t gas, uint64_t weight,
                      struct yield_id *id);
/* False when there is no such yield: not yet, or no longer. */
bool yield_resume(const struct yield_id *id, struct str payload);

/* ---- hashes and signatures ---- */

void near_sha256(struct str s, uint8_t out[32]);
void near_random_seed(uint8_t out[32]); /* the same for all of a block; known to its producer */
bool near_ed25519_verify(const uint8_t sig[64], struct str msg, const uint8_t key[32]);

#endif
