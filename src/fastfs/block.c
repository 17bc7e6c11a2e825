/* block.c — see block.h. */
#include "fastfs/block.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "near/account_id.h"

static void take_call(struct json call, struct str sender, struct str receiver, struct arena *a,
                      struct block *out)
{
    struct buf args = BUF_INIT(FASTFS_CALL_MAX);
    struct fastfs_call c;
    struct str text;

    if (!json_str_eq(json_get(call, "method_name"), STR(FASTFS_METHOD)))
        return;
    if (json_plain(json_get(call, "args"), &text) && out->n < BLOCK_FILES_MAX &&
        base64_get(text, &args) && !fastfs_read(arena_str(a, buf_str(&args)), &c, NULL)) {
        out->list[out->n++] = (struct block_file){sender, receiver, c};
    } else {
        out->malformed++;
    }
    buf_release(&args);
}

static void take_receipt(struct json receipt, struct arena *a, struct block *out)
{
    struct json_iter it =
        json_iter(json_get(json_get(json_get(receipt, "receipt"), "Action"), "actions"));
    struct str sender, receiver;

    if (!json_plain(json_get(receipt, "predecessor_id"), &sender) ||
        !json_plain(json_get(receipt, "receiver_id"), &receiver) || !account_id_valid(sender) ||
        !account_id_valid(receiver))
        return;
    while (json_next(&it))
        if (json_type(it.value) == JSON_OBJECT)
            take_call(json_get(it.value, "FunctionCall"), arena_str(a, sender),
                      arena_str(a, receiver), a, out);
}

enum err block_read(struct str doc, struct arena *a, struct block *out, struct buf *why)
{
    struct json_fault fault = {0, "not JSON"};
    struct json v, header;
    struct json_iter shard;

    *out = (struct block){0};
    if (!json_parse(doc, &v, &fault))
        return err_put(why, ERR_FORMAT, "the block stream's answer is not JSON: %s at byte %zu",
                       fault.what, fault.at);
    if (json_is_null(v))
        return ERR_EMPTY;
    header = json_get(json_get(v, "block"), "header");
    if (!json_u64(json_get(header, "height"), &out->height) ||
        !json_plain(json_get(header, "hash"), &out->hash) || out->hash.len > 64 ||
        !json_plain(json_get(header, "prev_hash"), &out->prev_hash))
        return err_put(why, ERR_FORMAT, "the block stream's answer has no block header");
    out->list = arena_new_n(a, struct block_file, BLOCK_FILES_MAX);
    for (shard = json_iter(json_get(v, "shards")); json_next(&shard);) {
        struct json_iter done = json_iter(json_get(shard.value, "receipt_execution_outcomes"));

        while (json_next(&done))
            take_receipt(json_get(done.value, "receipt"), a, out);
    }
    return ERR_OK;
}
