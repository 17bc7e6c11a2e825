/* broker.c — see broker.h. */
#include "guest/broker.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "guest/exec_msg.h"
#include "guest/net_msg.h"

#define SEND_MS   10000u
#define FINISH_MS 300u /* for the broker to notice that nobody reads any more */

void broker_init(struct broker *b, const char *path)
{
    *b = (struct broker){.path = path,
                         .child = CHILD_NONE,
                         .told = FRAME_INIT(NET_MESSAGE_MAX),
                         .message = BUF_INIT(NET_MESSAGE_MAX)};
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

void broker_begin(struct broker *b, const struct egress *egress, bool connector)
{
    b->egress = egress;
    b->connector = connector;
    b->requests = b->under_way = 0;
    b->bytes = 0;
    memset(b->open, 0, sizeof(b->open));
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

static enum net_error limit(const struct net_settings *s, const char *setting, uint64_t is,
                            const char *of, struct buf *text)
{
    buf_addf(text, "more than %llu %s", (unsigned long long)is, of);
    if (s && setting)
        buf_addf(text, "; %s sets the limit", setting);
    return NET_LIMIT;
}

/* NET_NONE: the host may be asked; else `text` says why not and by which setting it would be. */
static enum net_error decide(const struct broker *b, const struct net_policy *p, struct str host,
                             struct buf *text)
{
    const struct net_settings *s = p ? p->settings : NULL;
    bool listed = p && !p->hosts;

    if (!p || p->denied) {
        buf_addz(text, "this run has no network");
        if (s && s->none)
            buf_addf(text, " (%s)", s->none);
        return NET_DENIED;
    }
    if (b->requests >= p->requests_max)
        return limit(s, s ? s->requests : NULL, p->requests_max, "requests in one run", text);
    if (b->under_way >= p->at_once_max)
        return limit(s, s ? s->at_once : NULL, p->at_once_max,
                     "requests at a time; wait for one of them first", text);
    if (b->bytes >= p->bytes_max)
        return limit(s, s ? s->bytes : NULL, p->bytes_max, "bytes in one run", text);
    for (size_t i = 0; i < p->nhosts && !listed; i++)
        listed = egress_same_host(host, p->hosts[i]);
    if (!listed) {
        buf_addz(text, "this host is not among the allowed ones");
        if (s && s->hosts)
            buf_addf(text, "; allow it with %s %.*s", s->hosts, STR_ARG(host));
        return NET_DENIED;
    }
    return egress_allows(b->egress, b->connector, host, text) ? NET_NONE : NET_DENIED;
}

/* Room in `a` for a sentence that may be longer. */
static void take_text(struct net_attempt *a, struct str text)
{
    text = utf8_head(text, sizeof(a->text) - 1);
    memcpy(a->text, text.ptr ? text.ptr : "", text.len);
    a->text[text.len] = '\0';
}

/* What the broker tells of requests that are over, as far as it has: waits `ms` for the rest. */
static void collect(struct broker *b, uint64_t run, uint64_t ms, struct run_result *result)
{
    uint64_t until = clock_mono_ms() + ms;

    while (b->under_way) {
        struct pollfd p = {.fd = b->child.sock, .events = POLLIN};
        uint64_t now = clock_mono_ms();
        struct net_told t;

        if (poll(&p, 1, now < until ? (int)(until - now) : 0) <= 0)
            return;
        if (frame_recv(b->child.sock, &b->told, clock_mono_ms() + SEND_MS, NULL) ||
            b->told.type != NET_TOLD || b->told.nfds ||
            !net_told_read(buf_str(&b->told.body), &t) || t.run != run || t.id >= b->requests) {
            broker_end(b);
            b->under_way = 0;
            return;
        }
        b->under_way--;
        b->bytes += t.sent + t.received;
        if (t.id < result->nattempts && b->open[t.id]) {
            struct net_attempt *a = &result->attempts[t.id];

            b->open[t.id] = false;
            a->error = t.error;
            a->status = t.status;
            a->port = t.port;
            a->sent = t.sent;
            a->received = t.received;
            a->time_ms = t.time_ms;
            memcpy(a->address, t.address.ptr ? t.address.ptr : "", t.address.len);
            take_text(a, t.error ? t.text : STR_NONE);
        }
    }
}

/* Hand the request to the broker, with one end of a stream; `*out` is the other. */
static enum err make(struct broker *b, uint64_t run, const struct net_policy *p,
                     const struct net_request *q, int *out)
{
    const struct net_ask ask = {.run = run,
                                .id = b->requests,
                                .timeout_ms = p->timeout_ms,
                                .bytes_max = p->bytes_max,
                                .loopback = p->loopback,
                                .setting = str_of(p->settings ? p->settings->loopback : NULL),
                                .request = *q};
    int ends[2] = {-1, -1};
    enum err e = start(b, NULL);

    if (!e && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        e = ERR_IO;
    if (!e) {
        buf_clear(&b->message);
        net_ask_write(&b->message, &ask);
        e = frame_send(b->child.sock, NET_ASK, buf_str(&b->message), &ends[1], 1,
                       clock_mono_ms() + SEND_MS, NULL);
        mem_wipe(b->message.ptr, b->message.len);
    }
    fd_close(&ends[1]);
    if (e) {
        fd_close(&ends[0]);
        broker_end(b);
    } else {
        *out = ends[0];
    }
    return e;
}

enum err broker_answer(struct broker *b, int sock, struct str body, uint64_t run,
                       const struct net_policy *policy, struct run_result *result, struct buf *why)
{
    struct net_field fields[NET_FIELDS_MAX];
    struct net_request q;
    struct buf text = BUF_INIT(NET_TEXT_MAX);
    struct net_answer answer = {.timeout_ms = policy ? policy->timeout_ms : 0};
    struct net_attempt *a;
    struct str host = STR_NONE;
    uint64_t of_run = 0;
    int stream = -1;
    enum err e;

    if (!net_request_read(body, &of_run, &q, fields) || of_run != run ||
        !net_host(q.authority, &host))
        return err_put(why, ERR_FORMAT, "the exec child's request is malformed");
    collect(b, run, 0, result);
    a = write_down(result, host);
    answer.error = decide(b, policy, host, &text);
    if (answer.error == NET_NONE && make(b, run, policy, &q, &stream)) {
        answer.error = NET_INTERNAL;
        buf_addz(&text, "the process that makes requests does not work; try again");
    }
    answer.text = buf_str(&text);
    if (a) {
        a->error = answer.error;
        take_text(a, answer.text);
        b->open[b->requests] = answer.error == NET_NONE;
    }
    b->under_way += answer.error == NET_NONE;
    b->requests++;
    result->requests++;
    buf_clear(&b->message);
    net_answer_write(&b->message, run, &answer);
    e = frame_send(sock, EXEC_HTTP_ANSWER, buf_str(&b->message), &stream, stream >= 0,
                   clock_mono_ms() + SEND_MS, why);
    fd_close(&stream);
    buf_release(&text);
    return e;
}

void broker_finish(struct broker *b, uint64_t run, struct run_result *result)
{
    collect(b, run, FINISH_MS, result);
    if (b->under_way) /* it hangs, in the resolver for instance */
        broker_end(b);
    b->under_way = 0;
    for (size_t i = 0; i < result->nattempts; i++)
        if (b->open[i]) {
            result->attempts[i].error = NET_CUT;
            take_text(&result->attempts[i], STR("the run was over before the request was"));
        }
}
