/*
 * compare.c — the same calls on the reference node's virtual machine and on ours.
 *
 *   compare ORACLE CASES-FOLDER SHARE-FOLDER [GENERATED [SEED [PER-FUNCTION [NAME]]]]
 *
 * ORACLE is the program built from src/ here. Each .wat file of CASES-FOLDER is a module with lines
 *
 *   ;; run METHOD [input=HEX] [json=TEXT] [gas=N] [time=N] [balance=N] [deposit=N] [view]
 *                 [row=HEX:HEX] [result=HEX|result=-] [receiver=ACCOUNT] [keep]
 *
 * one per call; `json=` takes the rest of the line; `keep` leaves the storage for the next call. A
 * file NAME.calls has the same lines for the contract NAME.wasm in SHARE-FOLDER, and `;; all` for
 * every method with inputs that it will not like. GENERATED modules
 * (wasm-smith, from SEED) come on top, each exported function called, and PER-FUNCTION calls of
 * each host function (hostcalls.h); with NAME, only of those that start so. Whatever differs is
 * printed: results, logs, error texts, receipts, storage, and gas to the unit, cost by cost. The
 * last line is
 * {"cases":N,"mismatches":N}; the exit status is 0 only when all agree.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "crypto/hash.h"
#include "engine/wat.h"
#include "hostcalls.h"
#include "signcalls.h"
#include "vm/vm.h"
#include "vm/wasm_module.h"

#define WORDS_MAX   ((size_t)64 << 20)
#define ROWS_MAX    512
#define RESULTS_MAX 16
#define DIFFERENCES 20 /* printed in full; more are only counted */

struct row {
    struct str key, value;
};

struct rows {
    struct row list[ROWS_MAX];
    size_t n;
};

struct test {
    const char *file;
    struct str wasm, method, input;
    uint64_t gas, time;
    u128 balance, deposit;
    bool view, keep;
    struct vm_promise_result results[RESULTS_MAX];
    size_t n_results;
    struct str receivers[RESULTS_MAX];
    size_t n_receivers;
};

static struct vm *vm;
static FILE *to_oracle, *from_oracle;
static struct arena memory = ARENA_INIT; /* of the file at work */
static struct rows rows;
static uint64_t data_ids;
static unsigned cases, mismatches, succeeded;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "compare: %s: %s\n", what, why);
    exit(2);
}

/* ------------------------------------------------------------------ the chain under our side */

static struct row *find(struct str key)
{
    for (size_t i = 0; i < rows.n; i++)
        if (str_eq(rows.list[i].key, key))
            return &rows.list[i];
    return NULL;
}

static void put_row(struct str key, struct str value)
{
    struct row *r = find(key);

    if (r == NULL) {
        if (rows.n == ROWS_MAX)
            die("storage", "too many rows");
        r = &rows.list[rows.n++];
        r->key = arena_str(&memory, key);
    }
    r->value = arena_str(&memory, value);
}

static enum err read_(void *arg, struct str key, struct str *value, struct buf *why)
{
    const struct row *r = find(key);

    (void)arg, (void)why;
    *value = r != NULL ? r->value : STR_NONE;
    return ERR_OK;
}

static enum err write_(void *arg, struct str key, struct str value, struct str *old,
                       struct vm_touch *touch, struct buf *why)
{
    const struct row *r = find(key);

    (void)arg, (void)why, (void)touch;
    *old = r != NULL ? r->value : STR_NONE;
    put_row(key, value);
    return ERR_OK;
}

static enum err remove_(void *arg, struct str key, struct str *old, struct vm_touch *touch,
                        struct buf *why)
{
    struct row *r = find(key);

    (void)arg, (void)why, (void)touch;
    *old = STR_NONE;
    if (r != NULL) {
        *old = r->value;
        *r = rows.list[--rows.n];
    }
    return ERR_OK;
}

static enum err has(void *arg, struct str key, bool *there, struct buf *why)
{
    (void)arg, (void)why;
    *there = find(key) != NULL;
    return ERR_OK;
}

static void data_id(void *arg, uint8_t out[32])
{
    struct hash256 h = sha256(str_from(&data_ids, sizeof data_ids));

    (void)arg;
    data_ids++;
    memcpy(out, h.b, 32);
}

static enum err pending(void *arg, const uint8_t id[32], bool *yes, struct buf *why)
{
    (void)arg, (void)id, (void)why;
    *yes = false;
    return ERR_OK;
}

static enum err id_pending(void *arg, const uint8_t id[32], bool *yes, uint8_t out[32],
                           struct buf *why)
{
    (void)out;
    return pending(arg, id, yes, why);
}

static u128 stake(void *arg, struct str account)
{
    (void)arg;
    return str_eqz(account, "validator.near") ? 12345 : 0;
}

static u128 total(void *arg)
{
    (void)arg;
    return 12345;
}

/* ------------------------------------------------------------------ our answer in words */

static void add_hex(struct buf *b, struct str s)
{
    hex_put(b, s.ptr, s.len);
}

static void put_amount(struct buf *b, const char *before, u128 n)
{
    buf_addz(b, before);
    buf_add_u128(b, n);
}

static void put_names(struct buf *b, const struct vm_action *a)
{
    for (size_t i = 0; i < a->n_method_names; i++) {
        if (i > 0)
            buf_add_byte(b, '+');
        add_hex(b, a->method_names[i]);
    }
}

static void put_global(struct buf *b, const struct vm_action *a)
{
    if (a->by_account) {
        buf_addz(b, "account:");
        buf_add_str(b, a->account);
    } else {
        buf_addz(b, "hash:");
        hex_put(b, a->code_hash, 32);
    }
}

static void put_key(struct buf *b, const struct vm_action *a)
{
    static const char *const names[] = {" fckey:", " key:", " gasfckey:", " gaskey:"};
    bool gas = a->permission == VM_GAS_KEY_FULL_ACCESS || a->permission == VM_GAS_KEY_FUNCTION_CALL;

    buf_addz(b, names[a->permission]);
    add_hex(b, a->public_key);
    put_amount(b, ":", gas ? a->num_nonces : a->nonce);
    if (a->permission == VM_KEY_FULL_ACCESS || a->permission == VM_GAS_KEY_FULL_ACCESS)
        return;
    put_amount(b, ":", a->has_allowance ? a->amount : 0);
    buf_add_byte(b, ':');
    buf_add_str(b, a->account);
    buf_add_byte(b, ':');
    put_names(b, a);
}

static void put_action(struct buf *b, const struct vm_action *a, uint64_t weighted)
{
    switch (a->kind) {
    case VM_CREATE_ACCOUNT:
        buf_addz(b, " create");
        return;
    case VM_DEPLOY_CONTRACT:
        buf_addz(b, " deploy:");
        add_hex(b, a->code);
        return;
    case VM_FUNCTION_CALL:
        buf_addz(b, " call:");
        add_hex(b, a->method);
        buf_add_byte(b, ':');
        add_hex(b, a->args);
        put_amount(b, ":", a->amount);
        put_amount(b, ":", a->gas - weighted);
        put_amount(b, ":", a->gas_weight);
        return;
    case VM_TRANSFER:
        put_amount(b, " transfer:", a->amount);
        return;
    case VM_STAKE:
        put_amount(b, " stake:", a->amount);
        buf_add_byte(b, ':');
        add_hex(b, a->public_key);
        return;
    case VM_ADD_KEY:
        put_key(b, a);
        return;
    case VM_DELETE_KEY:
        buf_addz(b, " unkey:");
        add_hex(b, a->public_key);
        return;
    case VM_DELETE_ACCOUNT:
        buf_addz(b, " delete:");
        buf_add_str(b, a->account);
        return;
    case VM_DEPLOY_GLOBAL:
        buf_addz(b, " global:");
        add_hex(b, a->code);
        buf_addz(b, a->by_account ? ":1" : ":0");
        return;
    case VM_USE_GLOBAL:
        buf_addz(b, " use:");
        put_global(b, a);
        return;
    case VM_STATE_INIT:
        put_amount(b, " init:", a->amount);
        buf_add_byte(b, ':');
        put_global(b, a);
        for (size_t i = 0; i < a->n_entries; i++) {
            buf_add_byte(b, ':');
            add_hex(b, a->entries[i].key);
            buf_add_byte(b, '=');
            add_hex(b, a->entries[i].value);
        }
        return;
    case VM_TRANSFER_TO_GAS_KEY:
        buf_addz(b, " fund:");
        add_hex(b, a->public_key);
        put_amount(b, ":", a->amount);
        return;
    case VM_UNIVERSAL_STATE_INIT:
        buf_addz(b, " universal:");
        add_hex(b, a->code);
        put_amount(b, ":", a->amount);
        return;
    }
}

/* The receipt whose output is this data id. */
static size_t source_of(const struct vm_outcome *o, const uint8_t id[32])
{
    for (size_t i = 0; i < o->n_receipts; i++)
        for (size_t k = 0; k < o->receipts[i].n_outputs; k++)
            if (memcmp(o->receipts[i].outputs[k].data_id, id, 32) == 0)
                return i;
    die("receipts", "an input without a source");
    return 0;
}

/* The other side does not spread what is left: take each call's share off again. */
static uint64_t share_of(const struct vm_outcome *o, const struct vm_action *a)
{
    const struct vm_action *last = NULL;
    u128 sum = 0;
    uint64_t spread = 0;

    for (size_t i = 0; i < o->n_receipts; i++)
        for (size_t k = 0; k < o->receipts[i].n_actions; k++)
            sum += o->receipts[i].actions[k].gas_weight;
    if (a->gas_weight == 0 || sum == 0)
        return 0;
    for (size_t i = 0; i < o->n_receipts; i++)
        for (size_t k = 0; k < o->receipts[i].n_actions; k++)
            if (o->receipts[i].actions[k].gas_weight > 0) {
                last = &o->receipts[i].actions[k];
                spread += (uint64_t)((u128)o->gas_spread * last->gas_weight / sum);
            }
    return (uint64_t)((u128)o->gas_spread * a->gas_weight / sum) +
           (a == last ? o->gas_spread - spread : 0);
}

static void put_receipts(struct buf *b, const struct vm_outcome *o)
{
    for (size_t i = 0; i < o->n_receipts; i++) {
        const struct vm_receipt *r = &o->receipts[i];

        buf_addz(b, r->yield ? " yield=" : " receipt=");
        buf_add_str(b, r->receiver);
        buf_add_byte(b, ':');
        if (r->yield) {
            hex_put(b, r->inputs[0], 32);
            buf_add_byte(b, ':');
            if (r->has_yield_id)
                hex_put(b, r->yield_id, 32);
            else
                buf_add_byte(b, '-');
        } else {
            buf_add_byte(b, '[');
            for (size_t k = 0; k < r->n_inputs; k++) {
                put_amount(b, k > 0 ? "+" : "", source_of(o, r->inputs[k]));
            }
            buf_add_byte(b, ']');
        }
        if (r->refund_to.ptr != NULL) {
            buf_addz(b, " refund=");
            buf_add_str(b, r->refund_to);
        }
        for (size_t k = 0; k < r->n_actions; k++)
            put_action(b, &r->actions[k], share_of(o, &r->actions[k]));
    }
    for (size_t i = 0; i < o->n_resumes; i++) {
        buf_addz(b, " resume=");
        hex_put(b, o->resumes[i].data_id, 32);
        buf_add_byte(b, ':');
        add_hex(b, o->resumes[i].data);
    }
}

static int row_cmp(const void *x, const void *y)
{
    return str_cmp(((const struct row *)x)->key, ((const struct row *)y)->key);
}

static void put_costs(struct buf *b, const struct vm_outcome *o)
{
    static const char *const actions[] = {
#define X(name) #name,
        ACTION_COST_LIST(X)
#undef X
    };
    static const char *const exts[] = {
#define X(name) #name,
        EXT_COST_LIST(X)
#undef X
    };

    for (size_t i = 0; i < countof(actions); i++)
        if (o->profile_action[i] != 0)
            buf_addf(b, " %s=%llu", actions[i], (unsigned long long)o->profile_action[i]);
    for (size_t i = 0; i < countof(exts); i++)
        if (o->profile_ext[i] != 0)
            buf_addf(b, " %s=%llu", exts[i], (unsigned long long)o->profile_ext[i]);
    buf_addf(b, " wasm=%llu", (unsigned long long)o->profile_wasm);
}

static void put_error(struct buf *b, const struct vm_outcome *o)
{
    struct buf text = BUF_INIT(WORDS_MAX);

    if (o->fail == VM_FAIL_PREPARE)
        buf_addz(&text, "prepare:");
    else if (o->fail == VM_FAIL_METHOD)
        buf_addz(&text, "method:");
    buf_add_str(&text, o->text);
    buf_addz(b, " error=");
    add_hex(b, buf_str(&text));
    buf_release(&text);
}

static void put_outcome(struct buf *b, const struct vm_outcome *o)
{
    buf_addf(b, "burnt=%llu used=%llu compute=%llu", (unsigned long long)o->gas_burnt,
             (unsigned long long)(o->gas_used - o->gas_spread),
             (unsigned long long)o->compute_used);
    put_costs(b, o);
    for (size_t i = 0; i < o->n_logs; i++) {
        buf_addz(b, " log=");
        add_hex(b, o->logs[i]);
    }
    if (o->fail != VM_OK) {
        put_error(b, o);
        return;
    }
    put_amount(b, " balance=", o->balance);
    put_amount(b, " subsidized=", o->subsidized);
    put_amount(b, " storage=", o->storage_usage);
    if (o->returns == VM_RETURN_VALUE) {
        buf_addz(b, " value=");
        add_hex(b, o->value);
    } else if (o->returns == VM_RETURN_RECEIPT) {
        put_amount(b, " returns=", o->return_receipt);
    }
    if (rows.n > 0)
        qsort(rows.list, rows.n, sizeof rows.list[0], row_cmp);
    for (size_t i = 0; i < rows.n; i++) {
        buf_addz(b, " row=");
        add_hex(b, rows.list[i].key);
        buf_add_byte(b, ':');
        add_hex(b, rows.list[i].value);
    }
    put_receipts(b, o);
}

static void ours(struct buf *out, const struct test *t)
{
    static const struct vm_ext ext = {.storage_read = read_,
                                      .storage_write = write_,
                                      .storage_remove = remove_,
                                      .storage_has = has,
                                      .data_id = data_id,
                                      .yield_pending = pending,
                                      .yield_id_pending = id_pending,
                                      .validator_stake = stake,
                                      .validator_total_stake = total};
    static const uint8_t pk[33] = {0, 1, 2, 3};
    struct hash256 hash = sha256(t->wasm);
    struct vm_context c = {
        .current_account = STR("alice.near"),
        .signer_account = STR("bob.near"),
        .signer_pk = str_from(pk, sizeof pk),
        .predecessor_account = STR("carol.near"),
        .refund_to = STR("refund.near"),
        .method = t->method,
        .input = t->input,
        .block_height = 10,
        .block_timestamp = t->time,
        .epoch_height = 1,
        .balance = t->balance,
        .locked_balance = 77,
        .attached_deposit = t->deposit,
        .storage_usage = 1000000,
        .prepaid_gas = t->gas,
        .chain_id = STR("test"),
        .view = t->view,
        .view_gas_max = t->gas,
        .promise_results = t->results,
        .n_promise_results = t->n_results,
        .output_receivers = t->receivers,
        .n_output_receivers = t->n_receivers,
        .code = t->wasm,
        .code_origin = VM_CODE_LOCAL,
    };
    struct buf why = WHY_INIT;
    struct arena a = ARENA_INIT;
    struct vm_outcome o;

    memset(c.random_seed, 9, sizeof c.random_seed);
    memcpy(c.code_hash, hash.b, sizeof c.code_hash);
    data_ids = 0;
    if (vm_call(vm, &a, &c, &ext, &o, &why) != ERR_OK)
        die("our machine", buf_z(&why));
    put_outcome(out, &o);
    arena_release(&a);
    buf_release(&why);
}

/* ------------------------------------------------------------------ theirs */

static void put_hex_item(struct buf *b, struct str s)
{
    json_str_open(b);
    add_hex(b, s);
    json_str_close(b);
}

static void put_case(struct buf *b, const struct test *t)
{
    json_obj(b);
    put_hex(b, "wasm", t->wasm);
    put_str(b, "method", t->method);
    put_hex(b, "input", t->input);
    put_u64(b, "gas", t->gas);
    put_u64(b, "time", t->time);
    put_u128(b, "balance", t->balance);
    put_u128(b, "deposit", t->deposit);
    put_bool(b, "view", t->view);
    json_key(b, "rows");
    json_arr(b);
    for (size_t i = 0; i < rows.n; i++) {
        json_arr(b);
        put_hex_item(b, rows.list[i].key);
        put_hex_item(b, rows.list[i].value);
        json_arr_end(b);
    }
    json_arr_end(b);
    json_key(b, "results");
    json_arr(b);
    for (size_t i = 0; i < t->n_results; i++) {
        if (t->results[i].ok)
            put_hex_item(b, t->results[i].data);
        else
            json_put_null(b);
    }
    json_arr_end(b);
    json_key(b, "receivers");
    json_arr(b);
    for (size_t i = 0; i < t->n_receivers; i++)
        json_put_str(b, t->receivers[i]);
    json_arr_end(b);
    json_obj_end(b);
    buf_add_byte(b, '\n');
}

static void theirs(struct buf *out, const struct test *t)
{
    struct buf b = BUF_INIT(WORDS_MAX);
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    put_case(&b, t);
    if (b.full || fwrite(b.ptr, 1, b.len, to_oracle) != b.len || fflush(to_oracle) != 0)
        die("oracle", "it does not listen");
    n = getline(&line, &cap, from_oracle);
    if (n <= 0)
        die("oracle", "it has gone");
    buf_add_str(out, str_trim(str_from(line, (size_t)n)));
    free(line);
    buf_release(&b);
}

static void start_oracle(const char *program)
{
    int in[2], out[2];

    if (pipe(in) != 0 || pipe(out) != 0)
        die("pipe", "refused");
    switch (fork()) {
    case -1:
        die("fork", "refused");
        return;
    case 0:
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execl(program, program, "serve", (char *)NULL);
        _exit(127);
    default:
        close(in[0]);
        close(out[1]);
        to_oracle = fdopen(in[1], "w");
        from_oracle = fdopen(out[0], "r");
    }
}

/* ------------------------------------------------------------------ comparing */

/* Both sides word by word; hexadecimal errors also as text. */
static void show(struct str a, struct str b)
{
    while (a.len > 0 || b.len > 0) {
        struct str x, y;
        struct buf text = BUF_INIT(1 << 16);

        a = str_cut(a, ' ', &x);
        b = str_cut(b, ' ', &y);
        if (str_eq(x, y))
            continue;
        printf("    theirs %.*s\n    ours   %.*s\n", STR_ARG(str_head(x, 300)),
               STR_ARG(str_head(y, 300)));
        for (int side = 0; side < 2; side++) {
            struct str w = side == 0 ? x : y, h = str_skip(w, 6);
            char *room;

            if (!str_starts(w, STR("error=")))
                continue;
            buf_clear(&text);
            room = buf_room(&text, h.len / 2);
            if (room != NULL && hex_get(h, room, h.len / 2))
                printf("    %s error: %.*s\n", side == 0 ? "their" : "our", (int)(h.len / 2), room);
        }
        buf_release(&text);
        return;
    }
}

static void compare(const struct test *t)
{
    struct buf a = BUF_INIT(WORDS_MAX), b = BUF_INIT(WORDS_MAX);
    static struct rows before; /* both sides start from the same */

    before = rows;
    theirs(&a, t);
    ours(&b, t);
    cases++;
    succeeded += str_find(buf_str(&b), STR(" error=")) == b.len;
    if (!str_eq(buf_str(&a), buf_str(&b))) {
        if (mismatches++ < DIFFERENCES) {
            printf("%s: %.*s%s\n", t->file, STR_ARG(t->method), t->view ? " (view)" : "");
            show(buf_str(&a), buf_str(&b));
        }
    }
    if (!t->keep || str_find(buf_str(&b), STR(" error=")) < b.len)
        rows = before;
    buf_release(&a);
    buf_release(&b);
}

/* ------------------------------------------------------------------ files of cases */

static struct str unhex(struct str h)
{
    char *p = arena_alloc(&memory, h.len / 2 + 1);

    if (!hex_get(h, p, h.len / 2))
        die("malformed hex", arena_z(&memory, h));
    return str_from(p, h.len / 2);
}

static void option(struct test *t, struct str w)
{
    struct str name, value = str_cut(w, '=', &name);
    struct str left, right;

    if (str_eqz(name, "input")) {
        t->input = unhex(value);
    } else if (str_eqz(name, "gas")) {
        if (!str_u64(value, &t->gas))
            die("gas", arena_z(&memory, w));
    } else if (str_eqz(name, "time")) {
        if (!str_u64(value, &t->time))
            die("time", arena_z(&memory, w));
    } else if (str_eqz(name, "balance")) {
        if (!str_u128(value, &t->balance))
            die("balance", arena_z(&memory, w));
    } else if (str_eqz(name, "deposit")) {
        if (!str_u128(value, &t->deposit))
            die("deposit", arena_z(&memory, w));
    } else if (str_eqz(name, "view")) {
        t->view = true;
    } else if (str_eqz(name, "keep")) {
        t->keep = true;
    } else if (str_eqz(name, "row")) {
        right = str_cut(value, ':', &left);
        put_row(unhex(left), unhex(right));
    } else if (str_eqz(name, "result") && t->n_results < RESULTS_MAX) {
        t->results[t->n_results].ok = !str_eqz(value, "-");
        if (t->results[t->n_results].ok)
            t->results[t->n_results].data = unhex(value);
        t->n_results++;
    } else if (str_eqz(name, "receiver") && t->n_receivers < RESULTS_MAX) {
        t->receivers[t->n_receivers++] = value;
    } else {
        die("unknown option", arena_z(&memory, w));
    }
}

static struct test blank(const char *file, struct str wasm)
{
    u128 near = 1000000000000U;

    return (struct test){
        .file = file, .wasm = wasm, .gas = 300000000000000U, .time = 42, .balance = near * near};
}

static void run_line(const char *file, struct str wasm, struct str line)
{
    struct test t = blank(file, wasm);
    size_t json = str_find(line, STR(" json="));
    struct rows before = rows;

    if (json < line.len) {
        t.input = str_skip(line, json + 6);
        line = str_head(line, json);
    }
    line = str_cut(str_trim(line), ' ', &t.method);
    while (line.len > 0) {
        struct str w;

        line = str_cut(line, ' ', &w);
        if (w.len > 0)
            option(&t, w);
    }
    compare(&t);
    if (!t.keep)
        rows = before;
}

static enum prepare_fault skip(void *arg, struct wasm_module *m, uint32_t func, struct wasm_in body)
{
    (void)arg, (void)m, (void)func, (void)body;
    return PREPARE_OK;
}

static void run_methods(const char *file, struct str wasm)
{
    static const char *const inputs[] = {"",
                                         "{}",
                                         "[]",
                                         "null",
                                         "{\"account_id\":\"carol.near\",\"request_id\":0}",
                                         "{\"request_id\":18446744073709551615,\"limit\":-1}",
                                         "{\"a\":\"\\ud800\"}",
                                         "not json"};
    struct wasm_module m;

    if (wasm_module_parse(&m, params_for(88), wasm, skip, NULL) != PREPARE_OK)
        die(file, "no contract");
    for (uint32_t i = 0; i < m.n_exports; i++) {
        for (size_t k = 0; k < countof(inputs); k++) {
            struct test t = blank(file, wasm);

            if (m.exports[i].kind != 0)
                break;
            t.method = m.exports[i].name;
            t.input = str_of(inputs[k]);
            t.view = k % 2 == 1;
            t.deposit = k == 4 ? 1 : 0;
            compare(&t);
        }
    }
    wasm_module_release(&m);
}

static void run_lines(const char *file, struct str wasm, struct str text)
{
    rows.n = 0;
    while (text.len > 0) {
        struct str line;

        text = str_cut(text, '\n', &line);
        line = str_trim(line);
        if (str_starts(line, STR(";; run ")))
            run_line(file, wasm, str_skip(line, 7));
        else if (str_eqz(line, ";; all"))
            run_methods(file, wasm);
    }
}

static void read_all(const char *path, struct buf *out)
{
    struct buf why = WHY_INIT;

    if (file_read(path, out, &why) != ERR_OK)
        die(path, buf_z(&why));
}

static void run_file(const char *dir, const char *name, const char *share)
{
    struct buf text = BUF_INIT((size_t)4 << 20), wasm = BUF_INIT((size_t)16 << 20), why = WHY_INIT;
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    read_all(path, &text);
    if (str_ends(str_of(name), STR(".calls"))) {
        snprintf(path, sizeof path, "%s/%.*s.wasm", share, (int)(strlen(name) - 6), name);
        read_all(path, &wasm);
    } else if (wat_assemble(buf_str(&text), &wasm, &why) != ERR_OK) {
        die(path, buf_z(&why));
    }
    run_lines(name, buf_str(&wasm), buf_str(&text));
    arena_release(&memory);
    buf_release(&text);
    buf_release(&wasm);
    buf_release(&why);
}

static int name_cmp(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void run_folder(const char *dir, const char *share)
{
    char *names[256];
    struct dirent *d;
    DIR *f = opendir(dir);
    size_t n = 0;

    if (f == NULL)
        die(dir, "cannot be read");
    while ((d = readdir(f)) != NULL && n < countof(names)) {
        struct str name = str_of(d->d_name);

        if (str_ends(name, STR(".wat")) || str_ends(name, STR(".calls")))
            names[n++] = strdup(d->d_name);
    }
    closedir(f);
    qsort(names, n, sizeof names[0], name_cmp);
    for (size_t i = 0; i < n; i++) {
        unsigned had = cases, bad = mismatches, good = succeeded;

        run_file(dir, names[i], share);
        fprintf(stderr, "compare: %-24s %u calls, %u differ, %u fail\n", names[i], cases - had,
                mismatches - bad, cases - had - (succeeded - good));
        free(names[i]);
    }
}

/* ------------------------------------------------------------------ generated modules */

static void run_generated(const char *file, struct str wasm)
{
    static const uint64_t gas[] = {3000000000000U, 40000000000U};
    struct wasm_module m;
    struct test t = blank(file, wasm);
    unsigned called = 0;

    t.input = STR("some input of a generated call");
    if (wasm_module_parse(&m, params_for(88), wasm, skip, NULL) == PREPARE_OK) {
        for (uint32_t i = 0; i < m.n_exports && called < 4; i++) {
            if (m.exports[i].kind != 0)
                continue;
            t.method = m.exports[i].name;
            t.gas = gas[called++ % 2];
            compare(&t);
        }
    }
    if (called == 0) { /* refused, or without functions: the other side must say the same */
        t.method = STR("m");
        compare(&t);
    }
    wasm_module_release(&m);
}

static void run_all_generated(const char *oracle, const char *count, const char *seed)
{
    char command[2048], file[64], *line = NULL;
    size_t cap = 0;
    unsigned n = 0;
    FILE *f;

    snprintf(command, sizeof command, "'%s' generate %lu %lu", oracle, strtoul(count, NULL, 10),
             strtoul(seed, NULL, 10));
    f = popen(command, "r");
    if (f == NULL)
        die(command, "cannot be run");
    for (ssize_t len; (len = getline(&line, &cap, f)) > 0;) {
        snprintf(file, sizeof file, "generated %u", ++n);
        rows.n = 0;
        run_generated(file, unhex(str_trim(str_from(line, (size_t)len))));
        arena_release(&memory);
    }
    free(line);
    if (pclose(f) != 0)
        die(command, "failed");
    fprintf(stderr, "compare: %u generated modules\n", n);
}

/* ------------------------------------------------------------------ each host function */

static void run_hostcall(const struct hostcall *c)
{
    struct test t = blank(c->name, c->wasm);

    t.method = STR("m");
    t.input = c->input;
    t.view = c->view;
    t.gas = c->gas;
    t.balance = 1000000;
    rows.n = 0;
    put_row(STR("bob.near"), STR("a value"));
    compare(&t);
    arena_release(&memory);
}

/* Signatures that only the other side can make. */
static void read_signatures(const char *oracle, unsigned long seed)
{
    char command[2048], *line = NULL;
    size_t cap = 0;
    FILE *f;

    snprintf(command, sizeof command, "'%s' ml-dsa 12 %lu", oracle, seed);
    f = popen(command, "r");
    if (f == NULL)
        die(command, "cannot be run");
    for (ssize_t len; (len = getline(&line, &cap, f)) > 0;)
        signcalls_add(str_trim(str_from(line, (size_t)len)));
    free(line);
    if (pclose(f) != 0)
        die(command, "failed");
}

static void run_hostcalls(const char *oracle, unsigned per, unsigned long seed, const char *only)
{
    unsigned had = cases, bad = mismatches;

    read_signatures(oracle, seed);
    hostcalls_each(per, seed, only, run_hostcall);
    fprintf(stderr, "compare: %-24s %u calls, %u differ\n", "host functions", cases - had,
            mismatches - bad);
}

int main(int argc, char **argv)
{
    struct vm_options o = {.protocol = 88, .modules_max = 8};
    struct buf why = WHY_INIT;

    if (argc < 4) {
        fprintf(stderr, "usage: compare ORACLE CASES-FOLDER SHARE-FOLDER [GENERATED [SEED "
                        "[PER-FUNCTION [NAME]]]]\n");
        return 2;
    }
    start_oracle(argv[1]);
    if (vm_new(&o, &vm, &why) != ERR_OK)
        die("our machine", buf_z(&why));
    run_folder(argv[2], argv[3]);
    if (argc > 6)
        run_hostcalls(argv[1], (unsigned)strtoul(argv[6], NULL, 10), strtoul(argv[5], NULL, 10),
                      argc > 7 ? argv[7] : "");
    if (argc > 4)
        run_all_generated(argv[1], argv[4], argc > 5 ? argv[5] : "1");
    fclose(to_oracle);
    fclose(from_oracle);
    wait(NULL);
    vm_free(vm);
    printf("{\"cases\":%u,\"mismatches\":%u,\"succeeded\":%u}\n", cases, mismatches, succeeded);
    return mismatches == 0 ? 0 : 1;
}
