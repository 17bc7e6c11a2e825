/*
 * bench_http.c — what a guest's HTTP costs, from its call to the answer in its memory: judged by
 * the supervisor, made by a process of its own, against a server on loopback.
 *
 * Prints JSON lines {"name","value","unit","detail"}. The names:
 *
 *   http_request    one request after the other: time of one
 *   http_parallel   32 requests at a time to a server that waits 100 ms: until all are answered
 *   http_stream     the body of an answer, read in pieces
 *   http_upload     the body of a request, written in pieces
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "guest/guest.h"

#define RUNS      9
#define REQUESTS  90
#define AT_ONCE   32
#define SERVER_MS 100
#define BODY_MB   48u

static struct hash256 hash;
static int program;
static unsigned port;

static void die(const char *what, const struct buf *why)
{
    fprintf(stderr, "bench_http: %s%s%s\n", what, why && why->len ? ": " : "",
            why && why->len ? buf_z(why) : "");
    exit(1);
}

static void put(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0)
        return;
}

static void *serve_one(void *arg)
{
    static char block[1u << 20];
    int fd = (int)(intptr_t)arg;
    char head[65536];
    ssize_t n = read(fd, head, sizeof(head));

    if (n > 10 && memcmp(head, "GET /large", 10) == 0) {
        char line[100];
        snprintf(line, sizeof(line), "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n",
                 BODY_MB << 20);
        put(fd, line);
        for (unsigned i = 0; i < BODY_MB && write(fd, block, sizeof(block)) > 0; i++)
            continue;
    } else if (n > 4 && memcmp(head, "POST", 4) == 0) {
        do /* chunks: the last one is empty */
            n = read(fd, head, sizeof(head));
        while (n > 5 && memcmp(head + n - 5, "0\r\n\r\n", 5) != 0);
        put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    } else if (n > 0) {
        if (memcmp(head, "GET /wait", 9) == 0)
            clock_sleep_ms(SERVER_MS);
        put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
    close(fd);
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

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Median wall time of a run, in microseconds; its output must begin as expected. */
static double median(struct guest *g, const char *input, const char *expect)
{
    struct net_policy policy = net_policy_default(NULL);
    const struct run_job job = {.limits = {.max_instructions = RUN_INSTRUCTIONS_MAX,
                                           .max_memory_mb = RUN_MEMORY_MB_MAX,
                                           .max_wall_ms = RUN_WALL_MS_MAX},
                                .policy = &policy,
                                .input = str_of(input)};
    double times[RUNS];
    struct buf why = WHY_INIT;

    policy.loopback = true;
    for (int i = -1; i < RUNS; i++) { /* the first one starts processes */
        struct run_result r;
        if (guest_run(g, program, &hash, &job, &r, NULL, &why))
            die("run", &why);
        if (r.outcome != OUTCOME_OK || !str_starts(buf_str(&r.out), str_of(expect)))
            die(buf_z(&r.text), &r.out);
        if (i >= 0)
            times[i] = (double)r.wall_us;
        run_result_release(&r);
    }
    buf_release(&why);
    qsort(times, RUNS, sizeof(*times), by_value);
    return times[RUNS / 2];
}

static void print(const char *name, double value, const char *unit, const char *detail)
{
    printf(
        "{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",\"detail\":\"%s; median of %d runs\"}\n",
        name, value, unit, detail, RUNS);
    fflush(stdout);
}

static void start_server(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_t t;

    if (bind(fd, (struct sockaddr *)&a, len) || listen(fd, 256) ||
        getsockname(fd, (struct sockaddr *)&a, &len) ||
        pthread_create(&t, NULL, serve, (void *)(intptr_t)fd))
        die("the server does not start", NULL);
    port = ntohs(a.sin_port);
}

int main(void)
{
    const char *path = SHARE_DIR "/guests/test/http.wasm";
    const struct guest_options o = {0};
    struct buf wasm = BUF_INIT(10u << 20), why = WHY_INIT;
    struct guest *g = NULL;
    char input[128], expect[32];

    signal(SIGPIPE, SIG_IGN);
    start_server();
    program = open(path, O_RDONLY | O_CLOEXEC);
    if (program < 0 || fd_read_all(program, &wasm, &why))
        die(path, &why);
    hash = sha256(buf_str(&wasm));
    if (guest_start(&o, &g, &why))
        die("start", &why);
    snprintf(input, sizeof(input), "many %d http://127.0.0.1:%u/", REQUESTS, port);
    print("http_request", median(g, input, "90") / REQUESTS / 1000, "ms",
          "one request after the other, a connection for each");
    snprintf(input, sizeof(input), "parallel %d http://127.0.0.1:%u/wait", AT_ONCE, port);
    print("http_parallel", median(g, input, "200 200") / 1000, "ms",
          "32 requests at a time, the server waits 100 ms");
    snprintf(input, sizeof(input), "stream http://127.0.0.1:%u/large 65536", port);
    snprintf(expect, sizeof(expect), "%u", BODY_MB << 20);
    print("http_stream", BODY_MB * 1e6 / median(g, input, expect), "MiB/s", "an answer of 48 MiB");
    snprintf(input, sizeof(input), "post http://127.0.0.1:%u/ %u", port, BODY_MB << 20);
    print("http_upload", BODY_MB * 1e6 / median(g, input, "200"), "MiB/s", "a request of 48 MiB");
    guest_stop(g);
    buf_release(&wasm);
    buf_release(&why);
    return 0;
}
