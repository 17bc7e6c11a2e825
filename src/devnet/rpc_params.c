/* rpc_params.c — reading the parameters of a request. */
#include "devnet/rpc_internal.h"

#include <stdio.h>

#include "codec/base64.h"
#include "devnet/records.h"
#include "devnet/view.h"

struct json call_param(const struct call *c, const char *name, int at)
{
    if (json_type(c->params) == JSON_OBJECT)
        return name ? json_get(c->params, name) : JSON_NONE;
    if (json_type(c->params) == JSON_ARRAY && at >= 0)
        return json_at(c->params, (size_t)at);
    return JSON_NONE;
}

bool call_text(const struct call *c, const char *name, int at, struct str *out)
{
    return json_plain(call_param(c, name, at), out);
}

static bool missing(struct call *c, struct json v, const char *name, enum answer *fail)
{
    if (json_type(v) == JSON_STRING)
        return false;
    *fail = call_parse_error(c, json_type(v) == JSON_ABSENT
                                    ? call_json(c, "Failed parsing args: missing field `%s`", name)
                                    : call_json(c,
                                                "Failed parsing args: invalid type for `%s`, "
                                                "expected a string",
                                                name));
    return true;
}

bool call_account(struct call *c, const char *name, struct account_id *out, enum answer *fail)
{
    const struct json v = call_param(c, name, -1);
    struct str s;
    const char *what = "contains an invalid character";

    if (missing(c, v, name, fail))
        return false;
    if (json_plain(v, &s) && account_id_parse(s, out))
        return true;
    if (json_str_len(v) < 2)
        what = "is too short";
    else if (json_str_len(v) > ACCOUNT_ID_MAX)
        what = "is too long";
    *fail = call_parse_error(c, call_json(c, "Failed parsing args: the Account ID %s", what));
    return false;
}

bool call_key(struct call *c, const char *name, struct public_key *out, enum answer *fail)
{
    const struct json v = call_param(c, name, -1);
    struct str s;

    if (missing(c, v, name, fail))
        return false;
    if (json_plain(v, &s) && key_parse(c->a, s, out))
        return true;
    *fail = call_parse_error(c, call_json(c, "Failed parsing args: invalid key in `%s`", name));
    return false;
}

bool call_hash(struct call *c, const char *name, int at, struct hash256 *out, enum answer *fail)
{
    const struct json v = call_param(c, name, at);
    struct str s;

    if (missing(c, v, name, fail))
        return false;
    if (json_plain(v, &s) && hash_from_base58(s, out))
        return true;
    *fail = call_parse_error(c, call_json(c, "Failed parsing args: invalid hash in `%s`", name));
    return false;
}

bool call_base64(struct call *c, struct json v, const char *name, struct str *out,
                 enum answer *fail)
{
    struct buf b = BUF_INIT(RPC_BODY_MAX);
    struct str s;
    bool good;

    if (missing(c, v, name, fail))
        return false;
    good = json_plain(v, &s) && base64_get(s, &b) && !b.full;
    if (good)
        *out = arena_str(c->a, buf_str(&b));
    else
        *fail =
            call_parse_error(c, call_json(c, "Failed parsing args: invalid base64 in `%s`", name));
    buf_release(&b);
    return good;
}

/* ------------------------------------------------------------------ which block */

static enum answer no_block(struct call *c, const struct reader *r, struct json id)
{
    const bool by_height = json_type(id) == JSON_NUMBER;
    uint64_t height;
    struct str text = id.text, hash;
    const bool query = str_eqz(c->method, "query") ||
                       str_starts(c->method, STR("EXPERIMENTAL_view")) ||
                       str_eqz(c->method, "EXPERIMENTAL_call_function");
    const struct str info = query ? call_json(c, "{\"block_reference\":{\"block_id\":%.*s}}",
                                              STR_ARG(str_head(text, 128)))
                                  : STR("{}");
    enum answer a;

    if (!by_height && json_plain(id, &hash))
        text = hash;
    a = call_handler_text(c, "UNKNOWN_BLOCK", info, "DB Not Found Error: BLOCK %s: %.*s%s",
                          by_height ? "HEIGHT" : "HEADER", STR_ARG(str_head(text, 128)),
                          by_height || !query ? " \n Cause: Unknown" : "");
    /* A skipped height, asked for with object parameters. */
    if (by_height && json_type(c->params) == JSON_OBJECT && json_u64(id, &height) &&
        height < r->head->height)
        c->status = 422;
    return a;
}

bool call_block_id(struct call *c, struct reader *r, struct json id, const struct block **out,
                   enum answer *fail)
{
    struct hash256 hash;
    uint64_t height;
    struct str s;

    if (json_is_null(id)) {
        *out = r->head;
        return true;
    }
    *out = NULL;
    if (json_u64(id, &height)) {
        *out = reader_at(r, height);
    } else if (json_plain(id, &s) && hash_from_base58(s, &hash)) {
        *out = reader_by_hash(r, &hash);
    } else {
        *fail = call_parse_error(c, STR("Failed parsing args: data did not match any variant of "
                                        "untagged enum BlockId"));
        return false;
    }
    if (!*out)
        *fail = no_block(c, r, id);
    return *out != NULL;
}

static bool by_finality(struct call *c, struct reader *r, struct json v, const struct block **out,
                        enum answer *fail)
{
    if (json_str_eq(v, STR("optimistic")) || json_str_eq(v, STR("near-final")) ||
        json_str_eq(v, STR("final"))) {
        *out = r->head;
        return true;
    }
    *fail =
        call_parse_error(c, STR("Failed parsing args: unknown variant of finality, expected one "
                                "of `optimistic`, `near-final`, `final`"));
    return false;
}

static bool by_checkpoint(struct call *c, struct reader *r, struct json v, const struct block **out,
                          enum answer *fail)
{
    if (json_str_eq(v, STR("genesis")) || json_str_eq(v, STR("earliest_available"))) {
        *out = reader_genesis(r);
        if (*out)
            return true;
        *fail = call_handler_text(c, "NOT_SYNCED_YET", STR("{}"), "the first block is not here");
        return false;
    }
    *fail = call_parse_error(c, STR("Failed parsing args: unknown sync_checkpoint, expected one of "
                                    "`genesis`, `earliest_available`"));
    return false;
}

bool call_block(struct call *c, struct reader *r, const struct block **out, enum answer *fail)
{
    const struct json id = json_get(c->params, "block_id");
    const struct json finality = json_get(c->params, "finality");
    const struct json checkpoint = json_get(c->params, "sync_checkpoint");

    if (!json_is_null(id))
        return call_block_id(c, r, id, out, fail);
    if (!json_is_null(finality))
        return by_finality(c, r, finality, out, fail);
    if (!json_is_null(checkpoint))
        return by_checkpoint(c, r, checkpoint, out, fail);
    *fail = call_parse_error(c, STR("Failed parsing args: missing field `finality`"));
    return false;
}
