/* test_frame.c — framed messages: sizes, descriptors, deadlines, broken peers. */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

#include "base/clock.h"
#include "base/file.h"
#include "proc/frame.h"

#define BIG (3 * 1024 * 1024)

static int pair[2];

static int open_pair(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

static int close_pair(void **state)
{
    (void)state;
    fd_close(&pair[0]);
    fd_close(&pair[1]);
    return 0;
}

static uint64_t soon(uint64_t ms)
{
    return clock_mono_ms() + ms;
}

static void carries_messages(void **state)
{
    struct frame f = FRAME_INIT(100);
    struct buf why = WHY_INIT;

    (void)state;
    assert_ok(frame_send(pair[0], 7, STR("one"), NULL, 0, soon(1000), &why), why);
    assert_ok(frame_send(pair[0], 8, STR(""), NULL, 0, soon(1000), &why), why);
    assert_ok(frame_recv(pair[1], &f, soon(1000), &why), why);
    assert_int_equal(f.type, 7);
    assert_buf(f.body, "one");
    assert_ok(frame_recv(pair[1], &f, soon(1000), &why), why);
    assert_int_equal(f.type, 8);
    assert_buf(f.body, "");
    frame_release(&f);
    buf_release(&why);
}

static void *send_big(void *arg)
{
    struct str body = {arg, BIG};

    return (void *)(uintptr_t)frame_send(pair[0], 1, body, NULL, 0, soon(10000), NULL);
}

static void carries_more_than_the_socket_holds(void **state)
{
    struct frame f = FRAME_INIT(BIG);
    struct buf why = WHY_INIT, big = BUF_INIT(BIG);
    pthread_t t;
    void *sent;

    (void)state;
    memset(buf_room(&big, BIG), 'x', BIG);
    assert_int_equal(pthread_create(&t, NULL, send_big, big.ptr), 0);
    assert_ok(frame_recv(pair[1], &f, soon(10000), &why), why);
    pthread_join(t, &sent);
    assert_null(sent);
    assert_int_equal(f.body.len, BIG);
    assert_memory_equal(f.body.ptr, big.ptr, BIG);
    frame_release(&f);
    buf_release(&big);
    buf_release(&why);
}

static void hands_descriptors_over(void **state)
{
    struct frame f = FRAME_INIT(100);
    struct buf why = WHY_INIT;
    int tube[2];
    char c = 0;

    (void)state;
    assert_int_equal(pipe(tube), 0);
    assert_ok(frame_send(pair[0], 1, STR("take it"), &tube[0], 1, soon(1000), &why), why);
    fd_close(&tube[0]);
    assert_ok(frame_recv(pair[1], &f, soon(1000), &why), why);
    assert_int_equal(f.nfds, 1);
    assert_int_equal(fcntl(f.fds[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(write(tube[1], "!", 1), 1);
    assert_int_equal(read(f.fds[0], &c, 1), 1);
    assert_int_equal(c, '!');
    fd_close(&tube[1]);
    frame_release(&f);
    buf_release(&why);
}

static void keeps_its_limits(void **state)
{
    struct frame f = FRAME_INIT(3);
    struct buf why = WHY_INIT;
    uint64_t start;

    (void)state;
    assert_ok(frame_send(pair[0], 1, STR("four"), NULL, 0, soon(1000), &why), why);
    assert_int_equal(frame_recv(pair[1], &f, soon(1000), &why), ERR_FORMAT);
    close_pair(NULL);
    open_pair(NULL);
    start = clock_mono_ms();
    assert_int_equal(frame_recv(pair[1], &f, soon(50), &why), ERR_TIMEOUT);
    assert_true(clock_mono_ms() - start >= 49);
    fd_close(&pair[0]);
    assert_int_equal(frame_recv(pair[1], &f, FRAME_FOREVER, &why), ERR_CLOSED);
    assert_int_equal(frame_send(pair[1], 1, STR("x"), NULL, 0, soon(100), &why), ERR_CLOSED);
    frame_release(&f);
    buf_release(&why);
}

static void notices_a_cut_message(void **state)
{
    struct frame f = FRAME_INIT(100);
    struct buf why = WHY_INIT;

    (void)state;
    assert_int_equal(write(pair[0], "\x05\0\0\0\x01\0ab", 8), 8);
    fd_close(&pair[0]);
    assert_int_equal(frame_recv(pair[1], &f, soon(1000), &why), ERR_CLOSED);
    frame_release(&f);
    buf_release(&why);
}

static void refuses_a_flood_of_descriptors(void **state)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int) * 8)];
    } control = {0};
    struct iovec iov = {(void *)(uintptr_t) "\x00\0\0\0\x01\0", 6};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    struct frame f = FRAME_INIT(100);
    int fds[8] = {0, 0, 0, 0, 0, 0, 0, 0};

    (void)state;
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(fds));
    memcpy(CMSG_DATA(c), fds, sizeof(fds));
    assert_int_equal(sendmsg(pair[0], &m, 0), 6);
    assert_int_equal(frame_recv(pair[1], &f, soon(1000), NULL), ERR_FORMAT);
    frame_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(carries_messages, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(carries_more_than_the_socket_holds, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(hands_descriptors_over, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(keeps_its_limits, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(notices_a_cut_message, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(refuses_a_flood_of_descriptors, open_pair, close_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
