/* accessor.c — what a secret is bound to, and who may use it: JSON in and out, the stored form. */
#include "codec/hex.h"
#include "outlayer/secret.h"

/* The only member of an externally tagged enum, or the string of a unit variant. */
static struct str tag_of(struct json v, struct json *inner)
{
    struct str tag = {"", 0};
    *inner = JSON_NONE;
    if (json_type(v) == JSON_STRING)
        return near_json_str(v, "enum");
    if (json_type(v) != JSON_OBJECT || json_count(v) != 1)
        return tag;
    struct json_iter it = json_iter(v);
    if (json_next(&it)) {
        tag = near_json_str(it.key, "enum");
        *inner = it.value;
    }
    return tag;
}

static struct str lower(struct str s)
{
    struct buf b = BUF_INIT(s.len);
    for (size_t i = 0; i < s.len; i++)
        buf_add_byte(&b, (uint8_t)(s.ptr[i] >= 'A' && s.ptr[i] <= 'F' ? s.ptr[i] + 32 : s.ptr[i]));
    return buf_str(&b);
}

struct accessor accessor_parse(struct json v)
{
    struct accessor a = {0};
    struct json in;
    struct str tag = tag_of(v, &in);

    if (str_eqz(tag, "Repo")) {
        a.kind = ACCESSOR_REPO;
        a.a = arg_str(in, "repo");
        bool given = arg_opt_str(in, "branch", &a.branch);
        REQUIRE(a.a.len >= 1 && a.a.len <= REPO_MAX, "Repo must have 1 to 512 bytes");
        REQUIRE(!given || (a.branch.len >= 1 && a.branch.len <= BRANCH_MAX),
                "Branch must have 1 to 255 bytes");
    } else if (str_eqz(tag, "WasmHash")) {
        a.kind = ACCESSOR_WASM_HASH;
        a.a = lower(arg_str(in, "hash"));
        REQUIRE(a.a.len == HASH_HEX && hex_is_lower(a.a), "WASM hash must be 64 hex characters");
    } else if (str_eqz(tag, "Project")) {
        a.kind = ACCESSOR_PROJECT;
        a.a = arg_str(in, "project_id");
        REQUIRE(str_has_byte(a.a, '/') && a.a.len <= 256, "Project id must be owner/name");
    } else if (str_eqz(tag, "System")) {
        a.kind = ACCESSOR_SYSTEM;
        if (!json_str_eq(in, STR("PaymentKey")))
            near_bad_args("unknown variant of", "System");
    } else {
        near_bad_args("unknown variant of", "accessor");
    }
    return a;
}

struct accessor accessor_payment_key(void)
{
    return (struct accessor){.kind = ACCESSOR_SYSTEM};
}

void accessor_put(struct buf *b, const struct accessor *a)
{
    static const char *const tag[] = {"Repo", "WasmHash", "Project", "System"};
    static const char *const first[] = {"repo", "hash", "project_id"};

    json_obj(b);
    json_key(b, tag[a->kind]);
    if (a->kind == ACCESSOR_SYSTEM) {
        json_putz(b, "PaymentKey");
    } else {
        json_obj(b);
        put_str(b, first[a->kind], a->a);
        if (a->kind == ACCESSOR_REPO)
            put_opt_str(b, "branch", a->branch);
        json_obj_end(b);
    }
    json_obj_end(b);
}

uint32_t accessor_cost(const struct accessor *a)
{
    uint32_t n = (uint32_t)a->a.len;
    switch ((enum accessor_kind)a->kind) {
    case ACCESSOR_REPO:
        return 1 + 4 + n + 1 + (a->branch.len ? 4 + (uint32_t)a->branch.len : 0);
    case ACCESSOR_WASM_HASH:
    case ACCESSOR_PROJECT:
        return 1 + 4 + n;
    case ACCESSOR_SYSTEM:
        return 2;
    }
    return 0;
}

/* ---- access conditions ---- */

static void one_of(struct buf *b, struct json v, const char *key, const char *const *names,
                   size_t n)
{
    struct str s = arg_str(v, key);
    for (size_t i = 0; i < n; i++)
        if (str_eqz(s, names[i])) {
            put_str(b, key, s);
            return;
        }
    near_bad_args("unknown variant of", key);
}

static void comparison(struct buf *b, struct json v)
{
    static const char *const names[] = {"Gte", "Lte", "Gt", "Lt", "Eq", "Ne"};
    one_of(b, v, "operator", names, countof(names));
    put_u128(b, "value", arg_u128(v, "value"));
}

static void account(struct buf *b, struct json v, const char *key)
{
    struct str a = arg_account(v, key);
    put_str(b, key, a);
}

static void text(struct buf *b, struct json v, const char *key)
{
    put_str(b, key, arg_str(v, key));
}

static void whitelist(struct buf *b, struct json v)
{
    /* older tools send the bare array */
    struct json list = json_type(v) == JSON_ARRAY ? v : arg_array(v, "accounts");
    struct json_iter it = json_iter(list);

    json_key(b, "accounts");
    json_arr(b);
    while (json_next(&it)) {
        struct str id = near_json_str(it.value, "accounts");
        if (!account_id_valid(id))
            near_bad_args("the account ID is invalid:", "accounts");
        json_put_str(b, id);
    }
    json_arr_end(b);
}

static void condition(struct buf *b, struct json v, unsigned depth);

static void logic(struct buf *b, struct json v, unsigned depth)
{
    static const char *const names[] = {"And", "Or"};
    struct json_iter it = json_iter(arg_array(v, "conditions"));

    one_of(b, v, "operator", names, countof(names));
    json_key(b, "conditions");
    json_arr(b);
    while (json_next(&it))
        condition(b, it.value, depth + 1);
    json_arr_end(b);
}

static void condition(struct buf *b, struct json v, unsigned depth)
{
    struct json in;
    struct str tag = tag_of(v, &in);

    REQUIRE(depth < ACCESS_DEPTH, "The access condition is nested too deep");
    if (str_eqz(tag, "AllowAll") && json_type(v) == JSON_STRING) {
        json_putz(b, "AllowAll");
        return;
    }
    json_obj(b);
    json_key_str(b, tag);
    json_obj(b);
    if (str_eqz(tag, "Whitelist")) {
        whitelist(b, in);
    } else if (str_eqz(tag, "AccountPattern")) {
        text(b, in, "pattern");
    } else if (str_eqz(tag, "NearBalance")) {
        comparison(b, in);
    } else if (str_eqz(tag, "FtBalance")) {
        account(b, in, "contract");
        comparison(b, in);
    } else if (str_eqz(tag, "NftOwned")) {
        struct str id = STR_NONE;
        account(b, in, "contract");
        arg_opt_str(in, "token_id", &id);
        put_opt_str(b, "token_id", id);
    } else if (str_eqz(tag, "DaoMember")) {
        account(b, in, "dao_contract");
        text(b, in, "role");
    } else if (str_eqz(tag, "Logic")) {
        logic(b, in, depth);
    } else if (str_eqz(tag, "Not")) {
        json_key(b, "condition");
        condition(b, json_get(in, "condition"), depth + 1);
    } else {
        near_bad_args("unknown variant of", "access");
    }
    json_obj_end(b);
    json_obj_end(b);
}

struct str access_normal(struct json v)
{
    struct buf b = BUF_INIT(ACCESS_MAX);
    condition(&b, v, 0);
    REQUIRE(!b.full, "too long");
    return buf_str(&b);
}
