/*
 * bench_fastfs.c — the gateway of files on the chain: how fast it follows, how fast it serves.
 *
 * Starts outlayer-fastfs on an empty folder against a block stream of this process, lets it catch
 * up, then asks for files over CLIENTS connections that stay open. Clients and stream run on the
 * same cores. Prints JSON lines {"name","value","unit","detail"}. The names:
 *
 *   fastfs_follow_empty  blocks a second without files, while catching up
 *   fastfs_follow_busy   the same with block documents of DOC_KB
 *   fastfs_follow_files  MiB of files a second, from blocks that bring one of 1 MiB each
 *   fastfs_small         requests a second for a file of SMALL bytes; _p50 and _p99: time of one
 *   fastfs_range         the same for 4 KiB out of 1 MiB
 *   fastfs_absent        the same for a name that is not there
 *   fastfs_large         the same for 1 MiB; _cpu: processor time of the gateway for one
 *   fastfs_rss           resident memory of the gateway at the end
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "http/server.h"
#include "near/fastfs.h"
#include "proc/self.h"
#include "proc/spawn.h"

#define CLIENTS     16
#define SERVE_MS    3000 /* of each kind of request */
#define SMALL       2048
#define EMPTY_N     4000
#define BUSY_N      200
#define DOC_KB      2048
#define FILES_N     64
#define SAMPLES_MAX 400000
#define ANY         SIZE_MAX /* length of a body */

static char folder[64];
static struct child gateway = CHILD_NONE;
static struct http_server *stream;
static unsigned port;
static struct buf busy = {.max = 8u << 20}, large = {.max = 8u << 20};

static void die(const char *what, const struct buf *why)
{
    fprintf(stderr, "bench_fastfs: %s: %s\n", what, why ? buf_z(why) : "");
    child_stop(&gateway, 1000);
    if (folder[0] && dir_remove(folder, NULL))
        fprintf(stderr, "bench_fastfs: '%s' is left behind\n", folder);
    exit(1);
}

static void report(const char *name, double value, const char *unit, const char *detail)
{
    printf("{\"name\":\"%s\",\"value\":%.2f,\"unit\":\"%s\",\"detail\":\"%s\"}\n", name, value,
           unit, detail);
    fflush(stdout);
}

/* ---- the block stream: heights 1 … FILES_TO, then nothing ---- */

#define EMPTY_TO (1 + EMPTY_N)
#define BUSY_TO  (EMPTY_TO + BUSY_N)
#define FILES_TO (BUSY_TO + FILES_N)

static void put_file(struct buf *out, const char *path, struct str content)
{
    struct fastfs_call c = {
        .path = str_of(path), .mime = STR("application/wasm"), .content = content};
    struct buf args = BUF_INIT(FASTFS_CALL_MAX);

    fastfs_write(&args, &c);
    buf_addz(out,
             "{\"receipt\":{\"predecessor_id\":\"a.test\",\"receiver_id\":\"f.test\",\"receipt\":{"
             "\"Action\":{\"actions\":[{\"FunctionCall\":{\"method_name\":\"" FASTFS_METHOD
             "\",\"gas\":1,\"deposit\":\"0\",\"args\":\"");
    base64_put(out, args.ptr, args.len);
    buf_addz(out, "\"}}]}}}}");
    buf_release(&args);
}

static void put_block(struct buf *out, uint64_t height, struct str outcomes)
{
    buf_addf(out,
             "{\"block\":{\"author\":\"v\",\"header\":{\"height\":%llu,\"hash\":\"h%llu\","
             "\"prev_hash\":\"h%llu\",\"prev_height\":%llu}},\"shards\":[{\"shard_id\":0,"
             "\"receipt_execution_outcomes\":[",
             (unsigned long long)height, (unsigned long long)height, (unsigned long long)height - 1,
             (unsigned long long)height - 1);
    buf_add_str(out, outcomes);
    buf_addz(out, "]}]}");
}

/* What a block without files is full of. */
static void make_busy(void)
{
    while (busy.len < DOC_KB * 1024)
        buf_addf(
            &busy,
            "%s{\"receipt\":{\"predecessor_id\":\"alice.near\",\"receiver_id\":\"token.near\","
            "\"receipt\":{\"Action\":{\"signer_id\":\"alice.near\",\"actions\":[{\"FunctionCall\":"
            "{\"method_name\":\"ft_transfer\",\"args\":\"eyJyZWNlaXZlcl9pZCI6ImJvYi5uZWFyIn0=\","
            "\"gas\":30000000000000,\"deposit\":\"1\"}}]}}},\"execution_outcome\":{\"outcome\":{"
            "\"logs\":[\"EVENT_JSON:{\\\"standard\\\":\\\"nep141\\\",\\\"event\\\":"
            "\\\"ft_transfer\\\"}\"],\"status\":{\"SuccessValue\":\"\"}}}}",
            busy.len ? "," : "");
}

static void serve_stream(void *ctx, struct http_req *r)
{
    struct buf doc = BUF_INIT(16u << 20), one = BUF_INIT(4u << 20);
    struct str path = http_req_path(r);
    uint64_t height = 0;

    (void)ctx;
    if (str_eqz(path, "/v0/last_block/final"))
        height = FILES_TO;
    else if (!str_starts(path, STR("/v0/block/")) || !str_u64(str_skip(path, 10), &height))
        height = UINT64_MAX;
    if (height > FILES_TO) {
        clock_sleep_ms(1);
        http_reply(r, 200, "application/json", STR("null"));
    } else {
        if (height <= 1 || height == EMPTY_TO) {
            char text[SMALL];

            memset(text, 's', sizeof(text));
            put_file(&one, height == EMPTY_TO ? "mark.wasm" : "small.wasm",
                     str_from(text, sizeof(text)));
        } else if (height > BUSY_TO) {
            char name[32];

            snprintf(name, sizeof(name), "large-%llu.wasm", (unsigned long long)height);
            large.ptr[0] = (char)height;
            put_file(&one, name, buf_str(&large));
        }
        put_block(&doc, height,
                  height > EMPTY_TO && height <= BUSY_TO ? buf_str(&busy) : buf_str(&one));
        http_reply(r, 200, "application/json", buf_str(&doc));
    }
    buf_release(&doc);
    buf_release(&one);
}

static void start(void)
{
    struct http_server_opts o = {
        .host = "127.0.0.1", .max_body = 1024, .max_conns = 8, .handle = serve_stream};
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    char db[96], url[64], line[256] = {0};
    const char *path = NULL, *at = NULL;
    int out[2];

    for (size_t i = 0; i < FASTFS_PART; i++)
        buf_add_byte(&large, (uint8_t)(i * 2654435761u >> 13));
    make_busy();
    snprintf(folder, sizeof(folder), "/var/tmp/bench-fastfs-XXXXXX");
    if (!mkdtemp(folder) || http_server_start(&o, &stream, &why) ||
        self_exe(&a, "outlayer-fastfs", &path, &why) || pipe2(out, O_CLOEXEC))
        die("start", &why);
    snprintf(db, sizeof(db), "%s/files.db", folder);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", http_server_port(stream));
    {
        const char *const argv[] = {path, "--db",           db,  "--neardata-url",
                                    url,  "--start-height", "1", NULL};
        const char *const env[] = {"OUTLAYER_LOG=unusual", NULL};
        const struct spawn s = {
            .path = path, .argv = argv, .envp = env, .in = -1, .out = out[1], .err = STDERR_FILENO};

        if (spawn_start(&s, &gateway, &why))
            die("start", &why);
    }
    close(out[1]);
    if (read(out[0], line, sizeof(line) - 1) <= 0 || !(at = strstr(line, "127.0.0.1:")))
        die("the gateway did not start", NULL);
    port = (unsigned)atoi(at + 10);
    close(out[0]);
    arena_release(&a);
    buf_release(&why);
}

/* ---- clients ---- */

static int connected(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
        die("connect", NULL);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

/* One request on an open connection; gives the length of the body. */
static void ask(int fd, const char *path, const char *header, size_t *len)
{
    static _Thread_local char room[256 * 1024];
    char text[512];
    const int n =
        snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, header);
    size_t have = 0, body, head;
    const char *end = NULL, *at;

    if (write(fd, text, (size_t)n) != n)
        die("write", NULL);
    while (!end) {
        ssize_t got = read(fd, room + have, sizeof(room) - 1 - have);

        if (got <= 0)
            die("the gateway hung up", NULL);
        have += (size_t)got;
        room[have] = '\0';
        end = strstr(room, "\r\n\r\n");
    }
    head = (size_t)(end - room) + 4;
    at = strcasestr(room, "\r\nContent-Length:");
    *len = at && at < end ? (size_t)strtoull(at + 17, NULL, 10) : 0;
    body = *len;
    for (have -= head; have < body;) {
        ssize_t got = read(fd, room, sizeof(room));

        if (got <= 0)
            die("the gateway hung up", NULL);
        have += (size_t)got;
    }
}

struct client {
    pthread_t thread;
    const char *path, *header;
    size_t len, n;
    uint64_t until;
    uint32_t *us;
};

static void *client_main(void *ctx)
{
    struct client *c = ctx;
    int fd = connected();

    while (clock_mono_ms() < c->until && c->n < SAMPLES_MAX) {
        uint64_t from = clock_mono_us();
        size_t len;

        ask(fd, c->path, c->header, &len);
        if (c->len != ANY && len != c->len)
            die("another length than expected", NULL);
        c->us[c->n++] = (uint32_t)(clock_mono_us() - from);
    }
    close(fd);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Requests a second; `*p99` in microseconds. */
static double load(const char *path, const char *header, size_t len, double *p50, double *p99)
{
    static struct client c[CLIENTS];
    uint64_t start = clock_mono_ms();
    uint32_t *all;
    size_t n = 0, at = 0;
    double seconds;

    for (size_t i = 0; i < CLIENTS; i++) {
        c[i] = (struct client){.path = path,
                               .header = header,
                               .len = len,
                               .until = start + SERVE_MS,
                               .us = mem_new_n(uint32_t, SAMPLES_MAX)};
        if (pthread_create(&c[i].thread, NULL, client_main, &c[i]))
            die("thread", NULL);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        pthread_join(c[i].thread, NULL);
        n += c[i].n;
    }
    seconds = (double)(clock_mono_ms() - start) / 1000;
    all = mem_new_n(uint32_t, n + 1);
    for (size_t i = 0; i < CLIENTS; i++) {
        memcpy(all + at, c[i].us, c[i].n * sizeof(*all));
        at += c[i].n;
        mem_free(c[i].us);
    }
    qsort(all, n, sizeof(*all), by_value);
    *p50 = all[n / 2];
    *p99 = all[n * 99 / 100];
    mem_free(all);
    return (double)n / seconds;
}

static void kind(const char *name, const char *path, const char *header, size_t len,
                 const char *detail)
{
    double p50, p99, rate = load(path, header, len, &p50, &p99);
    char more[64];

    report(name, rate, "1/s", detail);
    snprintf(more, sizeof(more), "%s_p50", name);
    report(more, p50 / 1000, "ms", detail);
    snprintf(more, sizeof(more), "%s_p99", name);
    report(more, p99 / 1000, "ms", detail);
}

/* Seconds of processor time that the gateway has used. */
static double cpu_s(void)
{
    char path[64], text[512] = {0};
    unsigned long user = 0, sys = 0;
    const char *at;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)gateway.pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 || !(at = strrchr(text, ')')) ||
        sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) != 2)
        die("stat", NULL);
    close(fd);
    return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

static double rss_mib(void)
{
    char path[64], text[256] = {0};
    unsigned long pages = 0;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)gateway.pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 || sscanf(text, "%*u %lu", &pages) != 1)
        die("statm", NULL);
    close(fd);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

/* Wait until the gateway serves `path`; gives the seconds since `from`. */
static double await(const char *path, size_t want, uint64_t from)
{
    int fd = connected();
    size_t len = 0;

    for (; len != want; clock_sleep_ms(2)) {
        ask(fd, path, "", &len);
        if (clock_mono_us() - from > 120 * UINT64_C(1000000))
            die("the gateway does not catch up", NULL);
    }
    close(fd);
    return (double)(clock_mono_us() - from) / 1e6;
}

int main(void)
{
    char last[64];
    uint64_t from = clock_mono_us();
    double cpu, total, p50, p99, rate;

    start();
    (void)await("/a.test/f.test/small.wasm", SMALL, from);
    from = clock_mono_us();
    total = await("/a.test/f.test/mark.wasm", SMALL, from);
    report("fastfs_follow_empty", EMPTY_N / total, "blocks/s", "blocks of 200 bytes");
    from = clock_mono_us();
    snprintf(last, sizeof(last), "/a.test/f.test/large-%u.wasm", BUSY_TO + 1);
    total = await(last, FASTFS_PART, from);
    report("fastfs_follow_busy", BUSY_N / total, "blocks/s", "2 MiB without files in each block");
    from = clock_mono_us();
    snprintf(last, sizeof(last), "/a.test/f.test/large-%u.wasm", FILES_TO);
    total = await(last, FASTFS_PART, from);
    report("fastfs_follow_files", (FILES_N - 1) / total, "MiB/s", "a file of 1 MiB in each block");
    kind("fastfs_small", "/a.test/f.test/small.wasm", "", SMALL, "2 KiB, 16 connections");
    kind("fastfs_range", last, "Range: bytes=500000-504095\r\n", 4096,
         "4 KiB out of 1 MiB, 16 connections");
    kind("fastfs_absent", "/a.test/f.test/none.wasm", "", ANY, "a name that is not there");
    cpu = cpu_s();
    rate = load(last, "", FASTFS_PART, &p50, &p99);
    cpu = cpu_s() - cpu;
    report("fastfs_large", rate, "1/s", "1 MiB, 16 connections");
    report("fastfs_large_p50", p50 / 1000, "ms", "1 MiB, 16 connections");
    report("fastfs_large_p99", p99 / 1000, "ms", "1 MiB, 16 connections");
    report("fastfs_large_cpu", cpu * 1000 / (rate * SERVE_MS / 1000), "ms",
           "processor time of the gateway for 1 MiB");
    report("fastfs_rss", rss_mib(), "MiB", "resident memory of the gateway");
    child_stop(&gateway, 5000);
    http_server_stop(stream);
    buf_release(&busy);
    buf_release(&large);
    return dir_remove(folder, NULL) ? 1 : 0;
}
