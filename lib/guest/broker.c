/* broker.c — see broker.h. */
#include "guest/broker.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "guest/exec_msg.h"
#include "guest/net_msg.h"

#define GRACE_MS 2000u /* over the request's own time */

void broker_init(struct broker *b, const char *path)
{
    *b = (struct broker){.path = path,
                         .child = CHILD_NONE,
                         .told = FRAME_INIT(NET_TOLD_MAX),
                         .message = BUF_INIT(NET_TOLD_MAX)};
}

void broker_end(struct broker *b)
{
    child_kill(&b->child);
}

void broker_release(struct broker *b)
{
    broker_end(b);
    if (b->told.body.len)
        mem_wipe(b->told.body.ptr, b->told.body.len);
    frame_release(&b->told);
    buf_wipe(&b->message);
}

void broker_begin(struct broker *b)
{
    b->requests = 0;
    b->bytes = 0;
}

static enum err start(struct broker *b, struct buf *why)
{
    const char *argv[] = {"outlayer-fetch", "http", NULL};
    const struct spawn s = {
        .path = b->path, .argv = argv, .in = -1, .out = -1, .err = 2, .socket = true};

    if (b->child.pid && child_wait(&b->child, 0, NULL))
        broker_end(b);
    return b->child.pid ? ERR_OK : spawn_start(&s, &b->child, why);
}

/* NULL when there is no room: more attempts than are told. */
static struct net_attempt *write_down(struct run_result *r, struct str host)
{
    struct net_attempt *a;

    if (!r->attempts)
        r->attempts = mem_new_n(struct net_attempt, NET_ATTEMPTS_MAX);
    if (r->nattempts == NET_ATTEMPTS_MAX)
        return NULL;
    a = &r->attempts[r->nattempts++];
    memcpy(a->host, host.ptr, host.len); /* shorter: net_host() */
    return a;
}

static bool same_host(struct str a, struct str b)
{
    if (str_ends(b, STR(".")))
        b.len--;
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        char x = a.ptr[i], y = b.ptr[i];
        x = x >= 'A' && x <= 'Z' ? (char)(x + 32) : x;
        y = y >= 'A' && y <= 'Z' ? (char)(y + 32) : y;
        if (x != y)
            return false;
    }
    return true;
}

/* NET_NONE: the host may be asked; else `text` says by which setting it would be. */
static enum net_error decide(const struct broker *b, const struct net_policy *p, struct str host,
                             struct buf *text)
{
    if (!p) {
        buf_addz(text, "this run has no network");
        return NET_DENIED;
    }
    if (b->requests > p->requests_max) {
        buf_addf(text, "more than %u requests in one run", p->requests_max);
        return NET_LIMIT;
    }
    if (b->bytes >= p->bytes_max) {
        buf_addf(text, "more than %llu bytes in one run", (unsigned long long)p->bytes_max);
        return NET_LIMIT;
    }
    for (size_t i = 0; i < p->nhosts; i++)
        if (same_host(host, p->hosts[i]))
            return NET_NONE;
    if (!p->hosts)
        return NET_NONE;
    buf_addf(text, "this host is not among the allowed ones; allow it with --allow-host %.*s",
             STR_ARG(host));
    return NET_DENIED;
}

/* Wait for the broker; the child may end its run first. True: there is an answer. */
static bool await(struct broker *b, int sock, uint64_t deadline_ms)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = b->child.sock, .events = POLLIN},
                                {.fd = sock, .events = POLLIN}};
        uint64_t now = clock_mono_ms();
        if (now >= deadline_ms)
            return false;
        if (poll(fds, 2, (int)(deadline_ms - now)) <= 0)
            continue;
        if (fds[0].revents)
            return true;
        if (fds[1].revents) /* its one request is with us: this is the end of its run, or its own */
            return false;
    }
}

/* Let the broker make the request. False: the run is over, or its time. */
static bool make(struct broker *b, int sock, const struct net_policy *p,
                 const struct net_request *q, uint64_t deadline_ms, struct net_told *told)
{
    struct net_ask ask = {.loopback = p->loopback, .request = *q};
    uint64_t left = p->bytes_max - b->bytes, now = clock_mono_ms(), until;

    ask.timeout_ms = p->timeout_ms;
    if (q->timeout_ms && q->timeout_ms < ask.timeout_ms)
        ask.timeout_ms = q->timeout_ms;
    ask.max_bytes = left < NET_RECEIVE_MAX ? (uint32_t)left : NET_RECEIVE_MAX;
    until = now + ask.timeout_ms + GRACE_MS;
    buf_clear(&b->message);
    net_ask_write(&b->message, &ask);
    told->response.error = NET_INTERNAL;
    told->response.text = STR("the process that makes requests does not work; try again");
    if (start(b, NULL) || frame_send(b->child.sock, NET_ASK, buf_str(&b->message), NULL, 0,
                                     until < deadline_ms ? until : deadline_ms, NULL)) {
        broker_end(b);
        return true;
    }
    if (!await(b, sock, until < deadline_ms ? until : deadline_ms)) {
        broker_end(b);
        if (until > deadline_ms || clock_mono_ms() < until)
            return false;
        told->response.error = NET_READ_TIMEOUT; /* hung, in the resolver for instance */
        told->response.text = STR("no answer in time");
        told->time_ms = ask.timeout_ms;
        return true;
    }
    if (frame_recv(b->child.sock, &b->told, clock_mono_ms() + GRACE_MS, NULL) ||
        b->told.type != NET_TOLD || b->told.nfds || !net_told_read(buf_str(&b->told.body), told)) {
        broker_end(b);
        *told = (struct net_told){
            .response = {.error = NET_INTERNAL, .text = STR("the answer was not understood")}};
    }
    return true;
}

enum err broker_answer(struct broker *b, int sock, struct str body, uint64_t run,
                       const struct net_policy *policy, uint64_t deadline_ms,
                       struct run_result *result, struct buf *why)
{
    static const struct net_told nothing;
    struct net_field fields[NET_FIELDS_MAX];
    struct net_request q;
    struct net_told *told = mem_new(struct net_told);
    struct buf text = BUF_INIT(NET_TEXT_MAX);
    struct net_attempt *a;
    struct str host = STR_NONE;
    uint64_t of_run = 0;
    uint32_t id = 0;
    bool going = true;
    enum err e = ERR_OK;

    *told = nothing;
    if (!net_request_read(body, &of_run, &id, &q, fields) || of_run != run ||
        !net_host(q.authority, &host)) {
        e = err_put(why, ERR_FORMAT, "the exec child's request is malformed");
        goto out;
    }
    b->requests++;
    result->requests++;
    a = write_down(result, host);
    told->response.error = decide(b, policy, host, &text);
    told->response.text = buf_str(&text);
    if (told->response.error == NET_NONE)
        going = make(b, sock, policy, &q, deadline_ms, told);
    b->bytes += told->sent + told->received;
    if (a) {
        a->error = told->response.error;
        a->status = told->response.status;
        a->port = told->port;
        a->sent = told->sent;
        a->received = told->received;
        a->time_ms = told->time_ms;
        memcpy(a->address, told->address.ptr ? told->address.ptr : "", told->address.len);
        if (a->error) {
            struct str said = utf8_head(told->response.text, sizeof(a->text) - 1);
            memcpy(a->text, said.ptr ? said.ptr : "", said.len);
        }
    }
    if (!going)
        goto out;
    buf_clear(&b->message);
    net_response_write(&b->message, run, id, &told->response);
    e = frame_send(sock, EXEC_HTTP_ANSWER, buf_str(&b->message), NULL, 0, deadline_ms + GRACE_MS,
                   why);
out:
    if (b->message.len)
        mem_wipe(b->message.ptr, b->message.len);
    if (b->told.body.len)
        mem_wipe(b->told.body.ptr, b->told.body.len);
    buf_release(&text);
    mem_free(told);
    return e;
}
