/* gate.c — see gate.h. */
#include "coordinator/gate.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "coordinator/reply.h"
#include "http/line.h"
#include "near/rpc.h"

#define QUEUE_MAX     32
#define HOLD_MS       30000
#define LOOK_MS       1000 /* between two looks at which sessions are due */
#define CHALLENGE_LEN 512

struct gate {
    const char *rpc_url;
    char audience[SESSION_AUDIENCE_MAX + 1];
    struct sessions *sessions;
    struct line *line; /* registrations */
};

struct gate *gate_new(const char *rpc_url, struct str contract_id, struct str register_id,
                      uint64_t recheck_s)
{
    struct gate *g = mem_new(struct gate);
    struct buf audience = BUF_OVER(g->audience);

    buf_addz(&audience, SESSION_COORDINATOR);
    buf_add_str(&audience, contract_id);
    BUG_ON(audience.full);
    g->rpc_url = rpc_url;
    g->sessions = sessions_new(register_id, buf_str(&audience), register_id);
    sessions_recheck_every(g->sessions, recheck_s * 1000);
    g->line = line_new(QUEUE_MAX, HOLD_MS);
    return g;
}

void gate_free(struct gate *g)
{
    if (!g)
        return;
    sessions_free(g->sessions);
    line_free(g->line);
    mem_free(g);
}

bool gate_passes(struct gate *g, struct http_req *r)
{
    struct str id = http_req_header(r, "X-TEE-Session");

    if (id.ptr && sessions_has(g->sessions, id))
        return true;
    reply_error(r, 401,
                id.ptr ? "there is no such session, or it is over; enter one with "
                         "/workers/tee-challenge and /workers/register-tee"
                       : "the bearer token is not enough here: X-TEE-Session is missing; enter a "
                         "session with /workers/tee-challenge and /workers/register-tee");
    return false;
}

void gate_challenge(struct gate *g, struct http_req *r)
{
    struct buf out = BUF_INIT(CHALLENGE_LEN), why = WHY_INIT;
    enum err e = sessions_challenge_write(g->sessions, &out, &why);

    reply_result(r, e, &out, &why);
}

void gate_register(struct gate *g, struct http_req *r)
{
    if (!line_put(g->line, &(struct lined){.r = r}))
        reply_error(r, 503, "too many workers register at once");
}

static void answer(struct gate *g, struct rpc *rpc, struct http_req *r)
{
    struct buf out = BUF_INIT(CHALLENGE_LEN), why = WHY_INIT;
    char id[SESSION_TEXT + 1];
    struct registration claim;
    struct json body;
    enum err e;

    if (!body_object(r, &body))
        return;
    e = registration_read(body, &claim, &why);
    if (!e)
        e = sessions_register(g->sessions, rpc, &claim, id, &why);
    if (e) {
        log_info("session_refused", "error=%s why=%s", err_name(e), buf_z(&why));
        reply_fault(r, e, &why);
    } else {
        session_write(&out, id);
        reply_json(r, 200, &out);
    }
    buf_release(&out);
    buf_release(&why);
}

void *gate_main(void *gate)
{
    struct gate *g = gate;
    struct rpc *rpc = rpc_new(g->rpc_url);
    struct lined w;
    enum err e;

    while ((e = line_take(g->line, LOOK_MS, &w)) != ERR_CLOSED) {
        if (!e)
            answer(g, rpc, w.r);
        sessions_recheck(g->sessions, rpc); /* cheap when none is due */
    }
    rpc_free(rpc);
    return NULL;
}

void gate_stop(struct gate *g)
{
    line_stop(g->line);
}
