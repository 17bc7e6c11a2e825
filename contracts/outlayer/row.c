/* row.c — the stored form of a pending request, and the set of pending ids. */
#include "outlayer/outlayer.h"
#include "sdk/row.h"

#define ENDED_STEPS 8u

static const struct row_field always[] = {
    ROW(request, data_id),
    ROW(request, signer),
    ROW(request, predecessor),
    ROW(request, payer),
    ROW(request, source.kind),
    ROW(request, source.a),
    ROW(request, source.b),
    ROW(request, source.target),
    ROW(request, limits.instructions),
    ROW(request, limits.memory_mb),
    ROW(request, limits.seconds),
    ROW(request, payment),
    ROW(request, timestamp),
    ROW(request, secrets_account),
    ROW(request, secrets_profile),
    ROW(request, format),
    ROW(request, compile_only),
    ROW(request, force_rebuild),
    ROW(request, store_on_fastfs),
    ROW(request, use_bound_identity),
    ROW(request, input),
    ROW(request, output),
};

/* Only when the source is a project. */
static const struct row_field of_project[] = {
    ROW(request, resolved.kind),   ROW(request, resolved.a),   ROW(request, resolved.b),
    ROW(request, resolved.target), ROW(request, project_uuid), ROW(request, attached_usd),
    ROW(request, priced),          ROW(request, price),        ROW(request, share_bp),
    ROW(request, author),
};

void request_store(const struct request *q)
{
    struct buf b = near_buf();
    row_write(&b, q, always, countof(always));
    if (q->source.kind == SOURCE_PROJECT)
        row_write(&b, q, of_project, countof(of_project));
    near_write_buf(near_key_u64(TAG_REQUEST, q->id), &b);
}

static void parse_row(uint64_t id, struct str row, struct request *q)
{
    struct rd r = rd_over(row);

    *q = (struct request){.id = id};
    row_read(&r, q, always, countof(always));
    if (q->source.kind == SOURCE_PROJECT)
        row_read(&r, q, of_project, countof(of_project));
    else
        q->resolved = q->source;
    state_need(rd_end(&r));
}

bool request_load(uint64_t id, struct request *out)
{
    struct str row;
    if (!near_read(near_key_u64(TAG_REQUEST, id), &row))
        return false;
    parse_row(id, row, out);
    return true;
}

bool request_take(uint64_t id, struct request *out)
{
    struct str row;
    if (!near_take(near_key_u64(TAG_REQUEST, id), &row))
        return false;
    parse_row(id, row, out);
    return true;
}

/*
 * Ids are given out in order and their requests end within minutes, so the pending ones lie
 * between `oldest` and `next_request`; no row has to be kept per request to find them. A call moves
 * `oldest` over at most ENDED_STEPS ended requests; what is left is done by the calls after it.
 */
void request_ended(struct config *c, uint64_t id)
{
    if (id == c->oldest)
        c->oldest++;
    else if (!c->catching_up)
        return;
    c->catching_up = false;
    for (unsigned i = 0; c->oldest < c->next_request; i++) {
        if (near_has(near_key_u64(TAG_REQUEST, c->oldest)))
            return;
        if (i == ENDED_STEPS) {
            c->catching_up = true;
            return;
        }
        c->oldest++;
    }
}
