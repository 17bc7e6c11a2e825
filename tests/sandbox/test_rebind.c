/*
 * test_rebind.c — names that change their meaning between the look and the connection, and names
 * that mean what must not be reached.
 *
 * The test moves into a network of its own, where it is the resolver, a public server and the
 * private one behind it: 93.184.216.34 and 127.0.0.1 lie on the same machine. Where namespaces are
 * forbidden it says so and passes.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/exchange.h"
#include "test.h"

#define PUBLIC  "93.184.216.34"
#define PRIVATE "127.0.0.1"

/* ---- a network of our own ---- */

static bool put_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

static bool set_address(int sock, const char *name, const char *address)
{
    struct ifreq r = {0};
    struct sockaddr_in in = {.sin_family = AF_INET};

    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
    if (address) {
        inet_pton(AF_INET, address, &in.sin_addr);
        memcpy(&r.ifr_addr, &in, sizeof(in));
        if (ioctl(sock, SIOCSIFADDR, &r))
            return false;
    }
    r.ifr_flags = IFF_UP | IFF_RUNNING;
    return ioctl(sock, SIOCSIFFLAGS, &r) == 0;
}

static bool own_network(void)
{
    char file[] = "/tmp/outlayer-resolv-XXXXXX", map[64];
    uid_t uid = geteuid();
    int sock, fd = mkstemp(file);
    bool ok;

    if (fd < 0)
        return false;
    close(fd);
    ok = put_text(file, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n") &&
         unshare((uid ? CLONE_NEWUSER : 0) | CLONE_NEWNET | CLONE_NEWNS) == 0;
    if (ok && uid) {
        snprintf(map, sizeof(map), "0 %u 1\n", uid);
        ok = put_text("/proc/self/uid_map", map);
    }
    ok = ok && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount(file, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0;
    unlink(file);
    sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ok = ok && set_address(sock, "lo", NULL) && set_address(sock, "lo:1", PUBLIC);
    close(sock);
    return ok;
}

/* ---- the resolver ---- */

static atomic_uint asked_turn; /* questions for A of turn.example */

/* Addresses of a name, at most two; how many. `type`: 1 A, 28 AAAA. */
static size_t addresses_of(const char *name, unsigned type, uint8_t out[2][16])
{
    static const struct {
        const char *name;
        unsigned type;
        const char *addresses[2];
    } names[] = {
        {"plain.example", 1, {PUBLIC}},
        {"mixed.example", 1, {PUBLIC, "10.1.2.3"}},
        {"meta.example", 1, {"169.254.169.254"}},
        {"group.example", 1, {"224.0.0.251"}},
        {"mapped.example", 28, {"::ffff:127.0.0.1"}},
        {"compatible.example", 28, {"::127.0.0.1"}},
        {"translated.example", 28, {"64:ff9b::7f00:1"}},
        {"tunnelled.example", 28, {"2002:7f00:1::1"}},
        {"link.example", 28, {"fe80::1"}},
    };
    size_t n = 0;

    if (strcmp(name, "turn.example") == 0 && type == 1) {
        bool first = atomic_fetch_add(&asked_turn, 1) == 0;
        return (size_t)inet_pton(AF_INET, first ? PUBLIC : PRIVATE, out[0]);
    }
    for (size_t i = 0; i < countof(names); i++)
        for (size_t k = 0; k < 2 && names[i].addresses[k]; k++)
            if (strcmp(name, names[i].name) == 0 && type == names[i].type)
                n += (size_t)inet_pton(type == 1 ? AF_INET : AF_INET6, names[i].addresses[k],
                                       out[n]);
    return n;
}

/* The question's name with dots; gives the offset behind it, 0: malformed. */
static size_t read_name(const uint8_t *q, size_t len, char out[256])
{
    size_t at = 12, n = 0;

    while (at < len && q[at] && n + q[at] + 2 < 256 && at + q[at] < len) {
        if (n)
            out[n++] = '.';
        memcpy(out + n, q + at + 1, q[at]);
        n += q[at];
        at += q[at] + 1u;
    }
    out[n] = '\0';
    return at + 5 <= len ? at + 1 : 0;
}

static void *resolver(void *arg)
{
    int sock = (int)(intptr_t)arg;

    for (;;) {
        uint8_t m[600], addresses[2][16];
        struct sockaddr_in from;
        socklen_t from_len = sizeof(from);
        char name[256];
        ssize_t got = recvfrom(sock, m, 512, 0, (struct sockaddr *)&from, &from_len);
        size_t at = got > 12 ? read_name(m, (size_t)got, name) : 0, n, end;
        if (!at)
            continue;
        unsigned type = (unsigned)m[at] << 8 | m[at + 1];
        n = addresses_of(name, type, addresses);
        end = at + 4;
        m[2] = 0x81;
        m[3] = 0x80;
        memset(m + 6, 0, 6); /* no additional section: no EDNS */
        m[7] = (uint8_t)n;
        for (size_t i = 0; i < n; i++) {
            const size_t size = type == 1 ? 4 : 16;
            const uint8_t head[] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 0, 0, (uint8_t)size};
            memcpy(m + end, head, sizeof(head)); /* good for 0 seconds */
            memcpy(m + end + sizeof(head), addresses[i], size);
            end += sizeof(head) + size;
        }
        (void)!sendto(sock, m, end, 0, (struct sockaddr *)&from, from_len);
    }
    return NULL;
}

/* ---- the two servers ---- */

static atomic_uint private_hits;

struct server {
    int listener;
    const char *says;
    bool is_private;
};

static void *serve(void *arg)
{
    const struct server *s = arg;

    for (;;) {
        char drop[2048], answer[200];
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return NULL;
        if (s->is_private)
            atomic_fetch_add(&private_hits, 1);
        if (read(fd, drop, sizeof(drop)) > 0) {
            int n = snprintf(answer, sizeof(answer),
                             "HTTP/1.1 302 Found\r\nLocation: http://" PRIVATE "/\r\n"
                             "Content-Length: %zu\r\n\r\n%s",
                             strlen(s->says), s->says);
            (void)!write(fd, answer, (size_t)n);
        }
        close(fd);
    }
}

static bool start_on(const char *address, int type, unsigned port, int *out)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1;

    inet_pton(AF_INET, address, &in.sin_addr);
    *out = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    (void)setsockopt(*out, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    return bind(*out, (struct sockaddr *)&in, sizeof(in)) == 0 &&
           (type == SOCK_DGRAM || listen(*out, 16) == 0);
}

/* ---- asking ---- */

struct answer {
    char body[64];
    size_t len;
};

static bool on_source(void *ctx UNUSED, struct str *piece)
{
    *piece = STR_NONE;
    return true;
}

static bool on_head(void *ctx UNUSED, unsigned status UNUSED, struct str lines UNUSED)
{
    return true;
}

static bool on_body(void *ctx, struct str piece)
{
    struct answer *a = ctx;

    piece = str_head(piece, sizeof(a->body) - 1 - a->len);
    memcpy(a->body + a->len, piece.ptr, piece.len);
    a->len += piece.len;
    return true;
}

static bool on_spend(void *ctx UNUSED, uint64_t bytes UNUSED, bool come UNUSED)
{
    return true;
}

static void ask(const char *url, bool loopback, struct answer *a, struct exchange_result *r)
{
    int ends[2];
    struct exchange what = {.method = STR("GET"),
                            .url = str_of(url),
                            .has_length = true,
                            .timeout_ms = 10000,
                            .allow_loopback = loopback,
                            .ctx = a,
                            .source = on_source,
                            .head = on_head,
                            .body = on_body,
                            .spend = on_spend};

    *a = (struct answer){0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    what.peer = ends[0];
    exchange(&what, r);
    close(ends[0]);
    close(ends[1]);
}

static void the_connection_goes_where_was_looked(void **state)
{
    struct exchange_result r;
    struct answer a;

    (void)state;
    ask("http://turn.example/", false, &a, &r);
    assert_int_equal(r.end, EXCHANGE_OK);
    assert_string_equal(a.body, "the public server");
    assert_string_equal(r.address, PUBLIC);
    assert_int_equal(atomic_load(&asked_turn), 1); /* it was not asked again */
    exchange_result_release(&r);
    /* From now on the name means something else, and that is seen. */
    ask("http://turn.example/", false, &a, &r);
    assert_int_equal(r.end, EXCHANGE_PROHIBITED);
    assert_string_equal(r.address, PRIVATE);
    assert_non_null(strstr(buf_z(&r.why), "is not a public one"));
    exchange_result_release(&r);
    assert_int_equal(atomic_load(&private_hits), 0);
    /* The network is there, and loopback can be reached where that is asked for. */
    ask("http://turn.example/", true, &a, &r);
    assert_int_equal(r.end, EXCHANGE_OK);
    assert_string_equal(a.body, "the private server");
    exchange_result_release(&r);
    atomic_store(&private_hits, 0);
}

static void one_forbidden_address_is_enough(void **state)
{
    static const char *const urls[] = {
        "http://mixed.example/",       "http://meta.example/",
        "http://group.example/",       "http://mapped.example/",
        "http://compatible.example/",  "http://translated.example/",
        "http://tunnelled.example/",   "http://link.example/",

        "http://169.254.169.254/",     "http://[::ffff:7f00:1]/",
        "http://[64:ff9b:1::7f00:1]/", "http://0177.0.0.1/",
        "http://0x7f.0.0.1/",          "http://2130706433/",
        "http://017700000001/",        "http://127.0.0.1./",
        "http://localhost./",          "http://[::ffff:169.254.169.254]/",
    };

    (void)state;
    for (size_t i = 0; i < countof(urls); i++) {
        struct exchange_result r;
        struct answer a;
        ask(urls[i], false, &a, &r);
        if (r.end != EXCHANGE_PROHIBITED && r.end != EXCHANGE_NO_HOST)
            fail_msg("%s: %d %s", urls[i], (int)r.end, a.body);
        assert_int_equal(r.received, 0);
        exchange_result_release(&r);
    }
    assert_int_equal(atomic_load(&private_hits), 0);
}

static void a_redirect_is_not_followed(void **state)
{
    struct exchange_result r;
    struct answer a;

    (void)state;
    ask("http://plain.example/", false, &a, &r);
    assert_int_equal(r.end, EXCHANGE_OK);
    assert_int_equal(r.status, 302);
    assert_string_equal(a.body, "the public server");
    assert_int_equal(atomic_load(&private_hits), 0);
    exchange_result_release(&r);
}

static bool start_all(void)
{
    static struct server open = {.says = "the public server"},
                         closed = {.says = "the private server", .is_private = true};
    pthread_t t;
    int dns;

    return start_on(PRIVATE, SOCK_DGRAM, 53, &dns) &&
           start_on(PUBLIC, SOCK_STREAM, 80, &open.listener) &&
           start_on(PRIVATE, SOCK_STREAM, 80, &closed.listener) &&
           pthread_create(&t, NULL, resolver, (void *)(intptr_t)dns) == 0 &&
           pthread_create(&t, NULL, serve, &open) == 0 &&
           pthread_create(&t, NULL, serve, &closed) == 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_connection_goes_where_was_looked),
        cmocka_unit_test(one_forbidden_address_is_enough),
        cmocka_unit_test(a_redirect_is_not_followed),
    };

    if (!own_network() || !start_all()) {
        printf("skipped: this machine gives no network of its own to a test\n");
        return 0;
    }
    exchange_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
