/* wasi.c — see wasi.h. */
#include "engine/wasi.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "base/mem.h"

#define MONOTONIC_BASE 1000000000ull
#define RANDOM_STEP    (1u << 20) /* the clock is looked at between steps */

uint64_t wasi_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t wasi_guest_ns(const struct wasi *w, uint64_t now_ns)
{
    return now_ns - w->start_ns + MONOTONIC_BASE;
}

void wasi_init(struct wasi *w, const struct run_job *job, struct run_result *result)
{
    *w = (struct wasi){.job = job, .result = result, .start_ns = wasi_now_ns()};
    w->deadline_ns = w->start_ns + (uint64_t)job->limits.max_wall_ms * 1000000u;
}

bool wasi_out(struct wasi *w, struct str s)
{
    buf_add_str(&w->result->out, s);
    if (w->result->out.full)
        w->stop = WASI_OUTPUT;
    return !w->result->out.full;
}

void wasi_err(struct wasi *w, struct str s)
{
    struct buf *err = &w->result->err;
    buf_add_str(err, str_head(s, err->max - err->len));
}

struct str wasi_in(struct wasi *w, size_t n)
{
    struct str s = str_head(str_skip(w->job->input, w->input_at), n);
    w->input_at += s.len;
    return s;
}

bool wasi_sleep(struct wasi *w, uint64_t until_ns)
{
    uint64_t now = wasi_now_ns();

    if (now < w->deadline_ns && until_ns > now) {
        uint64_t until = until_ns < w->deadline_ns ? until_ns : w->deadline_ns;
        struct timespec t = {.tv_sec = (time_t)(until / 1000000000u),
                             .tv_nsec = (long)(until % 1000000000u)};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
            ;
    }
    if (now < w->deadline_ns && until_ns < w->deadline_ns)
        return true;
    w->stop = WASI_TIME;
    return false;
}

bool wasi_poll(struct wasi *w, struct pollfd *fds, size_t n, uint64_t until_ns)
{
    uint64_t now = wasi_now_ns(), until = until_ns < w->deadline_ns ? until_ns : w->deadline_ns;
    uint64_t ns = until > now ? until - now : 0;
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};

    if (n == 0)
        return wasi_sleep(w, until_ns);
    (void)ppoll(fds, n, &t, NULL); /* whoever asked looks what is ready */
    if (!wasi_late(w))
        return true;
    w->stop = WASI_TIME;
    return false;
}

bool wasi_random(struct wasi *w, void *p, size_t n)
{
    uint8_t *to = p;

    w->result->random = true;
    while (n) {
        size_t step = n < RANDOM_STEP ? n : RANDOM_STEP;
        ssize_t got = getrandom(to, step, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            BUG("the kernel gives no random numbers");
        to += got;
        n -= (size_t)got;
        if (n && wasi_late(w)) {
            w->stop = WASI_TIME;
            return false;
        }
    }
    return true;
}
