/* vm.c — a call from its context to its outcome; see vm.h. */
#include "vm/vm.h"

#include <string.h>

#include "base/mem.h"
#include "codec/put.h"
#include "vm/code_cache.h"
#include "vm/host_fns.h"

#define MODULES_DEFAULT    64
#define INSTANCES_DEFAULT  8
#define INSTANCES_MAX      1000
/* What versions without a limit of their own may declare here. */
#define TABLE_ELEMENTS_MAX 1000000

struct vm {
    const struct params *params;
    struct contract_engine *engine;
    struct code_cache *codes;
};

/* ------------------------------------------------------------------ entering host functions */

/* The contract counted its own gas since it was last heard of. */
static bool catch_up(struct host *h, int64_t left)
{
    uint64_t had = gas_left(h);

    if (left < 0)
        return gas_burn(h, had + (uint64_t)-left);
    return (uint64_t)left >= had || gas_burn(h, had - (uint64_t)left);
}

static bool enter(struct contract_call *c, struct host *h)
{
    h->memory = c->memory;
    h->memory_len = c->memory_len;
    return catch_up(h, c->gas);
}

#define X(name, params, result, when)                                                              \
    static bool enter_##name(struct contract_call *c, const uint64_t *a, uint64_t *r)              \
    {                                                                                              \
        struct host *h = c->host;                                                                  \
        bool ok = enter(c, h) && host_##name(h, a, r);                                             \
                                                                                                   \
        c->gas = (int64_t)gas_left(h);                                                             \
        return ok;                                                                                 \
    }
HOST_LIST(X)
#undef X

#define RESULT_N 0
#define RESULT_I 'I'
#define RESULT_i 'i'

static size_t list_imports(const struct params *p, struct contract_import *out)
{
    size_t n = 0;

#define X(name, params, result, when)                                                              \
    if (when)                                                                                      \
        out[n++] = (struct contract_import){#name, params, RESULT_##result, enter_##name};
    HOST_LIST(X)
#undef X
    return n;
}

/* One name each, so that the last one counts them. */
enum {
#define X(name, params, result, when) COUNT_##name,
    HOST_LIST(X)
#undef X
        HOST_COUNT
};

/* ------------------------------------------------------------------ the machine */

enum err vm_new(const struct vm_options *o, struct vm **out, struct buf *why)
{
    struct contract_import imports[HOST_COUNT];
    struct contract_options co = {.imports = imports};
    struct vm *vm = NULL;
    const struct params *p = params_for(o->protocol);
    enum err e;

    if (p == NULL)
        return err_put(why, ERR_RANGE, "protocol version '%u' is not known; use 79 or 88",
                       (unsigned)o->protocol);
    BUG_ON(p->max_number_registers > HOST_REGISTERS_MAX);
    vm = mem_new(struct vm);
    vm->params = p;
    co.n_imports = list_imports(p, imports);
    co.instances_max = o->instances_max != 0 ? o->instances_max : INSTANCES_DEFAULT;
    if (co.instances_max > INSTANCES_MAX)
        co.instances_max = INSTANCES_MAX;
    co.table_elements_max = p->max_elements_per_contract_table > TABLE_ELEMENTS_MAX
                                ? TABLE_ELEMENTS_MAX
                                : (uint32_t)p->max_elements_per_contract_table;
    co.memory_max = (size_t)p->max_memory_pages << 16;
    e = contract_engine_new(&co, &vm->engine, why);
    if (e)
        goto out;
    e = code_cache_new(vm->engine, p, o->modules_max != 0 ? o->modules_max : MODULES_DEFAULT,
                       o->cache_dir, &vm->codes, why);
    if (e)
        goto out;
    *out = vm;
    vm = NULL;
out:
    vm_free(vm);
    return e;
}

void vm_free(struct vm *vm)
{
    if (vm == NULL)
        return;
    code_cache_free(vm->codes);
    contract_engine_free(vm->engine);
    mem_free(vm);
}

const struct params *vm_params(const struct vm *vm)
{
    return vm->params;
}

/* ------------------------------------------------------------------ how it ended */

static void trap(struct host *h, const char *name, const char *text)
{
    struct buf b = BUF_INIT(256);

    buf_addf(&b, "WasmTrap(%s)", name);
    h->debug = arena_str(h->a, buf_str(&b));
    buf_clear(&b);
    buf_addf(&b, "WebAssembly trap: %s", text);
    h->text = arena_str(h->a, buf_str(&b));
    buf_release(&b);
}

static void stack_overflow(struct host *h)
{
    if (h->p->protocol >= 84)
        host_fail_memory(h);
    else
        trap(h, "StackOverflow", "Stack overflow.");
}

static void end_of(struct host *h, const struct contract_result *r)
{
    /* Gas and stack run out with `unreachable`; which it was shows in what is left. */
    if (!catch_up(h, r->gas))
        return;
    switch (r->end) {
    case CONTRACT_DONE:
    case CONTRACT_STOPPED:
        return;
    case CONTRACT_UNREACHABLE:
        if (r->stack < 0)
            stack_overflow(h);
        else
            trap(h, "Unreachable", "An `unreachable` opcode was executed.");
        return;
    case CONTRACT_TABLE_BOUNDS:
        if (h->p->protocol < 84) {
            trap(h, "CallIndirectOOB", "Call indirect out of bounds trap.");
            return;
        }
        trap(h, "MemoryOutOfBounds", "Memory out of bounds trap.");
        return;
    case CONTRACT_MEMORY_BOUNDS:
        trap(h, "MemoryOutOfBounds", "Memory out of bounds trap.");
        return;
    case CONTRACT_NULL_CALL:
        trap(h, "IndirectCallToNull", "Indirect call to null.");
        return;
    case CONTRACT_WRONG_SIGNATURE:
        trap(h, "IncorrectCallIndirectSignature", "Call indirect incorrect signature trap.");
        return;
    case CONTRACT_ARITHMETIC:
        trap(h, "IllegalArithmetic", "An arithmetic exception, e.g. divided by zero.");
        return;
    case CONTRACT_STACK:
        trap(h, "StackOverflow", "Stack overflow.");
        return;
    case CONTRACT_OTHER:
        trap(h, "GenericTrap", "Generic trap.");
        return;
    }
}

/* ------------------------------------------------------------------ the outcome */

static uint64_t compute_of(const struct host *h, const struct vm_outcome *o)
{
    u128 n = o->profile_wasm + h->action_compute;

    for (int i = 0; i < EXT_COUNT; i++)
        if (h->p->ext[i].gas != 0)
            n += (u128)h->profile_ext[i] * h->p->ext[i].compute / h->p->ext[i].gas;
    return n > UINT64_MAX ? UINT64_MAX : (uint64_t)n;
}

static void profile(struct host *h, struct vm_outcome *o)
{
    uint64_t known = 0;

    for (int i = 0; i < EXT_COUNT; i++)
        known += h->profile_ext[i];
    for (int i = 0; i < ACTION_COUNT; i++)
        known += h->profile_action[i];
    memcpy(o->profile_ext, h->profile_ext, sizeof o->profile_ext);
    memcpy(o->profile_action, h->profile_action, sizeof o->profile_action);
    o->profile_wasm = h->burnt > known ? h->burnt - known : 0;
    o->compute_used = compute_of(h, o);
}

static void finish(struct host *h, struct vm_outcome *o)
{
    struct vm_receipt *list;

    o->gas_burnt = h->burnt;
    o->gas_used = gas_used(h);
    o->balance = h->balance;
    o->storage_usage = h->storage_usage;
    o->logs = h->logs;
    o->n_logs = h->n_logs;
    profile(h, o);
    if (h->text.ptr != NULL) {
        o->fail = VM_FAIL_EXECUTION;
        o->text = h->text;
        o->debug = h->debug;
        return;
    }
    o->subsidized = h->subsidized;
    o->returns = h->returns;
    o->value = h->returns == VM_RETURN_VALUE ? h->value : STR_NONE;
    o->return_receipt = h->return_receipt;
    o->gas_spread = host_spread_gas(h, h->prepaid - gas_used(h));
    o->gas_used += o->gas_spread;
    list = arena_new_n(h->a, struct vm_receipt, h->n_receipts);
    for (size_t i = 0; i < h->n_receipts; i++)
        list[i] = h->receipts[i].r;
    o->receipts = list;
    o->n_receipts = h->n_receipts;
    o->resumes = h->resumes;
    o->n_resumes = h->n_resumes;
}

/* A failure before anything ran: nothing is burnt, nothing else is told. */
static void refuse(struct host *h, struct vm_outcome *o, enum vm_fail fail, struct str text,
                   const char *before, const char *after)
{
    struct buf b = BUF_INIT((size_t)1 << 16);

    *o = (struct vm_outcome){
        .fail = fail,
        .text = arena_str(h->a, text),
        .balance = h->balance,
        .storage_usage = h->storage_usage,
    };
    buf_addz(&b, before);
    buf_add_str(&b, text);
    buf_addz(&b, after);
    o->debug = arena_str(h->a, buf_str(&b));
    buf_release(&b);
}

static void refuse_method(struct host *h, struct vm_outcome *o, const char *name)
{
    refuse(h, o, VM_FAIL_METHOD, str_of(name), "MethodResolveError(", ")");
}

/* ------------------------------------------------------------------ the call */

/* The fee for loading; whatever it runs into reads as too little attached gas. */
static bool pay_loading(struct host *h)
{
    if (gas_pay_per(h, EXT_contract_loading_bytes, h->c->code.len) &&
        gas_pay(h, EXT_contract_loading_base))
        return true;
    return host_fail(h, "GasExceeded", "Exceeded the prepaid gas.");
}

static void link_error(struct host *h)
{
    h->debug = STR("LinkError { msg: \"unknown or invalid import\" }");
    h->text = STR("Link Error: unknown or invalid import");
}

static void loading_error(struct host *h, struct str why)
{
    struct buf d = BUF_INIT(WHY_MAX * 8), t = BUF_INIT(WHY_MAX * 2);

    buf_addz(&d, "LoadingError { msg: ");
    host_put_debug(&d, why);
    buf_addz(&d, " }");
    buf_addz(&t, "Loading error: ");
    buf_add_str(&t, why);
    h->debug = arena_str(h->a, buf_str(&d));
    h->text = arena_str(h->a, buf_str(&t));
    buf_release(&d);
    buf_release(&t);
}

/* True when there is something to run; otherwise `o` or the host's failure says why not. */
static bool may_run(struct host *h, const struct code *code, struct vm_outcome *o)
{
    if (h->c->method.len == 0) {
        refuse_method(h, o, "MethodEmptyName");
        return false;
    }
    if (code->refused != PREPARE_OK) {
        refuse(h, o, VM_FAIL_PREPARE, str_of(prepare_name(code->refused)),
               "CompilationError(PrepareError(", "))");
        return false;
    }
    if (!pay_loading(h))
        return false;
    if (code->module == NULL) {
        loading_error(h, code->engine_refused);
        return false;
    }
    if (!contract_linked(code->module)) {
        link_error(h);
        return false;
    }
    switch (contract_find(code->module, h->c->method)) {
    case CONTRACT_ABSENT:
        refuse_method(h, o, "MethodNotFound");
        return false;
    case CONTRACT_BAD_SIGNATURE:
        refuse_method(h, o, "MethodInvalidSignature");
        return false;
    case CONTRACT_FOUND:
        break;
    }
    return true;
}

static enum err run(struct vm *vm, struct host *h, struct vm_outcome *o)
{
    const struct code *code = code_get(vm->codes, h->c->code_hash, h->c->code);
    struct contract_result r = {0};
    enum err e = ERR_OK;

    if (may_run(h, code, o)) {
        e = contract_run(code->module, h->c->method, h, (int64_t)gas_left(h), &r, h->why);
        if (!e)
            end_of(h, &r);
        if (!e)
            e = h->fault;
    }
    code_put(vm->codes, code);
    return e;
}

enum err vm_call(struct vm *vm, struct arena *a, const struct vm_context *c, const struct vm_ext *x,
                 struct vm_outcome *out, struct buf *why)
{
    struct host h = {.p = vm->params, .c = c, .x = x, .a = a, .why = why};
    struct vm_outcome o = {0};
    enum err e;

    if (__builtin_add_overflow(c->balance, c->attached_deposit, &h.balance))
        return err_put(why, ERR_RANGE, "balance and deposit together are more than 128 bits");
    h.storage_usage = c->storage_usage;
    gas_init(&h);
    if (c->code.ptr == NULL) {
        refuse(&h, out, VM_FAIL_NO_CODE, c->current_account,
               "CompilationError(CodeDoesNotExist { account_id: \"", "\" })");
        return ERR_OK;
    }
    e = run(vm, &h, &o);
    if (!e && o.fail == VM_OK)
        finish(&h, &o);
    host_registers_release(&h);
    if (!e)
        *out = o;
    return e;
}

/* ------------------------------------------------------------------ failures as clients see them
 */

static void put_one(struct buf *out, const char *key, struct str text)
{
    json_obj(out);
    put_str(out, key, text);
    json_obj_end(out);
}

void vm_fail_put_json(struct buf *out, const struct vm_context *c, const struct vm_outcome *o)
{
    switch (o->fail) {
    case VM_OK:
        BUG("there is no failure");
    case VM_FAIL_EXECUTION:
        put_one(out, "ExecutionError", o->text);
        return;
    case VM_FAIL_METHOD:
        put_one(out, "MethodResolveError", o->text);
        return;
    case VM_FAIL_NO_CODE:
        json_obj(out);
        json_key(out, "CompilationError");
        json_obj(out);
        json_key(out, "CodeDoesNotExist");
        put_one(out, "account_id", c->current_account);
        json_obj_end(out);
        json_obj_end(out);
        return;
    case VM_FAIL_PREPARE:
        json_obj(out);
        json_key(out, "CompilationError");
        put_one(out, "PrepareError", o->text);
        json_obj_end(out);
        return;
    }
}

void vm_fail_put_view(struct buf *out, const struct vm_outcome *o)
{
    buf_addz(out, "wasm execution failed with error: ");
    buf_add_str(out, o->debug);
}
