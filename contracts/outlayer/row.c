/* row.c — the stored form of a pending request, and the set of pending ids. */
#include "outlayer/outlayer.h"

#define ROW_MAX     NEAR_BYTES_MAX
#define ENDED_STEPS 8u

enum { F_COMPILE_ONLY = 1, F_FORCE = 2, F_FASTFS = 4, F_BOUND = 8, F_SECRETS = 16, F_OUTPUT = 32 };

static void wr_account(struct buf *b, const struct account_id *a)
{
    wr_bytes(b, account_id_str(a));
}

static struct account_id rd_account(struct rd *r)
{
    struct account_id a = {0};
    if (!account_id_parse(rd_bytes(r, ACCOUNT_ID_MAX), &a))
        rd_fail(r);
    return a;
}

void request_store(const struct request *q)
{
    struct buf b = BUF_INIT(ROW_MAX);
    unsigned flags = (q->compile_only ? F_COMPILE_ONLY : 0u) | (q->force_rebuild ? F_FORCE : 0u) |
                     (q->store_on_fastfs ? F_FASTFS : 0u) | (q->use_bound_identity ? F_BOUND : 0u) |
                     (q->has_secrets ? F_SECRETS : 0u) | (q->has_output ? F_OUTPUT : 0u);

    buf_add(&b, q->data_id.b, sizeof(q->data_id.b));
    wr_u8(&b, (uint8_t)flags);
    wr_u8(&b, (uint8_t)q->format);
    wr_account(&b, &q->signer);
    wr_account(&b, &q->predecessor);
    wr_account(&b, &q->payer);
    source_write(&b, &q->source);
    if (q->source.kind == SOURCE_PROJECT) {
        source_write(&b, &q->resolved);
        wr_bytes(&b, q->project_uuid);
        wr_bytes(&b, q->operation);
        wr_u128(&b, q->attached_usd);
    }
    wr_u64(&b, q->limits.instructions);
    wr_u32(&b, q->limits.memory_mb);
    wr_u64(&b, q->limits.seconds);
    wr_u128(&b, q->payment);
    wr_u64(&b, q->timestamp);
    if (q->has_secrets) {
        wr_bytes(&b, q->secrets_profile);
        wr_account(&b, &q->secrets_account);
    }
    wr_bytes(&b, q->input);
    if (q->has_output)
        wr_bytes(&b, q->output);
    near_write_buf(near_key_u64(TAG_REQUEST, q->id), &b);
}

static void parse_row(uint64_t id, struct str row, struct request *q)
{
    struct rd r = rd_over(row);

    *q = (struct request){.id = id};
    rd_copy(&r, q->data_id.b, sizeof(q->data_id.b));
    uint8_t flags = rd_u8(&r);
    uint8_t format = rd_u8(&r);
    if (format > FORMAT_BYTES)
        rd_fail(&r);
    q->format = (enum format)format;
    q->compile_only = flags & F_COMPILE_ONLY;
    q->force_rebuild = flags & F_FORCE;
    q->store_on_fastfs = flags & F_FASTFS;
    q->use_bound_identity = flags & F_BOUND;
    q->has_secrets = flags & F_SECRETS;
    q->has_output = flags & F_OUTPUT;
    q->signer = rd_account(&r);
    q->predecessor = rd_account(&r);
    q->payer = rd_account(&r);
    q->source = source_read(&r);
    q->resolved = q->source;
    if (q->source.kind == SOURCE_PROJECT) {
        q->resolved = source_read(&r);
        q->project_uuid = rd_bytes(&r, ROW_MAX);
        q->operation = rd_bytes(&r, ROW_MAX);
        q->attached_usd = rd_u128(&r);
    }
    q->limits.instructions = rd_u64(&r);
    q->limits.memory_mb = rd_u32(&r);
    q->limits.seconds = rd_u64(&r);
    q->payment = rd_u128(&r);
    q->timestamp = rd_u64(&r);
    if (q->has_secrets) {
        q->secrets_profile = rd_bytes(&r, ROW_MAX);
        q->secrets_account = rd_account(&r);
    }
    q->input = rd_bytes(&r, ROW_MAX);
    if (q->has_output)
        q->output = rd_bytes(&r, ROW_MAX);
    if (!rd_end(&r))
        near_panic(STR("Cannot deserialize the contract state."));
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
