/*
 * bench_public.c — what anybody may read of a coordinator with a long history, and what that does
 * to its workers.
 *
 * For each history (300,000 and 1,000,000 executions, or the numbers on the command line): a
 * database is filled by the functions of the queue, the process is started over it, and everything
 * else goes over HTTP. Prints JSON lines {"name","value","unit","detail"}, N being the history:
 *
 *   public_<list>_N       milliseconds of one answer, the median of 15
 *   lease_alone_N         jobs a second leased and completed by 8 workers, nobody else there
 *   lease_read_N          the same while 4 readers ask for totals and lists without a pause
 *   lease_p99_alone_N, lease_p99_read_N    milliseconds of a lease, 99 of 100 are faster
 *   reads_N               the readers' answers a second meanwhile
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
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

#define TOKEN      "a-token-for-the-benchmark"
#define COMMIT     1000 /* executions to a commit while it is filled */
#define ACCOUNTS   5000
#define REPOS      300
#define QUEUED     60000 /* jobs for the workers */
#define WORKERS    8
#define READERS    4
#define SPAN_MS    4000
#define ASKED      15
#define SAMPLES    65536
#define HISTORY_MS 2592000000u /* over which the executions are spread: 30 days */

static char folder[64];

static const struct {
    const char *name, *path;
} lists[] = {
    {"stats", "/public/stats"},
    {"per_day", "/public/stats/executions_per_day"},
    {"earnings", "/public/users/user7.near/earnings"},
    {"repos", "/public/repos/popular"},
    {"workers", "/public/workers"},
    {"jobs", "/public/jobs"},
    {"executions", "/public/executions"},
    {"failures", "/public/executions?status=access_denied"},
};

static void die(const char *what, const struct buf *why)
{
    fprintf(stderr, "bench_public: %s: %s\n", what, why ? buf_z(why) : "");
    if (dir_remove(folder, NULL))
        fprintf(stderr, "bench_public: '%s' is left behind\n", folder);
    exit(1);
}

static void report(const char *name, unsigned n, double value, const char *unit, const char *detail)
{
    printf("{\"name\":\"%s_%u\",\"value\":%.2f,\"unit\":\"%s\",\"detail\":\"%s\"}\n", name, n,
           value, unit, detail);
    fflush(stdout);
}

/* ------------------------------------------------------------------ the history */

static enum err add(struct db *d, unsigned i, uint64_t now, struct buf *why)
{
    static const char data[] =
        "{\"sender_id\":\"user.near\",\"code_source\":{\"GitHub\":{\"repo\":\"https://github.com/"
        "alice/random\",\"commit\":\"main\",\"build_target\":\"wasm32-wasip1\"}},"
        "\"resource_limits\":{\"max_instructions\":1000000000,\"max_memory_mb\":128,"
        "\"max_execution_seconds\":60},\"input_data\":\"{\\\"min\\\":1,\\\"max\\\":100}\"}";
    const struct block_head head = {.height = 1000 + i / 100, .timestamp_ns = 1};
    char sender[32], repo[64], tx[48];
    uint64_t id;

    snprintf(sender, sizeof(sender), "user%u.near", i % ACCOUNTS);
    snprintf(repo, sizeof(repo), "https://github.com/alice/repo%u", i % REPOS);
    snprintf(tx, sizeof(tx), "AC6Ajeo2B9JPQKdgDFXtN9XzUQVU1PbBL1r%08u", i);
    return jobq_add(d,
                    &(struct block_event){.kind = EV_REQUESTED,
                                          .request_id = i,
                                          .request_data = str_of(data),
                                          .sender_id = str_of(sender),
                                          .signer_id = str_of(sender),
                                          .predecessor_id = STR("dice.near"),
                                          .tx_hash = str_of(tx),
                                          .repo = str_of(repo),
                                          .commit = STR("main"),
                                          .payment = 7000},
                    &head, 200, now, &id, why);
}

static enum err run_one(struct db *d, unsigned i, uint64_t now, struct buf *why)
{
    const bool ok = i % 10 != 0;
    const struct job_result r = {.status = ok ? STR("completed") : STR("execution_failed"),
                                 .success = ok,
                                 .output = STR("{\"random_number\":42}"),
                                 .has_use = true,
                                 .instructions = 812345,
                                 .time_ms = 37,
                                 .has_charged = true,
                                 .charged = 1003700};
    const struct lease_ask ask = {STR("worker-1"), STR("s"), 0};
    struct arena a = ARENA_INIT;
    struct job j = {0};
    uint64_t request;
    enum err e = jobq_lease(d, &a, &ask, 15000, now, &j, why);

    if (!e)
        e = jobq_complete(d, j.id, j.token, &r, now, &request, why);
    arena_release(&a);
    return e;
}

static void fill(const char *path, unsigned n)
{
    struct buf why = WHY_INIT;
    uint64_t first = clock_unix_ns() / 1000000 - HISTORY_MS;
    struct db *d = NULL;
    enum err e = db_open(&(struct db_opts){.path = path, .durable = DB_NORMAL}, &d, &why);

    if (!e)
        e = schema_migrate(d, &why);
    for (unsigned i = 0; i < n + QUEUED && !e; i += COMMIT) {
        uint64_t at = first + (uint64_t)i * HISTORY_MS / (n + QUEUED);

        e = db_begin(d, &why);
        for (unsigned k = i; k < i + COMMIT && !e; k++)
            e = add(d, k, at, &why);
        for (unsigned k = i; k < i + COMMIT && k < n && !e; k++)
            e = run_one(d, k, at, &why);
        if (!e)
            e = db_commit(d, &why);
    }
    if (e)
        die("fill", &why);
    db_close(d);
    buf_release(&why);
}

/* ------------------------------------------------------------------ the process */

static void start(const char *db, struct child *child, char url[128])
{
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    const char *exe = NULL;
    char token[128], line[256] = "";
    size_t n = 0;
    int out[2];

    snprintf(token, sizeof(token), "%s/token", folder);
    if (file_write_atomic(token, STR(TOKEN), 0600, &why) || pipe2(out, O_CLOEXEC) ||
        self_exe(&a, "outlayer-coordinator", &exe, &why))
        die("prepare", &why);
    /* Its block stream is not there; what is measured here is not about to be pruned or refused. */
    if (spawn_start(
            &(struct spawn){
                .path = exe,
                .argv = (const char *const[]){exe, "--db", db, "--contract-id", "a.near",
                                              "--neardata-url", "http://127.0.0.1:1",
                                              "--collateral-url", "none", "--worker-token-file",
                                              token, NULL},
                .envp = (const char *const[]){"OUTLAYER_LOG=broken", "OUTLAYER_PUBLIC_RATE=0",
                                              "OUTLAYER_KEEP_DAYS=0", NULL},
                .in = -1,
                .out = out[1],
                .err = 2},
            child, &why))
        die("start", &why);
    close(out[1]);
    while (n < sizeof(line) - 1 && read(out[0], line + n, 1) == 1 && line[n] != '\n')
        n++;
    if (sscanf(line, "{\"ready\":true,\"url\":\"%127[^\"]\"", url) != 1)
        die("the coordinator does not start", NULL);
    close(out[0]);
    arena_release(&a);
}

static unsigned call(struct http_client *h, const char *url, const char *path, const char *body,
                     struct buf *answer)
{
    unsigned status = 0;
    char full[256];

    snprintf(full, sizeof(full), "%s%s", url, path);
    buf_clear(answer);
    return http_client_call(h,
                            &(struct http_call){.method = body ? "POST" : "GET",
                                                .url = full,
                                                .body = body ? str_of(body) : STR_NONE,
                                                .content_type = body ? "application/json" : NULL,
                                                .bearer = body ? TOKEN : NULL,
                                                .timeout_ms = 60000},
                            &status, answer, NULL)
               ? 0
               : status;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void answers(const char *url, unsigned n)
{
    struct http_client *h = http_client_new();
    struct buf answer = BUF_INIT(4 << 20);

    for (size_t i = 0; i < countof(lists); i++) {
        uint64_t took[ASKED];
        char name[64];

        for (size_t k = 0; k < ASKED; k++) {
            uint64_t from = clock_mono_us();

            if (call(h, url, lists[i].path, NULL, &answer) != 200)
                die(lists[i].path, &answer);
            took[k] = clock_mono_us() - from;
        }
        qsort(took, ASKED, sizeof(took[0]), by_value);
        snprintf(name, sizeof(name), "public_%s", lists[i].name);
        report(name, n, (double)took[ASKED / 2] / 1000, "ms", lists[i].path);
    }
    buf_release(&answer);
    http_client_free(h);
}

/* ------------------------------------------------------------------ workers and readers */

struct side {
    pthread_t thread;
    const char *url;
    const atomic_bool *stop;
    unsigned done;
    uint64_t *lease_us; /* of a worker: SAMPLES of them */
};

static void *worker_main(void *ctx)
{
    struct side *s = ctx;
    struct http_client *h = http_client_new();
    struct buf answer = BUF_INIT(65536);

    while (!atomic_load(s->stop) && s->done < SAMPLES) {
        uint64_t from = clock_mono_us(), id, token;
        char path[64], body[128];
        struct json v;

        if (call(h, s->url, "/jobs/lease", "{\"worker\":\"w\"}", &answer) != 200 ||
            !json_parse(buf_str(&answer), &v, NULL) || !json_u64(json_get(v, "job_id"), &id) ||
            !json_u64(json_get(v, "token"), &token))
            break;
        s->lease_us[s->done] = clock_mono_us() - from;
        snprintf(path, sizeof(path), "/jobs/%llu/complete", (unsigned long long)id);
        snprintf(body, sizeof(body), "{\"token\":%llu,\"success\":true,\"output\":42}",
                 (unsigned long long)token);
        if (call(h, s->url, path, body, &answer) != 200)
            break;
        s->done++;
    }
    buf_release(&answer);
    http_client_free(h);
    return NULL;
}

static void *reader_main(void *ctx)
{
    struct side *s = ctx;
    struct http_client *h = http_client_new();
    struct buf answer = BUF_INIT(4 << 20);

    for (size_t i = 0; !atomic_load(s->stop); i++)
        if (call(h, s->url, lists[i % countof(lists)].path, NULL, &answer) == 200)
            s->done++;
    buf_release(&answer);
    http_client_free(h);
    return NULL;
}

static void span(const char *url, unsigned n, unsigned readers, const char *name)
{
    struct side w[WORKERS] = {0}, r[READERS] = {0};
    atomic_bool stop = false;
    uint64_t from = clock_mono_us(), *all = mem_new_n(uint64_t, WORKERS * (size_t)SAMPLES);
    unsigned jobs = 0, reads = 0;
    char text[64];
    double s;

    for (size_t i = 0; i < WORKERS; i++) {
        w[i] = (struct side){.url = url, .stop = &stop, .lease_us = mem_new_n(uint64_t, SAMPLES)};
        if (pthread_create(&w[i].thread, NULL, worker_main, &w[i]))
            die("no thread", NULL);
    }
    for (size_t i = 0; i < readers; i++) {
        r[i] = (struct side){.url = url, .stop = &stop};
        if (pthread_create(&r[i].thread, NULL, reader_main, &r[i]))
            die("no thread", NULL);
    }
    clock_sleep_ms(SPAN_MS);
    atomic_store(&stop, true);
    for (size_t i = 0; i < WORKERS; i++) {
        pthread_join(w[i].thread, NULL);
        memcpy(all + jobs, w[i].lease_us, w[i].done * sizeof(all[0]));
        jobs += w[i].done;
        mem_free(w[i].lease_us);
    }
    for (size_t i = 0; i < readers; i++) {
        pthread_join(r[i].thread, NULL);
        reads += r[i].done;
    }
    if (!jobs)
        die("no job was leased", NULL);
    s = (double)(clock_mono_us() - from) / 1e6;
    qsort(all, jobs, sizeof(all[0]), by_value);
    snprintf(text, sizeof(text), "lease_%s", name);
    report(text, n, jobs / s, "1/s", "8 workers over HTTP, lease and complete");
    snprintf(text, sizeof(text), "lease_p99_%s", name);
    report(text, n, (double)all[(size_t)jobs * 99 / 100] / 1000, "ms", "one lease");
    if (readers)
        report("reads", n, reads / s, "1/s", "4 readers, all lists in turn");
    mem_free(all);
}

static void measure(unsigned n)
{
    struct child child = CHILD_NONE;
    char db[128], url[128];

    snprintf(db, sizeof(db), "%s/history-%u", folder, n);
    fill(db, n);
    start(db, &child, url);
    answers(url, n);
    span(url, n, 0, "alone");
    span(url, n, READERS, "read");
    child_stop(&child, 3000);
}

int main(int argc, char **argv)
{
    static const char *const usual[] = {"300000", "1000000"};
    const char *const *list = argc > 1 ? (const char *const *)argv + 1 : usual;
    size_t n = argc > 1 ? (size_t)argc - 1 : countof(usual);
    struct buf why = WHY_INIT;

    self_init("bench_public");
    snprintf(folder, sizeof(folder), "/var/tmp/bench_public.XXXXXX");
    if (!mkdtemp(folder))
        die("no folder", NULL);
    for (size_t i = 0; i < n; i++) {
        uint64_t rows;

        if (!str_u64(str_of(list[i]), &rows) || rows % COMMIT || rows > 10000000)
            die("usage: bench_public [EXECUTIONS…], thousands of them", NULL);
        measure((unsigned)rows);
    }
    return dir_remove(folder, &why) ? 1 : 0;
}
