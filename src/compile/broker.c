/* broker.c — see broker.h. */
#include "compile/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <grp.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "http/addr.h"
#include "proc/frame.h"
#include "proc/net_wall.h"

enum { FRAME_DOOR = 1, FRAME_ASK_REFUSED = 2, FRAME_REFUSED = 3, FRAME_NARROW = 4 };

/* SOCKS 5 replies. */
enum { SOCKS_OK = 0, SOCKS_DENIED = 2, SOCKS_UNREACHABLE = 4, SOCKS_BAD_COMMAND = 7 };

#define PIPE_BYTES  (64u << 10)
#define CONNECT_MS  10000
#define ANSWER_MS   5000
#define HELLO_BYTES 264 /* the longest message a client sends before data flows */

bool broker_allow(struct broker *b, struct str host, unsigned port, enum broker_reach reach)
{
    struct buf name;

    if (b->n == BROKER_ALLOW_MAX || !host.len || host.len > BROKER_HOST_MAX)
        return false;
    name = BUF_OVER(b->allow[b->n].host);
    buf_add_str(&name, host);
    b->allow[b->n].reach = reach;
    b->allow[b->n++].port = port;
    return true;
}

enum conn_state { HELLO, ASKED, OPEN };
struct pipe_half {
    uint8_t *room; /* PIPE_BYTES */
    size_t from, to;
    bool ended; /* nothing more comes */
    bool told;  /* and the other side knows */
};
struct conn {
    int in, out; /* the build's side, the server's */
    enum conn_state state;
    struct pipe_half up, down;
};

struct proxy {
    const struct broker *list;
    int door;
    bool narrow; /* only what the operator chose */
    struct conn conn[BROKER_CONNS_MAX];
    size_t n;
    uint64_t bytes;
    char refused_room[BROKER_REFUSED_MAX + 1];
    struct buf refused;
};

bool broker_reaches(enum broker_reach reach, const struct sockaddr *sa)
{
    switch (reach) {
    case BROKER_PUBLIC:
        return addr_kind(sa) == ADDR_PUBLIC;
    case BROKER_OPERATOR:
        return !addr_is_near(sa);
    case BROKER_LOOPBACK:
        return addr_kind(sa) == ADDR_LOOPBACK;
    }
    return false;
}

/* NULL: not on the list, or not any more. */
static const struct broker_target *allowed(const struct proxy *p, struct str host, unsigned port)
{
    for (size_t i = 0; i < p->list->n; i++) {
        const struct broker_target *t = &p->list->allow[i];

        if (t->port == port && str_eqz(host, t->host) &&
            (!p->narrow || t->reach == BROKER_OPERATOR))
            return t;
    }
    return NULL;
}

static void note_refused(struct proxy *p, struct str host, unsigned port)
{
    char room[BROKER_HOST_MAX + 16];
    struct buf name = BUF_OVER(room);

    for (size_t i = 0; i < host.len; i++)
        buf_add_byte(&name, host.ptr[i] > ' ' && host.ptr[i] < 0x7f ? (uint8_t)host.ptr[i] : '?');
    buf_addf(&name, ":%u", port);
    for (struct str rest = buf_str(&p->refused), one; rest.len;) {
        rest = str_cut(rest, ' ', &one);
        if (str_eq(one, buf_str(&name)))
            return;
    }
    if (p->refused.len)
        buf_addz(&p->refused, " ");
    buf_add_str(&p->refused, buf_str(&name));
}

/* A connected socket, or -1. One bad address spoils the name. */
static int dial(const struct broker_target *t, bool *refused)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    char service[8];
    struct addrinfo *list;
    int fd = -1;

    *refused = false;
    snprintf(service, sizeof(service), "%u", t->port);
    if (getaddrinfo(t->host, service, &hints, &list))
        return -1;
    for (struct addrinfo *a = list; a; a = a->ai_next)
        *refused = *refused || !broker_reaches(t->reach, a->ai_addr);
    for (struct addrinfo *a = list; a && fd < 0 && !*refused; a = a->ai_next) {
        struct pollfd w = {.events = POLLOUT};
        int fault = 0;
        socklen_t size = sizeof(fault);

        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
        if (fd < 0)
            continue;
        w.fd = fd;
        if ((connect(fd, a->ai_addr, a->ai_addrlen) && errno != EINPROGRESS) ||
            poll(&w, 1, CONNECT_MS) != 1 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) ||
            fault)
            fd_close(&fd);
    }
    freeaddrinfo(list);
    return fd;
}

static void half_release(struct pipe_half *h)
{
    mem_free(h->room);
    *h = (struct pipe_half){0};
}

static void conn_close(struct conn *c)
{
    fd_close(&c->in);
    fd_close(&c->out);
    half_release(&c->up);
    half_release(&c->down);
}

static bool reply(struct conn *c, uint8_t code)
{
    const uint8_t text[10] = {5, code, 0, 1};

    return send(c->in, text, sizeof(text), MSG_NOSIGNAL) == (ssize_t)sizeof(text);
}

/* The request is whole: connect, or say why not. false: close. */
static bool request(struct proxy *p, struct conn *c, const uint8_t *m, size_t host_at,
                    size_t host_len)
{
    char room[BROKER_HOST_MAX + 1];
    struct buf text = BUF_OVER(room);
    unsigned port = (unsigned)m[host_at + host_len] << 8 | m[host_at + host_len + 1];
    const struct broker_target *target;
    bool refused = false;
    struct str host;

    if (m[3] == 1)
        buf_addf(&text, "%u.%u.%u.%u", m[4], m[5], m[6], m[7]);
    else if (m[3] == 3)
        buf_add(&text, m + host_at, host_len);
    host = buf_str(&text);
    if (m[1] != 1) {
        (void)reply(c, SOCKS_BAD_COMMAND);
        return false;
    }
    target = allowed(p, host, port);
    if (target)
        c->out = dial(target, &refused);
    if (!target || refused) {
        note_refused(p, host, port);
        (void)reply(c, SOCKS_DENIED);
        return false;
    }
    if (c->out < 0) {
        (void)reply(c, SOCKS_UNREACHABLE);
        return false;
    }
    c->state = OPEN;
    c->up = (struct pipe_half){.room = mem_alloc(PIPE_BYTES)};
    c->down = (struct pipe_half){.room = mem_alloc(PIPE_BYTES)};
    return reply(c, SOCKS_OK);
}

/* Before data flows. Messages are small and come whole from every client there is; one that comes
 * in pieces is looked at again when more is there. false: close. */
static bool talk(struct proxy *p, struct conn *c)
{
    uint8_t m[HELLO_BYTES];
    ssize_t got = recv(c->in, m, sizeof(m), MSG_PEEK | MSG_DONTWAIT);
    size_t n = got > 0 ? (size_t)got : 0, need, host_at = 4, host_len = 0;

    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    if (m[0] != 5)
        return false;
    if (c->state == HELLO) {
        static const uint8_t no_login[2] = {5, 0};

        need = n < 2 ? 2 : 2u + m[1];
        if (n < need)
            return true;
        c->state = ASKED;
        return recv(c->in, m, need, 0) == (ssize_t)need &&
               send(c->in, no_login, sizeof(no_login), MSG_NOSIGNAL) == 2;
    }
    if (n < 5)
        return true;
    if (m[3] == 3) {
        host_at = 5;
        host_len = m[4];
    } else if (m[3] == 1 || m[3] == 4) {
        host_len = m[3] == 1 ? 4 : 16;
    } else {
        return false;
    }
    need = host_at + host_len + 2;
    if (n < need)
        return true;
    return recv(c->in, m, need, 0) == (ssize_t)need && request(p, c, m, host_at, host_len);
}

/* Move what can be moved one way. false: broken. */
static bool pump(struct proxy *p, struct pipe_half *h, int from, int to, short from_ready)
{
    if (!h->ended && h->to < PIPE_BYTES && (from_ready & (POLLIN | POLLHUP | POLLERR))) {
        ssize_t n = recv(from, h->room + h->to, PIPE_BYTES - h->to, MSG_DONTWAIT);

        if (n > 0) {
            h->to += (size_t)n;
            p->bytes += (uint64_t)n;
        } else if (n == 0) {
            h->ended = true;
        } else if (errno != EAGAIN && errno != EINTR) {
            return false;
        }
    }
    if (h->to > h->from) {
        ssize_t n = send(to, h->room + h->from, h->to - h->from, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n > 0)
            h->from += (size_t)n;
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (h->from == h->to)
            h->from = h->to = 0;
    }
    if (h->ended && !h->told && h->from == h->to) {
        h->told = true;
        shutdown(to, SHUT_WR);
    }
    return true;
}

static bool conn_step(struct proxy *p, struct conn *c, short in_ready, short out_ready)
{
    if (c->state != OPEN)
        return !in_ready || talk(p, c);
    return pump(p, &c->up, c->in, c->out, in_ready) &&
           pump(p, &c->down, c->out, c->in, out_ready) && !(c->up.told && c->down.told) &&
           p->bytes <= BROKER_BYTES_MAX;
}

/* The build's process speaks: here is the door; serve registries only; what did you refuse? false:
 * it has gone. */
static bool order(struct proxy *p, int sock)
{
    struct frame f = FRAME_INIT(16);
    bool ok = frame_recv(sock, &f, clock_mono_ms() + ANSWER_MS, NULL) == ERR_OK;

    if (ok && f.type == FRAME_DOOR && f.nfds == 1 && p->door < 0) {
        p->door = f.fds[0];
        f.fds[0] = -1;
        fcntl(p->door, F_SETFL, O_NONBLOCK);
    } else if (ok && f.type == FRAME_NARROW) {
        p->narrow = true;
        while (p->n)
            conn_close(&p->conn[--p->n]);
    } else if (ok && f.type == FRAME_ASK_REFUSED) {
        ok = frame_send(sock, FRAME_REFUSED, buf_str(&p->refused), NULL, 0,
                        clock_mono_ms() + ANSWER_MS, NULL) == ERR_OK;
        buf_clear(&p->refused);
    } else {
        ok = false;
    }
    frame_release(&f);
    return ok;
}

static void wants(const struct conn *c, struct pollfd *in, struct pollfd *out)
{
    *in = (struct pollfd){.fd = c->in, .events = POLLIN};
    *out = (struct pollfd){.fd = c->out};
    if (c->state != OPEN)
        return;
    in->events = (short)((!c->up.ended && c->up.to < PIPE_BYTES ? POLLIN : 0) |
                         (c->down.to > c->down.from ? POLLOUT : 0));
    out->events = (short)((!c->down.ended && c->down.to < PIPE_BYTES ? POLLIN : 0) |
                          (c->up.to > c->up.from ? POLLOUT : 0));
    /* Nothing to wait for on a side that has ended: not even its hanging up. */
    if (!in->events)
        in->fd = -1;
    if (!out->events)
        out->fd = -1;
}

NORETURN static void serve(const struct broker *list, int sock)
{
    static struct proxy p;
    static struct pollfd fds[2 + 2 * BROKER_CONNS_MAX];

    p.list = list;
    p.door = -1;
    p.refused = BUF_OVER(p.refused_room);
    for (;;) {
        fds[0] = (struct pollfd){.fd = sock, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = p.n < BROKER_CONNS_MAX ? p.door : -1, .events = POLLIN};
        for (size_t i = 0; i < p.n; i++)
            wants(&p.conn[i], &fds[2 + 2 * i], &fds[3 + 2 * i]);
        if (poll(fds, 2 + 2 * p.n, -1) < 0 && errno != EINTR)
            _exit(1);
        if (fds[0].revents && !order(&p, sock))
            _exit(0);
        for (size_t i = p.n; i-- > 0;) {
            if (conn_step(&p, &p.conn[i], fds[2 + 2 * i].revents, fds[3 + 2 * i].revents))
                continue;
            conn_close(&p.conn[i]);
            p.conn[i] = p.conn[--p.n];
        }
        if (fds[1].revents) {
            int fd = accept4(p.door, NULL, NULL, SOCK_CLOEXEC);

            if (fd >= 0)
                p.conn[p.n++] = (struct conn){.in = fd, .out = -1, .state = HELLO};
        }
    }
}

enum err broker_start(struct broker *b, uid_t uid, gid_t gid, struct buf *why)
{
    static const struct net_wall wall = {.descriptors = 2 * BROKER_CONNS_MAX + 32};
    int pair[2];
    pid_t parent = getpid();

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return err_sys(why, "cannot make a channel to the broker");
    b->pid = fork();
    if (b->pid < 0) {
        close(pair[0]);
        close(pair[1]);
        return err_sys(why, "cannot start the broker");
    }
    if (b->pid == 0) {
        int sock = fcntl(pair[1], F_DUPFD_CLOEXEC, 3);

        /* The channel, stderr, and nothing of what the worker gave us. */
        dup2(sock, 3);
        close_range(4, ~0u, 0);
        if (geteuid() == 0 && uid != 0 &&
            (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)))
            _exit(1);
        prctl(PR_SET_DUMPABLE, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        signal(SIGPIPE, SIG_IGN);
        if (net_wall_enter(&wall, NULL))
            _exit(1);
        serve(b, 3);
    }
    close(pair[1]);
    b->sock = pair[0];
    return ERR_OK;
}

enum err broker_open(struct broker *b, int door, struct buf *why)
{
    return frame_send(b->sock, FRAME_DOOR, STR_NONE, &door, 1, clock_mono_ms() + ANSWER_MS, why);
}

enum err broker_narrow(struct broker *b, struct buf *why)
{
    return frame_send(b->sock, FRAME_NARROW, STR_NONE, NULL, 0, clock_mono_ms() + ANSWER_MS, why);
}

void broker_refused(struct broker *b, struct buf *out)
{
    struct frame f = FRAME_INIT(BROKER_REFUSED_MAX);
    uint64_t deadline = clock_mono_ms() + ANSWER_MS + CONNECT_MS;

    if (!frame_send(b->sock, FRAME_ASK_REFUSED, STR_NONE, NULL, 0, deadline, NULL) &&
        !frame_recv(b->sock, &f, deadline, NULL) && f.type == FRAME_REFUSED)
        buf_add_str(out, buf_str(&f.body));
    frame_release(&f);
}
