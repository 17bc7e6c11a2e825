/*
 * bench_exec.c — what a run costs, from a file nobody has seen to the thousandth time.
 *
 * Every figure is a median of full runs with the same input, a fresh store each, output checked.
 * Prints JSON lines {"name","value","unit","detail"}. The names:
 *
 *   exec_cold_source   start of a supervisor, empty cache: compile, load, run
 *   exec_cold_cache    the same with the code in the cache on disk
 *   exec_fresh         a process of its own for each run, started ahead; code in the cache
 *   exec_fresh_rate    the same as runs a second, starting included, all on one core
 *   exec_warm          the process has the program loaded: job there, result back
 *   exec_warm_rate     the same as runs a second, supervisor and child on one core
 *   exec_floor         the engine in this process, no isolation
 *   exec_compile_run   the engine in this process, compiled anew for each run
 *   exec_http_64       64 guests at a time that each wait 500 ms for a server: the slowest
 *   exec_metering      time of a guest that only computes, over its time without counting
 *   exec_slot_memory   what a child with a program loaded keeps for itself (needs root)
 *   exec_1000_…        10,000 runs of 1,000 different programs, the cache bounded below what they
 *                      need: time of a run, share found compiled, what lies on disk at the end
 *   exec_growth_…      by how much the child, or its supervisor, grows over many runs
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "engine/cache.h"
#include "engine/run.h"
#include "guest/guest.h"
#include "proc/memfd.h"
#include "proc/self.h"

#define SAMPLES_MAX 20000

struct program {
    const char *name, *file, *input, *expect; /* expect: how the output begins */
    struct buf wasm;
    struct hash256 hash;
    int fd;
};

static struct program programs[] = {
    {.name = "c",
     .file = "guests/random.wasm",
     .input = "{\"min\":1,\"max\":100}",
     .expect = "{\"random_number\":"},
    {.name = "rust",
     .file = "guests/words.wasm",
     .input = "{\"text\":\"to be or not to be, that is the question\",\"top\":3}",
     .expect = "{\"words\":10,"},
    {.name = "rust_wasip2", /* the same crate as a component */
     .file = "guests/words-p2.wasm",
     .input = "{\"text\":\"to be or not to be, that is the question\",\"top\":3}",
     .expect = "{\"words\":10,"},
};

/* Only loaded: how long a large program takes from the cache. */
static struct program large = {
    .name = "2mb", .file = "guests/test/large.wasm", .input = "10", .expect = ""};

static struct program cpu = {.name = "cpu", .file = "guests/test/cpu.wasm", .expect = ""};
static const char *const cpu_work[][2] = {
    {"sha256", "sha256 100000"}, {"sort", "sort 500000"}, {"json", "json 50000"}};

static const struct run_limits limits = {1000000000, 128, 60000};
static char folder[64];
static struct mac_key key;
static double samples[SAMPLES_MAX];

static void die(const char *what, const struct buf *why)
{
    fprintf(stderr, "bench_exec: %s: %s\n", what, why ? buf_z(why) : "");
    if (dir_remove(folder, NULL))
        fprintf(stderr, "bench_exec: '%s' is left behind\n", folder);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void report(const char *name, const struct program *p, size_t n)
{
    qsort(samples, n, sizeof(*samples), by_value);
    printf(
        "{\"name\":\"%s_%s\",\"value\":%.4f,\"unit\":\"ms\",\"detail\":\"median of %zu; p95 %.4f; "
        "%zu bytes of wasm\"}\n",
        name, p->name, samples[n / 2] / 1000, n, samples[n * 95 / 100] / 1000, p->wasm.len);
    fflush(stdout);
}

static void check(const struct program *p, struct run_result *r)
{
    if (r->outcome != OUTCOME_OK || !str_starts(buf_str(&r->out), str_of(p->expect)))
        die(p->name, r->text.len ? &r->text : &r->out);
    run_result_release(r);
}

static struct guest *start(bool fresh)
{
    const struct guest_options o = {.cache_dir = folder, .key = &key, .fresh_process = fresh};
    struct buf why = WHY_INIT;
    struct guest *g = NULL;

    if (guest_start(&o, &g, &why))
        die("guest_start", &why);
    return g;
}

static void run(struct guest *g, const struct program *p)
{
    const struct run_job job = {.limits = limits, .input = str_of(p->input)};
    struct buf why = WHY_INIT;
    struct run_result r;

    if (guest_run(g, p->fd, &p->hash, &job, &r, NULL, &why))
        die("guest_run", &why);
    check(p, &r);
    buf_release(&why);
}

/* Whole life of a supervisor, `n` times; `forget`: the cache is emptied before each. */
static void cold(const char *name, const struct program *p, size_t n, bool forget)
{
    for (size_t i = 0; i < n; i++) {
        if (forget && dir_remove(folder, NULL))
            die("empty the cache", NULL);
        uint64_t t = clock_mono_us();
        struct guest *g = start(false);
        run(g, p);
        samples[i] = (double)(clock_mono_us() - t);
        guest_stop(g);
    }
    report(name, p, n);
}

static void kept(const char *name, const struct program *p, size_t n, bool fresh)
{
    struct guest *g = start(fresh);

    run(g, p);
    for (size_t i = 0; i < n; i++) {
        if (fresh) { /* the spare has time to come up, as between two real requests */
            guest_ready(g);
            clock_sleep_ms(5);
        }
        uint64_t t = clock_mono_us();
        run(g, p);
        samples[i] = (double)(clock_mono_us() - t);
    }
    guest_stop(g);
    report(name, p, n);
}

static void rate(const char *name, const struct program *p, bool fresh)
{
    cpu_set_t before, one;
    struct guest *g;
    uint64_t t, n = 0;

    sched_getaffinity(0, sizeof(before), &before);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &before))
            CPU_SET(i, &one);
    sched_setaffinity(0, sizeof(one), &one);
    g = start(fresh);
    run(g, p);
    for (t = clock_mono_us(); clock_mono_us() - t < 2000000; n++) {
        if (fresh)
            guest_ready(g);
        run(g, p);
    }
    t = clock_mono_us() - t;
    guest_stop(g);
    sched_setaffinity(0, sizeof(before), &before);
    printf("{\"name\":\"%s_%s\",\"value\":%.0f,\"unit\":\"runs/s\",\"detail\":\"one core, "
           "%llu runs\"}\n",
           name, p->name, (double)n * 1e6 / (double)t, (unsigned long long)n);
    fflush(stdout);
}

static void run_here(struct engine *e, struct module *m, const struct program *p)
{
    const struct run_job job = {.limits = {RUN_INSTRUCTIONS_MAX, 128, 60000},
                                .input = str_of(p->input)};
    struct run_result r;

    run_result_init(&r, &limits);
    run_module(e, m, &job, &r);
    check(p, &r);
}

static struct module *make(struct engine *compiler, struct engine *runner, const struct program *p)
{
    struct buf code = BUF_INIT(MODULE_CODE_MAX), why = WHY_INIT;
    struct module *m = NULL;

    if (module_compile(compiler, buf_str(&p->wasm), &code, &why) ||
        module_load(runner, buf_str(&code), &m, &why))
        die("compile", &why);
    buf_release(&code);
    buf_release(&why);
    return m;
}

static void in_process(const struct program *p, size_t compiles, size_t runs)
{
    struct engine *compiler = engine_new(ENGINE_COMPILE), *runner = engine_new(ENGINE_RUN);
    struct module *m;

    for (size_t i = 0; i < compiles; i++) {
        uint64_t t = clock_mono_us();
        m = make(compiler, runner, p);
        run_here(runner, m, p);
        samples[i] = (double)(clock_mono_us() - t);
        module_free(m);
    }
    report("exec_compile_run", p, compiles);
    m = make(compiler, runner, p);
    for (size_t i = 0; i < runs; i++) {
        uint64_t t = clock_mono_us();
        run_here(runner, m, p);
        samples[i] = (double)(clock_mono_us() - t);
    }
    module_free(m);
    report("exec_floor", p, runs);
    engine_free(runner);
    engine_free(compiler);
}

static double one_time(struct engine *e, struct module *m, const struct program *p)
{
    uint64_t t = clock_mono_us();

    run_here(e, m, p);
    return (double)(clock_mono_us() - t);
}

/* Counted and not in turns, so that whatever else the machine does meets both. */
static void metering(void)
{
    struct engine *compiler = engine_new(ENGINE_COMPILE), *runner = engine_new(ENGINE_RUN);
    struct engine *bare = engine_new(ENGINE_BARE);
    enum { TURNS = 21 };
    double with[TURNS], without[TURNS];

    for (size_t i = 0; i < countof(cpu_work); i++) {
        struct program p = cpu;
        p.input = cpu_work[i][1];
        struct module *counted = make(compiler, runner, &p), *plain = make(bare, bare, &p);
        for (size_t k = 0; k < TURNS; k++) {
            with[k] = one_time(runner, counted, &p);
            without[k] = one_time(bare, plain, &p);
        }
        module_free(counted);
        module_free(plain);
        qsort(with, TURNS, sizeof(*with), by_value);
        qsort(without, TURNS, sizeof(*without), by_value);
        printf("{\"name\":\"exec_metering_%s\",\"value\":%.3f,\"unit\":\"ratio\",\"detail\":"
               "\"medians of "
               "%d: %.3f ms counted, %.3f ms not\"}\n",
               cpu_work[i][0], with[TURNS / 2] / without[TURNS / 2], TURNS, with[TURNS / 2] / 1000,
               without[TURNS / 2] / 1000);
        fflush(stdout);
    }
    engine_free(bare);
    engine_free(runner);
    engine_free(compiler);
}

/* Bytes that only this process holds; 0 when we may not look. */
static uint64_t private_bytes(pid_t pid)
{
    struct buf text = BUF_INIT(65536);
    uint64_t total = 0;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", (long)pid);
    if (file_read(path, &text, NULL) == ERR_OK) {
        struct str rest = buf_str(&text), line;
        while (rest.len) {
            rest = str_cut(rest, '\n', &line);
            unsigned long long kb;
            if (str_starts(line, STR("Private_")) && sscanf(line.ptr, "%*s %llu", &kb) == 1)
                total += kb * 1024;
        }
    }
    buf_release(&text);
    return total;
}

static void print_growth(const char *name, const struct program *p, uint64_t before, uint64_t after,
                         const char *detail)
{
    printf("{\"name\":\"%s_%s\",\"value\":%lld,\"unit\":\"KiB\",\"detail\":\"%s\"}\n", name,
           p->name, ((long long)after - (long long)before) / 1024, detail);
    fflush(stdout);
}

/* The child is measured in one life of it, its supervisor over many. */
static void memory(const struct program *p)
{
    struct guest *g = start(false);
    uint64_t child, own;
    int n;

    for (n = 0; n < 100; n++)
        run(g, p);
    child = private_bytes(guest_pid(g));
    own = private_bytes(getpid());
    if (child) {
        print_growth("exec_slot_memory", p, 0, child, "private, after 100 runs");
        for (; n < (int)GUEST_RUNS_MAX; n++)
            run(g, p);
        print_growth("exec_growth_child", p, child, private_bytes(guest_pid(g)),
                     "after 9,900 more runs in the same process");
        for (; n < 100000; n++)
            run(g, p);
        print_growth("exec_growth_supervisor", p, own, private_bytes(getpid()),
                     "after 100,000 runs and 10 children");
    }
    guest_stop(g);
}

/* ---- many guests, each waiting for a server ---- */

enum { WAITERS = 64, SERVER_MS = 500 };
static struct program http = {.name = "http", .file = "guests/test/http.wasm"};
static char http_input[64];

static void *serve_one(void *arg)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    int fd = (int)(intptr_t)arg;
    char head[4096];

    if (read(fd, head, sizeof(head)) > 0) {
        clock_sleep_ms(SERVER_MS);
        if (write(fd, answer, sizeof(answer) - 1) < 0)
            fd_close(&fd);
    }
    fd_close(&fd);
    return NULL;
}

static void *serve(void *arg)
{
    for (;;) {
        pthread_t t;
        int fd = accept4((int)(intptr_t)arg, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0 && pthread_create(&t, NULL, serve_one, (void *)(intptr_t)fd) == 0)
            pthread_detach(t);
    }
    return NULL;
}

static pthread_barrier_t waiters_ready;

/* The first request starts the process that makes it; the second one is measured. */
static void *wait_for_server(void *arg)
{
    struct net_policy policy = net_policy_default(NULL);
    const struct run_job job = {.limits = limits, .input = str_of(http_input), .policy = &policy};
    struct guest *g = start(false);
    struct buf why = WHY_INIT;
    char path[64];

    policy.loopback = true;
    /* A position in the file of its own. */
    snprintf(path, sizeof(path), "/proc/self/fd/%d", http.fd);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die(path, NULL);
    for (int i = 0; i < 2; i++) {
        struct run_result r;
        uint64_t t;
        pthread_barrier_wait(&waiters_ready);
        t = clock_mono_us();
        if (guest_run(g, fd, &http.hash, &job, &r, NULL, &why) != ERR_OK)
            die("run", &why);
        *(double *)arg = (double)(clock_mono_us() - t);
        if (r.outcome != OUTCOME_OK || !str_starts(buf_str(&r.out), STR("200 ")))
            die(buf_z(&r.text), &r.err);
        run_result_release(&r);
    }
    guest_stop(g);
    fd_close(&fd);
    buf_release(&why);
    return NULL;
}

static void waiting(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_t server, waiters[WAITERS];
    static double times[WAITERS];

    if (bind(fd, (struct sockaddr *)&a, len) || listen(fd, 256) ||
        getsockname(fd, (struct sockaddr *)&a, &len) ||
        pthread_create(&server, NULL, serve, (void *)(intptr_t)fd) ||
        pthread_barrier_init(&waiters_ready, NULL, WAITERS))
        die("server", NULL);
    snprintf(http_input, sizeof(http_input), "get http://127.0.0.1:%u/", ntohs(a.sin_port));
    for (size_t i = 0; i < WAITERS; i++)
        if (pthread_create(&waiters[i], NULL, wait_for_server, &times[i]))
            die("threads", NULL);
    for (size_t i = 0; i < WAITERS; i++)
        pthread_join(waiters[i], NULL);
    qsort(times, WAITERS, sizeof(*times), by_value);
    printf(
        "{\"name\":\"exec_http_64\",\"value\":%.1f,\"unit\":\"ms\",\"detail\":\"the slowest of %d "
        "guests at a time, each waiting %d ms for a server; median %.1f\"}\n",
        times[WAITERS - 1] / 1000, WAITERS, SERVER_MS, times[WAITERS / 2] / 1000);
    fflush(stdout);
}

/* Program `i` of many: the first one with a section of its own, which changes nothing but the
 * hash. */
static void variant(const struct program *of, unsigned i, struct program *out)
{
    char section[] = {0, 6, 1, 'n', 0, 0, 0, 0};
    struct buf why = WHY_INIT;

    memcpy(section + 4, &i, sizeof(i));
    *out = *of;
    out->wasm = BUF_INIT(MODULE_WASM_MAX);
    buf_add_str(&out->wasm, buf_str(&of->wasm));
    buf_add(&out->wasm, section, sizeof(section));
    out->hash = sha256(buf_str(&out->wasm));
    if (memfd_of("wasm", buf_str(&out->wasm), &out->fd, &why))
        die("memfd", &why);
}

/* Half of the runs are of the hundred programs that people like, half of any. */
static void many_programs(const struct program *p)
{
    enum { PROGRAMS = 1000, LIKED = 100, RUNS = 10000, BOUND_MB = 48 };
    const struct guest_options o = {
        .cache_dir = folder, .key = &key, .cache_bytes_max = (uint64_t)BOUND_MB << 20};
    struct buf why = WHY_INIT;
    struct cache_entry *list = NULL;
    struct cache cache;
    struct guest *g = NULL;
    uint64_t bytes = 0, start_us;
    unsigned seed = 1, found = 0;
    size_t n = 0;

    if (dir_remove(folder, NULL) || guest_start(&o, &g, &why))
        die("guest_start", &why);
    start_us = clock_mono_us();
    for (size_t i = 0; i < RUNS; i++) {
        struct run_job job = {.limits = limits, .input = str_of(p->input)};
        struct guest_note note;
        struct run_result r;
        struct program q;

        seed = seed * 1103515245u + 12345u;
        variant(p, (seed >> 16) % (i % 2 ? LIKED : PROGRAMS), &q);
        uint64_t t = clock_mono_us();
        if (guest_run(g, q.fd, &q.hash, &job, &r, &note, &why))
            die("guest_run", &why);
        samples[i] = (double)(clock_mono_us() - t);
        found += note.cached;
        check(&q, &r);
        close(q.fd);
        buf_release(&q.wasm);
    }
    start_us = clock_mono_us() - start_us;
    guest_stop(g);
    report("exec_1000", p, RUNS);
    if (cache_init(&cache, folder, &key, o.cache_bytes_max, &why) ||
        cache_list(&cache, &list, &n, &why))
        die("cache_list", &why);
    for (size_t i = 0; i < n; i++)
        bytes += list[i].bytes;
    mem_free(list);
    cache_release(&cache);
    if (bytes > o.cache_bytes_max)
        die("the cache is over its bound", NULL);
    printf("{\"name\":\"exec_1000_found_%s\",\"value\":%.3f,\"unit\":\"share\",\"detail\":"
           "\"of %d runs, half of them of %d programs, in %.1f s\"}\n",
           p->name, (double)found / RUNS, RUNS, LIKED, (double)start_us / 1e6);
    printf("{\"name\":\"exec_1000_disk_%s\",\"value\":%.1f,\"unit\":\"MiB\",\"detail\":"
           "\"%zu programs kept, bound %d\"}\n",
           p->name, (double)bytes / 1048576, n, BOUND_MB);
    fflush(stdout);
}

static bool load(struct program *p)
{
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    const char *path;

    p->wasm = BUF_INIT(MODULE_WASM_MAX);
    if (self_share(&a, p->file, &path, &why) || file_read(path, &p->wasm, &why)) {
        fprintf(stderr, "bench_exec: %s left out: %s\n", p->name, buf_z(&why));
        arena_release(&a);
        buf_release(&why);
        return false;
    }
    p->hash = sha256(buf_str(&p->wasm));
    p->fd = open(path, O_RDONLY | O_CLOEXEC);
    arena_release(&a);
    buf_release(&why);
    return p->fd >= 0;
}

static void unload(struct program *p)
{
    close(p->fd);
    buf_release(&p->wasm);
}

int main(void)
{
    self_init("bench_exec");
    snprintf(folder, sizeof(folder), "/tmp/outlayer-bench-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    mac_key_new(&key);
    for (size_t i = 0; i < countof(programs); i++) {
        struct program *p = &programs[i];
        if (!load(p))
            continue;
        cold("exec_cold_source", p, 9, true);
        cold("exec_cold_cache", p, 51, false);
        kept("exec_fresh", p, 101, true);
        kept("exec_warm", p, 10001, false);
        rate("exec_fresh_rate", p, true);
        rate("exec_warm_rate", p, false);
        in_process(p, 9, 10001);
        memory(p);
        if (i == 0)
            many_programs(p);
        unload(p);
    }
    if (load(&large)) {
        cold("exec_cold_source", &large, 3, true);
        cold("exec_cold_cache", &large, 51, false);
        unload(&large);
    }
    if (load(&http)) {
        waiting();
        unload(&http);
    }
    if (load(&cpu)) {
        metering();
        unload(&cpu);
    }
    return dir_remove(folder, NULL) == ERR_OK ? 0 : 1;
}
