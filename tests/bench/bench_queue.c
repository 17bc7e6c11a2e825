/*
 * bench_queue.c — jobs a second through the queue: lease and complete, each its own commit.
 *
 * One thread on one core, the functions the coordinator's routes call, a database file with as many
 * jobs waiting as are measured. Prints JSON lines {"name","value","unit","detail"}. The names:
 *
 *   queue_add            jobs made from events, 100 to a block
 *   queue_normal         commits survive the end of the process
 *   queue_full           commits survive loss of power: each waits for the disk
 *   queue_flushed        the same, 64 workers asking at once share a wait, as in the coordinator
 *   queue_http           the process itself, commits safe from loss of power, 64 workers over HTTP
 * on all cores, workers' side included queue_flush          what the disk itself gives: small
 * writes, each flushed, a second
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/json.h"
#include "coordinator/jobq.h"
#include "coordinator/schema.h"
#include "http/client.h"
#include "proc/self.h"
#include "proc/spawn.h"

#define JOBS     20000
#define BLOCK    100
#define BATCH    64
#define FULL_MAX 4000 /* jobs where each commit waits for the disk */
#define FLUSHES  500
#define LEASE_MS 15000

static char folder[64];

static void die(const char *what, const struct buf *why)
{
    fprintf(stderr, "bench_queue: %s: %s\n", what, why ? buf_z(why) : "");
    if (dir_remove(folder, NULL))
        fprintf(stderr, "bench_queue: '%s' is left behind\n", folder);
    exit(1);
}

static void report(const char *name, double per_second, const char *detail)
{
    printf("{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"1/s\",\"detail\":\"%s\"}\n", name,
           per_second, detail);
    fflush(stdout);
}

static struct db *open_db(const char *name, enum db_durable durable)
{
    struct buf why = WHY_INIT;
    struct db *d = NULL;
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (db_open(&(struct db_opts){.path = path, .durable = durable}, &d, &why) ||
        schema_migrate(d, &why))
        die("open", &why);
    return d;
}

/* `n` jobs as a block stream makes them. Gives the seconds it took. */
static double fill(struct db *d, unsigned n)
{
    static const char data[] =
        "{\"request_id\":41,\"sender_id\":\"carol.near\",\"code_source\":{\"WasmUrl\":{\"url\":"
        "\"https://example.com/random.wasm\",\"hash\":\"00\",\"build_target\":null}},"
        "\"resource_limits\":{\"max_instructions\":1000000000,\"max_memory_mb\":128,"
        "\"max_execution_seconds\":60},\"input_data\":\"{\\\"min\\\":1,\\\"max\\\":100}\"}";
    struct buf why = WHY_INIT;
    uint64_t from = clock_mono_us(), id;
    enum err e = ERR_OK;

    for (unsigned i = 0; i < n && !e; i += BLOCK) {
        struct block_head head = {.height = 1000 + i / BLOCK, .timestamp_ns = 1};

        e = db_begin(d, &why);
        for (unsigned k = i; k < i + BLOCK && !e; k++) {
            struct block_event ev = {.kind = EV_REQUESTED,
                                     .request_id = k,
                                     .request_data = str_of(data),
                                     .sender_id = STR("carol.near"),
                                     .signer_id = STR("carol.near"),
                                     .predecessor_id = STR("dice.near"),
                                     .tx_hash = STR("AC6Ajeo2B9JPQKdgDFXtN9XzUQVU1PbBL1rE7BTMY2VA"),
                                     .payment = 7000};

            e = jobq_add(d, &ev, &head, 200, 1, &id, &why);
        }
        if (!e)
            e = db_commit(d, &why);
    }
    if (e)
        die("fill", &why);
    buf_release(&why);
    return (double)(clock_mono_us() - from) / 1e6;
}

/* Lease and complete `n` jobs, each its own commit; `batch` of them wait for the disk together. */
static double drain(struct db *d, unsigned n, unsigned batch, bool flush)
{
    const struct job_result r = {.status = STR("completed"),
                                 .success = true,
                                 .output = STR("{\"random_number\":42}"),
                                 .has_use = true,
                                 .instructions = 812345,
                                 .time_ms = 37,
                                 .resolve_tx = STR("AC6Ajeo2B9JPQKdgDFXtN9XzUQVU1PbBL1rE7BTMY2VA"),
                                 .has_charged = true,
                                 .charged = 1003700};
    const struct lease_ask ask = {STR("worker-1"), STR("s"), 0};
    struct buf why = WHY_INIT;
    struct job jobs[BATCH];
    uint64_t from = clock_mono_us(), now = clock_unix_ns() / 1000000, request;
    enum err e = ERR_OK;

    for (unsigned i = 0; i < n && !e; i += batch) {
        struct arena a = ARENA_INIT;

        for (unsigned k = 0; k < batch && !e; k++) {
            e = db_begin(d, &why);
            if (!e)
                e = jobq_lease(d, &a, &ask, LEASE_MS, now, &jobs[k], &why);
            if (!e)
                e = db_commit(d, &why);
        }
        if (!e && flush)
            e = db_flush(d, &why);
        for (unsigned k = 0; k < batch && !e; k++) {
            e = db_begin(d, &why);
            if (!e)
                e = jobq_complete(d, jobs[k].id, jobs[k].token, &r, now, &request, &why);
            if (!e)
                e = db_commit(d, &why);
        }
        if (!e && flush)
            e = db_flush(d, &why);
        arena_release(&a);
    }
    if (e)
        die("drain", &why);
    buf_release(&why);
    return (double)(clock_mono_us() - from) / 1e6;
}

static void flushes(void)
{
    char path[128], block[4096] = "x";
    uint64_t from;
    int fd;

    snprintf(path, sizeof(path), "%s/flush", folder);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        die("open", NULL);
    from = clock_mono_us();
    for (int i = 0; i < FLUSHES; i++)
        if (write(fd, block, sizeof(block)) != sizeof(block) || fdatasync(fd))
            die("flush", NULL);
    report("queue_flush", FLUSHES * 1e6 / (double)(clock_mono_us() - from),
           "4 KiB appended and flushed");
    close(fd);
}

/* The process, as workers use it. */

#define WORKERS   64
#define HTTP_JOBS 10000
#define TOKEN     "a-token-for-the-benchmark"

struct client {
    pthread_t thread;
    const char *url;
    unsigned done;
};

static enum err call(struct http_client *h, const char *url, const char *path, const char *body,
                     unsigned *status, struct buf *answer)
{
    char full[256];

    snprintf(full, sizeof(full), "%s%s", url, path);
    buf_clear(answer);
    return http_client_call(h,
                            &(struct http_call){.method = "POST",
                                                .url = full,
                                                .body = str_of(body),
                                                .content_type = "application/json",
                                                .bearer = TOKEN,
                                                .timeout_ms = 10000},
                            status, answer, NULL);
}

static void *client_main(void *ctx)
{
    struct client *c = ctx;
    struct http_client *h = http_client_new();
    struct buf answer = BUF_INIT(65536);
    unsigned status = 0;

    while (!call(h, c->url, "/jobs/lease", "{\"worker\":\"w\"}", &status, &answer) &&
           status == 200) {
        char path[64], body[256];
        struct json v;
        uint64_t id, token;

        if (!json_parse(buf_str(&answer), &v, NULL) || !json_u64(json_get(v, "job_id"), &id) ||
            !json_u64(json_get(v, "token"), &token))
            break;
        snprintf(path, sizeof(path), "/jobs/%llu/complete", (unsigned long long)id);
        snprintf(body, sizeof(body),
                 "{\"token\":%llu,\"success\":true,\"output\":{\"random_number\":42},"
                 "\"instructions\":812345,\"time_ms\":37,\"charged_yocto\":\"1003700\"}",
                 (unsigned long long)token);
        if (call(h, c->url, path, body, &status, &answer) || status != 200)
            break;
        c->done++;
    }
    buf_release(&answer);
    http_client_free(h);
    return NULL;
}

/* Read the line a daemon prints when it is ready. */
static void ready_url(int fd, char url[128])
{
    char line[256] = "";
    size_t n = 0;

    while (n < sizeof(line) - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
        n++;
    if (sscanf(line, "{\"ready\":true,\"url\":\"%127[^\"]\"}", url) != 1)
        die("the coordinator does not start", NULL);
}

static void over_http(void)
{
    struct client clients[WORKERS] = {0};
    struct child child = CHILD_NONE;
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    const char *exe = NULL;
    char db[128], token[128], url[128];
    unsigned done = 0;
    uint64_t from;
    int out[2];

    snprintf(db, sizeof(db), "%s/http", folder);
    snprintf(token, sizeof(token), "%s/token", folder);
    {
        struct db *d = open_db("http", DB_NORMAL);

        fill(d, HTTP_JOBS);
        db_close(d);
    }
    if (file_write_atomic(token, STR(TOKEN), 0600, &why) || pipe2(out, O_CLOEXEC) ||
        self_exe(&a, "outlayer-coordinator", &exe, &why))
        die("prepare", &why);
    /* Its block stream is not there: it keeps trying, the queue works on. */
    if (spawn_start(
            &(struct spawn){.path = exe,
                            .argv =
                                (const char *const[]){exe, "--db", db, "--contract-id", "a.near",
                                                      "--neardata-url", "http://127.0.0.1:1",
                                                      "--worker-token-file", token, NULL},
                            .envp = (const char *const[]){"OUTLAYER_LOG=broken", NULL},
                            .in = -1,
                            .out = out[1],
                            .err = 2},
            &child, &why))
        die("start", &why);
    ready_url(out[0], url);
    from = clock_mono_us();
    for (size_t i = 0; i < WORKERS; i++) {
        clients[i].url = url;
        if (pthread_create(&clients[i].thread, NULL, client_main, &clients[i]))
            die("no thread", NULL);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        pthread_join(clients[i].thread, NULL);
        done += clients[i].done;
    }
    if (done != HTTP_JOBS)
        die("not all jobs were done once", NULL);
    report("queue_http", done * 1e6 / (double)(clock_mono_us() - from),
           "64 workers over HTTP, lease and complete, answers wait for the disk");
    child_stop(&child, 2000);
    close(out[0]);
    close(out[1]);
    arena_release(&a);
}

int main(int argc, char **argv)
{
    cpu_set_t one, all;
    struct db *d;

    self_init("bench_queue");
    snprintf(folder, sizeof(folder), "%s", argc > 1 ? argv[1] : "/var/tmp/bench_queue.XXXXXX");
    if (!mkdtemp(folder))
        die("no folder", NULL);
    if (sched_getaffinity(0, sizeof(all), &all))
        die("cores", NULL);
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    if (sched_setaffinity(0, sizeof(one), &one))
        fprintf(stderr, "bench_queue: not on one core\n");
    flushes();
    d = open_db("normal", DB_NORMAL);
    report("queue_add", JOBS / fill(d, JOBS), "100 jobs to a commit");
    report("queue_normal", JOBS / drain(d, JOBS, 1, false),
           "lease and complete, two commits a job, synchronous=NORMAL");
    db_close(d);
    d = open_db("full", DB_FULL);
    fill(d, JOBS);
    report("queue_full", FULL_MAX / drain(d, FULL_MAX, 1, false),
           "lease and complete, two commits a job, synchronous=FULL");
    db_close(d);
    d = open_db("flushed", DB_NORMAL);
    fill(d, JOBS);
    report("queue_flushed", JOBS / BATCH * BATCH / drain(d, JOBS / BATCH * BATCH, BATCH, true),
           "lease and complete, two commits a job, 64 share a flush");
    db_close(d);
    sched_setaffinity(0, sizeof(all), &all);
    over_http();
    return dir_remove(folder, NULL) ? 1 : 0;
}
