/* records.c — see records.h. */
#include "devnet/records.h"

#include "codec/base58.h"
#include "codec/base64.h"

struct reading {
    const struct params *p;
    struct kv *kv;
    struct arena *a;
    struct buf *why;
    size_t at; /* which record */
};

static enum err bad(const struct reading *r, const char *what)
{
    return err_put(r->why, ERR_FORMAT, "record %zu has no valid %s", r->at, what);
}

bool key_parse(struct arena *a, struct str text, struct public_key *out)
{
    struct str curve, rest = text;
    size_t n = 32;
    char *bytes;

    out->curve = CURVE_ED25519;
    if (str_has_byte(text, ':')) {
        rest = str_cut(text, ':', &curve);
        if (str_eqz(curve, "secp256k1")) {
            out->curve = CURVE_SECP256K1;
            n = 64;
        } else if (!str_eqz(curve, "ed25519")) {
            return false;
        }
    }
    bytes = arena_alloc(a, n);
    if (!base58_get(rest, bytes, n))
        return false;
    out->bytes = str_from(bytes, n);
    return true;
}

static bool account_of(struct json v, struct account_id *id)
{
    struct str s;

    return json_plain(json_get(v, "account_id"), &s) && account_id_parse(s, id);
}

static bool bytes_of(struct reading *r, struct json v, struct str *out)
{
    struct buf b = BUF_INIT(RECORD_BYTES_MAX);
    struct str text;
    const bool good = json_plain(v, &text) && base64_get(text, &b) && !b.full;

    if (good)
        *out = arena_str(r->a, buf_str(&b));
    buf_release(&b);
    return good;
}

static enum err put_account(struct reading *r, struct json v)
{
    const struct json a = json_get(v, "account");
    struct account acct = {0};
    struct account_id id;
    struct str hash;

    if (!account_of(v, &id))
        return bad(r, "'account_id'");
    if (!json_u128_str(json_get(a, "amount"), &acct.amount) ||
        !json_u128_str(json_get(a, "locked"), &acct.locked) ||
        !json_u64(json_get(a, "storage_usage"), &acct.storage_usage) ||
        !json_plain(json_get(a, "code_hash"), &hash) || !hash_from_base58(hash, &acct.code_hash))
        return bad(r, "'account'");
    acct.code = hash_is_zero(&acct.code_hash) ? CODE_NONE : CODE_LOCAL;
    account_put(r->kv, account_id_str(&id), &acct);
    return ERR_OK;
}

static enum err put_data(struct reading *r, struct json v)
{
    struct account_id id;
    struct str key, value;
    struct skey k;

    if (!account_of(v, &id))
        return bad(r, "'account_id'");
    if (!bytes_of(r, json_get(v, "data_key"), &key) || key.len > r->p->max_length_storage_key)
        return bad(r, "'data_key'");
    if (!bytes_of(r, json_get(v, "value"), &value) || value.len > r->p->max_length_storage_value)
        return bad(r, "'value'");
    kv_put(r->kv, skey_sub(&k, COL_DATA, account_id_str(&id), key), value);
    return ERR_OK;
}

static enum err put_code(struct reading *r, struct json v)
{
    struct account_id id;
    struct str code;

    if (!account_of(v, &id))
        return bad(r, "'account_id'");
    if (!bytes_of(r, json_get(v, "code"), &code) || code.len > r->p->max_contract_size)
        return bad(r, "'code'");
    own_code_put(r->kv, account_id_str(&id), code);
    return ERR_OK;
}

static enum err permission_of(struct reading *r, struct json v, struct access_key *k)
{
    const struct json call = json_get(v, "FunctionCall"), names = json_get(call, "method_names");
    struct json_iter it = json_iter(names);
    struct str *list;

    if (json_str_eq(v, STR("FullAccess"))) {
        k->kind = PERMISSION_FULL_ACCESS;
        return ERR_OK;
    }
    k->kind = PERMISSION_FUNCTION_CALL;
    k->has_allowance = !json_is_null(json_get(call, "allowance"));
    if (!json_plain(json_get(call, "receiver_id"), &k->receiver_id) ||
        json_count(names) > ACTION_STRINGS_MAX ||
        (k->has_allowance && !json_u128_str(json_get(call, "allowance"), &k->allowance)))
        return bad(r, "'permission'");
    list = arena_new_n(r->a, struct str, json_count(names));
    while (json_next(&it))
        if (!json_plain(it.value, &list[k->nmethods++]))
            return bad(r, "method name");
    k->methods = list;
    return ERR_OK;
}

static enum err put_key(struct reading *r, struct json v)
{
    const struct json key = json_get(v, "access_key");
    struct account_id id;
    struct public_key pk;
    struct access_key k = {0};
    struct str text;
    enum err e;

    if (!account_of(v, &id))
        return bad(r, "'account_id'");
    if (!json_plain(json_get(v, "public_key"), &text) || !key_parse(r->a, text, &pk))
        return bad(r, "'public_key'");
    if (!json_u64(json_get(key, "nonce"), &k.nonce))
        return bad(r, "'nonce'");
    e = permission_of(r, json_get(key, "permission"), &k);
    if (!e)
        key_put(r->kv, account_id_str(&id), pk, &k);
    return e;
}

static enum err put_received(struct reading *r, struct json v)
{
    const struct json data = json_get(v, "data");
    struct json_iter it = json_iter(data);
    struct buf bytes = BUF_INIT(RECORD_BYTES_MAX), record = BUF_INIT(RECORD_BYTES_MAX);
    struct account_id id;
    struct hash256 data_id;
    struct str text;
    struct skey k;
    bool good = account_of(v, &id) && json_plain(json_get(v, "data_id"), &text) &&
                hash_from_base58(text, &data_id);

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
        kv_put(r->kv,
               skey_sub(&k, COL_RECEIVED_DATA, account_id_str(&id),
                        str_from(data_id.b, sizeof(data_id.b))),
               buf_str(&record));
    }
    buf_release(&bytes);
    buf_release(&record);
    return good ? ERR_OK : bad(r, "'data'");
}

static enum err put_record(struct reading *r, struct json record)
{
    static const struct {
        const char *name;
        enum err (*put)(struct reading *r, struct json v);
    } kinds[] = {{"Account", put_account},
                 {"Data", put_data},
                 {"Contract", put_code},
                 {"AccessKey", put_key},
                 {"ReceivedData", put_received}};

    for (size_t i = 0; i < countof(kinds); i++) {
        const struct json v = json_get(record, kinds[i].name);

        if (json_type(v) == JSON_OBJECT)
            return kinds[i].put(r, v);
    }
    return bad(r, "kind: it is none of Account, Data, Contract, AccessKey, ReceivedData");
}

enum err records_put(struct json records, const struct params *p, struct kv *kv, struct buf *why)
{
    struct arena a = ARENA_INIT;
    struct reading r = {.p = p, .kv = kv, .a = &a, .why = why};
    struct json_iter it = json_iter(records);
    enum err e = ERR_OK;

    if (json_type(records) != JSON_ARRAY || json_count(records) > RECORDS_MAX)
        return err_put(why, ERR_FORMAT, "'records' is no list, or has more than %d", RECORDS_MAX);
    for (; !e && json_next(&it); r.at++)
        e = put_record(&r, it.value);
    arena_release(&a);
    return e;
}
