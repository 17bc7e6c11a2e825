/* chain.c — accounts, storage, receipts and time around the contract; see mock.h. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/mock/mock.h"

#define METHODS_MAX 256u
#define BYTE_COST   NEAR_YOCTO_PER_BYTE
#define ROW_BYTES   40u
#define FREE_BYTES  100u /* of the account itself */

struct mock mock;
struct mock_frame *mock_frame;

static struct method {
    const char *name;
    void (*run)(void);
} methods[METHODS_MAX];
static size_t n_methods;
static struct mock_receipt receipts[MOCK_RECEIPTS_MAX];

/* What a panic puts back, newest last. */
static struct undo {
    struct buf key, value;
    bool had;
} * undo;
static size_t n_undo;

void mock_method(const char *name, void (*run)(void))
{
    BUG_ON(n_methods == METHODS_MAX);
    methods[n_methods++] = (struct method){name, run};
}

static struct buf copy(struct str s)
{
    struct buf b = BUF_INIT(SIZE_MAX / 4);
    buf_add_str(&b, s);
    return b;
}

void mock_trap(const char *text)
{
    mock_mem_pause();
    buf_clear(&mock_frame->panic);
    mock_frame->panic.max = SIZE_MAX / 4;
    buf_addz(&mock_frame->panic, text);
    mock_mem_resume();
    longjmp(mock_frame->trap, 1);
}

/* ---- accounts ---- */

struct mock_account *mock_account(struct str id)
{
    for (size_t i = 0; i < mock.n_accounts; i++)
        if (str_eq(account_id_str(&mock.accounts[i].id), id))
            return &mock.accounts[i];
    return NULL;
}

void mock_account_add(const char *id, u128 balance)
{
    struct mock_account *a = mock_account(str_of(id));
    if (a) {
        a->balance += balance;
        return;
    }
    mock.accounts = mem_realloc(mock.accounts, mock.n_accounts * sizeof(*a),
                                (mock.n_accounts + 1) * sizeof(*a));
    a = &mock.accounts[mock.n_accounts++];
    BUG_ON(!account_id_parse(str_of(id), &a->id));
    a->balance = balance;
}

u128 mock_balance(const char *id)
{
    const struct mock_account *a = mock_account(str_of(id));
    return a ? a->balance : 0;
}

u128 mock_total(void)
{
    u128 sum = 0;
    for (size_t i = 0; i < mock.n_accounts; i++)
        sum += mock.accounts[i].balance;
    for (size_t i = 0; i < mock.n_receipts; i++) {
        const struct mock_receipt *r = &mock.receipts[i];
        for (size_t k = 0; k < r->n_actions && (r->state == MOCK_WAITING || r->state == MOCK_READY);
             k++)
            sum += r->actions[k].deposit;
    }
    return sum;
}

/* ---- storage ---- */

struct mock_row *mock_row(struct str key)
{
    for (size_t i = 0; i < mock.n_rows; i++)
        if (str_eq(buf_str(&mock.rows[i].key), key))
            return &mock.rows[i];
    return NULL;
}

static void row_set(struct str key, const struct str *value)
{
    struct mock_row *r = mock_row(key);
    if (!value) {
        if (!r)
            return;
        buf_release(&r->key);
        buf_release(&r->value);
        *r = mock.rows[--mock.n_rows];
        return;
    }
    struct buf v = copy(*value);
    if (r) {
        buf_release(&r->value);
        r->value = v;
        return;
    }
    mock.rows = mem_realloc(mock.rows, mock.n_rows * sizeof(*r), (mock.n_rows + 1) * sizeof(*r));
    mock.rows[mock.n_rows++] = (struct mock_row){copy(key), v};
}

void mock_row_put(struct str key, const struct str *value)
{
    mock_mem_pause();
    const struct mock_row *r = mock_row(key);
    if (mock_frame) {
        undo = mem_realloc(undo, n_undo * sizeof(*undo), (n_undo + 1) * sizeof(*undo));
        undo[n_undo++] =
            (struct undo){copy(key), r ? copy(buf_str(&r->value)) : BUF_INIT(0), r != NULL};
    }
    row_set(key, value);
    mock_mem_resume();
}

static void undo_end(bool back)
{
    while (n_undo) {
        struct undo *u = &undo[--n_undo];
        struct str v = buf_str(&u->value);
        if (back)
            row_set(buf_str(&u->key), u->had ? &v : NULL);
        buf_release(&u->key);
        buf_release(&u->value);
    }
}

uint64_t mock_storage(void)
{
    uint64_t n = FREE_BYTES + mock.code_size;
    for (size_t i = 0; i < mock.n_rows; i++)
        n += ROW_BYTES + mock.rows[i].key.len + mock.rows[i].value.len;
    return n;
}

/* ---- receipts ---- */

struct mock_receipt *mock_receipt_new(struct account_id to)
{
    BUG_ON(mock.n_receipts == MOCK_RECEIPTS_MAX);
    struct mock_receipt *r = &mock.receipts[mock.n_receipts++];
    *r = (struct mock_receipt){.to = to, .after = SIZE_MAX};
    if (mock_frame) {
        r->from = mock.me;
        r->signer = mock_frame->signer;
    }
    return r;
}

static void receipt_release(struct mock_receipt *r)
{
    for (size_t i = 0; i < r->n_actions; i++) {
        buf_release(&r->actions[i].method);
        buf_release(&r->actions[i].args);
        buf_release(&r->actions[i].key.receiver);
        buf_release(&r->actions[i].key.methods);
    }
    mem_free(r->actions);
    buf_release(&r->value);
    buf_release(&r->payload);
    *r = (struct mock_receipt){.after = SIZE_MAX};
}

enum mock_state mock_result(size_t i, struct str *value)
{
    while (mock.receipts[i].state == MOCK_RETURNED)
        i = mock.receipts[i].returned;
    const struct mock_receipt *r = &mock.receipts[i];
    if (value)
        *value = buf_str(&r->value);
    return r->state == MOCK_READY ? MOCK_WAITING : r->state;
}

static bool is_call_elsewhere(const struct mock_receipt *r)
{
    if (account_id_eq(&r->to, &mock.me))
        return false;
    for (size_t i = 0; i < r->n_actions; i++)
        if (r->actions[i].call)
            return true;
    return false;
}

size_t mock_outgoing(size_t from)
{
    for (size_t i = from; i < mock.n_receipts; i++) {
        const struct mock_receipt *r = &mock.receipts[i];
        if (r->state == MOCK_WAITING && is_call_elsewhere(r) &&
            (r->after == SIZE_MAX || mock_result(r->after, NULL) != MOCK_WAITING))
            return i;
    }
    return SIZE_MAX;
}

/* ---- running the contract ---- */

static void (*method_find(struct str name))(void)
{
    for (size_t i = 0; i < n_methods; i++)
        if (str_eqz(name, methods[i].name))
            return methods[i].run;
    return NULL;
}

/* Gas that was not used goes to the calls that were given a weight. */
static void share_gas(const struct mock_frame *f)
{
    uint64_t weights = 0, left = f->prepaid > f->used ? f->prepaid - f->used : 0;
    for (size_t i = f->first; i < mock.n_receipts; i++)
        for (size_t k = 0; k < mock.receipts[i].n_actions; k++)
            weights += mock.receipts[i].actions[k].weight;
    for (size_t i = f->first; weights && i < mock.n_receipts; i++)
        for (size_t k = 0; k < mock.receipts[i].n_actions; k++)
            mock.receipts[i].actions[k].gas += left / weights * mock.receipts[i].actions[k].weight;
}

static bool covered(void)
{
    const struct mock_account *me = mock_account(account_id_str(&mock.me));
    return me->balance >= (u128)mock_storage() * BYTE_COST;
}

/* Run one method in `f`; true when it ended well. Its deposit is already in the balance. */
static bool run_method(struct mock_frame *f, struct str name)
{
    void (*run)(void) = method_find(name);
    volatile bool ok = false;

    f->first = mock.n_receipts;
    f->logs_before = mock.n_logs;
    f->used = mock.burn;
    f->panic = BUF_INIT(SIZE_MAX / 4);
    mock_frame = f;
    mock_mem_enter();
    if (!run) {
        mock_mem_pause();
        buf_addz(&f->panic, "MethodResolveError(MethodNotFound)");
    } else if (setjmp(f->trap) == 0) {
        run();
        ok = true;
    }
    mock_mem_leave();
    mock_frame = NULL;
    if (ok && !f->view && !covered()) {
        ok = false;
        buf_addz(&f->panic, "LackBalanceForState");
    }
    undo_end(!ok);
    if (ok) {
        share_gas(f);
        return true;
    }
    while (mock.n_logs > f->logs_before)
        buf_clear(&mock.logs[--mock.n_logs]);
    while (mock.n_receipts > f->first)
        receipt_release(&mock.receipts[--mock.n_receipts]);
    for (size_t i = 0; i < f->n_resumed; i++)
        mock.receipts[f->resumed[i]].resumed = false;
    return false;
}

static void frame_release(struct mock_frame *f)
{
    for (size_t i = 0; i < MOCK_REGS; i++)
        buf_release(&f->regs[i]);
    buf_release(&f->value);
    buf_release(&f->panic);
}

/* ---- access keys ---- */

static size_t key_index(const uint8_t key[33])
{
    size_t i = 0;
    while (i < mock.n_keys && memcmp(mock.keys[i].key, key, sizeof(mock.keys[i].key)) != 0)
        i++;
    return i;
}

const struct mock_key *mock_key(const uint8_t key[32])
{
    uint8_t with_curve[33] = {0};
    memcpy(with_curve + 1, key, 32);
    size_t i = key_index(with_curve);
    return i < mock.n_keys ? &mock.keys[i] : NULL;
}

static void key_release(struct mock_key *k)
{
    buf_release(&k->receiver);
    buf_release(&k->methods);
}

/* NULL, or why the chain refuses. */
static const char *change_key(const struct mock_action *a)
{
    size_t i = key_index(a->key.key);
    if (a->adds_key) {
        if (i < mock.n_keys)
            return "AddKeyAlreadyExists";
        BUG_ON(mock.n_keys == MOCK_KEYS_MAX);
        mock.keys[mock.n_keys] = a->key;
        mock.keys[mock.n_keys].receiver = copy(buf_str(&a->key.receiver));
        mock.keys[mock.n_keys++].methods = copy(buf_str(&a->key.methods));
    } else {
        if (i == mock.n_keys)
            return "DeleteKeyDoesNotExist";
        key_release(&mock.keys[i]);
        mock.keys[i] = mock.keys[--mock.n_keys];
    }
    return NULL;
}

static void run_here(size_t i)
{
    u128 before = mock_account(account_id_str(&mock.me))->balance, deposits = 0;
    struct mock_frame f = {0};

    for (size_t k = 0; k < mock.receipts[i].n_actions; k++) {
        struct mock_receipt *r = &mock.receipts[i];
        struct mock_action *a = &r->actions[k];
        mock_account(account_id_str(&mock.me))->balance += a->deposit;
        deposits += a->deposit;
        if (a->adds_key || a->deletes_key) {
            const char *refused = change_key(a);
            if (refused) { /* the only action of its receipt, so there is nothing to undo */
                BUG_ON(k || deposits);
                r->state = MOCK_FAILED;
                r->value = copy(str_of(refused));
                return;
            }
        }
        if (!a->call)
            continue;
        frame_release(&f);
        f = (struct mock_frame){.predecessor = r->from,
                                .signer = r->signer,
                                .input = buf_str(&a->args),
                                .deposit = a->deposit,
                                .prepaid = a->gas,
                                .self = r};
        if (!run_method(&f, buf_str(&a->method))) {
            r = &mock.receipts[i];
            struct mock_account *from = mock_account(account_id_str(&r->from));
            mock_account(account_id_str(&mock.me))->balance = before;
            if (from)
                from->balance += deposits;
            r->state = MOCK_FAILED;
            buf_release(&r->value);
            r->value = copy(buf_str(&f.panic));
            frame_release(&f);
            return;
        }
    }
    struct mock_receipt *r = &mock.receipts[i];
    buf_release(&r->value);
    r->value = copy(buf_str(&f.value));
    r->state = f.has_return ? MOCK_RETURNED : MOCK_OK;
    r->returned = f.returned;
    frame_release(&f);
}

static void run_transfer(struct mock_receipt *r)
{
    struct mock_account *to = mock_account(account_id_str(&r->to));
    struct mock_account *back = mock_account(account_id_str(&r->from));
    r->state = to ? MOCK_OK : MOCK_FAILED;
    for (size_t i = 0; i < r->n_actions; i++)
        (to ? to : back)->balance += r->actions[i].deposit;
}

/* Whether a waiting receipt can go on. */
static bool ready(const struct mock_receipt *r)
{
    if (r->state == MOCK_READY)
        return true;
    if (r->state != MOCK_WAITING || is_call_elsewhere(r))
        return false;
    if (r->is_yield)
        return r->resumed || r->timed_out;
    return r->after == SIZE_MAX || mock_result(r->after, NULL) != MOCK_WAITING;
}

void mock_run(void)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < mock.n_receipts; i++) {
            if (!ready(&mock.receipts[i]))
                continue;
            moved = true;
            if (account_id_eq(&mock.receipts[i].to, &mock.me))
                run_here(i);
            else
                run_transfer(&mock.receipts[i]);
        }
    }
}

void mock_blocks(uint64_t n)
{
    while (n--) {
        mock.height++;
        mock.time_ns += MOCK_BLOCK_NS;
        for (size_t i = 0; i < mock.n_receipts; i++) {
            struct mock_receipt *r = &mock.receipts[i];
            if (r->is_yield && r->state == MOCK_WAITING && !r->resumed && r->expires <= mock.height)
                r->timed_out = true;
        }
        mock_run();
    }
}

void mock_answer(size_t i, bool ok, struct str value)
{
    struct mock_receipt *r = &mock.receipts[i];
    BUG_ON(r->state != MOCK_WAITING);
    r->state = ok ? MOCK_OK : MOCK_FAILED;
    buf_release(&r->value);
    r->value = copy(value);
    struct mock_account *to = mock_account(account_id_str(ok ? &r->to : &r->from));
    for (size_t k = 0; k < r->n_actions; k++)
        if (to)
            to->balance += r->actions[k].deposit;
}

/* ---- calls of a test ---- */

size_t mock_call_as(const char *who, const char *signer, u128 deposit, const char *method,
                    struct str args)
{
    struct mock_account *from = mock_account(str_of(who));
    BUG_ON(!from || from->balance < deposit);
    from->balance -= deposit;

    size_t i = mock.n_receipts;
    struct mock_receipt *r = mock_receipt_new(mock.me);
    BUG_ON(!account_id_parse(str_of(who), &r->from));
    BUG_ON(!account_id_parse(str_of(signer), &r->signer));
    r->actions = mem_alloc(sizeof(*r->actions));
    r->n_actions = 1;
    r->actions[0] = (struct mock_action){.call = true,
                                         .method = copy(str_of(method)),
                                         .args = copy(args),
                                         .deposit = deposit,
                                         .gas = mock.gas};
    run_here(i);
    return i;
}

size_t mock_call(const char *who, u128 deposit, const char *method, struct str args)
{
    return mock_call_as(who, who, deposit, method, args);
}

bool mock_view(const char *method, struct str args, struct str *out)
{
    static struct buf last;
    struct mock_frame f = {.view = true, .input = args, .prepaid = mock.gas};
    bool ok = run_method(&f, str_of(method));
    buf_release(&last);
    last = copy(ok ? buf_str(&f.value) : buf_str(&f.panic));
    frame_release(&f);
    *out = buf_str(&last);
    return ok;
}

/* ---- life ---- */

void mock_end(void)
{
    for (size_t i = 0; i < mock.n_receipts; i++)
        receipt_release(&mock.receipts[i]);
    while (mock.n_rows) {
        buf_release(&mock.rows[--mock.n_rows].key);
        buf_release(&mock.rows[mock.n_rows].value);
    }
    for (size_t i = 0; i < countof(mock.logs); i++)
        buf_release(&mock.logs[i]);
    while (mock.n_keys)
        key_release(&mock.keys[--mock.n_keys]);
    mem_free(mock.rows);
    mem_free(mock.accounts);
    mem_free(undo);
    undo = NULL;
    mock = (struct mock){0};
}

void mock_init(const char *contract, u128 balance)
{
    mock_end();
    BUG_ON(sodium_init() < 0);
    mock.receipts = receipts;
    mock.gas = MOCK_GAS;
    mock.burn = TGAS;
    mock.height = 1000;
    mock.time_ns = UINT64_C(1780000000000000000);
    mock_account_add(contract, balance);
    mock.me = mock.accounts[0].id;
}

/* ---- looking ---- */

void mock_clear_logs(void)
{
    while (mock.n_logs)
        buf_clear(&mock.logs[--mock.n_logs]);
}

static bool has(const struct buf *line, const char *part)
{
    struct str s = buf_str(line), p = str_of(part);
    return p.len <= s.len && str_find(s, p) < s.len;
}

size_t mock_count_logs(const char *part)
{
    size_t n = 0;
    for (size_t i = 0; i < mock.n_logs; i++)
        n += has(&mock.logs[i], part);
    return n;
}

bool mock_logged(const char *part)
{
    return mock_count_logs(part) > 0;
}

struct str mock_log(const char *part)
{
    for (size_t i = mock.n_logs; i-- > 0;)
        if (has(&mock.logs[i], part))
            return buf_str(&mock.logs[i]);
    return STR_NONE;
}
