/*
 * bench_devnet.c — function calls a second through the embedded chain, over its JSON-RPC.
 *
 * A chain of its own in a folder of its own; one process with CLIENTS threads, each with an account
 * and a connection, sends calls that write one storage entry and waits for each with
 * EXECUTED_OPTIMISTIC. Signing and HTTP of the clients run on the same cores. Commits survive the
 * end of the process. Prints JSON lines {"name","value","unit","detail"}. The names:
 *
 *   devnet_calls_one       calls a second into one contract
 *   devnet_calls_many      the same into CONTRACTS contracts
 *   devnet_cpu             processor time of the chain for one of these
 *   devnet_block_calls     how many of them a block held
 *   devnet_latency_p50/p99 of one send_tx, in the first of these
 *   devnet_rss_early/late  resident memory of the chain before and after all calls
 *   devnet_disk            size of its folder after all calls
 *   devnet_restart         from start to ready after kill -9
 *
 *     bench_devnet [CALLS] [PROTOCOL]     100000 calls in all, protocol 88
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "near/rpc.h"
#include "near/tx.h"
#include "proc/self.h"
#include "proc/spawn.h"

#define CLIENTS   50
#define CONTRACTS 100
#define CALL_GAS  UINT64_C(20000000000000)

/* A module whose method `m` writes "k" = "0123456789". */
static const char module_hex[] = "0061736d01000000010d0260057e7e7e7e7e017e60000002150103656e760d737"
                                 "46f726167655f77726974650000030"
                                 "201010503010001070501016d00010a11010f0042014200420a4201420010001a"
                                 "0b0b11010041000b0b6b3031323334"
                                 "3536373839";

static char folder[64];
static struct child node = CHILD_NONE;
static char url[128];
static struct ed25519_key key;

static void die(const char *what, const struct buf *why)
{
    fprintf(stderr, "bench_devnet: %s: %s\n", what, why ? buf_z(why) : "");
    child_stop(&node, 1000);
    if (dir_remove(folder, NULL))
        fprintf(stderr, "bench_devnet: '%s' is left behind\n", folder);
    exit(1);
}

static void report(const char *name, double value, const char *unit, const char *detail)
{
    printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"%s\",\"detail\":\"%s\"}\n", name, value,
           unit, detail);
    fflush(stdout);
}

/* ------------------------------------------------------------------ the chain */

/* Start it on what is in the folder; gives the milliseconds until it was ready. */
static double start(const char *protocol)
{
    struct buf why = WHY_INIT;
    struct arena a = ARENA_INIT;
    char line[256] = {0};
    const char *path;
    const uint64_t from = clock_mono_us();
    int out[2];
    struct str text, end;

    if (self_exe(&a, "outlayer-devnet", &path, &why) || pipe2(out, O_CLOEXEC))
        die("outlayer-devnet", &why);
    {
        const char *const argv[] = {path,     "--home", folder, "--instant", "--protocol-version",
                                    protocol, NULL};
        const struct spawn s = {
            .path = path, .argv = argv, .in = -1, .out = out[1], .err = STDERR_FILENO};

        if (spawn_start(&s, &node, &why))
            die("start", &why);
    }
    close(out[1]);
    if (read(out[0], line, sizeof(line) - 1) <= 0)
        die("the chain did not start", NULL);
    close(out[0]);
    text = str_of(strstr(line, "http"));
    (void)str_cut(text, '"', &end);
    snprintf(url, sizeof(url), "%.*s", STR_ARG(end));
    arena_release(&a);
    buf_release(&why);
    return (double)(clock_mono_us() - from) / 1000;
}

static void call(struct rpc *r, const char *method, struct str params, struct buf *answer,
                 struct json *result)
{
    struct buf why = WHY_INIT;

    if (rpc_call(r, method, params, RPC_CALL_MS, answer, result, &why))
        die(method, &why);
    buf_release(&why);
}

static void record_account(struct buf *b, const char *id, struct str code)
{
    const struct hash256 hash = sha256(code);

    buf_addf(b,
             "{\"Account\":{\"account_id\":\"%s\",\"account\":{\"amount\":"
             "\"1000000000000000000000000000\",\"locked\":\"0\",\"code_hash\":\"",
             id);
    if (code.len)
        hash_put_base58(b, &hash);
    else
        buf_addz(b, "11111111111111111111111111111111");
    buf_addf(b, "\",\"storage_usage\":%zu,\"version\":\"V1\"}}},", 182 + code.len);
    if (code.len) {
        buf_addf(b, "{\"Contract\":{\"account_id\":\"%s\",\"code\":\"", id);
        base64_put(b, code.ptr, code.len);
        buf_addz(b, "\"}},");
    }
    buf_addf(b, "{\"AccessKey\":{\"account_id\":\"%s\",\"public_key\":\"", id);
    ed25519_pub_put(b, &key.pub);
    buf_addz(b, "\",\"access_key\":{\"nonce\":0,\"permission\":\"FullAccess\"}}}");
}

static void make_accounts(void)
{
    struct rpc *r = rpc_new(url);
    struct buf params = BUF_INIT(1u << 20), answer = BUF_INIT(1u << 16);
    char code[sizeof(module_hex) / 2], id[64];
    struct json result;

    if (!hex_get(str_of(module_hex), code, sizeof(code)))
        die("module", NULL);
    buf_addz(&params, "{\"records\":[");
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(id, sizeof(id), "user%d.test", i);
        record_account(&params, id, STR_NONE);
        buf_addz(&params, ",");
    }
    for (int i = 0; i < CONTRACTS; i++) {
        snprintf(id, sizeof(id), "app%d.test", i);
        record_account(&params, id, str_from(code, sizeof(code)));
        buf_addz(&params, i + 1 < CONTRACTS ? "," : "]}");
    }
    call(r, "sandbox_patch_state", buf_str(&params), &answer, &result);
    buf_release(&params);
    buf_release(&answer);
    rpc_free(r);
}

/* ------------------------------------------------------------------ clients */

struct load {
    pthread_t thread;
    int client, contracts;
    uint64_t first_nonce;
    size_t calls;
    uint64_t *us; /* per call */
    char fault[WHY_MAX];
};

static void *run_client(void *arg)
{
    struct load *l = arg;
    struct rpc *r = rpc_new(url);
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX), why = WHY_INIT, bytes = BUF_INIT(4096);
    struct action x = {.kind = ACTION_FUNCTION_CALL};
    struct tx tx;
    struct rpc_block head;
    char user[32], app[32];

    memset(&tx, 0, sizeof(tx));
    snprintf(user, sizeof(user), "user%d.test", l->client);
    if (rpc_block_final(r, &head, &why)) {
        snprintf(l->fault, sizeof(l->fault), "%s", buf_z(&why));
        return NULL;
    }
    x.call.method = STR("m");
    x.call.gas = CALL_GAS;
    tx.signer_id = str_of(user);
    tx.key = public_key_of(&key.pub);
    tx.block_hash = head.hash;
    tx.actions = &x;
    tx.nactions = 1;
    for (size_t i = 0; i < l->calls; i++) {
        const uint64_t from = clock_mono_us();
        struct json result;

        snprintf(app, sizeof(app), "app%zu.test",
                 ((size_t)l->client * l->calls + i) % (size_t)l->contracts);
        tx.receiver_id = str_of(app);
        tx.nonce.nonce = l->first_nonce + i;
        buf_clear(&bytes);
        tx_sign(&tx, &key, &bytes);
        if (rpc_send_tx(r, buf_str(&bytes), TX_WAIT_EXECUTED_OPTIMISTIC, &answer, &result, &why) ||
            json_type(json_get(json_get(result, "status"), "SuccessValue")) != JSON_STRING) {
            snprintf(l->fault, sizeof(l->fault), "%s %.*s", buf_z(&why), (int)200, buf_z(&answer));
            break;
        }
        l->us[i] = clock_mono_us() - from;
    }
    buf_release(&answer);
    buf_release(&why);
    buf_release(&bytes);
    rpc_free(r);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* `calls` in all; gives how many a second, and all their times, sorted. */
static double load(size_t calls, int contracts, uint64_t first_nonce, uint64_t **times, size_t *n)
{
    static struct load l[CLIENTS];
    const size_t each = calls / CLIENTS;
    const uint64_t from = clock_mono_us();
    uint64_t *us = mem_new_n(uint64_t, each * CLIENTS), took;

    for (int i = 0; i < CLIENTS; i++) {
        l[i] = (struct load){.client = i,
                             .contracts = contracts,
                             .first_nonce = first_nonce,
                             .calls = each,
                             .us = us + (size_t)i * each};
        if (pthread_create(&l[i].thread, NULL, run_client, &l[i]))
            die("thread", NULL);
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(l[i].thread, NULL);
    took = clock_mono_us() - from;
    for (int i = 0; i < CLIENTS; i++)
        if (l[i].fault[0]) {
            fprintf(stderr, "bench_devnet: %s\n", l[i].fault);
            die("a call failed", NULL);
        }
    *n = each * CLIENTS;
    qsort(us, *n, sizeof(us[0]), by_size);
    *times = us;
    return (double)*n * 1e6 / (double)took;
}

/* ------------------------------------------------------------------ figures */

static double height(void)
{
    struct rpc *r = rpc_new(url);
    struct rpc_block head;
    struct buf why = WHY_INIT;

    if (rpc_block_final(r, &head, &why))
        die("block", &why);
    rpc_free(r);
    return (double)head.height;
}

static double resident_mb(void)
{
    char path[64], line[256];
    FILE *f;
    double kb = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)node.pid);
    f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = (double)atol(line + 6);
    if (f)
        fclose(f);
    return kb / 1024;
}

/* Processor time that the chain used so far, in microseconds. */
static double cpu_us(void)
{
    char path[64], text[1024] = {0};
    unsigned long user = 0, system = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)node.pid);
    f = fopen(path, "r");
    if (f && fread(text, 1, sizeof(text) - 1, f) > 0 && strrchr(text, ')'))
        (void)sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                     &user, &system);
    if (f)
        fclose(f);
    return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static double disk_mb(void)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    struct stat st;
    char path[512];
    double bytes = 0;

    while (d && (e = readdir(d)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
            bytes += (double)st.st_size;
    }
    if (d)
        closedir(d);
    return bytes / 1e6;
}

int main(int argc, char **argv)
{
    const size_t total = argc > 1 ? (size_t)atol(argv[1]) : 100000;
    const char *protocol = argc > 2 ? argv[2] : "88";
    char detail[256];
    uint64_t *times;
    size_t n, part = total / 5;
    double v, cpu, blocks;

    self_init("bench_devnet");
    crypto_init();
    ed25519_generate(&key);
    snprintf(folder, sizeof(folder), "/tmp/bench-devnet-XXXXXX");
    if (!mkdtemp(folder))
        die("folder", NULL);
    (void)start(protocol);
    make_accounts();

    cpu = cpu_us();
    blocks = height();
    v = load(part, 1, 1, &times, &n);
    snprintf(detail, sizeof(detail), "%zu calls, %d clients, one contract, protocol %s", n, CLIENTS,
             protocol);
    report("devnet_calls_one", v, "1/s", detail);
    report("devnet_cpu", (cpu_us() - cpu) / (double)n, "us",
           "of the chain's process, for each call");
    report("devnet_block_calls", (double)n / (height() - blocks), "calls", "in each block");
    report("devnet_latency_p50", (double)times[n / 2] / 1000, "ms", detail);
    report("devnet_latency_p99", (double)times[n * 99 / 100] / 1000, "ms", detail);
    mem_free(times);
    report("devnet_rss_early", resident_mb(), "MB", detail);
    v = load(part, CONTRACTS, 1 + part, &times, &n);
    snprintf(detail, sizeof(detail), "%zu calls, %d clients, %d contracts, protocol %s", n, CLIENTS,
             CONTRACTS, protocol);
    report("devnet_calls_many", v, "1/s", detail);
    mem_free(times);
    (void)load(total - 2 * part, CONTRACTS, 1 + 2 * part, &times, &n);
    mem_free(times);
    snprintf(detail, sizeof(detail), "after %zu transactions", total);
    report("devnet_rss_late", resident_mb(), "MB", detail);
    report("devnet_disk", disk_mb(), "MB", detail);
    child_kill(&node);
    report("devnet_restart", start(protocol), "ms", detail);
    child_stop(&node, 2000);
    if (dir_remove(folder, NULL))
        return 1;
    return 0;
}
