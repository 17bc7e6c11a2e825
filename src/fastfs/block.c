/* block.c — see block.h. */
#include "fastfs/block.h"

#include <string.h>

#include "codec/base64.h"
#include "near/account_id.h"

#define HASH_TEXT_MAX 64

struct walk {
    block_take *take;
    void *ctx;
    struct buf args;
    size_t malformed;
};

static enum err take_call(struct walk *w, struct json call, struct str sender, struct str receiver)
{
    struct fastfs_call c;
    struct str text;

    if (!json_str_eq(json_get(call, "method_name"), STR(FASTFS_METHOD)))
        return ERR_OK;
    buf_clear(&w->args);
    if (!json_plain(json_get(call, "args"), &text) || !base64_get(text, &w->args) ||
        fastfs_read(buf_str(&w->args), &c, NULL)) {
        w->malformed++;
        return ERR_OK;
    }
    return w->take(w->ctx, sender, receiver, &c);
}

static enum err take_receipt(struct walk *w, struct json receipt)
{
    struct json_iter it =
        json_iter(json_get(json_get(json_get(receipt, "receipt"), "Action"), "actions"));
    struct str sender, receiver;
    enum err e = ERR_OK;

    if (!json_plain(json_get(receipt, "predecessor_id"), &sender) ||
        !json_plain(json_get(receipt, "receiver_id"), &receiver) || !account_id_valid(sender) ||
        !account_id_valid(receiver))
        return ERR_OK;
    while (!e && json_next(&it))
        if (json_type(it.value) == JSON_OBJECT)
            e = take_call(w, json_get(it.value, "FunctionCall"), sender, receiver);
    return e;
}

enum err block_read(struct str doc, struct block *out, struct buf *why)
{
    struct json_fault fault = {0, "not JSON"};
    struct block b = {0};
    struct json v, header;

    if (!json_parse(doc, &v, &fault))
        return err_put(why, ERR_FORMAT, "the block stream's answer is not JSON: %s at byte %zu",
                       fault.what, fault.at);
    if (json_is_null(v))
        return ERR_EMPTY;
    header = json_get(json_get(v, "block"), "header");
    if (!json_u64(json_get(header, "height"), &b.height) ||
        !json_plain(json_get(header, "hash"), &b.hash) || b.hash.len > HASH_TEXT_MAX ||
        !json_plain(json_get(header, "prev_hash"), &b.prev_hash))
        return err_put(why, ERR_FORMAT, "the block stream's answer has no block header");
    /* Few blocks bring files, and the others need not be walked through. */
    if (memmem(doc.ptr, doc.len, FASTFS_METHOD, sizeof(FASTFS_METHOD) - 1))
        b.shards = json_get(v, "shards");
    *out = b;
    return ERR_OK;
}

enum err block_files(const struct block *b, block_take *take, void *ctx, size_t *malformed)
{
    struct walk w = {.take = take, .ctx = ctx, .args = BUF_INIT(FASTFS_CALL_MAX)};
    struct json_iter shard = json_iter(b->shards);
    enum err e = ERR_OK;

    while (!e && json_next(&shard)) {
        struct json_iter done = json_iter(json_get(shard.value, "receipt_execution_outcomes"));

        while (!e && json_next(&done))
            e = take_receipt(&w, json_get(done.value, "receipt"));
    }
    *malformed = w.malformed;
    buf_release(&w.args);
    return e;
}
