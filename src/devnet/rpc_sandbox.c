/* rpc_sandbox.c — what only a chain for tests can do: set state, skip heights, go back. */
#include "devnet/rpc_internal.h"

#include "base/mem.h"
#include "devnet/records.h"

#define SANDBOX_WAIT_MS 60000 /* snapshots of large chains take a while */

static enum answer wait_for_ticket(struct call *c)
{
    struct buf why = WHY_INIT;
    enum answer answer = ANSWERED;

    switch (chain_ticket(c->chain, c->mem->ticket, &why)) {
    case TICKET_WAITS:
        answer = call_may_wait(c, SANDBOX_WAIT_MS) ? WAITING : call_timeout(c);
        break;
    case TICKET_FAILED:
        answer = call_handler_text(c, "SANDBOX_ERROR", STR("{}"), "%s", buf_z(&why));
        break;
    case TICKET_DONE:
        json_obj(&c->out);
        json_obj_end(&c->out);
        break;
    }
    buf_release(&why);
    return answer;
}

static void patch(struct call *c, const struct kv *scratch)
{
    struct patch_row *rows = mem_new_n(struct patch_row, kv_count(scratch));
    struct kv_iter it = kv_walk(scratch, STR(""));
    size_t n = 0;

    while (kv_next(&it))
        rows[n++] = (struct patch_row){it.key, it.value};
    c->mem->ticket = chain_patch(c->chain, rows, n);
    mem_free(rows);
}

enum answer rpc_patch_state(struct call *c)
{
    struct kv *scratch;
    struct buf why = WHY_INIT;
    enum answer answer;

    if (c->mem->ticket)
        return wait_for_ticket(c);
    scratch = kv_new();
    if (records_put(call_param(c, "records", 0), chain_params(c->chain), scratch, &why)) {
        answer = call_parse_error(c, call_json(c, "Failed parsing args: %s", buf_z(&why)));
    } else {
        patch(c, scratch);
        answer = wait_for_ticket(c);
    }
    kv_free(scratch);
    buf_release(&why);
    return answer;
}

enum answer rpc_fast_forward(struct call *c)
{
    uint64_t n;

    if (c->mem->ticket)
        return wait_for_ticket(c);
    if (!json_u64(call_param(c, "delta_height", 0), &n) || n > FORWARD_BLOCKS_MAX)
        return call_parse_error(c, STR("Failed parsing args: invalid `delta_height`"));
    if (n == 0) {
        json_obj(&c->out);
        json_obj_end(&c->out);
        return ANSWERED;
    }
    /* The next block stands one above the head anyway. */
    c->mem->ticket = chain_forward(c->chain, n - 1);
    return wait_for_ticket(c);
}

/* ------------------------------------------------------------------ snapshots */

static enum answer snapshot(struct call *c, bool save)
{
    struct str name;

    if (c->mem->ticket)
        return wait_for_ticket(c);
    if (!call_text(c, "name", 0, &name) || !snapshot_name_valid(name))
        return call_parse_error(c,
                                STR("Failed parsing args: `name` must be 1 to 64 of a-z 0-9 - _"));
    c->mem->ticket = chain_snapshot(c->chain, name, save);
    return wait_for_ticket(c);
}

enum answer rpc_snapshot_save(struct call *c)
{
    return snapshot(c, true);
}

enum answer rpc_snapshot_load(struct call *c)
{
    return snapshot(c, false);
}
