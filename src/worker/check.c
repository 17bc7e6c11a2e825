/* check.c — see check.h. */
#include "worker/check.h"

#include "codec/put.h"

static enum err stored_get(struct rpc *rpc, struct str contract_id, uint64_t id, struct buf *text,
                           struct json *out, struct buf *why)
{
    char room[64];
    struct buf args = BUF_OVER(room);
    enum err e;

    json_obj(&args);
    put_u64(&args, "request_id", id);
    json_obj_end(&args);
    e = rpc_view_call(rpc, contract_id, "get_request", buf_str(&args), text, why);
    if (e)
        return e;
    if (!json_parse(buf_str(text), out, NULL))
        return err_put(why, ERR_UPSTREAM, "what get_request() of '%.*s' returned is not JSON",
                       STR_ARG(contract_id));
    return json_is_null(*out) ? ERR_EMPTY : ERR_OK;
}

enum err check_pending(struct rpc *rpc, struct str contract_id, uint64_t request_id,
                       struct buf *why)
{
    struct buf text = BUF_INIT(REQUEST_TEXT_MAX);
    struct json doc;
    enum err e = stored_get(rpc, contract_id, request_id, &text, &doc, why);

    buf_release(&text);
    return e;
}

static bool limits_eq(const struct resource_limits *a, const struct resource_limits *b)
{
    return a->instructions == b->instructions && a->memory_mb == b->memory_mb &&
           a->seconds == b->seconds;
}

enum err check_same(const struct request *claimed, const struct request *stored, struct buf *why)
{
    const char *differs = NULL;

    if (claimed->id != stored->id)
        differs = "id";
    else if (!code_source_eq(&claimed->source, &stored->source))
        differs = "program";
    else if (!limits_eq(&claimed->limits, &stored->limits))
        differs = "limits";
    else if (claimed->format != stored->format)
        differs = "response format";
    else if (!claimed->input_in_state && !str_eq(claimed->input, stored->input))
        differs = "input";
    else if (!str_eq(claimed->predecessor_id, stored->sender_id))
        differs = "caller";
    else if (stored->signer_id.len && !str_eq(claimed->sender_id, stored->signer_id))
        differs = "signer"; /* secrets are judged for this account */
    else if (!str_eq(claimed->secrets_profile, stored->secrets_profile) ||
             !str_eq(claimed->secrets_account_id, stored->secrets_account_id))
        differs = "secrets";
    else if (claimed->payment != stored->payment || claimed->attached_usd != stored->attached_usd)
        differs = "payment";
    else if (!str_eq(claimed->project_id, stored->project_id) ||
             (stored->project_uuid.ptr && !str_eq(claimed->project_uuid, stored->project_uuid)))
        differs = "project";
    else if (claimed->compile_only != stored->compile_only ||
             claimed->force_rebuild != stored->force_rebuild ||
             claimed->store_on_fastfs != stored->store_on_fastfs)
        differs = "way to be done";
    if (differs)
        return err_put(why, ERR_CONFLICT,
                       "request %llu has another %s on the chain than in the coordinator's job",
                       (unsigned long long)claimed->id, differs);
    return ERR_OK;
}

enum err check_request(struct rpc *rpc, struct str contract_id, const struct request *claimed,
                       uint64_t height, struct arena *a, struct request *out, struct buf *why)
{
    struct buf text = BUF_INIT(REQUEST_TEXT_MAX);
    struct request stored, r = *claimed;
    struct rpc_block head;
    struct json doc;
    enum err e = stored_get(rpc, contract_id, claimed->id, &text, &doc, why);

    if (e == ERR_EMPTY) {
        /* Gone, or not there yet because this node lags behind the one that was listened to. */
        e = rpc_block_final(rpc, &head, why);
        if (!e)
            e = head.height >= height ? ERR_EMPTY
                                      : err_put(why, ERR_BUSY, "the node is behind block %llu",
                                                (unsigned long long)height);
        goto out;
    }
    if (!e && !json_parse(arena_str(a, doc.text), &doc, NULL))
        BUG("a copy of JSON is JSON");
    if (!e)
        e = request_parse_stored(doc, a, &stored, why);
    if (!e)
        e = check_same(claimed, &stored, why);
    if (!e) {
        r.input = stored.input;
        r.input_in_state = false;
        r.project_uuid = stored.project_uuid; /* it opens storage: never the coordinator's word */
        *out = r;
    }
out:
    buf_release(&text);
    return e;
}
