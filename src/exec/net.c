/* net.c — see net.h. */
#include "exec/net.h"

#include <poll.h>

#include "base/clock.h"
#include "base/mem.h"
#include "guest/exec_msg.h"
#include "guest/net_msg.h"

static enum err send_next(struct exec_net *x)
{
    struct buf *b;
    enum err e;

    if (x->under_way || x->has_early || !x->n)
        return ERR_OK;
    b = &x->waiting[x->first];
    e = frame_send(x->sock, EXEC_HTTP, buf_str(b), NULL, 0, clock_mono_ms() + EXEC_FRAME_MS, NULL);
    x->under_way = true;
    x->bytes -= b->len;
    x->first = (x->first + 1) % EXEC_NET_WAITING_MAX;
    x->n--;
    buf_wipe(b);
    return e;
}

static enum err start(void *ctx, uint32_t id, const struct net_request *request)
{
    struct exec_net *x = ctx;
    struct buf *b = &x->waiting[(x->first + x->n) % EXEC_NET_WAITING_MAX];

    if (x->n == EXEC_NET_WAITING_MAX || x->bytes + request->body.len > EXEC_NET_WAITING_BYTES)
        return ERR_BUSY;
    *b = BUF_INIT(NET_ASK_MAX);
    net_request_write(b, x->run, id, request);
    x->n++;
    x->bytes += b->len;
    return send_next(x);
}

/* Nothing of a frame is read before all of it is on its way. */
enum err exec_await(int sock, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = clock_mono_us() * 1000;
        uint64_t ns = deadline_ns > now ? deadline_ns - now : 0;
        struct timespec t = {.tv_sec = (time_t)(ns / 1000000000u),
                             .tv_nsec = (long)(ns % 1000000000u)};
        struct pollfd fd = {.fd = sock, .events = POLLIN};
        int n = ppoll(&fd, 1, &t, NULL);
        if (n > 0)
            return ERR_OK;
        if (n == 0)
            return ERR_TIMEOUT;
    }
}

/* The answer to the request that is under way. */
static enum err take(struct exec_net *x, uint64_t deadline_ns, uint32_t *id,
                     struct net_response *out)
{
    struct frame f = FRAME_INIT(NET_TOLD_MAX);
    uint64_t run = 0;
    enum err e = exec_await(x->sock, deadline_ns);

    if (!e)
        e = frame_recv(x->sock, &f, clock_mono_ms() + EXEC_FRAME_MS, NULL);
    if (e) {
        frame_release(&f);
        return e;
    }
    if (f.type != EXEC_HTTP_ANSWER || f.nfds ||
        !net_response_read(buf_str(&f.body), &run, id, out) || run != x->run) {
        frame_release(&f);
        return ERR_FORMAT;
    }
    out->memory = f.body;
    x->under_way = false;
    return ERR_OK;
}

static enum err next(void *ctx, uint64_t deadline_ns, uint32_t *id, struct net_response *out)
{
    struct exec_net *x = ctx;
    enum err e;

    if (x->has_early) {
        *id = x->early_id;
        *out = x->early;
        x->has_early = false;
    } else {
        e = send_next(x);
        if (!e)
            e = take(x, deadline_ns, id, out);
        if (e)
            return e;
    }
    return send_next(x) ? ERR_CLOSED : ERR_OK;
}

enum err exec_net_settle(struct exec_net *x, uint64_t deadline_ns)
{
    enum err e;

    if (!x->under_way)
        return ERR_OK;
    e = take(x, deadline_ns, &x->early_id, &x->early);
    x->has_early = !e;
    return e;
}

void exec_net_init(struct exec_net *x, int sock)
{
    *x = (struct exec_net){.host = {.ctx = x, .start = start, .next = next}, .sock = sock};
}

void exec_net_begin(struct exec_net *x, uint64_t run)
{
    x->run = run;
    x->under_way = false;
}

void exec_net_end(struct exec_net *x)
{
    while (x->n) {
        buf_wipe(&x->waiting[x->first]);
        x->first = (x->first + 1) % EXEC_NET_WAITING_MAX;
        x->n--;
    }
    x->bytes = 0;
    if (x->has_early)
        buf_wipe(&x->early.memory);
    x->has_early = false;
}
