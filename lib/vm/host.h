/*
 * host.h — one call of a contract at work: its gas, registers, promises, and how it fails.
 *
 * Inside lib/vm only. A host function is `bool host_NAME(struct host *h, const uint64_t *a,
 * uint64_t *r)`: it charges and checks in the protocol's order and says false when the contract
 * must stop; by then it has called one of the fail functions. The table of all is host_list.h.
 *
 * Memory: what outlives the call goes to the arena; registers are freed with the call.
 * Source: nearcore docs (runtime specification, bindings) and the published parameters.
 */
#ifndef VM_HOST_H
#define VM_HOST_H

#include "engine/contract.h"
#include "vm/vm.h"

#define HOST_REGISTERS_MAX 100 /* the protocol's limit; a test holds the tables to it */

struct host_register {
    uint64_t id;
    const char *ptr; /* `own`, or borrowed from the context */
    size_t len;
    char *own;
    size_t own_cap;
};

/* A receipt being built; its arrays grow in the arena. */
struct host_receipt {
    struct vm_receipt r;
    uint8_t (*inputs)[32];
    struct vm_data_receiver *outputs;
    struct vm_action *actions;
    size_t cap_inputs, cap_outputs, cap_actions;
    bool resumed; /* a yield that was resumed in the call that made it */
};

/* What a promise index of the contract stands for. */
struct host_promise {
    bool joint;
    uint32_t receipt;   /* not joint */
    uint32_t *receipts; /* joint */
    uint32_t n_receipts;
};

struct host {
    const struct params *p;
    const struct vm_context *c;
    const struct vm_ext *x;
    struct arena *a;

    uint8_t *memory; /* of the instance, during a host function */
    uint64_t memory_len;

    /* Gas: burnt ≤ burnt_limit; burnt + reserved ≤ prepaid. */
    uint64_t burnt, reserved, burnt_limit, burnt_max, prepaid;
    uint64_t profile_ext[EXT_COUNT];
    uint64_t profile_action[ACTION_COUNT];
    uint64_t action_compute;

    struct host_register registers[HOST_REGISTERS_MAX];
    size_t n_registers;
    uint64_t registers_bytes;

    u128 balance, subsidized;
    uint64_t storage_usage;

    struct host_promise *promises;
    size_t n_promises, cap_promises;
    struct host_receipt *receipts;
    size_t n_receipts, cap_receipts;
    struct vm_resume *resumes;
    size_t n_resumes, cap_resumes;

    struct str *logs;
    size_t n_logs, cap_logs;
    uint64_t log_bytes;

    enum vm_return returns;
    struct str value;
    uint32_t return_receipt;

    /* How it failed: text empty while it has not. */
    struct str text, debug;
    enum err fault; /* the chain under the call broke; `why` says how */
    struct buf *why;
};

/* ------------------------------------------------------------------ failing (host_fail.c) */

/* All return false. `debug` is the failure as Rust's debug form shows it. */
bool host_fail(struct host *h, const char *debug, const char *text);
/* One or two numbers: {name} and {name, limit}; `fmt` takes them as %llu. */
bool host_fail_number(struct host *h, const char *debug, const char *field, uint64_t n,
                      const char *before, const char *after);
bool host_fail_limit(struct host *h, const char *debug, const char *field, uint64_t n,
                     uint64_t limit, const char *before, const char *between, const char *after);
/* `debug` { `field`: "msg" } and `prefix` + msg. */
bool host_fail_text(struct host *h, const char *debug, const char *field, struct str msg,
                    const char *prefix);
bool host_fail_view(struct host *h, const char *function);
bool host_fail_memory(struct host *h);
bool host_fail_overflow(struct host *h);
bool host_broken(struct host *h, enum err e); /* vm_ext failed */

/* Append `s` as Rust's debug form of a string: quoted, escaped. */
void host_put_debug(struct buf *out, struct str s);

/* ------------------------------------------------------------------ gas (host_gas.c) */

void gas_init(struct host *h);
uint64_t gas_left(const struct host *h); /* that the contract may still burn */
uint64_t gas_used(const struct host *h);
MUST_USE bool gas_burn(struct host *h, uint64_t gas);
MUST_USE bool gas_pay(struct host *h, enum ext_cost c);
MUST_USE bool gas_pay_per(struct host *h, enum ext_cost c, uint64_t n);
/* Burn `burn` for an action and reserve `reserve` for its execution. */
MUST_USE bool gas_pay_action(struct host *h, enum action_cost c, uint64_t burn, uint64_t reserve);
MUST_USE bool gas_pay_action_units(struct host *h, enum action_cost c, uint64_t n, bool sir);
MUST_USE bool gas_reserve(struct host *h, uint64_t gas);

/* ------------------------------------------------------------------ bytes (host_bytes.c) */

/* The bytes a contract points at: memory, or a register when len is UINT64_MAX. Borrowed. */
MUST_USE bool host_read(struct host *h, uint64_t len, uint64_t ptr, struct str *out);
MUST_USE bool host_read_memory(struct host *h, uint64_t len, uint64_t ptr, struct str *out);
MUST_USE bool host_read_u128(struct host *h, uint64_t ptr, u128 *out);
MUST_USE bool host_write_memory(struct host *h, uint64_t ptr, struct str bytes);
MUST_USE bool host_write_u128(struct host *h, uint64_t ptr, u128 v);
/* Set a register: a copy is made. */
MUST_USE bool host_set(struct host *h, uint64_t id, struct str bytes);
/* The same for bytes of the context: borrowed, and free per byte since protocol 82. */
MUST_USE bool host_set_borrowed(struct host *h, uint64_t id, struct str bytes);
MUST_USE bool host_register(struct host *h, uint64_t id, struct str *out);
const struct host_register *host_register_find(const struct host *h, uint64_t id);
void host_registers_release(struct host *h);
/* An account id that the contract points at, in the arena. */
MUST_USE bool host_read_account(struct host *h, uint64_t len, uint64_t ptr, struct str *out);

/* Room for one more in a growing array of the arena. */
void *host_grow(struct host *h, void *array, size_t n, size_t *cap, size_t size);

/* ------------------------------------------------------------------ promises */

/* Charges `base`; refuses in views, naming `function`. */
MUST_USE bool host_enter(struct host *h, const char *function);
/* The receipt behind promise `index`, and whether it goes to the account itself. */
MUST_USE bool host_receipt_of(struct host *h, uint64_t index, uint32_t *receipt, bool *sir);
struct vm_action *host_add_action(struct host *h, uint32_t receipt, struct vm_action a);
MUST_USE bool host_spend(struct host *h, u128 amount);
struct str host_keep(struct host *h, struct str s);

/* `n` times the fee of action `c`, or return false from here. */
#define CHARGE(c, n, sir)                                                                          \
    do {                                                                                           \
        if (!gas_pay_action_units(h, ACTION_##c, n, sir))                                          \
            return false;                                                                          \
    } while (0)

/* Spread what is left over the calls with a weight; how much that was. */
uint64_t host_spread_gas(struct host *h, uint64_t unused);

#endif
