/*
 * actor.c — a contract for the tests of the chain: it does what its input says, step by step.
 *
 * The input is a list of steps: one byte, then fields (integers little-endian, bytes as u32 length
 * and the bytes). The same program language serves as argument of callbacks. test_actor.h writes
 * it.
 */
typedef unsigned char u8;
typedef unsigned u32;
typedef unsigned long long u64;

#define HOST(name) __attribute__((import_module("env"), import_name(#name)))
HOST(read_register) void read_register(u64 reg, u64 ptr);
HOST(register_len) u64 register_len(u64 reg);
HOST(input) void input(u64 reg);
HOST(log_utf8) void log_utf8(u64 len, u64 ptr);
HOST(panic_utf8) void panic_utf8(u64 len, u64 ptr);
HOST(value_return) void value_return(u64 len, u64 ptr);
HOST(storage_write) u64 storage_write(u64 kl, u64 k, u64 vl, u64 v, u64 reg);
HOST(storage_read) u64 storage_read(u64 kl, u64 k, u64 reg);
HOST(storage_remove) u64 storage_remove(u64 kl, u64 k, u64 reg);
HOST(promise_batch_create) u64 promise_batch_create(u64 len, u64 ptr);
HOST(promise_batch_then) u64 promise_batch_then(u64 p, u64 len, u64 ptr);
HOST(promise_and) u64 promise_and(u64 ptr, u64 n);
HOST(promise_batch_action_function_call_weight)
void function_call(u64 p, u64 ml, u64 m, u64 al, u64 a, u64 amount, u64 gas, u64 weight);
HOST(promise_batch_action_transfer) void transfer(u64 p, u64 amount);
HOST(promise_batch_action_create_account) void create_account(u64 p);
HOST(promise_batch_action_delete_account) void delete_account(u64 p, u64 len, u64 ptr);
HOST(promise_return) void promise_return(u64 p);
HOST(promise_results_count) u64 promise_results_count(void);
HOST(promise_result) u64 promise_result(u64 i, u64 reg);
HOST(promise_yield_create)
u64 promise_yield_create(u64 ml, u64 m, u64 al, u64 a, u64 gas, u64 weight, u64 reg);
HOST(promise_yield_resume) u32 promise_yield_resume(u64 il, u64 id, u64 pl, u64 p);
HOST(predecessor_account_id) void predecessor_account_id(u64 reg);
HOST(signer_account_id) void signer_account_id(u64 reg);
HOST(attached_deposit) void attached_deposit(u64 ptr);

#define AT(p) ((u64)(u32)(p))
#define ROOM  65536

static u8 program[ROOM], scratch[ROOM];
static u32 at, end;
static u64 promises[64];
static u32 n_promises;

struct bytes {
    u8 *p;
    u64 n;
};

static u64 number(u32 size)
{
    u64 v = 0;

    for (u32 i = 0; i < size; i++)
        v |= (u64)program[at + i] << (8 * i);
    at += size;
    return v;
}

static struct bytes bytes(void)
{
    struct bytes b = {0, number(4)};

    b.p = &program[at];
    at += (u32)b.n;
    return b;
}

static u8 *amount(void)
{
    at += 16;
    return &program[at - 16];
}

static void push(u64 p)
{
    promises[n_promises++] = p;
}

static u64 from_register(u64 reg, u32 to)
{
    read_register(reg, AT(&scratch[to]));
    return register_len(reg);
}

/* The status of each input of a callback and its bytes: what it was woken with. */
static void results(void)
{
    u32 n = 0;

    for (u64 i = 0; i < promise_results_count(); i++) {
        u64 status = promise_result(i, 1);

        scratch[n++] = (u8)('0' + status);
        scratch[n++] = ':';
        if (status == 1)
            n += (u32)from_register(1, n);
        scratch[n++] = ';';
    }
    value_return(n, AT(scratch));
}

static void call(u64 p)
{
    struct bytes method = bytes(), args = bytes();
    u8 *deposit = amount();
    u64 gas = number(8), weight = number(8);

    function_call(p, method.n, AT(method.p), args.n, AT(args.p), AT(deposit), gas, weight);
}

static void step(u8 op)
{
    struct bytes a, b;
    u64 n;

    switch (op) {
    case 'l': /* log */
        a = bytes();
        log_utf8(a.n, AT(a.p));
        break;
    case 'p': /* panic */
        a = bytes();
        panic_utf8(a.n, AT(a.p));
        break;
    case 'v': /* return a value */
        a = bytes();
        value_return(a.n, AT(a.p));
        break;
    case 'w': /* write */
        a = bytes();
        b = bytes();
        storage_write(a.n, AT(a.p), b.n, AT(b.p), 0);
        break;
    case 'g': /* return what is stored, or nothing */
        a = bytes();
        if (storage_read(a.n, AT(a.p), 0))
            value_return(from_register(0, 0), AT(scratch));
        break;
    case 'd': /* remove */
        a = bytes();
        storage_remove(a.n, AT(a.p), 0);
        break;
    case 'b': /* batch to an account */
        a = bytes();
        push(promise_batch_create(a.n, AT(a.p)));
        break;
    case 't': /* batch after promise n */
        n = number(1);
        a = bytes();
        push(promise_batch_then(promises[n], a.n, AT(a.p)));
        break;
    case 'a': /* join of the first n promises */
        n = number(1);
        push(promise_and(AT(promises), n));
        break;
    case 'c': /* call in batch n */
        n = number(1);
        call(promises[n]);
        break;
    case 'm': /* money in batch n */
        n = number(1);
        transfer(promises[n], AT(amount()));
        break;
    case 'n': /* new account in batch n */
        create_account(promises[number(1)]);
        break;
    case 'x': /* delete the account in batch n */
        n = number(1);
        a = bytes();
        delete_account(promises[n], a.n, AT(a.p));
        break;
    case 'r': /* return promise n */
        promise_return(promises[number(1)]);
        break;
    case 'y': /* yield: method, args, gas; the id is kept under "id" */
        a = bytes();
        b = bytes();
        n = number(8);
        push(promise_yield_create(a.n, AT(a.p), b.n, AT(b.p), n, 0, 0));
        from_register(0, 0);
        storage_write(2, AT("id"), 32, AT(scratch), 1);
        break;
    case 'u': /* resume the yield under "id"; returns "1" or "0" */
        a = bytes();
        storage_read(2, AT("id"), 0);
        from_register(0, 0);
        scratch[32] = promise_yield_resume(32, AT(scratch), a.n, AT(a.p)) ? '1' : '0';
        value_return(1, AT(&scratch[32]));
        break;
    case 'i': /* return the results this callback was woken with */
        results();
        break;
    case 'o': /* loop n times */
        n = number(4);
        for (volatile u32 i = 0; i < n; i++)
            ;
        break;
    case 'e': /* return predecessor, signer and deposit */
        predecessor_account_id(0);
        n = from_register(0, 0);
        scratch[n++] = ' ';
        signer_account_id(0);
        n += from_register(0, (u32)n);
        scratch[n++] = ' ';
        attached_deposit(AT(&scratch[n]));
        value_return(n + 16, AT(scratch));
        break;
    default:
        panic_utf8(12, AT("unknown step"));
    }
}

__attribute__((export_name("run"))) void run(void)
{
    input(0);
    end = (u32)register_len(0);
    read_register(0, AT(program));
    while (at < end)
        step(program[at++]);
}
