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

#include "base/file.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "engine/wat.h"
#include "hostcalls.h"
#include "oracle.h"
#include "signcalls.h"
#include "vm/wasm_module.h"
#include "words.h"

#define DIFFERENCES 20 /* printed in full; more are only counted */

static struct vm *vm;
static struct chain chain; /* under our side; its arena is the memory of the file at work */
static unsigned cases, mismatches, succeeded;

/* The chain's rows before a call. */
struct rows {
    struct chain_row list[CHAIN_ROWS_MAX];
    size_t n;
};

static struct rows rows_now(void)
{
    struct rows r = {.n = chain.n_rows};

    memcpy(r.list, chain.rows, sizeof r.list);
    return r;
}

static void rows_set(const struct rows *r)
{
    memcpy(chain.rows, r->list, sizeof r->list);
    chain.n_rows = r->n;
}

static void ours(struct buf *out, const struct test *t)
{
    struct vm_context c = chain_context(t->wasm);
    struct buf why = WHY_INIT;
    struct arena a = ARENA_INIT;
    struct vm_outcome o;

    c.refund_to = STR("refund.near");
    c.method = t->method;
    c.input = t->input;
    c.block_timestamp = t->time;
    c.balance = t->balance;
    c.locked_balance = 77;
    c.attached_deposit = t->deposit;
    c.storage_usage = 1000000;
    c.prepaid_gas = c.view_gas_max = t->gas;
    c.view = t->view;
    c.promise_results = t->results;
    c.n_promise_results = t->n_results;
    c.output_receivers = t->receivers;
    c.n_output_receivers = t->n_receivers;
    memset(c.random_seed, 9, sizeof c.random_seed);
    chain.data_ids = 0;
    if (vm_call(vm, &a, &c, &chain.ext, &o, &why) != ERR_OK)
        die("our machine", buf_z(&why));
    outcome_words(out, &o, &chain);
    arena_release(&a);
    buf_release(&why);
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
    const struct rows before = rows_now(); /* both sides start from the same */

    oracle_ask(t, &chain, &a);
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
        rows_set(&before);
    buf_release(&a);
    buf_release(&b);
}

/* ------------------------------------------------------------------ files of cases */

static struct str unhex(struct str h)
{
    char *p = arena_alloc(&chain.a, h.len / 2 + 1);

    if (!hex_get(h, p, h.len / 2))
        die("malformed hex", arena_z(&chain.a, h));
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
            die("gas", arena_z(&chain.a, w));
    } else if (str_eqz(name, "time")) {
        if (!str_u64(value, &t->time))
            die("time", arena_z(&chain.a, w));
    } else if (str_eqz(name, "balance")) {
        if (!str_u128(value, &t->balance))
            die("balance", arena_z(&chain.a, w));
    } else if (str_eqz(name, "deposit")) {
        if (!str_u128(value, &t->deposit))
            die("deposit", arena_z(&chain.a, w));
    } else if (str_eqz(name, "view")) {
        t->view = true;
    } else if (str_eqz(name, "keep")) {
        t->keep = true;
    } else if (str_eqz(name, "row")) {
        right = str_cut(value, ':', &left);
        chain_set(&chain, unhex(left), unhex(right));
    } else if (str_eqz(name, "result") && t->n_results < RESULTS_MAX) {
        t->results[t->n_results].ok = !str_eqz(value, "-");
        if (t->results[t->n_results].ok)
            t->results[t->n_results].data = unhex(value);
        t->n_results++;
    } else if (str_eqz(name, "receiver") && t->n_receivers < RESULTS_MAX) {
        t->receivers[t->n_receivers++] = value;
    } else {
        die("unknown option", arena_z(&chain.a, w));
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
    const struct rows before = rows_now();

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
        rows_set(&before);
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
    chain.n_rows = 0;
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
    arena_release(&chain.a);
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
        chain.n_rows = 0;
        run_generated(file, unhex(str_trim(str_from(line, (size_t)len))));
        arena_release(&chain.a);
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
    chain.n_rows = 0;
    chain_set(&chain, STR("bob.near"), STR("a value"));
    compare(&t);
    arena_release(&chain.a);
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
    oracle_start(argv[1]);
    chain_init(&chain);
    if (vm_new(&o, &vm, &why) != ERR_OK)
        die("our machine", buf_z(&why));
    run_folder(argv[2], argv[3]);
    if (argc > 6)
        run_hostcalls(argv[1], (unsigned)strtoul(argv[6], NULL, 10), strtoul(argv[5], NULL, 10),
                      argc > 7 ? argv[7] : "");
    if (argc > 4)
        run_all_generated(argv[1], argv[4], argc > 5 ? argv[5] : "1");
    oracle_stop();
    vm_free(vm);
    printf("{\"cases\":%u,\"mismatches\":%u,\"succeeded\":%u}\n", cases, mismatches, succeeded);
    return mismatches == 0 ? 0 : 1;
}
