/* host_rpc.c — see host_rpc.h. */
#include "guest/host_rpc.h"

#include "guest/rpc_ask.h"

#define PARAMS_MAX (8u << 20) /* of the largest arguments, in base64 or with escapes */

void host_rpc_init(struct host_rpc *h, struct rpc *rpc, bool read_only)
{
    *h = (struct host_rpc){.rpc = rpc, .read_only = read_only};
}

enum err host_rpc_fault(const struct host_rpc *h, enum err e, struct buf *why)
{
    if (e == ERR_TOO_BIG && rpc_fault(h->rpc) == RPC_NO_ANSWER)
        return err_put(why, e, "the node's answer has more bytes than a run may take");
    if (rpc_fault(h->rpc) == RPC_NO_ANSWER)
        return err_put(why, e, "the node did not answer%s",
                       e == ERR_TIMEOUT ? " in time" : "; try again");
    return e;
}

/* Failures of a query come inside a result. */
static enum err inner_fault(struct json result, struct buf *why)
{
    struct json error = json_get(result, "error");
    struct buf text = BUF_INIT(HOST_ERROR_MAX);
    enum err e = ERR_OK;

    if (json_type(error) == JSON_STRING)
        e = err_put(why, ERR_DENIED, "%s",
                    json_str(error, &text) ? buf_z(&text) : "the node refused");
    buf_release(&text);
    return e;
}

static enum err ask(struct host_rpc *h, const struct host_call *c, struct buf *out, struct buf *why)
{
    uint64_t left = HOST_RPC_RUN_MAX - h->bytes;
    struct buf params = BUF_INIT(PARAMS_MAX), answer;
    struct json result = JSON_NONE;
    struct rpc_ask q;
    enum err e = rpc_ask_make(c, &q, &params, why);

    answer = BUF_INIT(left < HOST_RPC_ANSWER_MAX ? left : HOST_RPC_ANSWER_MAX);
    if (!e && q.transaction && h->read_only)
        e = err_put(why, ERR_DENIED, "this worker sends no transactions of guests");
    else if (!e)
        e = host_rpc_fault(
            h, rpc_call(h->rpc, q.method, buf_str(&params), q.timeout_ms, &answer, &result, why),
            why);
    h->bytes += answer.len;
    if (!e)
        e = inner_fault(result, why);
    if (!e && c->fn == &host_faces[HOST_RPC].fns[HOST_RPC_VIEW]) {
        if (!rpc_bytes_get(json_get(result, "result"), out))
            e = err_put(why, ERR_UPSTREAM, "the node's answer is malformed");
        else if (!str_is_utf8(buf_str(out)))
            e = err_put(why, ERR_FORMAT, "what the method returned is not UTF-8");
    } else if (!e) {
        buf_add_str(out, buf_str(&answer));
    }
    buf_wipe(&params);
    buf_release(&answer);
    return e;
}

static enum err serve(void *ctx, const struct host_call *c, uint64_t deadline_ms,
                      struct host_reply *out, struct buf *why)
{
    struct host_rpc *h = ctx;
    const struct host_fn *fns = host_faces[HOST_RPC].fns;
    enum err e;

    if (h->bytes >= HOST_RPC_RUN_MAX)
        return err_put(why, ERR_TOO_BIG,
                       "this run has taken %u bytes from the node, which is all it may",
                       HOST_RPC_RUN_MAX);
    rpc_deadline(h->rpc, deadline_ms);
    if (c->fn == &fns[HOST_RPC_CALL] || c->fn == &fns[HOST_RPC_TRANSFER])
        e = host_rpc_transact(h, c, &out->text[0], why);
    else
        e = ask(h, c, &out->text[0], why);
    rpc_deadline(h->rpc, 0);
    return e;
}

struct host_server host_rpc_server(struct host_rpc *h)
{
    return (struct host_server){.serve = serve, .ctx = h};
}
