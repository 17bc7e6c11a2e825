/*
 * abuse.c — calls the host with what no library would pass: pointers outside memory, counts that
 * overflow, descriptors that are not there. Prints one line for each call: its name and errno.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wasi/api.h>

#define OUTSIDE ((void *)0xfffffff0u)
#define HUGE    0xffffffffu

static void say(const char *name, int e)
{
    printf("%s %d\n", name, e);
}

int main(void)
{
    __wasi_size_t n = 0;
    __wasi_ciovec_t out = {OUTSIDE, 64};
    __wasi_iovec_t in = {OUTSIDE, 64};
    __wasi_subscription_t sub;
    __wasi_event_t event;
    __wasi_fdstat_t stat;
    __wasi_prestat_t pre;
    __wasi_filesize_t size;
    __wasi_timestamp_t t;
    __wasi_fd_t fd;
    uint8_t b[16];

    say("fd_write_outside", __wasi_fd_write(1, &out, 1, &n));
    say("fd_write_vectors_outside", __wasi_fd_write(1, OUTSIDE, 2, &n));
    say("fd_write_many", __wasi_fd_write(1, &out, HUGE, &n));
    out = (__wasi_ciovec_t){b, HUGE};
    say("fd_write_long", __wasi_fd_write(1, &out, 1, &n));
    out = (__wasi_ciovec_t){b, 0};
    say("fd_write_result_outside", __wasi_fd_write(1, &out, 1, OUTSIDE));
    say("fd_write_stdin", __wasi_fd_write(0, &out, 1, &n));
    say("fd_write_closed", __wasi_fd_write(77, &out, 1, &n));
    say("fd_read_outside", __wasi_fd_read(0, &in, 1, &n));
    say("fd_read_stdout", __wasi_fd_read(1, &in, 1, &n));
    say("random_outside", __wasi_random_get(OUTSIDE, 64));
    say("random_long", __wasi_random_get(b, HUGE));
    say("environ_outside", __wasi_environ_get(OUTSIDE, OUTSIDE));
    say("environ_sizes_outside", __wasi_environ_sizes_get(OUTSIDE, OUTSIDE));
    say("clock_unknown", __wasi_clock_time_get(99, 0, &t));
    say("clock_outside", __wasi_clock_time_get(0, 0, OUTSIDE));
    say("fdstat_outside", __wasi_fd_fdstat_get(1, OUTSIDE));
    say("fdstat_closed", __wasi_fd_fdstat_get(9, &stat));
    say("prestat", __wasi_fd_prestat_get(3, &pre));
    say("seek", __wasi_fd_seek(0, 0, 0, &size));
    say("renumber_closed", __wasi_fd_renumber(1, 5));
    say("open", __wasi_path_open(3, 0, "x", 0, 0, 0, 0, &fd));
    say("poll_none", __wasi_poll_oneoff(&sub, &event, 0, &n));
    say("poll_many", __wasi_poll_oneoff(&sub, &event, HUGE, &n));
    say("poll_outside", __wasi_poll_oneoff(OUTSIDE, &event, 1, &n));
    memset(&sub, 0, sizeof(sub));
    sub.u.tag = 7;
    say("poll_unknown", __wasi_poll_oneoff(&sub, &event, 1, &n));
    say("poll_unknown_event", n == 1 ? event.error : 1000);
    sub.u.tag = __WASI_EVENTTYPE_CLOCK;
    sub.u.u.clock.id = 55;
    say("poll_clock_unknown", __wasi_poll_oneoff(&sub, &event, 1, &n));
    say("poll_clock_unknown_event", n == 1 ? event.error : 1000);
    sub.u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
    sub.u.u.clock.timeout = 1000000;
    say("poll_clock", __wasi_poll_oneoff(&sub, &event, 1, &n));
    say("poll_clock_event", n == 1 ? event.error : 1000);
    sub.u.u.clock.flags = __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME;
    say("poll_clock_past", __wasi_poll_oneoff(&sub, &event, 1, &n));
    sub.u.tag = __WASI_EVENTTYPE_FD_READ;
    sub.u.u.fd_read.file_descriptor = 0;
    say("poll_stdin", __wasi_poll_oneoff(&sub, &event, 1, &n));
    say("poll_stdin_bytes", (int)event.fd_readwrite.nbytes);
    say("close_stdin", __wasi_fd_close(0));
    say("close_again", __wasi_fd_close(0));
    say("read_closed", __wasi_fd_read(0, &in, 1, &n));
    return 0;
}
