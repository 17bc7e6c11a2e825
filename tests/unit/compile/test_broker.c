/* The door of builds: which names and addresses it opens to, asked by its own protocol. */
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "compile/broker.h"

enum { GRANTED = 0, DENIED = 2, UNREACHABLE = 4, BAD_COMMAND = 7 };

static int listener(unsigned *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static struct broker broker = BROKER_INIT;
static unsigned door_port, server_port;
static int server;

static int set_up(void **state)
{
    struct buf why = WHY_INIT;
    int door = listener(&door_port);

    (void)state;
    server = listener(&server_port);
    assert_true(broker_allow(&broker, STR("localhost"), server_port, BROKER_LOOPBACK));
    /* Names on the list that mean this machine, which they should not. */
    assert_true(broker_allow(&broker, STR("127.0.0.1"), server_port, BROKER_OPERATOR));
    assert_true(broker_allow(&broker, STR("127.0.0.2"), server_port, BROKER_PUBLIC));
    assert_true(broker_allow(&broker, STR("localhost"), 1, BROKER_LOOPBACK));
    assert_ok(broker_start(&broker, getuid(), getgid(), &why), why);
    assert_ok(broker_open(&broker, door, &why), why);
    fd_close(&door);
    buf_release(&why);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fd_close(&broker.sock);
    fd_close(&server);
    return 0;
}

/* A connection through the door; *answer is what it says. */
static int ask(const char *host, unsigned port, uint8_t command, int *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)door_port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    uint8_t m[300] = {5, 1, 0}, said[10];
    size_t n = strlen(host);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(send(fd, m, 3, 0), 3);
    assert_int_equal(recv(fd, said, 2, MSG_WAITALL), 2);
    m[1] = command;
    m[3] = 3;
    m[4] = (uint8_t)n;
    memcpy(m + 5, host, n);
    m[5 + n] = (uint8_t)(port >> 8);
    m[6 + n] = (uint8_t)port;
    assert_int_equal(send(fd, m, 7 + n, 0), 7 + n);
    assert_int_equal(recv(fd, said, 10, MSG_WAITALL), 10);
    *answer = said[1];
    return fd;
}

static void gives(const char *host, unsigned port, uint8_t command, int want)
{
    int answer, fd = ask(host, port, command, &answer);

    assert_int_equal(answer, want);
    close(fd);
}

static void opens(void **state)
{
    char text[6] = "";
    int answer, fd = ask("localhost", server_port, 1, &answer), peer;

    (void)state;
    assert_int_equal(answer, GRANTED);
    peer = accept(server, NULL, NULL);
    assert_int_equal(send(fd, "hello", 5, 0), 5);
    assert_int_equal(recv(peer, text, 5, MSG_WAITALL), 5);
    assert_string_equal(text, "hello");
    close(peer);
    close(fd);
}

static void refuses(void **state)
{
    struct buf names = BUF_INIT(BROKER_REFUSED_MAX);

    (void)state;
    gives("example.com", 443, 1, DENIED);
    gives("localhost", 22, 1, DENIED);
    gives("localhost", 1, 1, UNREACHABLE);
    gives("localhost", server_port, 2, BAD_COMMAND); /* to listen */
    broker_refused(&broker, &names);
    assert_str(buf_str(&names), "example.com:443 localhost:22");
    /* On the list, and meaning what it must not. */
    gives("127.0.0.1", server_port, 1, DENIED);
    gives("127.0.0.2", server_port, 1, DENIED);
    buf_release(&names);
}

/* After this only registries are left, and no connection of before. */
static void narrows(void **state)
{
    struct buf why = WHY_INIT, names = BUF_INIT(BROKER_REFUSED_MAX);
    int answer, fd = ask("localhost", server_port, 1, &answer);
    char byte;

    (void)state;
    assert_int_equal(answer, GRANTED);
    assert_ok(broker_narrow(&broker, &why), why);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
    gives("localhost", server_port, 1, DENIED);
    broker_refused(&broker, &names);
    assert_true(str_find(buf_str(&names), STR("localhost:")) < names.len);
    buf_release(&names);
    buf_release(&why);
}

static void judges(void **state)
{
    static const struct {
        const char *ip;
        bool public, operator_, loopback;
    } rows[] = {
        {"1.1.1.1", true, true, false},           {"10.0.0.1", false, true, false},
        {"127.0.0.1", false, false, true},        {"169.254.169.254", false, false, false},
        {"192.168.1.1", false, true, false},      {"0.0.0.0", false, false, false},
        {"255.255.255.255", false, false, false},
    };
    struct sockaddr_in at = {.sin_family = AF_INET};
    const struct sockaddr *sa = (const struct sockaddr *)&at;

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        assert_int_equal(inet_pton(AF_INET, rows[i].ip, &at.sin_addr), 1);
        assert_int_equal(broker_reaches(BROKER_PUBLIC, sa), rows[i].public);
        assert_int_equal(broker_reaches(BROKER_OPERATOR, sa), rows[i].operator_);
        assert_int_equal(broker_reaches(BROKER_LOOPBACK, sa), rows[i].loopback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges),
        cmocka_unit_test(opens),
        cmocka_unit_test(refuses),
        cmocka_unit_test(narrows),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
