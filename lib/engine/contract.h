/*
 * contract.h — the engine as lib/vm sees it: compile a prepared module, run one method of it.
 *
 * A prepared module (vm/prepare.h) counts its gas in an exported global and stops by itself, so
 * nothing here meters. Each run gets a fresh instance from a pool whose memories are reset, not
 * made anew: an instance costs microseconds although it starts with 64 MiB. Host functions read
 * and write the instance's memory directly; the gas left is handed to them and back around each
 * call.
 *
 * Memory: objects are new/free.  Thread: any number of threads may run at once, up to the number
 * the engine was made for; more wait.
 */
#ifndef ENGINE_CONTRACT_H
#define ENGINE_CONTRACT_H

#include "base/err.h"

struct contract_engine;
struct contract_module;

/* What a running instance shows to the host. */
struct contract_call {
    void *host;      /* of contract_run() */
    uint8_t *memory; /* borrowed until the host function returns */
    size_t memory_len;
    int64_t gas; /* left; what the host writes here is left for the contract */
};

#define CONTRACT_ARGS_MAX 16

/*
 * A host function. `args` as the contract passed them, i32 zero-extended; false stops the
 * contract. `*result` is 0 before.
 */
typedef bool (*contract_fn)(struct contract_call *call, const uint64_t *args, uint64_t *result);

struct contract_import {
    const char *name;   /* in module "env" */
    const char *params; /* one letter each: I for i64, i for i32 */
    char result;        /* the same, or 0 */
    contract_fn fn;
};

struct contract_options {
    const struct contract_import *imports; /* copied */
    size_t n_imports;
    uint32_t instances_max;
    uint32_t table_elements_max;
    size_t memory_max; /* bytes */
};

MUST_USE enum err contract_engine_new(const struct contract_options *o,
                                      struct contract_engine **out, struct buf *why);
void contract_engine_free(struct contract_engine *e);
/* Name of the engine's build and of its settings, for caches. */
const char *contract_engine_id(void);

/* Would the engine compile it? ERR_FORMAT with the reason when not. */
MUST_USE enum err contract_validate(struct contract_engine *e, struct str wasm, struct buf *why);
/* Compile; ERR_FORMAT when the engine refuses the module. */
MUST_USE enum err contract_compile(struct contract_engine *e, struct str wasm,
                                   struct contract_module **out, struct buf *why);
/* From what contract_serialize() gave. Never from bytes somebody else could have written. */
MUST_USE enum err contract_load(struct contract_engine *e, struct str code,
                                struct contract_module **out, struct buf *why);
MUST_USE enum err contract_serialize(const struct contract_module *m, struct buf *out,
                                     struct buf *why);
void contract_module_free(struct contract_module *m);

enum contract_method { CONTRACT_ABSENT, CONTRACT_BAD_SIGNATURE, CONTRACT_FOUND };

/* Is `name` an exported function without parameters and results? */
enum contract_method contract_find(const struct contract_module *m, struct str name);
/* Does every import exist with the type asked for? */
bool contract_linked(const struct contract_module *m);

enum contract_end {
    CONTRACT_DONE,
    CONTRACT_STOPPED, /* a host function said false */
    CONTRACT_UNREACHABLE,
    CONTRACT_MEMORY_BOUNDS,
    CONTRACT_TABLE_BOUNDS,
    CONTRACT_NULL_CALL,
    CONTRACT_WRONG_SIGNATURE,
    CONTRACT_ARITHMETIC,
    CONTRACT_STACK, /* the native stack ran out; the accounted one should have before */
    CONTRACT_OTHER,
};

struct contract_result {
    enum contract_end end;
    int64_t gas;   /* left; negative: the contract stopped because it ran out */
    int64_t stack; /* the same for its stack */
};

/*
 * Run the start function, if any, and then the exported function `name`, which contract_find()
 * found. `gas` is what the contract may burn. ERR_OK however the contract ended.
 */
MUST_USE enum err contract_run(struct contract_module *m, struct str name, void *host, int64_t gas,
                               struct contract_result *out, struct buf *why);

#endif
