/* frame.c — see frame.h. */
#include "proc/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "codec/wire.h"

#define HEAD 6 /* u32 body length, u16 type */

/* Wait until `sock` is ready for `events` or the deadline has passed. */
static enum err wait_for(int sock, short events, uint64_t deadline_ms, struct buf *why)
{
    for (;;) {
        struct pollfd p = {.fd = sock, .events = events};
        uint64_t now = clock_mono_ms(), left = deadline_ms - now;
        int n;

        if (deadline_ms != FRAME_FOREVER && now >= deadline_ms)
            return err_put(why, ERR_TIMEOUT, "no answer from the other process in time");
        n = poll(&p, 1, deadline_ms == FRAME_FOREVER || left > 1000000 ? 1000000 : (int)left);
        if (n > 0)
            return ERR_OK;
        if (n < 0 && errno != EINTR)
            return err_sys(why, "poll");
    }
}

static enum err peer_error(struct buf *why, const char *what)
{
    if (errno == EPIPE || errno == ECONNRESET)
        return err_put(why, ERR_CLOSED, "the other process has gone");
    return err_sys(why, "%s", what);
}

/* Send all of `iov`; descriptors go with the first byte. */
static enum err send_all(int sock, struct iovec *iov, size_t n, const int *fds, size_t nfds,
                         uint64_t deadline_ms, struct buf *why)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int) * FRAME_FDS_MAX)];
    } control = {0};

    while (n) {
        struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};
        ssize_t sent;

        if (nfds) {
            struct cmsghdr *c;

            m.msg_control = control.space;
            m.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
            c = CMSG_FIRSTHDR(&m);
            c->cmsg_level = SOL_SOCKET;
            c->cmsg_type = SCM_RIGHTS;
            c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
            memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
        }
        sent = sendmsg(sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            enum err e = wait_for(sock, POLLOUT, deadline_ms, why);

            if (e)
                return e;
            continue;
        }
        if (sent < 0)
            return peer_error(why, "send to the other process");
        nfds = 0;
        while (n && (size_t)sent >= iov->iov_len) {
            sent -= (ssize_t)iov->iov_len;
            iov++;
            n--;
        }
        if (n) {
            iov->iov_base = (char *)iov->iov_base + sent;
            iov->iov_len -= (size_t)sent;
        }
    }
    return ERR_OK;
}

enum err frame_send(int sock, uint16_t type, struct str body, const int *fds, size_t nfds,
                    uint64_t deadline_ms, struct buf *why)
{
    char head[HEAD + 1];
    struct buf h = BUF_OVER(head);
    struct iovec iov[2];

    BUG_ON(nfds > FRAME_FDS_MAX || body.len > UINT32_MAX);
    wr_u32(&h, (uint32_t)body.len);
    wr_u16(&h, type);
    iov[0] = (struct iovec){head, HEAD};
    iov[1] = (struct iovec){(void *)(uintptr_t)body.ptr, body.len};
    return send_all(sock, iov, body.len ? 2 : 1, fds, nfds, deadline_ms, why);
}

/* Keep the descriptors of one message; too many are closed and reported. */
static enum err take_fds(struct msghdr *m, struct frame *f, struct buf *why)
{
    enum err e = ERR_OK;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        size_t n;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
            if (f->nfds < FRAME_FDS_MAX) {
                f->fds[f->nfds++] = fd;
            } else {
                close(fd);
                e = err_put(why, ERR_FORMAT, "a message with more than %d descriptors",
                            FRAME_FDS_MAX);
            }
        }
    }
    if (m->msg_flags & MSG_CTRUNC)
        e = err_put(why, ERR_FORMAT, "a message with more descriptors than fit");
    return e;
}

static enum err recv_all(int sock, char *to, size_t n, struct frame *f, uint64_t deadline_ms,
                         struct buf *why)
{
    while (n) {
        union {
            struct cmsghdr align;
            char space[CMSG_SPACE(sizeof(int) * FRAME_FDS_MAX)];
        } control;
        struct iovec iov = {to, n};
        struct msghdr m = {.msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = control.space,
                           .msg_controllen = sizeof(control.space)};
        ssize_t got = recvmsg(sock, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        enum err e;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            e = wait_for(sock, POLLIN, deadline_ms, why);
            if (e)
                return e;
            continue;
        }
        if (got < 0)
            return peer_error(why, "receive from the other process");
        if (got == 0)
            return err_put(why, ERR_CLOSED, "the other process has gone");
        e = take_fds(&m, f, why);
        if (e)
            return e;
        to += got;
        n -= (size_t)got;
    }
    return ERR_OK;
}

enum err frame_recv(int sock, struct frame *f, uint64_t deadline_ms, struct buf *why)
{
    char head[HEAD];
    struct rd r;
    uint32_t len;
    char *to;
    enum err e;

    buf_clear(&f->body);
    e = recv_all(sock, head, HEAD, f, deadline_ms, why);
    if (e)
        return e;
    r = rd_over(str_from(head, HEAD));
    len = rd_u32(&r);
    f->type = rd_u16(&r);
    to = len > f->body.max ? NULL : buf_room(&f->body, len);
    if (!to)
        return err_put(why, ERR_FORMAT, "a message of %u bytes, more than the %zu allowed", len,
                       f->body.max);
    return recv_all(sock, to, len, f, deadline_ms, why);
}

void frame_release(struct frame *f)
{
    for (size_t i = 0; i < FRAME_FDS_MAX; i++)
        fd_close(&f->fds[i]);
    f->nfds = 0;
    buf_release(&f->body);
}
