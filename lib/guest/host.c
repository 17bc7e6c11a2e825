/* host.c — see host.h. */
#include "guest/host.h"

#include <poll.h>

#include "base/clock.h"
#include "base/mem.h"
#include "guest/exec_msg.h"
#include "guest/host_msg.h"
#include "proc/frame.h"

#define GRACE_MS 2000u
#define FAIR_MS  2000u /* for one call to whoever serves it */

void host_desk_init(struct host_desk *d)
{
    *d = (struct host_desk){.message = BUF_INIT(HOST_ANSWER_BODY_MAX)};
    for (size_t i = 0; i < HOST_RESULTS_MAX; i++)
        d->reply.text[i] = BUF_INIT(HOST_TOLD_MAX);
}

void host_desk_begin(struct host_desk *d)
{
    for (size_t i = 0; i < HOST_FACES; i++)
        d->calls[i] = 0;
}

/* Nobody keeps what a call was about; a buffer that grew large is given back. */
static void clear(struct host_desk *d)
{
    buf_wipe(&d->message);
    for (size_t i = 0; i < HOST_RESULTS_MAX; i++) {
        buf_wipe(&d->reply.text[i]);
        d->reply.n[i] = 0;
    }
}

void host_desk_release(struct host_desk *d)
{
    clear(d);
}

uint32_t host_served(const struct host_server *servers)
{
    uint32_t bits = 0;

    for (size_t i = 0; servers && i < HOST_FACES; i++)
        if (servers[i].serve)
            bits |= 1u << i;
    return bits;
}

/* The child's one call is with us: whatever it says now is the end of its run, or its own. */
static bool has_spoken(int sock)
{
    struct pollfd fd = {.fd = sock, .events = POLLIN};

    return poll(&fd, 1, 0) > 0;
}

static void serve(struct host_desk *d, const struct host_call *c, const struct host_server *servers,
                  uint64_t deadline_ms, struct buf *error)
{
    const struct host_face *face = &host_faces[c->fn->face];
    const struct host_server *s = servers ? &servers[c->fn->face] : NULL;
    size_t size = 0;

    if (!s || !s->serve) {
        buf_addf(error, "this run does not have '%s'", face->name);
        return;
    }
    if (d->calls[c->fn->face]++ >= face->calls_max) {
        buf_addf(error, "more than %u calls to '%s' in one run", face->calls_max, face->name);
        return;
    }
    enum err e = s->serve(s->ctx, c, deadline_ms, &d->reply, error);
    if (!e)
        buf_clear(error);
    else if (error->len == 0)
        buf_addz(error, err_text(e));
    for (size_t i = 0; !e && c->fn->results[i]; i++) {
        size += d->reply.text[i].len;
        if (d->reply.text[i].full || size > HOST_TOLD_MAX ||
            (c->fn->results[i] == 's' && !str_is_utf8(buf_str(&d->reply.text[i])))) {
            buf_addf(error, "the answer is no text, or has more than %u bytes", HOST_TOLD_MAX);
            break;
        }
    }
}

enum err host_desk_answer(struct host_desk *d, int sock, struct str body, uint64_t run,
                          const struct host_server *servers, uint64_t deadline_ms, struct buf *why)
{
    struct buf error = BUF_INIT(HOST_ERROR_MAX);
    uint64_t of_run = 0;
    struct host_call c;
    enum err e = ERR_OK;

    if (!host_call_read(body, &of_run, &c) || of_run != run)
        return err_put(why, ERR_FORMAT, "the exec child's call is malformed");
    serve(d, &c, servers, deadline_ms, &error);
    if (clock_mono_ms() < deadline_ms && !has_spoken(sock)) {
        if (!str_is_utf8(buf_str(&error))) { /* it may quote what somebody else has sent */
            buf_clear(&error);
            buf_addz(&error, "it failed with a message that is no text");
        }
        host_answer_write(&d->message, run, c.fn, buf_str(&error), &d->reply);
        e = frame_send(sock, EXEC_CALL_ANSWER, buf_str(&d->message), NULL, 0,
                       deadline_ms + GRACE_MS, why);
    }
    clear(d);
    buf_wipe(&error);
    return e;
}

bool host_cut_off(uint64_t began_ms, uint64_t deadline_ms)
{
    return clock_mono_ms() >= deadline_ms &&
           (began_ms >= deadline_ms || deadline_ms - began_ms < FAIR_MS);
}
