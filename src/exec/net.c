/* net.c — see net.h. */
#include "exec/net.h"

#include "base/clock.h"
#include "base/mem.h"
#include "guest/exec_msg.h"
#include "guest/net_msg.h"

static uint64_t soon(void)
{
    return clock_mono_ms() + EXEC_FRAME_MS;
}

static enum err open(void *ctx, const struct net_request *request, int *fd, uint32_t *timeout_ms,
                     struct net_response *refusal)
{
    struct exec_net *x = ctx;
    struct frame f = FRAME_INIT(NET_MESSAGE_MAX);
    struct buf message = BUF_INIT(NET_MESSAGE_MAX);
    struct net_answer a = {0};
    uint64_t run = 0;
    enum err e;

    net_request_write(&message, x->run, request);
    e = frame_send(x->sock, EXEC_HTTP, buf_str(&message), NULL, 0, soon(), NULL);
    buf_wipe(&message);
    if (!e)
        e = frame_recv(x->sock, &f, soon(), NULL);
    if (!e && (f.type != EXEC_HTTP_ANSWER || !net_answer_read(buf_str(&f.body), &run, &a) ||
               run != x->run || f.nfds != (a.error == NET_NONE)))
        e = ERR_FORMAT;
    if (!e && a.error) {
        refusal->error = a.error;
        refusal->text = a.text;
        refusal->memory = f.body;
        f.body = BUF_INIT(0);
        e = ERR_DENIED;
    } else if (!e) {
        *fd = f.fds[0];
        *timeout_ms = a.timeout_ms;
        f.fds[0] = -1;
    }
    frame_release(&f);
    return e;
}

static enum err send(void *ctx UNUSED, int fd, struct str piece)
{
    return frame_send(fd, NET_PIECE, piece, NULL, 0, soon(), NULL);
}

static enum err read(void *ctx UNUSED, int fd, enum net_part *part, struct net_response *head,
                     struct buf *piece)
{
    struct frame f = FRAME_INIT(NET_MESSAGE_MAX);
    enum err e = frame_recv(fd, &f, soon(), NULL);

    if (!e && f.nfds)
        e = ERR_FORMAT;
    if (!e && f.type == NET_PIECE && f.body.len <= NET_PIECE_MAX) {
        *part = NET_PART_PIECE;
        buf_add_str(piece, buf_str(&f.body));
    } else if (!e && f.type == NET_HEAD && net_head_read(buf_str(&f.body), head)) {
        *part = NET_PART_HEAD;
    } else if (!e && f.type == NET_END && net_end_read(buf_str(&f.body), head)) {
        *part = NET_PART_END;
    } else if (!e) {
        e = ERR_FORMAT;
    }
    if (!e && *part != NET_PART_PIECE) {
        head->memory = f.body;
        f.body = BUF_INIT(0);
    }
    if (f.body.len)
        mem_wipe(f.body.ptr, f.body.len);
    frame_release(&f);
    return e;
}

void exec_net_init(struct exec_net *x, int sock)
{
    *x = (struct exec_net){.host = {.ctx = x, .open = open, .send = send, .read = read},
                           .sock = sock};
}

void exec_net_begin(struct exec_net *x, uint64_t run)
{
    x->run = run;
}
