/* rpc_sandbox.c — what only a chain for tests can do: set state, skip heights. */
#include "devnet/rpc_internal.h"

#include "base/mem.h"
#include "codec/base64.h"
#include "devnet/view.h"

#define PATCH_ROWS_MAX 100000
#define PATCH_WAIT_MS  10000

struct patching {
    struct call *c;
    struct patch_row *rows;
    size_t n;
    struct kv *scratch; /* where records are put together before they are rows */
};

static bool bad(struct call *c, const char *what, enum answer *fail)
{
    *fail = call_parse_error(c, call_json(c, "Failed parsing args: %s", what));
    return false;
}

static bool account_of(struct call *c, struct json v, struct account_id *id, enum answer *fail)
{
    struct str s;

    if (json_plain(json_get(v, "account_id"), &s) && account_id_parse(s, id))
        return true;
    return bad(c, "invalid `account_id` in a record", fail);
}

static bool patch_account(struct patching *p, struct json v, enum answer *fail)
{
    const struct json a = json_get(v, "account");
    struct account acct = {0};
    struct account_id id;
    struct str hash;

    if (!account_of(p->c, v, &id, fail))
        return false;
    if (!json_u128_str(json_get(a, "amount"), &acct.amount) ||
        !json_u128_str(json_get(a, "locked"), &acct.locked) ||
        !json_u64(json_get(a, "storage_usage"), &acct.storage_usage) ||
        !json_plain(json_get(a, "code_hash"), &hash) || !hash_from_base58(hash, &acct.code_hash))
        return bad(p->c, "invalid `account` in a record", fail);
    acct.code = hash_is_zero(&acct.code_hash) ? CODE_NONE : CODE_LOCAL;
    account_put(p->scratch, account_id_str(&id), &acct);
    return true;
}

static bool patch_data(struct patching *p, struct json v, enum answer *fail)
{
    struct account_id id;
    struct str key, value;
    struct skey k;

    if (!account_of(p->c, v, &id, fail) ||
        !call_base64(p->c, json_get(v, "data_key"), "data_key", &key, fail) ||
        !call_base64(p->c, json_get(v, "value"), "value", &value, fail))
        return false;
    if (key.len > chain_params(p->c->chain)->max_length_storage_key ||
        value.len > chain_params(p->c->chain)->max_length_storage_value)
        return bad(p->c, "a key or value is too long", fail);
    kv_put(p->scratch, skey_sub(&k, COL_DATA, account_id_str(&id), key), value);
    return true;
}

static bool patch_code(struct patching *p, struct json v, enum answer *fail)
{
    struct account_id id;
    struct str code;

    if (!account_of(p->c, v, &id, fail) ||
        !call_base64(p->c, json_get(v, "code"), "code", &code, fail))
        return false;
    own_code_put(p->scratch, account_id_str(&id), code);
    return true;
}

static bool permission_of(struct call *c, struct json v, struct access_key *k, enum answer *fail)
{
    const struct json call = json_get(v, "FunctionCall");
    struct json_iter it;
    struct str *names;

    if (json_str_eq(v, STR("FullAccess"))) {
        k->kind = PERMISSION_FULL_ACCESS;
        return true;
    }
    k->kind = PERMISSION_FUNCTION_CALL;
    k->has_allowance = !json_is_null(json_get(call, "allowance"));
    if (!json_plain(json_get(call, "receiver_id"), &k->receiver_id) ||
        (k->has_allowance && !json_u128_str(json_get(call, "allowance"), &k->allowance)))
        return bad(c, "invalid `permission` in a record", fail);
    names = arena_new_n(c->a, struct str, json_count(json_get(call, "method_names")));
    it = json_iter(json_get(call, "method_names"));
    while (json_next(&it))
        if (!json_plain(it.value, &names[k->nmethods++]))
            return bad(c, "invalid method name in a record", fail);
    k->methods = names;
    return true;
}

static bool patch_key(struct patching *p, struct json v, enum answer *fail)
{
    const struct json key = json_get(v, "access_key");
    struct account_id id;
    struct public_key pk;
    struct access_key k = {0};
    struct str text;

    if (!account_of(p->c, v, &id, fail))
        return false;
    if (!json_plain(json_get(v, "public_key"), &text) || !key_parse(p->c->a, text, &pk) ||
        !json_u64(json_get(key, "nonce"), &k.nonce))
        return bad(p->c, "invalid `access_key` in a record", fail);
    if (!permission_of(p->c, json_get(key, "permission"), &k, fail))
        return false;
    key_put(p->scratch, account_id_str(&id), pk, &k);
    return true;
}

static bool patch_received(struct patching *p, struct json v, enum answer *fail)
{
    const struct json data = json_get(v, "data");
    struct account_id id;
    struct hash256 data_id;
    struct buf bytes = BUF_INIT(RPC_BODY_MAX);
    struct buf record = BUF_INIT(RPC_BODY_MAX);
    struct json_iter it = json_iter(data);
    struct str text;
    struct skey k;
    bool good = true;

    if (!account_of(p->c, v, &id, fail))
        return false;
    if (!json_plain(json_get(v, "data_id"), &text) || !hash_from_base58(text, &data_id))
        return bad(p->c, "invalid `data_id` in a record", fail);
    while (good && json_next(&it)) {
        uint64_t byte;

        good = json_u64(it.value, &byte) && byte <= 255;
        if (good)
            buf_add_byte(&bytes, (uint8_t)byte);
    }
    if (good) {
        wr_u8(&record, !json_is_null(data));
        if (!json_is_null(data))
            wr_bytes(&record, buf_str(&bytes));
        kv_put(p->scratch,
               skey_sub(&k, COL_RECEIVED_DATA, account_id_str(&id),
                        str_from(data_id.b, sizeof(data_id.b))),
               buf_str(&record));
    }
    buf_release(&bytes);
    buf_release(&record);
    return good ? true : bad(p->c, "invalid `data` in a record", fail);
}

static bool patch_record(struct patching *p, struct json record, enum answer *fail)
{
    static const struct {
        const char *name;
        bool (*put)(struct patching *p, struct json v, enum answer *fail);
    } kinds[] = {{"Account", patch_account},
                 {"Data", patch_data},
                 {"Contract", patch_code},
                 {"AccessKey", patch_key},
                 {"ReceivedData", patch_received}};

    for (size_t i = 0; i < countof(kinds); i++) {
        const struct json v = json_get(record, kinds[i].name);

        if (json_type(v) == JSON_OBJECT)
            return kinds[i].put(p, v, fail);
    }
    return bad(p->c, "a record is none of Account, Data, Contract, AccessKey, ReceivedData", fail);
}

static enum answer wait_for_ticket(struct call *c)
{
    if (chain_ticket_done(c->chain, c->mem->ticket)) {
        json_obj(&c->out);
        json_obj_end(&c->out);
        return ANSWERED;
    }
    return call_may_wait(c, PATCH_WAIT_MS) ? WAITING : call_timeout(c);
}

static void collect(struct patching *p)
{
    struct kv_iter it = kv_walk(p->scratch, STR(""));

    p->rows = mem_new_n(struct patch_row, kv_count(p->scratch));
    while (kv_next(&it))
        p->rows[p->n++] = (struct patch_row){it.key, it.value};
    p->c->mem->ticket = chain_patch(p->c->chain, p->rows, p->n);
    mem_free(p->rows);
}

enum answer rpc_patch_state(struct call *c)
{
    const struct json records = call_param(c, "records", 0);
    struct json_iter it = json_iter(records);
    struct patching p = {.c = c};
    enum answer fail = ANSWERED;
    bool good = true;

    if (c->mem->ticket)
        return wait_for_ticket(c);
    if (json_type(records) != JSON_ARRAY || json_count(records) > PATCH_ROWS_MAX)
        return call_parse_error(c, STR("Failed parsing args: missing field `records`"));
    p.scratch = kv_new();
    while (good && json_next(&it))
        good = patch_record(&p, it.value, &fail);
    if (good)
        collect(&p);
    kv_free(p.scratch);
    return good ? wait_for_ticket(c) : fail;
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
