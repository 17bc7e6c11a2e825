/* promise.c — calls to other contracts, transfers, callbacks, yields. */
#include <string.h>

#include "sdk/host.h"
#include "sdk/near.h"

#define REG  0u
#define P(p) ((uint64_t)(uintptr_t)(p))

uint64_t promise_batch(struct str to)
{
    return host_promise_batch_create(to.len, P(to.ptr));
}

uint64_t promise_then(uint64_t after, struct str to)
{
    return host_promise_batch_then(after, to.len, P(to.ptr));
}

void promise_call(uint64_t promise, const char *method, struct str args, u128 deposit, uint64_t gas,
                  uint64_t weight)
{
    struct str m = str_of(method);
    host_promise_batch_action_function_call_weight(promise, m.len, P(m.ptr), args.len, P(args.ptr),
                                                   P(&deposit), gas, weight);
}

void promise_transfer(uint64_t promise, u128 amount)
{
    host_promise_batch_action_transfer(promise, P(&amount));
}

#define KEY_LEN 33u /* with its curve, 0 */

static const uint8_t *key_of(const uint8_t key[32], uint8_t out[KEY_LEN])
{
    out[0] = 0;
    memcpy(out + 1, key, 32);
    return out;
}

void promise_add_key(uint64_t promise, const uint8_t key[32], u128 allowance, struct str receiver,
                     struct str methods)
{
    uint8_t k[KEY_LEN];
    host_promise_batch_action_add_key_with_function_call(
        promise, KEY_LEN, P(key_of(key, k)), 0, P(&allowance), receiver.len, P(receiver.ptr),
        methods.len, P(methods.ptr));
}

void promise_delete_key(uint64_t promise, const uint8_t key[32])
{
    uint8_t k[KEY_LEN];
    host_promise_batch_action_delete_key(promise, KEY_LEN, P(key_of(key, k)));
}

void promise_return(uint64_t promise)
{
    host_promise_return(promise);
}

uint64_t promise_results(void)
{
    return host_promise_results_count();
}

bool promise_result(uint64_t i, struct str *out)
{
    if (host_promise_result(i, REG) != 1)
        return false;
    uint64_t n = host_register_len(REG);
    char *p = mem_alloc((size_t)n);
    host_read_register(REG, P(p));
    *out = str_from(p, (size_t)n);
    return true;
}

uint64_t yield_create(const char *method, struct str args, uint64_t gas, uint64_t weight,
                      struct yield_id *id)
{
    struct str m = str_of(method);
    uint64_t promise =
        host_promise_yield_create(m.len, P(m.ptr), args.len, P(args.ptr), gas, weight, REG);
    host_read_register(REG, P(id->b));
    return promise;
}

bool yield_resume(const struct yield_id *id, struct str payload)
{
    return host_promise_yield_resume(sizeof(id->b), P(id->b), payload.len, P(payload.ptr)) == 1;
}

void put_id(struct buf *b, const char *key, const struct yield_id *id)
{
    json_key(b, key);
    json_arr(b);
    for (size_t i = 0; i < sizeof(id->b); i++)
        json_put_u64(b, id->b[i]);
    json_arr_end(b);
}
