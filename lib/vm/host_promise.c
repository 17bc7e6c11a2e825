/* Promises: receipts that the call creates, how they depend on each other, yield and resume. */
#include <string.h>

#include "vm/host_fns.h"

/* What every function here does first. */
bool host_enter(struct host *h, const char *function)
{
    if (!gas_pay(h, EXT_base))
        return false;
    return !h->c->view || host_fail_view(h, function);
}

static struct host_promise *promise_at(struct host *h, uint64_t index)
{
    if (index < h->n_promises)
        return &h->promises[index];
    host_fail_number(h, "InvalidPromiseIndex", "promise_idx", index, "",
                     " does not correspond to existing promises");
    return NULL;
}

static bool push_promise(struct host *h, struct host_promise p, uint64_t *index)
{
    h->promises = host_grow(h, h->promises, h->n_promises, &h->cap_promises, sizeof *h->promises);
    h->promises[h->n_promises] = p;
    *index = h->n_promises++;
    if (h->n_promises > h->p->max_promises_per_function_call_action)
        return host_fail_limit(h, "NumberPromisesExceeded", "number_of_promises", h->n_promises,
                               h->p->max_promises_per_function_call_action,
                               "The number of promises within a FunctionCall ",
                               " exceeds the limit ", "");
    return true;
}

/* ------------------------------------------------------------------ receipts */

static uint32_t new_receipt(struct host *h, struct str receiver)
{
    h->receipts = host_grow(h, h->receipts, h->n_receipts, &h->cap_receipts, sizeof *h->receipts);
    h->receipts[h->n_receipts] = (struct host_receipt){.r.receiver = receiver};
    return (uint32_t)h->n_receipts++;
}

static void add_input(struct host *h, struct host_receipt *to, const uint8_t data_id[32])
{
    to->inputs = host_grow(h, to->inputs, to->r.n_inputs, &to->cap_inputs, sizeof *to->inputs);
    memcpy(to->inputs[to->r.n_inputs++], data_id, 32);
    to->r.inputs = (const uint8_t(*)[32])to->inputs;
}

static void depend(struct host *h, uint32_t on, uint32_t receipt)
{
    struct host_receipt *from = &h->receipts[on], *to = &h->receipts[receipt];
    struct vm_data_receiver d = {.receiver = to->r.receiver};

    h->x->data_id(h->x->arg, d.data_id);
    from->outputs =
        host_grow(h, from->outputs, from->r.n_outputs, &from->cap_outputs, sizeof *from->outputs);
    from->outputs[from->r.n_outputs++] = d;
    from->r.outputs = from->outputs;
    add_input(h, to, d.data_id);
}

struct vm_action *host_add_action(struct host *h, uint32_t receipt, struct vm_action a)
{
    struct host_receipt *to = &h->receipts[receipt];

    to->actions = host_grow(h, to->actions, to->r.n_actions, &to->cap_actions, sizeof *to->actions);
    to->actions[to->r.n_actions] = a;
    to->r.actions = to->actions;
    return &to->actions[to->r.n_actions++];
}

/* A receipt and its data dependencies; creating and delivering data is paid by the creator. */
static bool pay_new_receipt(struct host *h, bool sir, const bool *deps_sir, size_t n_deps)
{
    const struct action_fee *data = &h->p->action[ACTION_new_data_receipt_base];
    uint64_t burn = action_send(h->p, ACTION_new_action_receipt, sir);

    for (size_t i = 0; i < n_deps; i++)
        burn += (deps_sir[i] ? data->send_sir : data->send_not_sir) + data->exec;
    return gas_pay_action(h, ACTION_new_action_receipt, burn,
                          h->p->action[ACTION_new_action_receipt].exec);
}

static bool is_own(const struct host *h, struct str account)
{
    return str_eq(account, h->c->current_account);
}

/* The receipt behind a promise that takes actions. */
bool host_receipt_of(struct host *h, uint64_t index, uint32_t *receipt, bool *sir)
{
    const struct host_promise *p = promise_at(h, index);

    if (p == NULL)
        return false;
    if (p->joint)
        return host_fail(h, "CannotAppendActionToJointPromise",
                         "Actions can only be appended to non-joint promise.");
    *receipt = p->receipt;
    *sir = is_own(h, h->receipts[p->receipt].r.receiver);
    return true;
}

bool host_spend(struct host *h, u128 amount)
{
    if (amount > h->balance)
        return host_fail(h, "BalanceExceeded", "Exceeded the account balance.");
    h->balance -= amount;
    return true;
}

/* A call may carry one yocto although the account has none: it is made for it. */
static bool spend_on_call(struct host *h, u128 amount)
{
    if (amount == 1 && h->p->one_yocto_on_promise && h->balance == 0) {
        h->subsidized += 1;
        return true;
    }
    return host_spend(h, amount);
}

struct str host_keep(struct host *h, struct str s)
{
    return arena_str(h->a, s);
}

/* ------------------------------------------------------------------ creating and joining */

bool host_promise_batch_create(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct host_promise p = {0};
    struct str account = STR_NONE;

    if (!host_enter(h, "promise_batch_create") || !host_read_account(h, a[0], a[1], &account) ||
        !pay_new_receipt(h, is_own(h, account), NULL, 0))
        return false;
    p.receipt = new_receipt(h, account);
    return push_promise(h, p, r);
}

bool host_promise_batch_then(struct host *h, const uint64_t *a, uint64_t *r)
{
    bool deps_sir[1024];
    const struct host_promise *on;
    struct host_promise p = {0};
    const uint32_t *deps;
    struct str account = STR_NONE;
    size_t n;

    if (!host_enter(h, "promise_batch_then") || !host_read_account(h, a[1], a[2], &account))
        return false;
    on = promise_at(h, a[0]);
    if (on == NULL)
        return false;
    deps = on->joint ? on->receipts : &on->receipt;
    n = on->joint ? on->n_receipts : 1;
    BUG_ON(n > countof(deps_sir)); /* a join has at most max_number_input_data_dependencies */
    for (size_t i = 0; i < n; i++)
        deps_sir[i] = str_eq(h->receipts[deps[i]].r.receiver, account);
    if (!pay_new_receipt(h, is_own(h, account), deps_sir, n))
        return false;
    p.receipt = new_receipt(h, account);
    for (size_t i = 0; i < n; i++)
        depend(h, deps[i], p.receipt);
    return push_promise(h, p, r);
}

bool host_promise_and(struct host *h, const uint64_t *a, uint64_t *r)
{
    const uint64_t max = h->p->max_number_input_data_dependencies;
    struct host_promise p = {.joint = true};
    struct str list = STR_NONE;
    size_t cap = 0;
    uint64_t bytes;

    if (!host_enter(h, "promise_and") || !gas_pay(h, EXT_promise_and_base))
        return false;
    if (__builtin_mul_overflow(a[1], 8, &bytes))
        return host_fail_overflow(h);
    if (!gas_pay_per(h, EXT_promise_and_per_promise, bytes) ||
        !host_read_memory(h, bytes, a[0], &list))
        return false;
    for (size_t i = 0; i < list.len; i += 8) {
        const struct host_promise *part;
        uint64_t index = 0;
        size_t n;

        for (unsigned k = 8; k > 0; k--)
            index = index << 8 | (uint8_t)list.ptr[i + k - 1];
        part = promise_at(h, index);
        if (part == NULL)
            return false;
        n = part->joint ? part->n_receipts : 1;
        for (size_t k = 0; k < n; k++) {
            p.receipts = host_grow(h, p.receipts, p.n_receipts, &cap, sizeof *p.receipts);
            p.receipts[p.n_receipts++] = part->joint ? part->receipts[k] : part->receipt;
        }
        if (p.n_receipts > max)
            return host_fail_limit(h, "NumberInputDataDependenciesExceeded",
                                   "number_of_input_data_dependencies", p.n_receipts, max,
                                   "The number of input data dependencies ", " exceeds the limit ",
                                   "");
    }
    return push_promise(h, p, r);
}

bool host_promise_create(struct host *h, const uint64_t *a, uint64_t *r)
{
    uint64_t call[7];
    uint64_t none = 0;

    if (!host_promise_batch_create(h, a, r))
        return false;
    call[0] = *r;
    memcpy(call + 1, a + 2, 6 * sizeof *a);
    return host_promise_batch_action_function_call(h, call, &none);
}

bool host_promise_then(struct host *h, const uint64_t *a, uint64_t *r)
{
    uint64_t call[7];
    uint64_t none = 0;

    if (!host_promise_batch_then(h, a, r))
        return false;
    call[0] = *r;
    memcpy(call + 1, a + 3, 6 * sizeof *a);
    return host_promise_batch_action_function_call(h, call, &none);
}

bool host_promise_set_refund_to(struct host *h, const uint64_t *a, uint64_t *r)
{
    const struct host_promise *p;
    struct str account = STR_NONE;

    (void)r;
    if (!host_enter(h, "promise_set_refund_to") || !host_read_account(h, a[1], a[2], &account))
        return false;
    p = promise_at(h, a[0]);
    if (p == NULL)
        return false;
    if (p->joint)
        return host_fail(h, "CannotSetRefundToOnJointPromise",
                         "Setting refund_to on a joint promise is prohibited.");
    h->receipts[p->receipt].r.refund_to = account;
    return true;
}

bool host_promise_return(struct host *h, const uint64_t *a, uint64_t *r)
{
    const struct host_promise *p;

    (void)r;
    if (!gas_pay(h, EXT_base) || !gas_pay(h, EXT_promise_return))
        return false;
    if (h->c->view)
        return host_fail_view(h, "promise_return");
    p = promise_at(h, a[0]);
    if (p == NULL)
        return false;
    if (p->joint)
        return host_fail(h, "CannotReturnJointPromise",
                         "Returning joint promise is currently prohibited.");
    h->returns = VM_RETURN_RECEIPT;
    h->return_receipt = p->receipt;
    return true;
}

bool host_promise_results_count(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)a;
    if (!host_enter(h, "promise_results_count"))
        return false;
    *r = h->c->n_promise_results;
    return true;
}

bool host_promise_result(struct host *h, const uint64_t *a, uint64_t *r)
{
    const struct vm_promise_result *p;

    if (!host_enter(h, "promise_result"))
        return false;
    if (a[0] >= h->c->n_promise_results)
        return host_fail_number(h, "InvalidPromiseResultIndex", "result_idx", a[0],
                                "Accessed invalid promise result index: ", "");
    p = &h->c->promise_results[a[0]];
    *r = p->ok ? 1 : 2;
    return !p->ok || host_set_borrowed(h, a[1], p->data);
}

/* ------------------------------------------------------------------ calls */

struct call_args {
    struct str method, args;
    u128 amount;
    uint64_t gas, weight;
};

static bool read_call(struct host *h, const uint64_t *a, struct call_args *out)
{
    if (!host_read(h, a[0], a[1], &out->method))
        return false;
    if (out->method.len == 0)
        return host_fail(h, "EmptyMethodName", "Tried to call an empty method name.");
    if (!host_read(h, a[2], a[3], &out->args))
        return false;
    out->method = host_keep(h, out->method);
    out->args = host_keep(h, out->args);
    return true;
}

static void add_call(struct host *h, uint32_t receipt, const struct call_args *c)
{
    host_add_action(h, receipt,
                    (struct vm_action){
                        .kind = VM_FUNCTION_CALL,
                        .method = c->method,
                        .args = c->args,
                        .amount = c->amount,
                        .gas = c->gas,
                        .gas_weight = c->weight,
                    });
}

bool host_promise_batch_action_function_call_weight(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct call_args c = {.gas = a[6], .weight = a[7]};
    uint32_t receipt = 0;
    bool sir = false;

    (void)r;
    if (!host_enter(h, "promise_batch_action_function_call") ||
        !host_read_u128(h, a[5], &c.amount) || !read_call(h, a + 1, &c) ||
        !host_receipt_of(h, a[0], &receipt, &sir))
        return false;
    CHARGE(function_call_base, 1, sir);
    CHARGE(function_call_byte, c.method.len + c.args.len, sir);
    if (!gas_reserve(h, c.gas) || !spend_on_call(h, c.amount))
        return false;
    add_call(h, receipt, &c);
    return true;
}

bool host_promise_batch_action_function_call(struct host *h, const uint64_t *a, uint64_t *r)
{
    uint64_t all[8] = {0};

    memcpy(all, a, 7 * sizeof *a);
    return host_promise_batch_action_function_call_weight(h, all, r);
}

uint64_t host_spread_gas(struct host *h, uint64_t unused)
{
    struct vm_action *last = NULL;
    u128 sum = 0;
    uint64_t spread = 0;

    for (size_t i = 0; i < h->n_receipts; i++)
        for (size_t k = 0; k < h->receipts[i].r.n_actions; k++)
            sum += h->receipts[i].actions[k].gas_weight;
    if (sum == 0)
        return 0;
    for (size_t i = 0; i < h->n_receipts; i++) {
        for (size_t k = 0; k < h->receipts[i].r.n_actions; k++) {
            struct vm_action *a = &h->receipts[i].actions[k];
            uint64_t share = (uint64_t)((u128)unused * a->gas_weight / sum);

            if (a->gas_weight == 0)
                continue;
            a->gas += share;
            spread += share;
            last = a;
        }
    }
    last->gas += unused - spread;
    return unused;
}

/* ------------------------------------------------------------------ yield and resume */

static bool yield(struct host *h, const struct call_args *c, const uint8_t *yield_id,
                  uint8_t data_id[32], uint64_t *index)
{
    const bool own = true;
    struct host_promise p = {0};
    struct host_receipt *rc;

    if (!gas_reserve(h, c->gas) || !pay_new_receipt(h, true, &own, 1))
        return false;
    p.receipt = new_receipt(h, h->c->current_account);
    rc = &h->receipts[p.receipt];
    rc->r.yield = true;
    h->x->data_id(h->x->arg, data_id);
    add_input(h, rc, data_id);
    if (yield_id != NULL) {
        rc->r.has_yield_id = true;
        memcpy(rc->r.yield_id, yield_id, 32);
    }
    if (!push_promise(h, p, index))
        return false;
    CHARGE(function_call_base, 1, true);
    CHARGE(function_call_byte, c->method.len + c->args.len, true);
    return true;
}

bool host_promise_yield_create(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct call_args c = {.gas = a[4], .weight = a[5]};
    uint8_t data_id[32];

    if (!host_enter(h, "promise_yield_create") || !gas_pay(h, EXT_yield_create_base) ||
        !read_call(h, a, &c) || !gas_pay_per(h, EXT_yield_create_byte, c.method.len + c.args.len) ||
        !yield(h, &c, NULL, data_id, r))
        return false;
    add_call(h, (uint32_t)(h->n_receipts - 1), &c);
    return host_set(h, a[6], str_from(data_id, sizeof data_id));
}

static struct host_receipt *own_yield_id(struct host *h, const uint8_t yield_id[32])
{
    for (size_t i = 0; i < h->n_receipts; i++)
        if (h->receipts[i].r.has_yield_id && memcmp(h->receipts[i].r.yield_id, yield_id, 32) == 0)
            return &h->receipts[i];
    return NULL;
}

static bool read_id(struct host *h, uint64_t len, uint64_t ptr, uint8_t out[32], bool *right)
{
    struct str s = STR_NONE;

    if (!host_read(h, len, ptr, &s))
        return false;
    *right = s.len == 32;
    if (*right)
        memcpy(out, s.ptr, 32);
    return true;
}

static bool bad_yield_id(struct host *h)
{
    return host_fail(h, "YieldIdMalformed", "yield id is malformed");
}

bool host_promise_yield_create_with_id(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct call_args c = {.gas = a[5], .weight = a[6]};
    uint8_t yield_id[32], data_id[32];
    bool right, taken = false;
    enum err e;

    if (!host_enter(h, "promise_yield_create_with_id") ||
        !gas_pay(h, EXT_yield_create_with_id_base) || !host_read_u128(h, a[4], &c.amount) ||
        !read_call(h, a, &c) || !read_id(h, a[7], a[8], yield_id, &right))
        return false;
    if (!right)
        return bad_yield_id(h);
    if (!gas_pay_per(h, EXT_yield_create_byte, c.method.len + c.args.len))
        return false;
    e = h->x->yield_id_pending(h->x->arg, yield_id, &taken, data_id, h->why);
    if (e)
        return host_broken(h, e);
    if (taken || own_yield_id(h, yield_id) != NULL) {
        *r = UINT64_MAX;
        return true;
    }
    if (!yield(h, &c, yield_id, data_id, r) || !spend_on_call(h, c.amount))
        return false;
    add_call(h, (uint32_t)(h->n_receipts - 1), &c);
    return true;
}

static void add_resume(struct host *h, const uint8_t data_id[32], struct str data, bool plain)
{
    struct vm_resume *v;

    h->resumes = host_grow(h, h->resumes, h->n_resumes, &h->cap_resumes, sizeof *h->resumes);
    v = &h->resumes[h->n_resumes++];
    *v = (struct vm_resume){.data = host_keep(h, data), .plain = plain};
    memcpy(v->data_id, data_id, 32);
}

/*
 * Resume by data id. Since protocol 83 a yield of this very call is resumed like any other; before
 * it turned into an ordinary receipt with its data on the way, once.
 */
static bool resume(struct host *h, const uint8_t data_id[32], struct str data, uint64_t *r)
{
    bool pending = false;
    enum err e;

    for (size_t i = 0; i < h->n_receipts; i++) {
        struct host_receipt *rc = &h->receipts[i];

        if ((!rc->r.yield && !rc->resumed) || memcmp(rc->inputs[0], data_id, 32) != 0)
            continue;
        if (rc->resumed)
            return true;
        if (h->p->protocol < 83) {
            rc->resumed = true;
            rc->r.yield = false;
        }
        add_resume(h, data_id, data, h->p->protocol < 83);
        *r = 1;
        return true;
    }
    e = h->x->yield_pending(h->x->arg, data_id, &pending, h->why);
    if (e)
        return host_broken(h, e);
    if (!pending)
        return true;
    add_resume(h, data_id, data, false);
    *r = 1;
    return true;
}

/* What both resumes do first; the payload comes back before its id is looked at. */
static bool read_resume(struct host *h, const char *function, const uint64_t *a, uint8_t id[32],
                        bool *right, struct str *payload)
{
    if (!host_enter(h, function) || !gas_pay(h, EXT_yield_resume_base) ||
        !gas_pay_per(h, EXT_yield_resume_byte, a[2]) || !read_id(h, a[0], a[1], id, right) ||
        !host_read(h, a[2], a[3], payload))
        return false;
    if (payload->len > h->p->max_yield_payload_size)
        return host_fail_limit(h, "YieldPayloadLength", "length", payload->len,
                               h->p->max_yield_payload_size, "Yield resume payload is ",
                               " bytes which exceeds the ", " byte limit");
    return true;
}

bool host_promise_yield_resume(struct host *h, const uint64_t *a, uint64_t *r)
{
    const char *function = h->p->protocol < 84 ? "promise_submit_data" : "promise_yield_resume";
    struct str payload = STR_NONE;
    uint8_t id[32];
    bool right;

    if (!read_resume(h, function, a, id, &right, &payload))
        return false;
    if (!right)
        return host_fail(h, "DataIdMalformed", "yield resumption token is malformed");
    return resume(h, id, payload, r);
}

bool host_promise_yield_resume_with_yield_id(struct host *h, const uint64_t *a, uint64_t *r)
{
    const struct host_receipt *own;
    struct str payload = STR_NONE;
    uint8_t id[32], data_id[32];
    bool right, pending = false;
    enum err e;

    if (!read_resume(h, "promise_yield_resume_with_yield_id", a, id, &right, &payload))
        return false;
    if (!right)
        return bad_yield_id(h);
    own = own_yield_id(h, id);
    if (own != NULL)
        return resume(h, own->inputs[0], payload, r);
    e = h->x->yield_id_pending(h->x->arg, id, &pending, data_id, h->why);
    if (e)
        return host_broken(h, e);
    if (!pending)
        return true;
    add_resume(h, data_id, payload, false);
    *r = 1;
    return true;
}
