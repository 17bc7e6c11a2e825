/*
 * bench_vm.c — what a contract call costs in this process, chain and disk left out.
 *
 * One core; a fresh instance for each call, as on the chain. Prints JSON lines
 * {"name","value","unit","detail"}. The names:
 *
 *   vm_noop      an empty method: instance, gas, outcome
 *   vm_counter   input, read, write, log and value: an ordinary small method
 *   vm_loop      instructions a second, metered
 *   vm_compile   from a contract's bytes to code, nothing cached
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "crypto/hash.h"
#include "vm/vm.h"

#define SECONDS 2.0

/* (module (func (export "m"))) */
static const uint8_t noop[] = {0, 'a', 's', 'm', 1, 0, 0,   0, 1, 4,  1, 0x60, 0, 0, 3,   2,
                               1, 0,   7,   5,   1, 1, 'm', 0, 0, 10, 4, 1,    2, 0, 0x0b};

static struct str row; /* the one row of storage */
static char row_bytes[64];

static enum err read_(void *arg, struct str key, struct str *value, struct buf *why)
{
    (void)arg, (void)key, (void)why;
    *value = row;
    return ERR_OK;
}

static enum err write_(void *arg, struct str key, struct str value, struct str *old,
                       struct vm_touch *touch, struct buf *why)
{
    (void)arg, (void)key, (void)why, (void)touch;
    *old = row;
    memcpy(row_bytes, value.ptr, value.len < sizeof row_bytes ? value.len : sizeof row_bytes);
    row = str_from(row_bytes, value.len < sizeof row_bytes ? value.len : sizeof row_bytes);
    return ERR_OK;
}

static void die(const char *what, struct str why)
{
    fprintf(stderr, "bench_vm: %s: %.*s\n", what, STR_ARG(why));
    exit(1);
}

static struct vm *machine(void)
{
    struct vm_options o = {.protocol = 88};
    struct buf why = WHY_INIT;
    struct vm *vm = NULL;

    if (vm_new(&o, &vm, &why) != ERR_OK)
        die("no machine", buf_str(&why));
    return vm;
}

static struct vm_context context(struct str code)
{
    static const uint8_t pk[33] = {0};
    struct hash256 hash = sha256(code);
    struct vm_context c = {
        .current_account = STR("counter.test"),
        .signer_account = STR("alice.test"),
        .signer_pk = str_from(pk, sizeof pk),
        .predecessor_account = STR("alice.test"),
        .method = STR("m"),
        .input = STR("{\"by\":1}"),
        .balance = (u128)1 << 90,
        .storage_usage = 1000,
        .prepaid_gas = 1000000000000000U,
        .code = code,
        .code_origin = VM_CODE_LOCAL,
    };

    memcpy(c.code_hash, hash.b, sizeof c.code_hash);
    return c;
}

static struct vm_outcome call(struct vm *vm, struct arena *a, const struct vm_context *c)
{
    static const struct vm_ext ext = {.storage_read = read_, .storage_write = write_};
    struct buf why = WHY_INIT;
    struct vm_outcome o;

    if (vm_call(vm, a, c, &ext, &o, &why) != ERR_OK)
        die("call", buf_str(&why));
    if (o.fail != VM_OK)
        die("outcome", o.text);
    buf_release(&why);
    return o;
}

static void print(const char *name, double value, const char *unit, const char *detail)
{
    printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"%s\",\"detail\":\"%s\"}\n", name, value,
           unit, detail);
    fflush(stdout);
}

static void rate(struct vm *vm, const char *name, struct str code, const char *detail)
{
    struct vm_context c = context(code);
    struct arena a = ARENA_INIT;
    uint64_t n = 0, start, took;

    if (code.len > sizeof noop)
        c.method = STR("count");
    for (int i = 0; i < 100; i++)
        call(vm, &a, &c);
    arena_release(&a);
    start = clock_mono_us();
    do {
        for (int i = 0; i < 50; i++, n++)
            call(vm, &a, &c);
        arena_release(&a);
        took = clock_mono_us() - start;
    } while ((double)took < SECONDS * 1e6);
    print(name, (double)n * 1e6 / (double)took, "calls/s", detail);
}

static void loop(struct vm *vm, struct str code)
{
    struct vm_context c = context(code);
    struct arena a = ARENA_INIT;
    struct vm_outcome o;
    uint64_t start;

    c.method = STR("spin");
    call(vm, &a, &c);
    start = clock_mono_us();
    o = call(vm, &a, &c);
    print("vm_loop", (double)o.profile_wasm / 822756.0 / (double)(clock_mono_us() - start),
          "M operators/s", "metered");
    arena_release(&a);
}

static void compile(const char *path)
{
    struct buf code = BUF_INIT((size_t)4 << 20), why = WHY_INIT;
    struct arena a = ARENA_INIT;
    struct vm_context c;
    struct vm_outcome o;
    char detail[128];
    uint64_t start;
    struct vm *vm;

    static const struct vm_ext ext = {.storage_read = read_, .storage_write = write_};

    if (file_read(path, &code, &why) != ERR_OK)
        die(path, buf_str(&why));
    c = context(buf_str(&code));
    c.method = STR("no such method");
    vm = machine();
    start = clock_mono_us();
    if (vm_call(vm, &a, &c, &ext, &o, &why) != ERR_OK)
        die("call", buf_str(&why));
    snprintf(detail, sizeof detail, "%zu bytes, %.*s", code.len, STR_ARG(o.text));
    print("vm_compile", (double)(clock_mono_us() - start) / 1e3, "ms", detail);
    vm_free(vm);
    arena_release(&a);
    buf_release(&code);
    buf_release(&why);
}

/* bench_vm [contract.wasm …]: also compile these. */
int main(int argc, char **argv)
{
    struct buf probe = BUF_INIT((size_t)1 << 20), why = WHY_INIT;
    struct vm *vm = machine();

    rate(vm, "vm_noop", str_from(noop, sizeof noop), "empty method");
    if (file_read(PROBE_WASM, &probe, &why) != ERR_OK)
        die(PROBE_WASM, buf_str(&why));
    rate(vm, "vm_counter", buf_str(&probe), "input, read, write, log, value");
    loop(vm, buf_str(&probe));
    if (file_exists(SHARE_DIR "/outlayer.wasm"))
        compile(SHARE_DIR "/outlayer.wasm");
    for (int i = 1; i < argc; i++)
        compile(argv[i]);
    vm_free(vm);
    buf_release(&probe);
    buf_release(&why);
    return 0;
}
