/* Requests of guests over HTTP: what is allowed, what is refused and how, and what is told of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "guest/guest.h"

#define EXEC  BIN_DIR "/outlayer-exec"
#define FETCH BIN_DIR "/outlayer-fetch"

/* ---- a server on loopback, good and bad ---- */

static int listener;
static unsigned port;
static char seen[65536]; /* head of the last request */

static void put(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0)
        return;
}

static void flood(int fd)
{
    static char block[65536];
    put(fd, "HTTP/1.1 200 OK\r\n\r\n");
    memset(block, 'f', sizeof(block));
    while (write(fd, block, sizeof(block)) > 0)
        continue;
}

static size_t count_length(int fd, size_t have, size_t want)
{
    char drain[65536];

    while (have < want) {
        ssize_t n = read(fd, drain, sizeof(drain));
        if (n <= 0)
            break;
        have += (size_t)n;
    }
    return have;
}

/* The next byte of a body whose first `*have` bytes are at `*first`; -1: cut off. */
static int next_byte(int fd, const char **first, size_t *have)
{
    static _Thread_local char more[65536];

    if (!*have) {
        ssize_t n = read(fd, more, sizeof(more));
        if (n <= 0)
            return -1;
        *first = more;
        *have = (size_t)n;
    }
    (*have)--;
    return *(*first)++ & 0xff;
}

/* Bytes of a body that comes in chunks. */
static size_t count_chunks(int fd, const char *first, size_t have)
{
    size_t all = 0;

    for (;;) {
        char line[32] = "";
        size_t n = 0, chunk;
        int c;
        while ((c = next_byte(fd, &first, &have)) != '\n' && c >= 0)
            if (n < sizeof(line) - 1)
                line[n++] = (char)c;
        chunk = strtoul(line, NULL, 16);
        if (c < 0 || chunk == 0)
            return all;
        all += chunk;
        for (size_t i = 0; i < chunk + 2; i++)
            if (next_byte(fd, &first, &have) < 0)
                return all;
    }
}

static void answer(int fd, const char *path, const char *body, size_t have)
{
    if (strncmp(path, "/hello", 6) == 0) {
        put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Answer: yes\r\n\r\nhello");
    } else if (strncmp(path, "/count", 6) == 0) {
        const char *length = strcasestr(seen, "content-length: ");
        char text[128];
        have = length ? count_length(fd, have, strtoul(length + 16, NULL, 10))
                      : count_chunks(fd, body, have);
        snprintf(text, sizeof(text),
                 "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nX-Answer: %s\r\n\r\n%7zu",
                 length ? "length" : "chunks", have);
        put(fd, text);
    } else if (strncmp(path, "/wait", 5) == 0) {
        usleep(400000);
        put(fd, "HTTP/1.1 204 No Content\r\n\r\n");
    } else if (strncmp(path, "/large", 6) == 0) {
        static char block[1u << 20];
        put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 41943040\r\n\r\n");
        for (int i = 0; i < 40 && write(fd, block, sizeof(block)) > 0; i++)
            continue;
    } else if (strncmp(path, "/early", 6) == 0) {
        put(fd, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
        while (read(fd, seen, sizeof(seen)) > 0)
            continue;
    } else if (strncmp(path, "/slow", 5) == 0) {
        sleep(5);
    } else if (strncmp(path, "/headdrip", 9) == 0) {
        put(fd, "HTTP/1.1 200 OK\r\n");
        for (int i = 0; i < 50 && write(fd, "X-Slow: 1\r\n", 11) == 11; i++)
            usleep(100000);
    } else if (strncmp(path, "/drip", 5) == 0) {
        put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for (int i = 0; i < 50 && write(fd, "d", 1) == 1; i++)
            usleep(100000);
    } else if (strncmp(path, "/endless", 8) == 0) {
        flood(fd);
    } else if (strncmp(path, "/away", 5) == 0) {
        put(fd, "HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n");
    } else if (strncmp(path, "/cut", 4) == 0) {
        put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
    } else if (strncmp(path, "/nonsense", 9) == 0) {
        put(fd, "SSH-2.0-hello\r\n\r\n");
    } else if (strncmp(path, "/longhead", 9) == 0) {
        static char line[70000];
        memset(line, 'x', sizeof(line) - 1);
        put(fd, "HTTP/1.1 200 OK\r\nX-Long: ");
        put(fd, line);
        put(fd, "\r\n\r\n");
    } else {
        put(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
}

static void *one(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char text[65536];
    size_t n = 0;

    while (n < sizeof(text) - 1) {
        ssize_t got = read(fd, text + n, sizeof(text) - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
        text[n] = '\0';
        char *end = strstr(text, "\r\n\r\n");
        if (end) {
            char *path = strchr(text, ' ');
            size_t have = n - (size_t)(end + 4 - text);
            memcpy(seen, text, n + 1);
            if (path)
                answer(fd, path + 1, end + 4, have);
            break;
        }
    }
    close(fd);
    return NULL;
}

static void *serve(void *arg)
{
    (void)arg;
    for (;;) {
        pthread_t t;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        if (pthread_create(&t, NULL, one, (void *)(intptr_t)fd) == 0)
            pthread_detach(t);
        else
            close(fd);
    }
}

static struct guest *g;

static int setup(void **state)
{
    const struct guest_options o = {.exec_path = EXEC, .fetch_path = FETCH};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    struct buf why = WHY_INIT;
    pthread_t t;

    (void)state;
    signal(SIGPIPE, SIG_IGN); /* who is asked may hang up at any time */
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&a, len) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&a, &len) || pthread_create(&t, NULL, serve, NULL))
        return -1;
    port = ntohs(a.sin_port);
    if (guest_start(&o, &g, &why)) {
        print_error("%s\n", buf_z(&why));
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    guest_stop(g);
    return 0;
}

static struct net_policy open_policy(void)
{
    static const struct net_settings names = {.hosts = "--allow-host",
                                              .requests = "--net-requests",
                                              .at_once = "--net-at-once",
                                              .bytes = "--net-mb",
                                              .loopback = "--allow-loopback",
                                              .none = "--no-network"};
    struct net_policy p = net_policy_default(&names);

    p.loopback = true;
    return p;
}

/* A program that says `manifest` of itself; "": it has none. */
static const char *manifest = "";

static void add_manifest(struct buf *wasm)
{
    if (!*manifest)
        return;
    buf_add_byte(wasm, 0);
    buf_add_byte(wasm, (uint8_t)(1 + 17 + strlen(manifest)));
    buf_add_byte(wasm, 17);
    buf_addz(wasm, "outlayer.manifest");
    buf_addz(wasm, manifest);
}

/* `%u` in the input is the server's port. */
static void run(const char *input, const struct net_policy *policy, uint32_t wall_ms,
                struct run_result *r)
{
    char text[4096];
    struct run_job job = {
        .limits = {.max_instructions = 10000000000, .max_memory_mb = 128, .max_wall_ms = wall_ms},
        .policy = policy};
    struct buf why = WHY_INIT, bytes = BUF_INIT(10u << 20);
    struct hash256 hash;
    int fd = open(SHARE_DIR "/guests/test/http.wasm", O_RDONLY | O_CLOEXEC);
    size_t n = 0;

    assert_true(fd >= 0);
    assert_int_equal(fd_read_all(fd, &bytes, &why), ERR_OK);
    close(fd);
    add_manifest(&bytes);
    fd = memfd_create("program", MFD_CLOEXEC);
    assert_int_equal(fd_write_all(fd, bytes.ptr, bytes.len, &why), ERR_OK);
    hash = sha256(buf_str(&bytes));
    for (const char *p = input; *p && n < sizeof(text) - 10; p++) {
        if (p[0] == '%' && p[1] == 'u') {
            n += (size_t)snprintf(text + n, 10, "%u", port);
            p++;
        } else {
            text[n++] = *p;
        }
    }
    job.input = str_from(text, n);
    if (guest_run(g, fd, &hash, &job, r, NULL, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    close(fd);
    buf_release(&bytes);
    buf_release(&why);
}

#define CUT_OFF "200 cut off\n" /* after its head had come */

#define assert_ran(r)                                                                              \
    do {                                                                                           \
        if ((r)->outcome != OUTCOME_OK)                                                            \
            fail_msg("%s: %s", outcome_code((r)->outcome), buf_z(&(r)->text));                     \
    } while (0)

static void a_request_and_its_answer(void **state)
{
    struct net_policy p = open_policy();
    struct run_result r;
    (void)state;
    run("get http://127.0.0.1:%u/hello?a=b\nget http://localhost:%u/nothing\n", &p, 10000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "200 yes 5 hello\n404  0 \n");
    assert_int_equal(r.nattempts, 2);
    assert_string_equal(r.attempts[0].host, "127.0.0.1");
    assert_string_equal(r.attempts[0].address, "127.0.0.1");
    assert_int_equal(r.attempts[0].port, port);
    assert_int_equal(r.attempts[0].status, 200);
    assert_int_equal(r.attempts[0].error, NET_NONE);
    assert_in_range(r.attempts[0].received, 50, 200);
    assert_string_equal(r.attempts[1].host, "localhost");
    assert_int_equal(r.attempts[1].status, 404);
    run_result_release(&r);
    run("header http://127.0.0.1:%u/hello x-mine its-value", &p, 10000, &r);
    assert_ran(&r);
    assert_non_null(strstr(seen, "x-mine: its-value\r\n"));
    assert_null(strcasestr(seen, "user-agent")); /* nothing that the guest did not say */
    assert_null(strcasestr(seen, "accept"));
    run_result_release(&r);
    /* A body that was held as a whole has a length; a longer one goes while it is written. */
    run("post http://127.0.0.1:%u/count 900000\npost http://127.0.0.1:%u/count 0\n"
        "post http://127.0.0.1:%u/count 9000000",
        &p, 20000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "200 length 7  900000\n200 length 7       0\n"
                                       "200 chunks 7 9000000\n");
    assert_in_range(r.attempts[0].sent, 900000, 901000);
    assert_in_range(r.attempts[2].sent, 9000000, 9100000);
    run_result_release(&r);
}

static void private_addresses_are_refused(void **state)
{
    static const char *const urls[] = {
        "http://127.0.0.1:%u/hello",
        "http://localhost:%u/hello",
        "http://127.1:%u/hello",
        "http://2130706433:%u/hello",
        "http://0x7f000001:%u/hello",
        "http://0177.0.0.1:%u/hello",
        "http://0x7f.0.0.1:%u/hello",
        "http://0.0.0.0:%u/hello",
        "http://[::1]:%u/hello",
        "http://[::]:%u/hello",
        "http://[::ffff:127.0.0.1]:%u/hello",
        "http://[::127.0.0.1]:%u/hello",
        "http://[64:ff9b::7f00:1]:%u/hello",
        "http://[2002:7f00:1::]:%u/hello",
        "http://[fe80::1]:%u/hello",
        "http://[64:ff9b:1::a00:1]/",
        "http://[::ffff:169.254.169.254]/latest/meta-data/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[fec0::1]/",
        "http://[2001:db8::1]/",
        "http://[fd00::1]/",
        "http://[ff02::1]/",
        "http://10.1.2.3/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://192.0.0.8/",
        "http://198.18.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "https://10.1.2.3/",
    };
    struct net_policy p = open_policy();
    (void)state;
    p.loopback = false;
    for (size_t i = 0; i < countof(urls); i++) {
        struct run_result r;
        char input[256];
        snprintf(input, sizeof(input), "get %s", urls[i]);
        run(input, &p, 10000, &r);
        assert_ran(&r);
        if (strcmp(buf_z(&r.out), "error ErrorCode::DestinationIpProhibited\n") != 0)
            fail_msg("%s: %s%s", urls[i], buf_z(&r.out), buf_z(&r.err));
        assert_int_equal(r.nattempts, 1);
        assert_int_equal(r.attempts[0].error, NET_PROHIBITED);
        assert_int_equal(r.attempts[0].received, 0);
        assert_non_null(strstr(buf_z(&r.err), "is not a public one"));
        run_result_release(&r);
    }
}

static void the_list_of_hosts_is_kept(void **state)
{
    const struct str hosts[] = {STR("LocalHost."), STR("example.org")};
    struct net_policy p = open_policy();
    struct run_result r;
    (void)state;
    p.hosts = hosts;
    p.nhosts = 2;
    run("get http://localhost:%u/hello\nget http://127.0.0.1:%u/hello\n"
        "get http://localhost.example.org:%u/hello",
        &p, 10000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "200 yes 5 hello\nerror ErrorCode::HttpRequestDenied\n"
                                       "error ErrorCode::HttpRequestDenied\n");
    assert_non_null(strstr(buf_z(&r.err), "allow it with --allow-host 127.0.0.1"));
    assert_string_equal(r.attempts[1].address, ""); /* not even resolved */
    run_result_release(&r);
    p.nhosts = 0; /* a list without any */
    run("get http://localhost:%u/hello", &p, 10000, &r);
    assert_string_equal(buf_z(&r.out), "error ErrorCode::HttpRequestDenied\n");
    run_result_release(&r);
    run("get http://localhost:%u/hello", NULL, 10000, &r);
    assert_string_equal(buf_z(&r.out), "error ErrorCode::HttpRequestDenied\n");
    assert_non_null(strstr(buf_z(&r.err), "this run has no network"));
    run_result_release(&r);
}

static void a_manifest_is_kept_to(void **state)
{
    struct net_policy p = open_policy();
    struct run_result r;
    (void)state;
    manifest = "{\"network\":[\"localhost\"]}";
    run("get http://localhost:%u/hello\nget http://127.0.0.1:%u/hello", &p, 10000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "200 yes 5 hello\nerror ErrorCode::HttpRequestDenied\n");
    assert_non_null(strstr(buf_z(&r.err), "build it with \"network\":[\"127.0.0.1\"] in its "
                                          "outlayer.manifest"));
    assert_string_equal(r.attempts[1].host, "127.0.0.1");
    assert_int_equal(r.attempts[1].error, NET_DENIED);
    assert_non_null(strstr(r.attempts[1].text, "not among those that the program's manifest"));
    run_result_release(&r);
    /* It allows no more than the run may. */
    p.loopback = false;
    run("get http://localhost:%u/hello", &p, 10000, &r);
    assert_string_equal(buf_z(&r.out), "error ErrorCode::DestinationIpProhibited\n");
    assert_non_null(strstr(buf_z(&r.err), "for development, --allow-loopback"));
    run_result_release(&r);
    p.loopback = true;
    manifest = "{\"network\":";
    run("get http://localhost:%u/hello", &p, 10000, &r);
    assert_string_equal(buf_z(&r.out), "error ErrorCode::HttpRequestDenied\n");
    run_result_release(&r);
    /* A connector: an operation, and only hosts that are listed. */
    manifest = "{\"connector_id\":\"c\"}";
    run("get http://localhost:%u/hello", &p, 10000, &r);
    assert_int_equal(r.outcome, OUTCOME_REFUSED);
    assert_non_null(strstr(buf_z(&r.text), "\"operation\""));
    assert_int_equal(r.instructions, 0);
    run_result_release(&r);
    manifest = "";
}

static void bad_servers_are_survived(void **state)
{
    struct net_policy p = open_policy();
    struct run_result r;
    (void)state;
    run("get http://127.0.0.1:%u/away\nget http://127.0.0.1:%u/cut\n"
        "get http://127.0.0.1:%u/nonsense\nget http://127.0.0.1:%u/longhead\n"
        "get http://127.0.0.1:1/\nget http://no-such-host.invalid/\nget http://127.0.0.1:%u/hello",
        &p, 30000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "302  0 \n" /* a redirect is an answer */
                        CUT_OFF "error ErrorCode::HttpProtocolError\n"
                                       "error ErrorCode::HttpResponseBodySize(None)\n"
                                       "error ErrorCode::ConnectionRefused\n"
                                       "error ErrorCode::DestinationNotFound\n"
                                       "200 yes 5 hello\n");
    run_result_release(&r);
    p.bytes_max = 20u << 20;
    run("get http://127.0.0.1:%u/endless\nget http://127.0.0.1:%u/hello", &p, 30000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), CUT_OFF "error ErrorCode::ConnectionLimitReached\n");
    assert_in_range(r.attempts[0].received, p.bytes_max, p.bytes_max + (1u << 20));
    assert_int_equal(r.attempts[0].error, NET_TOO_BIG);
    run_result_release(&r);
}

static void slow_servers_end_a_run(void **state)
{
    struct net_policy p = open_policy();
    struct run_result r;
    uint64_t start = clock_mono_ms();
    (void)state;
    p.timeout_ms = 300;
    run("get http://127.0.0.1:%u/drip\nget http://127.0.0.1:%u/hello", &p, 10000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), CUT_OFF "200 yes 5 hello\n");
    assert_int_equal(r.attempts[0].error, NET_READ_TIMEOUT);
    run_result_release(&r);
    /* A head without end is no answer either, however often a line of it comes. */
    run("get http://127.0.0.1:%u/headdrip\nget http://127.0.0.1:%u/slow\n"
        "get http://127.0.0.1:%u/hello",
        &p, 10000, &r);
    assert_int_equal(r.outcome, OUTCOME_TIMEOUT);
    assert_non_null(strstr(buf_z(&r.text), "Execution terminated: 2 HTTP requests exceeded"));
    assert_int_equal(r.instructions, 10000000000); /* charged in full, as the rules say */
    assert_int_equal(r.nattempts, 2);
    run_result_release(&r);
    assert_true(clock_mono_ms() - start < 4000);
    /* The guest's own patience is no penalty. */
    p.timeout_ms = NET_TIMEOUT_MS;
    run("quick http://127.0.0.1:%u/slow\nquick http://127.0.0.1:%u/slow\n"
        "quick http://127.0.0.1:%u/hello",
        &p, 10000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "error ErrorCode::HttpResponseTimeout\n"
                                       "error ErrorCode::HttpResponseTimeout\n200 yes 5 hello\n");
    run_result_release(&r);
    /* The run's own time is the first to be over. */
    start = clock_mono_ms();
    run("get http://127.0.0.1:%u/slow", &p, 500, &r);
    assert_int_equal(r.outcome, OUTCOME_TIMEOUT);
    assert_in_range(clock_mono_ms() - start, 500, 1500);
    assert_true(r.instructions < 10000000); /* counted, not presumed */
    run_result_release(&r);
    run("get http://127.0.0.1:%u/hello", &p, 10000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "200 yes 5 hello\n");
    run_result_release(&r);
}

static void requests_go_side_by_side(void **state)
{
    struct net_policy p = open_policy();
    struct run_result r;
    uint64_t start = clock_mono_ms();
    (void)state;
    run("parallel 10 http://127.0.0.1:%u/wait", &p, 20000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "204 204 204 204 204 204 204 204 204 204\n");
    assert_in_range(clock_mono_ms() - start, 400, 3000); /* one after the other: 4000 */
    assert_int_equal(r.nattempts, 10);
    run_result_release(&r);
    p.at_once_max = 2;
    run("parallel 3 http://127.0.0.1:%u/wait", &p, 20000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "204 204 ErrorCode::ConnectionLimitReached\n");
    assert_non_null(strstr(buf_z(&r.err), "more than 2 requests at a time"));
    run_result_release(&r);
    /* More than a process has room for: refused, not broken. */
    p.at_once_max = p.requests_max = 1000;
    run("parallel 120 http://127.0.0.1:%u/wait\nget http://127.0.0.1:%u/hello", &p, 20000, &r);
    assert_ran(&r);
    assert_non_null(strstr(buf_z(&r.out), "ConnectionLimitReached\n200 yes 5 hello\n"));
    run_result_release(&r);
}

static void bodies_are_streamed(void **state)
{
    struct net_policy p = open_policy();
    struct run_result r;
    (void)state;
    /* Far more than the guest has memory for, and than is held anywhere. */
    run("stream http://127.0.0.1:%u/large 100000", &p, 30000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "41943040\n");
    assert_true(r.memory_bytes < 8u << 20);
    assert_in_range(r.attempts[0].received, 41943040, 41944000);
    run_result_release(&r);
    /* Dropped after the head: the server is hung up on, and what came until then is told. */
    run("parallel 1 http://127.0.0.1:%u/endless\nget http://127.0.0.1:%u/hello", &p, 20000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "200\n200 yes 5 hello\n");
    assert_true(r.attempts[0].received < NET_BYTES_MAX);
    run_result_release(&r);
    run("early http://127.0.0.1:%u/early", &p, 20000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "202 true\n");
    run_result_release(&r);
}

/* A run that broke its process would be nobody's fault, run again and never paid for. */
static void lengths_that_nothing_has_are_refused(void **state)
{
    struct net_policy p = open_policy();
    struct run_result r;
    (void)state;
    run("claims http://127.0.0.1:%u/early 9223372036854775808\n"
        "claims http://127.0.0.1:%u/early 18446744073709551615\n"
        "get http://127.0.0.1:%u/hello",
        &p, 20000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "ErrorCode::HttpRequestBodySize(None)\n"
                                       "ErrorCode::HttpRequestBodySize(None)\n"
                                       "200 yes 5 hello\n");
    run_result_release(&r);
}

static void requests_and_bytes_are_counted(void **state)
{
    struct net_policy p = open_policy();
    struct run_result r;
    (void)state;
    p.requests_max = 5;
    run("many 9 http://127.0.0.1:%u/hello", &p, 30000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "5\n");
    assert_int_equal(r.nattempts, 9);
    assert_int_equal(r.attempts[8].error, NET_LIMIT);
    run_result_release(&r);
    p = open_policy();
    p.bytes_max = 1000;
    run("post http://127.0.0.1:%u/count 5000\nget http://127.0.0.1:%u/hello\n"
        "post http://127.0.0.1:%u/count 800\nget http://127.0.0.1:%u/hello",
        &p, 30000, &r);
    assert_ran(&r);
    assert_string_equal(buf_z(&r.out), "error ErrorCode::HttpRequestBodySize(None)\n"
                                       "200 yes 5 hello\n200 length 7     800\n"
                                       "error ErrorCode::ConnectionLimitReached\n");
    run_result_release(&r);
    /* More than are told of. */
    p = open_policy();
    p.requests_max = 1000;
    p.bytes_max = 1;
    run("many 200 http://127.0.0.1:%u/hello", &p, 30000, &r);
    assert_ran(&r);
    assert_int_equal(r.nattempts, NET_ATTEMPTS_MAX);
    run_result_release(&r);
}

static void words_of_strangers_stay_where_they_belong(void **state)
{
    struct net_policy p = open_policy();
    struct run_result r;
    (void)state;
    run("get ftp://127.0.0.1:%u/hello\nget http://user:word@127.0.0.1:%u/hello\n"
        "get http://[fe80::1%25lo]:%u/hello\nget http://[::1%lo]:%u/hello\n"
        "get http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1:%u/hello\n"
        "get http://127.0.0.1:99999/\nheader http://127.0.0.1:%u/hello transfer-encoding chunked",
        &p, 10000, &r);
    /* waki gives up over a forbidden header by itself; what counts is that nothing was sent. */
    assert_true(r.nattempts <= 6);
    for (size_t i = 0; i < r.nattempts; i++)
        assert_int_equal(r.attempts[i].received, 0);
    run_result_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_and_its_answer),
        cmocka_unit_test(private_addresses_are_refused),
        cmocka_unit_test(the_list_of_hosts_is_kept),
        cmocka_unit_test(a_manifest_is_kept_to),
        cmocka_unit_test(bad_servers_are_survived),
        cmocka_unit_test(slow_servers_end_a_run),
        cmocka_unit_test(requests_go_side_by_side),
        cmocka_unit_test(bodies_are_streamed),
        cmocka_unit_test(lengths_that_nothing_has_are_refused),
        cmocka_unit_test(requests_and_bytes_are_counted),
        cmocka_unit_test(words_of_strangers_stay_where_they_belong),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
