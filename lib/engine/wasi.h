/*
 * wasi.h — what one run of a guest has on our side, whichever WASI it was built for.
 *
 * Both kinds of host functions (wasip1.h, wasip2.h) read the input, write the outputs, look at the
 * clock and wait through these. Every wait ends with the run's time.
 */
#ifndef ENGINE_WASI_H
#define ENGINE_WASI_H

#include <poll.h>

#include "engine/outcome.h"

enum wasi_stop {
    WASI_GOES_ON,
    WASI_EXITED,
    WASI_TIME,
    WASI_OUTPUT,
    WASI_PENALTY, /* too many requests over their time */
    WASI_ABUSE,   /* broke a rule of an interface; `text` of the result says which */
};

struct wasi {
    const struct run_job *job;
    struct run_result *result; /* out and err are written to */
    size_t input_at;           /* bytes of the input already read */
    uint64_t start_ns;         /* monotonic; the guest's clock begins here */
    uint64_t deadline_ns;
    enum wasi_stop stop; /* why a host function ended the run */
    int32_t exit_code;   /* WASI_EXITED */
};

void wasi_init(struct wasi *w, const struct run_job *job, struct run_result *result);
uint64_t wasi_now_ns(void);

/* The guest's monotonic clock. It starts at one second: zero means "unset" to some runtimes. */
uint64_t wasi_guest_ns(const struct wasi *w, uint64_t now_ns);

/* Called by whatever lets the guest see the time pass. */
static inline void wasi_saw_clock(struct wasi *w)
{
    w->result->clock = true;
}

static inline bool wasi_late(const struct wasi *w)
{
    return wasi_now_ns() >= w->deadline_ns;
}

/* Write to stdout; false, and the run is to end, when it is more than allowed. */
bool wasi_out(struct wasi *w, struct str s);
/* Write to stderr; what is over the limit is dropped. */
void wasi_err(struct wasi *w, struct str s);
/* The next bytes of the input, `n` at most. */
struct str wasi_in(struct wasi *w, size_t n);

/* Sleep until `until_ns` or until the run's time is over: false. */
bool wasi_sleep(struct wasi *w, uint64_t until_ns);

/* The same, or until one of `fds` is ready. */
bool wasi_poll(struct wasi *w, struct pollfd *fds, size_t n, uint64_t until_ns);

/* Fill with random bytes; false: the run's time is over. */
bool wasi_random(struct wasi *w, void *p, size_t n);

#endif
