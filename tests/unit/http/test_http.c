/*
 * The HTTP server and client, against each other and against raw sockets, on loopback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/client.h"
#include "http/server.h"

#define BODY_MAX 100000
#define IDLE_MS  600
#define HELD_MAX 256

/* A holder as the daemons have one: a list under a lock, answered from elsewhere. */
struct fixture {
    struct http_server *s;
    pthread_mutex_t lock;
    struct http_req *held[HELD_MAX];
    size_t nheld;
    unsigned ended;   /* on_end said yes */
    unsigned handled; /* requests that came to the handler */
    uint64_t hold_ms;
};

static bool on_end(void *ctx, struct http_req *r)
{
    struct fixture *f = ctx;
    bool found = false;

    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->nheld && !found; i++) {
        if (f->held[i] != r)
            continue;
        f->held[i] = f->held[--f->nheld];
        f->ended++;
        found = true;
    }
    pthread_mutex_unlock(&f->lock);
    return found;
}

/* Answer everything that is held; gives how many. */
static size_t release_held(struct fixture *f, const char *text)
{
    size_t n;

    pthread_mutex_lock(&f->lock);
    n = f->nheld;
    while (f->nheld)
        http_reply(f->held[--f->nheld], 200, "text/plain", str_of(text));
    pthread_mutex_unlock(&f->lock);
    return n;
}

static size_t count_held(struct fixture *f)
{
    size_t n;

    pthread_mutex_lock(&f->lock);
    n = f->nheld;
    pthread_mutex_unlock(&f->lock);
    return n;
}

static void wait_held(struct fixture *f, size_t n)
{
    for (int i = 0; i < 500 && count_held(f) != n; i++)
        clock_sleep_ms(10);
    assert_int_equal(count_held(f), n);
}

static void handle(void *ctx, struct http_req *r)
{
    struct fixture *f = ctx;
    struct str path = http_req_path(r);
    struct buf b = BUF_INIT(4096);

    pthread_mutex_lock(&f->lock);
    f->handled++;
    pthread_mutex_unlock(&f->lock);
    if (str_eqz(path, "/echo")) {
        http_reply(r, 200, "application/octet-stream", http_req_body(r));
    } else if (str_eqz(path, "/hold")) {
        pthread_mutex_lock(&f->lock);
        http_hold(r, f->hold_ms, 204, on_end, f);
        f->held[f->nheld++] = r;
        pthread_mutex_unlock(&f->lock);
    } else if (str_eqz(path, "/big")) {
        char *p = mem_alloc(3 * 1000 * 1000);

        memset(p, 'x', 3 * 1000 * 1000);
        http_reply(r, 200, "text/plain", str_from(p, 3 * 1000 * 1000));
        mem_free(p);
    } else if (str_eqz(path, "/file")) {
        int fd = memfd_create("file", MFD_CLOEXEC);

        assert_int_equal(write(fd, "0123456789", 10), 10);
        http_reply_fd(r, 206, "text/plain", fd, 3, 4);
    } else if (str_eqz(path, "/none")) {
        http_reply(r, 204, NULL, STR_NONE);
    } else if (str_eqz(path, "/move")) {
        http_reply_header(r, "Location", "/echo");
        http_reply(r, 302, NULL, STR_NONE);
    } else {
        struct str q = http_req_query(r, "q"), h = http_req_header(r, "X-Test");
        struct str a = http_req_header(r, "Authorization");

        buf_addf(&b, "%s|", http_req_method(r));
        buf_add_str(&b, path);
        buf_addf(&b, "|%s%.*s|%s%.*s|%.*s", q.ptr ? "=" : "-", STR_ARG(q), h.ptr ? "=" : "-",
                 STR_ARG(h), STR_ARG(a));
        http_reply(r, 404, "text/plain", buf_str(&b));
        buf_release(&b);
    }
}

static struct http_terms terms(void *ctx UNUSED, struct http_req *r)
{
    return (struct http_terms){BODY_MAX, str_eqz(http_req_header(r, "Authorization"), "known")};
}

static int start(void **state)
{
    struct fixture *f = mem_new(struct fixture);
    struct http_server_opts o = {.host = "127.0.0.1",
                                 .max_body = BODY_MAX,
                                 .max_conns = 40,
                                 .terms = terms,
                                 .idle_ms = IDLE_MS,
                                 .handle = handle,
                                 .ctx = f};
    struct buf why = WHY_INIT;

    pthread_mutex_init(&f->lock, NULL);
    f->hold_ms = 20000;
    if (http_server_start(&o, &f->s, &why)) {
        fprintf(stderr, "%s\n", buf_z(&why));
        return -1;
    }
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;

    http_server_stop(f->s);
    pthread_mutex_destroy(&f->lock);
    mem_free(f);
    return 0;
}

static enum err call(struct fixture *f, struct http_call c, const char *path, unsigned *status,
                     struct buf *body)
{
    struct http_client *h = http_client_new();
    struct buf why = WHY_INIT;
    char url[512];
    enum err e;

    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", http_server_port(f->s), path);
    c.url = url;
    if (!c.method)
        c.method = "GET";
    if (!c.timeout_ms)
        c.timeout_ms = 10000;
    buf_clear(body);
    e = http_client_call(h, &c, status, body, &why);
    if (e)
        assert_true(why.len > 0);
    buf_release(&why);
    http_client_free(h);
    return e;
}

static int raw(struct fixture *f)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(http_server_port(f->s))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void raw_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What comes until the server closes, or for `ms`. */
static size_t raw_recv(int fd, char *out, size_t max, int ms, bool *closed)
{
    uint64_t until = clock_mono_ms() + (uint64_t)ms;
    size_t n = 0;

    *closed = false;
    while (n < max - 1) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        uint64_t now = clock_mono_ms();
        ssize_t got;

        if (now >= until || poll(&p, 1, (int)(until - now)) <= 0)
            break;
        got = recv(fd, out + n, max - 1 - n, 0);
        if (got <= 0) {
            *closed = true;
            break;
        }
        n += (size_t)got;
    }
    out[n] = '\0';
    return n;
}

static void test_plain(void **state)
{
    struct fixture *f = *state;
    struct buf body = BUF_INIT(BODY_MAX);
    unsigned status = 0;

    assert_int_equal(call(f, (struct http_call){0}, "/a%2fb%20c%00d?q=1%26+x&z", &status, &body),
                     0);
    assert_int_equal(status, 404);
    assert_string_equal(buf_z(&body), "GET|/a/b c%00d|=1& x|-|");
    assert_int_equal(
        call(f, (struct http_call){.method = "DELETE", .bearer = "s3cret"}, "/?q", &status, &body),
        0);
    assert_string_equal(buf_z(&body), "DELETE|/|=|-|Bearer s3cret");
    assert_int_equal(call(f, (struct http_call){0}, "/none", &status, &body), 0);
    assert_int_equal(status, 204);
    assert_int_equal(body.len, 0);
    assert_int_equal(call(f, (struct http_call){0}, "/file", &status, &body), 0);
    assert_int_equal(status, 206);
    assert_string_equal(buf_z(&body), "3456");
    buf_release(&body);
}

static void test_bodies(void **state)
{
    struct fixture *f = *state;
    char *bytes = mem_alloc(BODY_MAX + 1);
    struct buf body = BUF_INIT(BODY_MAX + 1);
    size_t sizes[] = {0, 1, 1023, 65536, BODY_MAX - 1, BODY_MAX};
    unsigned status = 0;

    for (size_t i = 0; i < BODY_MAX + 1; i++)
        bytes[i] = (char)(i * 7);
    for (size_t i = 0; i < countof(sizes); i++) {
        struct http_call c = {.method = "POST", .body = str_from(bytes, sizes[i])};

        assert_int_equal(call(f, c, "/echo", &status, &body), 0);
        assert_int_equal(status, 200);
        assert_int_equal(body.len, sizes[i]);
        assert_memory_equal(buf_z(&body), bytes, sizes[i]);
    }
    f->handled = 0;
    assert_int_equal(
        call(f, (struct http_call){.method = "POST", .body = str_from(bytes, BODY_MAX + 1)},
             "/echo", &status, &body),
        0);
    assert_int_equal(status, 413);
    assert_int_equal(f->handled, 0);
    mem_free(bytes);
    buf_release(&body);
}

/* A body far over the limit, announced or not, is refused without being kept. */
static void test_body_floods(void **state)
{
    struct fixture *f = *state;
    char out[2048], line[64];
    bool closed;
    int fd = raw(f);

    raw_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    raw_recv(fd, out, sizeof out, 3000, &closed);
    assert_non_null(strstr(out, " 413 "));
    close(fd);

    fd = raw(f);
    raw_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
                 "100001\r\n\r\n");
    raw_recv(fd, out, sizeof out, 3000, &closed);
    assert_non_null(strstr(out, " 413 "));
    assert_null(strstr(out, " 100 "));
    close(fd);

    fd = raw(f);
    raw_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        char *block = mem_alloc(60001);

        memset(block, 'y', 60000);
        snprintf(line, sizeof line, "%x\r\n", 60000);
        raw_send(fd, line);
        raw_send(fd, block);
        raw_send(fd, "\r\n");
        mem_free(block);
    }
    raw_send(fd, "0\r\n\r\n");
    raw_recv(fd, out, sizeof out, 300, &closed);
    assert_non_null(strstr(out, " 413 "));
    close(fd);
    assert_int_equal(f->handled, 0);
}

static void test_bad_requests(void **state)
{
    static const char *const bad[] = {
        "GET\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551617\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET / HTTP/1.1\r\n\r\n",
    };
    struct fixture *f = *state;
    struct buf body = BUF_INIT(BODY_MAX);
    char out[1024], *head;
    unsigned status = 0;
    bool closed;

    for (size_t i = 0; i < countof(bad); i++) {
        int fd = raw(f);

        raw_send(fd, bad[i]);
        raw_recv(fd, out, sizeof out, IDLE_MS + 2000, &closed);
        assert_true(closed || strstr(out, " 400 "));
        close(fd);
    }
    /* headers without end */
    head = mem_alloc(200 * 1000);
    memset(head, 'a', 199 * 1000);
    memcpy(head, "GET / HTTP/1.1\r\nHost: x\r\nA: ", 28);
    {
        int fd = raw(f);
        size_t n = 199 * 1000;

        (void)!send(fd, head, n, MSG_NOSIGNAL);
        raw_recv(fd, out, sizeof out, 3000, &closed);
        assert_true(closed || strstr(out, " 431 ") || strstr(out, " 413 "));
        close(fd);
    }
    mem_free(head);
    assert_int_equal(f->handled, 0);
    assert_int_equal(call(f, (struct http_call){0}, "/none", &status, &body), 0);
    assert_int_equal(status, 204);
    buf_release(&body);
}

/* A head that trickles in, byte by byte, is cut off though it is never silent. */
static void test_slow_head(void **state)
{
    struct fixture *f = *state;
    uint64_t from = clock_mono_ms();
    int fd = raw(f);
    bool closed = false;
    char out[256];

    while (!closed && clock_mono_ms() - from < 6000) {
        if (send(fd, "G", 1, MSG_NOSIGNAL) < 0)
            break;
        raw_recv(fd, out, sizeof out, 50, &closed);
    }
    assert_true(clock_mono_ms() - from >= IDLE_MS - 50);
    assert_true(clock_mono_ms() - from < IDLE_MS + 2000);
    close(fd);
}

static void test_held(void **state)
{
    struct fixture *f = *state;
    char out[1024];
    bool closed;
    int fd = raw(f);

    raw_send(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_held(f, 1);
    raw_recv(fd, out, sizeof out, IDLE_MS + 500, &closed); /* held longer than idle ones live */
    assert_string_equal(out, "");
    assert_false(closed);
    assert_int_equal(release_held(f, "late answer"), 1);
    raw_recv(fd, out, sizeof out, 300, &closed);
    assert_non_null(strstr(out, " 200 "));
    assert_non_null(strstr(out, "late answer"));
    /* the connection goes on */
    raw_send(fd, "GET /none HTTP/1.1\r\nHost: x\r\n\r\n");
    raw_recv(fd, out, sizeof out, 200, &closed);
    assert_non_null(strstr(out, " 204 "));
    assert_int_equal(f->ended, 0);
    close(fd);
}

static void test_held_deadline(void **state)
{
    struct fixture *f = *state;
    struct buf body = BUF_INIT(BODY_MAX);
    uint64_t from = clock_mono_ms();
    unsigned status = 0;

    f->hold_ms = 400;
    assert_int_equal(call(f, (struct http_call){0}, "/hold", &status, &body), 0);
    assert_int_equal(status, 204);
    assert_int_equal(body.len, 0);
    assert_in_range(clock_mono_ms() - from, 390, 1500);
    assert_int_equal(f->ended, 1);
    assert_int_equal(count_held(f), 0);
    f->hold_ms = 0; /* at once */
    assert_int_equal(call(f, (struct http_call){0}, "/hold", &status, &body), 0);
    assert_int_equal(status, 204);
    buf_release(&body);
}

static void test_held_client_gone(void **state)
{
    struct fixture *f = *state;
    int fd = raw(f);

    raw_send(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_held(f, 1);
    close(fd);
    wait_held(f, 0);
    assert_int_equal(f->ended, 1);
}

static void test_held_stop(void **state)
{
    struct fixture *f = *state;
    struct http_server *s = f->s;
    char out[1024];
    bool closed;
    int fd[5];
    uint64_t from;

    for (size_t i = 0; i < countof(fd); i++) {
        fd[i] = raw(f);
        raw_send(fd[i], "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    wait_held(f, countof(fd));
    f->s = NULL;
    from = clock_mono_ms();
    http_server_stop(s);
    assert_true(clock_mono_ms() - from < 1500);
    assert_int_equal(f->ended, countof(fd));
    for (size_t i = 0; i < countof(fd); i++) {
        raw_recv(fd[i], out, sizeof out, 500, &closed);
        assert_non_null(strstr(out, " 503 "));
        assert_true(closed);
        close(fd[i]);
    }
}

static void test_too_many(void **state)
{
    struct fixture *f = *state;
    struct buf body = BUF_INIT(BODY_MAX);
    unsigned status = 0;
    char out[256];
    bool closed;
    int fd[41];

    for (size_t i = 0; i < 40; i++) {
        fd[i] = raw(f);
        raw_send(fd[i], "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    wait_held(f, 40);
    fd[40] = raw(f);
    raw_recv(fd[40], out, sizeof out, 1000, &closed);
    assert_true(closed);
    assert_int_equal(release_held(f, "go"), 40);
    for (size_t i = 0; i < 41; i++)
        close(fd[i]);
    for (int i = 0; i < 100; i++) {
        if (!call(f, (struct http_call){0}, "/none", &status, &body))
            break;
        clock_sleep_ms(20);
    }
    assert_int_equal(status, 204);
    buf_release(&body);
}

/* Strangers that are idle or slow give way to who comes, the slowest first; known ones and those
 * whose request is held stay. */
static void test_strangers_give_way(void **state)
{
    struct fixture *f = *state;
    struct buf body = BUF_INIT(BODY_MAX);
    unsigned status = 0;
    char out[1024];
    bool closed;
    int fd[40], known = raw(f);

    raw_send(known, "GET /none HTTP/1.1\r\nHost: x\r\nAuthorization: known\r\n\r\n");
    raw_recv(known, out, sizeof out, 200, &closed);
    assert_non_null(strstr(out, " 204 "));
    fd[0] = raw(f);
    raw_send(fd[0], "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_held(f, 1);
    for (size_t i = 1; i < 39; i++) { /* with these there are forty */
        fd[i] = raw(f);
        if (i % 3 == 0)
            raw_send(fd[i], "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx");
        else if (i % 3 == 1)
            raw_send(fd[i], "GET /none HTTP/1.1\r\nHost");
    }
    assert_int_equal(call(f, (struct http_call){0}, "/none", &status, &body), 0);
    assert_int_equal(status, 204);
    raw_recv(fd[1], out, sizeof out, 1000, &closed);
    assert_true(closed);
    raw_recv(fd[38], out, sizeof out, 20, &closed);
    assert_false(closed);
    raw_send(known, "GET /none HTTP/1.1\r\nHost: x\r\nAuthorization: known\r\n\r\n");
    raw_recv(known, out, sizeof out, 200, &closed);
    assert_non_null(strstr(out, " 204 "));
    assert_int_equal(release_held(f, "go"), 1);
    raw_recv(fd[0], out, sizeof out, 200, &closed);
    assert_non_null(strstr(out, "go"));
    close(known);
    for (size_t i = 0; i < 39; i++)
        close(fd[i]);
    buf_release(&body);
}

/* A holder hands a request on: the second one's deadline and answer count, and it is asked. */
static bool second_end(void *ctx, struct http_req *r UNUSED)
{
    atomic_bool *asked = ctx;

    return !atomic_exchange(asked, true);
}

static void test_handed_on(void **state)
{
    struct fixture *f = *state;
    atomic_bool asked = false;
    char out[1024];
    bool closed;
    int fd = raw(f);
    struct http_req *r;

    raw_send(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_held(f, 1);
    pthread_mutex_lock(&f->lock);
    r = f->held[--f->nheld];
    http_hold(r, 200, 202, second_end, &asked);
    pthread_mutex_unlock(&f->lock);
    raw_recv(fd, out, sizeof out, 600, &closed);
    assert_non_null(strstr(out, " 202 "));
    assert_true(atomic_load(&asked));
    assert_int_equal(f->ended, 0);
    close(fd);
}

/* Many clients at once, held requests answered by another thread while deadlines run out: each
 * request gets exactly one answer. */
struct crowd {
    struct fixture *f;
    unsigned answered, ended, other;
};

static void *crowd_main(void *ctx)
{
    struct crowd *c = ctx;
    struct http_client *h = http_client_new();
    struct buf body = BUF_INIT(BODY_MAX);
    char url[128];

    snprintf(url, sizeof url, "http://127.0.0.1:%u/hold", http_server_port(c->f->s));
    for (int i = 0; i < 150; i++) {
        struct http_call call = {.method = "GET", .url = url, .timeout_ms = 10000};
        unsigned status = 0;

        buf_clear(&body);
        if (http_client_call(h, &call, &status, &body, NULL) || (status != 200 && status != 204))
            c->other++;
        else if (status == 200)
            c->answered++;
        else
            c->ended++;
    }
    buf_release(&body);
    http_client_free(h);
    return NULL;
}

static void test_crowd(void **state)
{
    struct fixture *f = *state;
    struct crowd c[8];
    pthread_t t[countof(c)];
    unsigned answered = 0, ended = 0, released = 0;
    bool running = true;

    f->hold_ms = 4;
    for (size_t i = 0; i < countof(c); i++) {
        c[i] = (struct crowd){.f = f};
        pthread_create(&t[i], NULL, crowd_main, &c[i]);
    }
    while (running) {
        released += (unsigned)release_held(f, "x");
        clock_sleep_ms(3);
        pthread_mutex_lock(&f->lock);
        running = f->handled < countof(c) * 150 || f->nheld;
        pthread_mutex_unlock(&f->lock);
    }
    for (size_t i = 0; i < countof(c); i++) {
        pthread_join(t[i], NULL);
        answered += c[i].answered;
        ended += c[i].ended;
        assert_int_equal(c[i].other, 0);
    }
    assert_int_equal(answered, released);
    assert_int_equal(ended, f->ended);
    assert_int_equal(answered + ended, countof(c) * 150);
}

static void test_client_limits(void **state)
{
    struct fixture *f = *state;
    struct buf body = BUF_INIT(4 * 1000 * 1000);
    unsigned status = 77;
    uint64_t from = clock_mono_ms();

    assert_int_equal(call(f, (struct http_call){.timeout_ms = 300}, "/hold", &status, &body),
                     ERR_TIMEOUT);
    assert_true(clock_mono_ms() - from < 2000);
    assert_int_equal(call(f, (struct http_call){.max_body = 1000000}, "/big", &status, &body),
                     ERR_TOO_BIG);
    assert_int_equal(status, 77);
    assert_int_equal(body.len, 0);
    assert_int_equal(call(f, (struct http_call){.max_body = 3000000}, "/big", &status, &body), 0);
    assert_int_equal(body.len, 3000000);
    assert_int_equal(call(f, (struct http_call){.https_only = true}, "/none", &status, &body),
                     ERR_DENIED);
    assert_int_equal(call(f, (struct http_call){0}, "/move", &status, &body), 0);
    assert_int_equal(status, 302);
    assert_int_equal(call(f, (struct http_call){.max_redirects = 1}, "/move", &status, &body), 0);
    assert_int_equal(status, 200);
    assert_int_equal(call(f, (struct http_call){.bearer = "a\r\nX-Test: 1"}, "/x", &status, &body),
                     ERR_FORMAT);
    buf_release(&body);
}

static void test_client_no_server(void **state UNUSED)
{
    struct http_client *h = http_client_new();
    struct buf body = BUF_INIT(100), why = WHY_INIT;
    unsigned status = 0;

    assert_int_equal(
        http_client_call(h,
                         &(struct http_call){.method = "GET",
                                             .url = "http://me:pw@127.0.0.1:1/p?key=sec",
                                             .timeout_ms = 1000},
                         &status, &body, &why),
        ERR_UPSTREAM);
    assert_null(strstr(buf_z(&why), "sec"));
    assert_null(strstr(buf_z(&why), "pw"));
    assert_int_equal(
        http_client_call(h, &(struct http_call){.method = "GET", .url = "file:///etc/hosts"},
                         &status, &body, &why),
        ERR_DENIED);
    assert_int_equal(http_client_call(h, &(struct http_call){.method = "GET", .url = "http://"},
                                      &status, &body, &why),
                     ERR_FORMAT);
    http_client_free(h);
    buf_release(&body);
    buf_release(&why);
}

static void test_start_refused(void **state)
{
    struct fixture *f = *state;
    struct http_server *s = NULL;
    struct buf why = WHY_INIT;
    struct http_server_opts o = {
        .host = "127.0.0.1", .port = http_server_port(f->s), .max_conns = 4, .handle = handle};

    assert_int_equal(http_server_start(&o, &s, &why), ERR_BUSY);
    assert_null(s);
    o.host = "localhost";
    assert_int_equal(http_server_start(&o, &s, &why), ERR_FORMAT);
    buf_release(&why);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_plain),
        T(test_bodies),
        T(test_body_floods),
        T(test_bad_requests),
        T(test_slow_head),
        T(test_held),
        T(test_held_deadline),
        T(test_held_client_gone),
        T(test_held_stop),
        T(test_too_many),
        T(test_strangers_give_way),
        T(test_handed_on),
        T(test_crowd),
        T(test_client_limits),
        T(test_start_refused),
        cmocka_unit_test(test_client_no_server),
    };

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
