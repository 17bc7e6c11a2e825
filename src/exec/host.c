/* host.c — see host.h. */
#include "exec/host.h"

#include <poll.h>

#include "base/clock.h"
#include "guest/exec_msg.h"
#include "guest/host_msg.h"

/* Wait for a frame to begin; nothing of it is read. */
static enum err await(int sock, uint64_t deadline_ns)
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

static enum err call(void *ctx, const struct host_call *c, uint64_t deadline_ns,
                     struct host_answer *out)
{
    struct exec_host *x = ctx;
    struct frame f = FRAME_INIT(HOST_ANSWER_BODY_MAX);
    uint64_t run = 0;
    enum err e;

    host_call_write(&x->message, x->net->run, c);
    e = frame_send(x->net->sock, EXEC_CALL, buf_str(&x->message), NULL, 0,
                   clock_mono_ms() + EXEC_FRAME_MS, NULL);
    buf_wipe(&x->message);
    if (!e)
        e = await(x->net->sock, deadline_ns);
    if (!e)
        e = frame_recv(x->net->sock, &f, clock_mono_ms() + EXEC_FRAME_MS, NULL);
    if (!e && (f.type != EXEC_CALL_ANSWER || f.nfds ||
               !host_answer_read(buf_str(&f.body), c->fn, &run, out) || run != x->net->run))
        e = ERR_CLOSED;
    if (e) {
        buf_wipe(&f.body);
        frame_release(&f);
        return e;
    }
    out->memory = f.body;
    return ERR_OK;
}

void exec_host_init(struct exec_host *x, struct exec_net *net)
{
    *x = (struct exec_host){
        .port = {.ctx = x, .call = call}, .net = net, .message = BUF_INIT(HOST_CALL_BODY_MAX)};
}

void exec_host_end(struct exec_host *x)
{
    buf_wipe(&x->message);
}
