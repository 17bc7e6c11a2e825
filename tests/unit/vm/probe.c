/*
 * A contract in C for the tests and the benchmark of lib/vm, built without any SDK: what a plain
 * compiler makes for the oldest protocol version must run on all.
 */
typedef unsigned long long u64;
typedef unsigned int u32;

#define IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(name)))
#define PTR(p)       ((u64)(u32)(p))

IMPORT(input) void input(u64 reg);
IMPORT(register_len) u64 register_len(u64 reg);
IMPORT(read_register) void read_register(u64 reg, u64 ptr);
IMPORT(storage_read) u64 storage_read(u64 key_len, u64 key, u64 reg);
IMPORT(storage_write) u64 storage_write(u64 key_len, u64 key, u64 len, u64 ptr, u64 reg);
IMPORT(log_utf8) void log_utf8(u64 len, u64 ptr);
IMPORT(value_return) void value_return(u64 len, u64 ptr);
IMPORT(promise_yield_create)
u64 promise_yield_create(u64 name_len, u64 name, u64 args_len, u64 args, u64 gas, u64 weight,
                         u64 reg);
IMPORT(promise_yield_resume) u32 promise_yield_resume(u64 id_len, u64 id, u64 len, u64 ptr);
IMPORT(promise_return) void promise_return(u64 index);
IMPORT(promise_result) u64 promise_result(u64 index, u64 reg);

static char buf[1024];
static const char key[] = "counter";
static const char event[] =
    "EVENT_JSON:{\"standard\":\"counter\",\"version\":\"1.0.0\",\"event\":\"add\",\"data\":[]}";
static const char callback[] = "answer";

/* Add one to the stored counter, log, return the new value. */
EXPORT("count") void count(void)
{
    u64 n = 0;

    input(0);
    if (register_len(0) < sizeof buf)
        read_register(0, PTR(buf));
    if (storage_read(sizeof key - 1, PTR(key), 1))
        read_register(1, PTR(&n));
    n++;
    storage_write(sizeof key - 1, PTR(key), sizeof n, PTR(&n), 2);
    log_utf8(sizeof event - 1, PTR(event));
    value_return(sizeof n, PTR(&n));
}

/* Wait for an answer: returns the data id to the log, the callback's value to the caller. */
EXPORT("ask") void ask(void)
{
    u64 p = promise_yield_create(sizeof callback - 1, PTR(callback), 0, 0, 0, 1, 0);

    read_register(0, PTR(buf));
    storage_write(2, PTR("id"), 32, PTR(buf), 1);
    promise_return(p);
}

/* Resume what ask() waits for with the input; value 1 when it was there. */
EXPORT("resume") void resume(void)
{
    u64 len;
    u32 found;

    input(0);
    len = register_len(0);
    read_register(0, PTR(buf));
    storage_read(2, PTR("id"), 1);
    found = promise_yield_resume(~0ULL, 1, len, PTR(buf));
    buf[0] = (char)('0' + found);
    value_return(1, PTR(buf));
}

EXPORT("answer") void answer(void)
{
    if (promise_result(0, 0) == 1)
        value_return(~0ULL, 0);
    else
        value_return(7, PTR("timeout"));
}

/* Fifty million rounds of xorshift: what metering costs. */
EXPORT("spin") void spin(void)
{
    u32 x = 1;

    for (u32 i = 0; i < 50000000; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
    }
    value_return(4, PTR(&x));
}
