/*
 * outlayer_near.c — what the worker does for a component: storage, RPC, VRF, payments.
 *
 * The imports are the canonical ABI's view of api/wit: a string is two words, a result of more than
 * one word is written where the last parameter points. near.wat holds their types; the component
 * linker finds it in a section that near_type.inc puts into the program.
 */
#include "outlayer.h"

#include <stdlib.h>
#include <string.h>

__asm__(".section \".custom_section.component-type:outlayer-near\",\"\",@\n"
#include "near_type.inc"
        ".text\n");

#define STORAGE(name)                                                                              \
    __attribute__((import_module("near:storage/api@0.1.0"), import_name(name))) extern
#define RPC(name) __attribute__((import_module("near:rpc/api@0.1.0"), import_name(name))) extern
#define VRF(name) __attribute__((import_module("near:vrf/api@0.1.0"), import_name(name))) extern
#define PAYMENT(name)                                                                              \
    __attribute__((import_module("near:payment/api@0.1.0"), import_name(name))) extern

/* A string or list as the host writes it: what it points to came from cabi_realloc. */
struct wire {
    char *ptr;
    size_t len;
};
struct wire2 {
    struct wire value, error;
};
struct wire_flag {
    uint8_t flag;
    struct wire error;
};
struct wire_swap {
    uint8_t flag;
    struct wire now, error;
};
struct wire_number {
    int64_t value;
    struct wire error;
};
struct wire_vrf {
    struct wire output, signature, alpha, error;
};

/* clang-format off */
STORAGE("set") void storage_set(const char *, size_t, const void *, size_t, struct wire *);
STORAGE("get") void storage_get(const char *, size_t, struct wire2 *);
STORAGE("has") int storage_has(const char *, size_t);
STORAGE("delete") int storage_delete(const char *, size_t);
STORAGE("list-keys") void storage_list(const char *, size_t, struct wire2 *);
STORAGE("set-if-absent") void storage_set_if_absent(const char *, size_t, const void *, size_t, struct wire_flag *);
STORAGE("set-if-equals") void storage_set_if_equals(const char *, size_t, const void *, size_t, const void *, size_t, struct wire_swap *);
STORAGE("increment") void storage_increment(const char *, size_t, int64_t, struct wire_number *);
STORAGE("set-worker") void storage_set_worker(const char *, size_t, const void *, size_t, int, int, struct wire *);
STORAGE("get-worker") void storage_get_worker(const char *, size_t, int, const char *, size_t, struct wire2 *);
STORAGE("clear-all") void storage_clear(struct wire *);
RPC("view") void rpc_view(const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, struct wire2 *);
RPC("raw") void rpc_raw(const char *, size_t, const char *, size_t, struct wire2 *);
RPC("call") void rpc_call(const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, struct wire2 *);
RPC("transfer") void rpc_transfer(const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, const char *, size_t, struct wire2 *);
VRF("generate") void vrf_generate(const char *, size_t, struct wire_vrf *);
VRF("pubkey") void vrf_pubkey(struct wire2 *);
PAYMENT("refund-usd") void payment_refund(uint64_t, struct wire *);
/* clang-format on */

#define TEXT(s) (s), strlen(s)

extern void *cabi_realloc(void *old, size_t old_len, size_t align, size_t len); /* outlayer.c */

/* An error as callers see it: NULL when empty. The one before is let go. */
static const char *told(struct wire error)
{
    static char *last;

    free(last);
    last = error.ptr;
    return error.len ? error.ptr : NULL;
}

/* What is empty need not point anywhere. */
static struct outlayer_bytes take(struct wire w)
{
    return (struct outlayer_bytes){w.len ? w.ptr : cabi_realloc(NULL, 0, 1, 0), w.len};
}

/* `out` is written when there is no error, else what came with the error is let go. */
static const char *answer(struct wire2 got, struct outlayer_bytes *out)
{
    const char *why = told(got.error);

    if (why)
        free(got.value.ptr);
    else
        *out = take(got.value);
    return why;
}

const char *outlayer_storage_set(const char *key, const void *value, size_t len)
{
    struct wire error;

    storage_set(TEXT(key), value, len, &error);
    return told(error);
}

const char *outlayer_storage_get(const char *key, struct outlayer_bytes *value, bool *found)
{
    struct wire2 got;
    const char *why;

    storage_get(TEXT(key), &got);
    why = answer(got, value);
    /* The interface says "none" and "empty" in one way. */
    if (!why && found)
        *found = value->len > 0 || storage_has(TEXT(key));
    return why;
}

bool outlayer_storage_has(const char *key)
{
    return storage_has(TEXT(key));
}

bool outlayer_storage_delete(const char *key)
{
    return storage_delete(TEXT(key));
}

const char *outlayer_storage_list(const char *prefix, struct outlayer_bytes *json)
{
    struct wire2 got;

    storage_list(TEXT(prefix), &got);
    return answer(got, json);
}

const char *outlayer_storage_set_if_absent(const char *key, const void *value, size_t len,
                                           bool *inserted)
{
    struct wire_flag got;
    const char *why;

    storage_set_if_absent(TEXT(key), value, len, &got);
    why = told(got.error);
    if (!why)
        *inserted = got.flag;
    return why;
}

const char *outlayer_storage_set_if_equals(const char *key, const void *expected,
                                           size_t expected_len, const void *value, size_t len,
                                           bool *replaced, struct outlayer_bytes *now)
{
    struct wire_swap got;
    const char *why;

    storage_set_if_equals(TEXT(key), expected, expected_len, value, len, &got);
    why = told(got.error);
    if (!why)
        *replaced = got.flag;
    if (!why && !got.flag && now)
        *now = take(got.now);
    else
        free(got.now.ptr);
    return why;
}

const char *outlayer_storage_add(const char *key, int64_t delta, int64_t *now)
{
    struct wire_number got;
    const char *why;

    storage_increment(TEXT(key), delta, &got);
    why = told(got.error);
    if (!why && now)
        *now = got.value;
    return why;
}

const char *outlayer_storage_share(const char *key, const void *value, size_t len, bool open)
{
    struct wire error;

    storage_set_worker(TEXT(key), value, len, 1, !open, &error);
    return told(error);
}

const char *outlayer_storage_shared(const char *key, const char *project,
                                    struct outlayer_bytes *value)
{
    struct wire2 got;

    storage_get_worker(TEXT(key), project != NULL, project ? project : "",
                       project ? strlen(project) : 0, &got);
    return answer(got, value);
}

const char *outlayer_storage_clear(void)
{
    struct wire error;

    storage_clear(&error);
    return told(error);
}

const char *outlayer_rpc_view(const char *contract, const char *method, const char *args_json,
                              const char *block, struct outlayer_bytes *result)
{
    struct wire2 got;

    if (!block)
        block = "";
    rpc_view(TEXT(contract), TEXT(method), TEXT(args_json), TEXT(block), &got);
    return answer(got, result);
}

const char *outlayer_rpc_raw(const char *method, const char *params_json,
                             struct outlayer_bytes *result)
{
    struct wire2 got;

    rpc_raw(TEXT(method), TEXT(params_json), &got);
    return answer(got, result);
}

const char *outlayer_rpc_call(const char *signer, const char *key, const char *contract,
                              const char *method, const char *args_json, const char *deposit_yocto,
                              const char *gas, struct outlayer_bytes *hash)
{
    struct wire2 got;

    rpc_call(TEXT(signer), TEXT(key), TEXT(contract), TEXT(method), TEXT(args_json),
             TEXT(deposit_yocto), TEXT(gas), TEXT("FINAL"), &got);
    return answer(got, hash);
}

const char *outlayer_rpc_transfer(const char *signer, const char *key, const char *receiver,
                                  const char *amount_yocto, struct outlayer_bytes *hash)
{
    struct wire2 got;

    rpc_transfer(TEXT(signer), TEXT(key), TEXT(receiver), TEXT(amount_yocto), TEXT("FINAL"), &got);
    return answer(got, hash);
}

const char *outlayer_vrf(const char *seed, struct outlayer_vrf *out)
{
    struct wire_vrf got;
    const char *why;

    vrf_generate(TEXT(seed), &got);
    why = told(got.error);
    if (!why)
        *out = (struct outlayer_vrf){take(got.output), take(got.signature), take(got.alpha)};
    return why;
}

const char *outlayer_vrf_pubkey(struct outlayer_bytes *hex)
{
    struct wire2 got;

    vrf_pubkey(&got);
    return answer(got, hex);
}

const char *outlayer_refund(uint64_t amount)
{
    struct wire error;

    payment_refund(amount, &error);
    return told(error);
}
