/* The real fetch child against a server on loopback: what comes, and everything that must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "crypto/ed25519.h"
#include "fetch/fetch_msg.h"
#include "http/server.h"
#include "proc/frame.h"
#include "proc/spawn.h"

#define BIG_BYTES (1u << 20)

static struct http_server *server;
static unsigned port;
static char big[BIG_BYTES];
static struct child child = {.sock = -1, .pidfd = -1};
static struct hash256 hello_hash;

static bool forget(void *ctx, struct http_req *r)
{
    (void)ctx;
    (void)r;
    return true;
}

static void handle(void *ctx, struct http_req *r)
{
    struct str path = http_req_path(r);
    char room[256];
    struct buf to = BUF_OVER(room);

    (void)ctx;
    if (str_eqz(path, "/hello")) {
        http_reply(r, 200, "text/plain", STR("hello"));
    } else if (str_eqz(path, "/big")) {
        http_reply(r, 200, "application/wasm", str_from(big, sizeof(big)));
    } else if (str_eqz(path, "/slow")) {
        http_hold(r, 10000, 204, forget, NULL);
    } else if (str_starts(path, STR("/to/"))) {
        struct str where = str_skip(path, 4);

        if (str_eqz(where, "hello"))
            buf_addf(&to, "http://127.0.0.1:%u/hello", port);
        else if (str_eqz(where, "file"))
            buf_addz(&to, "file:///etc/passwd");
        else if (str_eqz(where, "private"))
            buf_addz(&to, "http://10.0.0.1/hello");
        else if (str_eqz(where, "metadata"))
            buf_addz(&to, "http://169.254.169.254/latest");
        else
            buf_addz(&to, "/to/loop");
        http_reply_header(r, "Location", buf_z(&to));
        http_reply(r, 302, "text/plain", STR("elsewhere"));
    } else {
        http_reply(r, 404, "text/plain", STR("nothing here"));
    }
}

/* Ask the child; what it wrote is appended to `out`. */
static struct fetch_answer ask_url(const char *url, const struct hash256 *hash, uint64_t max_bytes,
                                   uint32_t time_ms, bool allow, struct buf *out)
{
    static char text[FETCH_TEXT_MAX];
    struct fetch_ask ask = {str_of(url), *hash, max_bytes, time_ms, allow};
    char room[FETCH_MSG_MAX];
    struct buf body = BUF_OVER(room), why = WHY_INIT;
    struct frame f = FRAME_INIT(FETCH_MSG_MAX);
    struct fetch_answer a;
    int fd = memfd_create("fetched", MFD_CLOEXEC);

    assert_true(fd >= 0);
    fetch_ask_write(&body, &ask);
    assert_int_equal(frame_send(child.sock, FETCH_ASK, buf_str(&body), &fd, 1, FRAME_FOREVER, &why),
                     ERR_OK);
    if (frame_recv(child.sock, &f, clock_mono_ms() + 20000, &why))
        fail_msg("no answer: %s", buf_z(&why));
    assert_int_equal(fetch_answer_read(buf_str(&f.body), &a, &why), ERR_OK);
    assert_true(a.text.len <= sizeof(text));
    memcpy(text, a.text.ptr, a.text.len);
    a.text.ptr = text;
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(fd_read_all(fd, out, &why), ERR_OK);
    fd_close(&fd);
    frame_release(&f);
    buf_release(&why);
    return a;
}

static struct fetch_answer ask_path(const char *path, struct buf *out)
{
    char room[128];
    struct buf url = BUF_OVER(room);

    buf_addf(&url, "http://127.0.0.1:%u%s", port, path);
    return ask_url(buf_z(&url), &hello_hash, 1000, 5000, true, out);
}

static void test_ok(void **state)
{
    (void)state;
    struct buf got = BUF_INIT(100);
    struct fetch_answer a;

    for (int i = 0; i < 3; i++) {
        buf_clear(&got);
        a = ask_path("/hello", &got);
        assert_int_equal(a.result, FETCH_OK);
        assert_int_equal(a.size, 5);
        assert_int_equal(a.status, 200);
        assert_true(hash_eq(&a.sha256, &hello_hash));
        assert_string_equal(buf_z(&got), "hello");
    }
    buf_clear(&got);
    assert_int_equal(ask_path("/to/hello", &got).result, FETCH_OK);
    assert_string_equal(buf_z(&got), "hello");
    buf_release(&got);
}

static void test_not_the_file(void **state)
{
    (void)state;
    struct buf got = BUF_INIT(BIG_BYTES);
    struct hash256 other = hello_hash;
    struct fetch_answer a;
    char room[128];
    struct buf url = BUF_OVER(room);

    a = ask_path("/absent", &got);
    assert_int_equal(a.result, FETCH_STATUS);
    assert_int_equal(a.status, 404);
    assert_int_equal(got.len, 0);
    other.b[0] ^= 1;
    buf_addf(&url, "http://127.0.0.1:%u/hello", port);
    assert_int_equal(ask_url(buf_z(&url), &other, 1000, 5000, true, &got).result, FETCH_WRONG_HASH);
    buf_clear(&url);
    buf_addf(&url, "http://127.0.0.1:%u/big", port);
    assert_int_equal(ask_url(buf_z(&url), &other, 1000, 5000, true, &got).result, FETCH_TOO_BIG);
    buf_release(&got);
}

static void test_slow(void **state)
{
    (void)state;
    struct buf got = BUF_INIT(100);
    uint64_t start = clock_mono_ms();
    char room[128];
    struct buf url = BUF_OVER(room);

    buf_addf(&url, "http://127.0.0.1:%u/slow", port);
    assert_int_equal(ask_url(buf_z(&url), &hello_hash, 1000, 300, true, &got).result,
                     FETCH_TIMEOUT);
    assert_true(clock_mono_ms() - start < 3000);
    buf_release(&got);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "https://10.0.0.1/",    "https://169.254.169.254/latest/meta-data/",
        "https://[fe80::1]/",   "https://[::ffff:10.0.0.1]/",
        "https://0x0a000001/",  "http://1.1.1.1/",
        "http://10.0.0.1/",     "http://0.0.0.0/",
        "file:///etc/passwd",   "ftp://1.1.1.1/x",
        "gopher://127.0.0.1/",  "https://user:pw@1.1.1.1/",
        "https://127.0.0.1 /x", "x",
    };
    static const char *const redirects[] = {"/to/file", "/to/private", "/to/metadata", "/to/loop"};
    struct buf got = BUF_INIT(BIG_BYTES);
    struct fetch_answer a;
    char room[128];
    struct buf url = BUF_OVER(room);

    for (size_t i = 0; i < countof(urls); i++) {
        a = ask_url(urls[i], &hello_hash, 1000, 5000, true, &got);
        if (a.result != FETCH_REFUSED)
            fail_msg("%s gave %d: %.*s", urls[i], (int)a.result, STR_ARG(a.text));
    }
    for (size_t i = 0; i < countof(redirects); i++) {
        a = ask_path(redirects[i], &got);
        if (a.result != FETCH_REFUSED)
            fail_msg("%s gave %d: %.*s", redirects[i], (int)a.result, STR_ARG(a.text));
    }
    /* Without the developer's leave loopback is as closed as any private network. */
    buf_addf(&url, "http://127.0.0.1:%u/hello", port);
    assert_int_equal(ask_url(buf_z(&url), &hello_hash, 1000, 5000, false, &got).result,
                     FETCH_REFUSED);
    assert_int_equal(
        ask_url("https://127.0.0.1/hello", &hello_hash, 1000, 5000, false, &got).result,
        FETCH_REFUSED);
    assert_int_equal(got.len, 0);
    buf_release(&got);
}

static void test_unreachable(void **state)
{
    (void)state;
    struct buf got = BUF_INIT(100);

    assert_int_equal(ask_url("http://127.0.0.1:1/x", &hello_hash, 1000, 5000, true, &got).result,
                     FETCH_UNREACHABLE);
    buf_release(&got);
}

static void test_messages(void **state)
{
    (void)state;
    char room[FETCH_MSG_MAX];
    struct buf b = BUF_OVER(room);
    struct fetch_ask ask = {STR("https://a/b"), {{1}}, 10, 20, true}, back;
    struct fetch_answer answer = {FETCH_STATUS, 404, 1, 2, {{3}}, STR("no")}, answer_back;

    fetch_ask_write(&b, &ask);
    assert_int_equal(fetch_ask_read(buf_str(&b), &back, NULL), ERR_OK);
    assert_true(str_eq(back.url, ask.url) && back.max_bytes == 10 && back.time_ms == 20);
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(fetch_ask_read(str_head(buf_str(&b), i), &back, NULL), ERR_FORMAT);
    buf_clear(&b);
    ask.max_bytes = FETCH_SIZE_MAX + 1;
    fetch_ask_write(&b, &ask);
    assert_int_equal(fetch_ask_read(buf_str(&b), &back, NULL), ERR_FORMAT);
    buf_clear(&b);
    fetch_answer_write(&b, &answer);
    assert_int_equal(fetch_answer_read(buf_str(&b), &answer_back, NULL), ERR_OK);
    assert_int_equal(answer_back.status, 404);
    assert_true(str_eq(answer_back.text, answer.text));
    b.ptr[0] = FETCH_RESULTS;
    assert_int_equal(fetch_answer_read(buf_str(&b), &answer_back, NULL), ERR_FORMAT);
}

/* Nonsense ends the child; it does not answer. Last: there is no child afterwards. */
static void test_nonsense(void **state)
{
    (void)state;
    int status = 0;

    assert_int_equal(
        frame_send(child.sock, FETCH_ASK, STR("nonsense"), NULL, 0, FRAME_FOREVER, NULL), ERR_OK);
    assert_true(child_wait(&child, 5000, &status));
    assert_int_not_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ok),          cmocka_unit_test(test_not_the_file),
        cmocka_unit_test(test_slow),        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_unreachable), cmocka_unit_test(test_messages),
        cmocka_unit_test(test_nonsense),
    };
    const struct http_server_opts opts = {
        .host = "127.0.0.1", .max_body = 1024, .max_conns = 16, .handle = handle};
    const char *const argv[] = {"outlayer-fetch", NULL};
    const struct spawn spawn = {.path = BIN_DIR "/outlayer-fetch",
                                .argv = argv,
                                .in = -1,
                                .out = -1,
                                .err = STDERR_FILENO,
                                .socket = true};
    struct buf why = WHY_INIT;
    int rc;

    crypto_init();
    hello_hash = sha256(STR("hello"));
    if (http_server_start(&opts, &server, &why) || spawn_start(&spawn, &child, &why)) {
        fprintf(stderr, "%s\n", buf_z(&why));
        return 1;
    }
    port = http_server_port(server);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    child_stop(&child, 100);
    http_server_stop(server);
    return rc;
}
