#include "cli/attestation_chain.h"

#include "near/event.h"
#include "near/outcome.h"
#include "near/rpc.h"

#define VIEW_MAX (256u << 10)

/* Walks the events of receipts that one contract executed, without failing. */
struct events {
    struct json_iter receipt, log;
    struct json outcome, here;
    struct str contract;
};

static struct events events_of(struct json result, struct str contract)
{
    return (struct events){.receipt = json_iter(json_get(result, "receipts_outcome")),
                           .log = json_iter(JSON_NONE),
                           .contract = contract};
}

/* The next event named `name`; its text lives in `a`. */
static bool next_event(struct events *e, const char *name, struct arena *a, struct json *data)
{
    for (;;) {
        while (json_next(&e->log)) {
            struct buf text = BUF_INIT(EVENT_LOG_MAX);
            struct event ev;
            bool ok = json_str(e->log.value, &text) && !text.full;
            struct str kept = ok ? arena_str(a, buf_str(&text)) : STR_NONE;

            buf_release(&text);
            if (ok && !event_parse(kept, &ev, NULL) && str_eqz(ev.name, name)) {
                *data = json_at(ev.data, 0);
                return true;
            }
        }
        if (!json_next(&e->receipt))
            return false;
        e->here = e->receipt.value;
        e->outcome = json_get(e->here, "outcome");
        if (json_str_eq(json_get(e->outcome, "executor_id"), e->contract) &&
            json_is_null(json_get(json_get(e->outcome, "status"), "Failure")))
            e->log = json_iter(json_get(e->outcome, "logs"));
    }
}

/* The second in which the receipt of the last event ran. */
static enum err time_of(struct rpc *rpc, const struct events *e, int64_t *out, struct buf *why)
{
    struct rpc_block block;
    struct hash256 hash;
    struct str text;
    enum err err;

    if (!json_plain(json_get(e->here, "block_hash"), &text) || !hash_from_base58(text, &hash))
        return err_put(why, ERR_UPSTREAM, "the node does not say in which block it was asked");
    err = rpc_block_of_hash(rpc, &hash, &block, why);
    if (!err)
        *out = (int64_t)(block.timestamp_ns / 1000000000);
    return err;
}

/* Who asked what, by the transaction that the statement names. */
static enum err find_request(struct rpc *rpc, const struct chain_opts *o, const struct statement *s,
                             struct arena *a, struct bundle_expect *x, struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX), text = BUF_INIT(EVENT_LOG_MAX);
    struct json result, data, request;
    struct events walk;
    uint64_t id;
    enum err e = rpc_tx(rpc, &s->chain.tx_hash, s->caller, TX_WAIT_NONE, &answer, &result, why);

    if (e && rpc_fault(rpc) == RPC_UNKNOWN_TX)
        e = err_put(why, ERR_ABSENT, "the chain has no such transaction as the statement names");
    walk = e ? (struct events){.contract = STR_NONE} : events_of(result, o->contract);
    while (!e && next_event(&walk, "execution_requested", a, &data)) {
        buf_clear(&text);
        if (!json_str(json_get(data, "request_data"), &text) ||
            !json_parse(arena_str(a, buf_str(&text)), &request, NULL) ||
            !json_u64(json_get(request, "request_id"), &id))
            continue;
        /* The one that is answered, else any: then it answers another request. */
        if (x->has_request && id != s->chain.request_id)
            continue;
        x->has_request = true;
        x->request_id = id;
        if (!json_plain(json_get(request, "sender_id"), &x->caller))
            x->caller = STR_NONE;
        else
            x->caller = arena_str(a, x->caller);
        if (!x->has_time) {
            e = time_of(rpc, &walk, &x->at, why);
            x->has_time = !e;
        }
        if (id == s->chain.request_id)
            break;
    }
    buf_release(&answer);
    buf_release(&text);
    return e;
}

static enum err find_approved(struct rpc *rpc, const struct chain_opts *o, struct arena *a,
                              struct bundle_expect *x, struct buf *why)
{
    struct approved_list *list = arena_new(a, struct approved_list);
    struct buf text = BUF_INIT(VIEW_MAX);
    enum err e = rpc_view_call(rpc, o->reg, "get_approved_measurements", STR("{}"), &text, why);

    if (!e)
        e = approved_read(buf_str(&text), a, list, why);
    if (!e)
        x->approved = list;
    buf_release(&text);
    return e;
}

/* The root in the register's event, of the batch that holds the statement. */
static enum err find_root(struct rpc *rpc, const struct chain_opts *o, const struct bundle *b,
                          const struct statement *s, struct arena *a, struct bundle_expect *x,
                          struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX);
    struct hash256 tx, session;
    struct json result, data;
    struct events walk;
    uint64_t first, count;
    struct str text;
    enum err e;

    if (!hash_from_base58(b->transaction, &tx))
        return ERR_OK;
    e = rpc_tx(rpc, &tx, o->reg, TX_WAIT_NONE, &answer, &result, why);
    if (e && rpc_fault(rpc) == RPC_UNKNOWN_TX)
        e = err_put(why, ERR_ABSENT, "the chain has no such anchor as the bundle names");
    walk = e ? (struct events){.contract = STR_NONE} : events_of(result, o->reg);
    while (!e && !x->has_root && next_event(&walk, "batch_anchored", a, &data))
        x->has_root = json_plain(json_get(data, "session_id"), &text) &&
                      hash_from_hex(text, &session) && hash_eq(&session, &s->session) &&
                      json_u64(json_get(data, "first_seq"), &first) &&
                      json_u64(json_get(data, "count"), &count) && s->seq >= first &&
                      s->seq - first < count && json_plain(json_get(data, "root"), &text) &&
                      hash_from_hex(text, &x->batch_root);
    buf_release(&answer);
    return e;
}

enum err attestation_chain(const struct chain_opts *o, const struct bundle *b, struct arena *a,
                           struct bundle_expect *x, struct buf *why)
{
    struct rpc *rpc = rpc_new(o->rpc_url);
    struct statement *s = arena_new(a, struct statement);
    enum err e = statement_read(b->statement, s, why);

    if (!e && !x->has_request && s->origin == ORIGIN_CHAIN)
        e = find_request(rpc, o, s, a, x, why);
    if (!e && !x->approved && o->reg.len)
        e = find_approved(rpc, o, a, x, why);
    if (!e && !x->has_root && o->reg.len && b->transaction.ptr)
        e = find_root(rpc, o, b, s, a, x, why);
    rpc_free(rpc);
    return e;
}
