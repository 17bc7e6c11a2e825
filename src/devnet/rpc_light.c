/* rpc_light.c — proofs for light clients: an outcome to a block, a block to a later head. */
#include "devnet/rpc_internal.h"

#include "base/mem.h"
#include "codec/put.h"
#include "devnet/merkle.h"
#include "devnet/view.h"

#define PROOF_BLOCKS_MAX (1u << 22) /* blocks of a chain that proofs are made on */

static void put_inner_lite(struct buf *b, const struct block *x)
{
    json_obj(b);
    put_u64(b, "height", x->height);
    json_key(b, "epoch_id");
    view_hash(b, &x->epoch_id);
    json_key(b, "next_epoch_id");
    view_hash(b, &x->next_epoch_id);
    json_key(b, "prev_state_root");
    view_hash(b, &x->prev_state_root);
    json_key(b, "outcome_root");
    view_hash(b, &x->outcome_root);
    put_u64(b, "timestamp", x->timestamp);
    put_u128(b, "timestamp_nanosec", x->timestamp);
    json_key(b, "next_bp_hash");
    view_hash(b, &x->next_bp_hash);
    json_key(b, "block_merkle_root");
    view_hash(b, &x->block_merkle_root);
    json_obj_end(b);
}

static void put_header_lite(struct buf *b, const struct block *x)
{
    json_obj(b);
    json_key(b, "prev_block_hash");
    view_hash(b, &x->prev_hash);
    json_key(b, "inner_rest_hash");
    view_hash(b, &x->inner_rest_hash);
    json_key(b, "inner_lite");
    put_inner_lite(b, x);
    json_obj_end(b);
}

/* Path of `x` in the tree of all blocks before `head`. False: `*fail` is the answer. */
static bool put_block_path(struct call *c, struct reader *r, const struct block *x,
                           const struct block *head, enum answer *fail)
{
    const size_t n = head->ordinal - 1, at = x->ordinal - 1;
    struct hash256 *hashes;
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    size_t got = 0, steps;
    bool good = false;

    if (n > PROOF_BLOCKS_MAX) {
        *fail = call_internal(c, STR("the chain is too long for proofs"));
        return false;
    }
    hashes = mem_new_n(struct hash256, n);
    if (reader_hashes(r, hashes, n, &got, &why) || got < n) {
        *fail = call_internal(c, STR("hashes of old blocks are not here"));
    } else {
        const struct merkle_step *path = merkle_path(&a, hashes, n, at, &steps);

        view_path(&c->out, path, steps);
        good = true;
    }
    buf_release(&why);
    arena_release(&a);
    mem_free(hashes);
    return good;
}

static enum answer unknown_block(struct call *c, struct str what)
{
    return call_handler_text(c, "UNKNOWN_BLOCK", STR("{}"),
                             "DB Not Found Error: BLOCK HEADER: %.*s", STR_ARG(str_head(what, 64)));
}

static bool light_head(struct call *c, struct reader *r, const char *name, const struct block **out,
                       enum answer *fail)
{
    struct hash256 hash;

    if (!call_hash(c, name, -1, &hash, fail))
        return false;
    *out = reader_by_hash(r, &hash);
    if (!*out)
        *fail = unknown_block(c, STR("light client head"));
    return *out != NULL;
}

static enum answer about(struct call *c, const char *cause, const struct hash256 *id)
{
    struct buf b = BUF_INIT(128);
    enum answer a;

    hash_put_base58(&b, id);
    a = call_handler_text(c, cause,
                          call_json(c, "{\"transaction_or_receipt_id\":\"%s\"}", buf_z(&b)),
                          "%s: %s", cause, buf_z(&b));
    buf_release(&b);
    return a;
}

static enum answer prove(struct call *c, struct reader *r, const struct hash256 *id)
{
    const struct block *b, *next, *head;
    struct arena a = ARENA_INIT;
    size_t at;
    enum answer answer;

    if (!light_head(c, r, "light_client_head", &head, &answer))
        return answer;
    b = reader_find(r, HISTORY_OUTCOME, id, &at);
    if (!b || at >= b->outcomes.n)
        return about(c, "UNKNOWN_TRANSACTION_OR_RECEIPT", id);
    /* The header of the next block is the first that commits to this one's outcomes. */
    next = reader_after(r, b->height);
    if (!next || next->height >= head->height)
        return about(c, "NOT_CONFIRMED", id);
    json_obj(&c->out);
    json_key(&c->out, "outcome_proof");
    view_outcome_in(&c->out, &a, b, at, &next->hash);
    json_key(&c->out, "outcome_root_proof");
    json_arr(&c->out); /* one chunk: its root is the only leaf */
    json_arr_end(&c->out);
    json_key(&c->out, "block_header_lite");
    put_header_lite(&c->out, next);
    json_key(&c->out, "block_proof");
    answer = ANSWERED;
    if (put_block_path(c, r, next, head, &answer))
        json_obj_end(&c->out);
    arena_release(&a);
    return answer;
}

enum answer rpc_light_client_proof(struct call *c)
{
    const struct json type = json_get(c->params, "type");
    struct hash256 id;
    struct reader r;
    enum answer answer;

    if (!json_str_eq(type, STR("transaction")) && !json_str_eq(type, STR("receipt")))
        return call_parse_error(c, STR("Failed parsing args: unknown or missing `type`"));
    if (!call_hash(c, json_str_eq(type, STR("receipt")) ? "receipt_id" : "transaction_hash", -1,
                   &id, &answer))
        return answer;
    chain_read(c->chain, &r);
    answer = prove(c, &r, &id);
    chain_read_end(&r);
    return answer;
}

enum answer rpc_light_block_proof(struct call *c)
{
    const struct block *b, *head;
    struct reader r;
    enum answer answer;

    chain_read(c->chain, &r);
    if (light_head(c, &r, "block_hash", &b, &answer) &&
        light_head(c, &r, "light_client_head", &head, &answer)) {
        if (b->height >= head->height) {
            answer = unknown_block(c, STR("not before the light client head"));
        } else {
            json_obj(&c->out);
            json_key(&c->out, "block_header_lite");
            put_header_lite(&c->out, b);
            json_key(&c->out, "block_proof");
            answer = ANSWERED;
            if (put_block_path(c, &r, b, head, &answer))
                json_obj_end(&c->out);
        }
    }
    chain_read_end(&r);
    return answer;
}

static void put_producers(struct call *c)
{
    json_key(&c->out, "next_bps");
    json_arr(&c->out);
    json_obj(&c->out);
    put_z(&c->out, "validator_stake_struct_version", "V1");
    put_z(&c->out, "account_id", VALIDATOR_ACCOUNT);
    json_key(&c->out, "public_key");
    json_str_open(&c->out);
    ed25519_pub_put(&c->out, &chain_validator_key(c->chain)->key.pub);
    json_str_close(&c->out);
    put_u128(&c->out, "stake", 0);
    json_obj_end(&c->out);
    json_arr_end(&c->out);
}

/* The newest block that a light client at `last_block_hash` may take: the head. */
enum answer rpc_next_light_block(struct call *c)
{
    struct hash256 hash;
    struct reader r;
    struct buf *b = &c->out;
    const struct block *last;
    struct buf lite = BUF_INIT(1024);
    enum answer answer;

    if (!call_hash(c, "last_block_hash", 0, &hash, &answer))
        return answer;
    chain_read(c->chain, &r);
    last = reader_by_hash(&r, &hash);
    json_obj(b);
    if (last && last->height < r.head->height) {
        struct hash256 inner;

        block_inner_lite(r.head, &lite);
        inner = sha256(buf_str(&lite));
        inner = merkle_combine(&inner, &r.head->inner_rest_hash);
        json_key(b, "prev_block_hash");
        view_hash(b, &r.head->prev_hash);
        json_key(b, "next_block_inner_hash");
        view_hash(b, &inner);
        json_key(b, "inner_lite");
        put_inner_lite(b, r.head);
        json_key(b, "inner_rest_hash");
        view_hash(b, &r.head->inner_rest_hash);
        put_producers(c);
        json_key(b, "approvals_after_next");
        json_arr(b);
        json_arr_end(b);
    }
    json_obj_end(b);
    answer = last ? ANSWERED : (buf_clear(b), unknown_block(c, STR("last_block_hash")));
    chain_read_end(&r);
    buf_release(&lite);
    return answer;
}
