/*
 * params.h — prices and limits of a protocol version, as mainnet's parameters resolve them.
 *
 * The numbers lie in params/params-<version>.json; tools/gen-params makes the lists and the table
 * from them. Gas values are gas units, money is yoctoNEAR. A limit that a version does not have
 * is UINT64_MAX, a cost it does not have is 0.
 *
 * Memory: everything is static.  Thread: any.
 * Source: the parameters published with nearcore (core/parameters), resolved per version.
 */
#ifndef VM_PARAMS_H
#define VM_PARAMS_H

#include "base/def.h"
#include "vm/params_list.h"

enum ext_cost {
#define X(name) EXT_##name,
    EXT_COST_LIST(X)
#undef X
        EXT_COUNT
};

enum action_cost {
#define X(name) ACTION_##name,
    ACTION_COST_LIST(X)
#undef X
        ACTION_COUNT
};

struct ext_price {
    uint64_t gas;
    uint64_t compute; /* what it counts against the chunk; equals gas for most */
};

/* "sir": sender is receiver. */
struct action_fee {
    uint64_t send_sir, send_not_sir, exec;
};

struct ratio {
    uint64_t num, den;
};

struct params {
    uint32_t protocol;
    struct ext_price ext[EXT_COUNT];
    struct action_fee action[ACTION_COUNT];
#define X(name) uint64_t name;
    LIMIT_LIST(X)
    WASM_COST_LIST(X)
    RUNTIME_NUMBER_LIST(X)
#undef X
#define X(name) u128 name;
    RUNTIME_MONEY_LIST(X)
#undef X
#define X(name) bool name;
    VM_FLAG_LIST(X)
#undef X
    struct ratio burnt_gas_reward, gas_refund_penalty;
};

extern const struct params params_table[];
extern const size_t params_table_len;

/* NULL when there is no table for `protocol` (79 and 88 have one). */
const struct params *params_for(uint32_t protocol);

/* "BASE", "NEW_ACTION_RECEIPT": as gas profiles name them. */
const char *ext_cost_name(enum ext_cost c);
const char *action_cost_name(enum action_cost c);

static inline uint64_t action_send(const struct params *p, enum action_cost c, bool sir)
{
    return sir ? p->action[c].send_sir : p->action[c].send_not_sir;
}

#endif
