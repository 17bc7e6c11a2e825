/* args.c — reading the members of a call's arguments, with the texts that callers know. */
#include "sdk/near.h"

void near_bad_args(const char *what, const char *name)
{
    PANIC(STR("Failed to deserialize input from JSON.: "), str_of(what), STR(" `"), str_of(name),
          STR("`"));
}

static struct json need(struct json args, const char *name)
{
    struct json v = json_get(args, name);
    if (json_type(v) == JSON_ABSENT)
        near_bad_args("missing field", name);
    return v;
}

static uint64_t to_u64(struct json v, const char *name)
{
    uint64_t n;
    if (!json_u64(v, &n))
        near_bad_args("not a u64:", name);
    return n;
}

static uint32_t to_u32(struct json v, const char *name)
{
    uint32_t n;
    if (!json_u32(v, &n))
        near_bad_args("not a u32:", name);
    return n;
}

static u128 to_u128(struct json v, const char *name)
{
    u128 n;
    if (!json_u128_str(v, &n))
        near_bad_args("not a decimal string of 128 bits:", name);
    return n;
}

struct str near_json_str(struct json v, const char *name)
{
    struct str s;
    if (json_plain(v, &s))
        return s;
    if (json_type(v) != JSON_STRING)
        near_bad_args("not a string:", name);
    struct buf b = BUF_INIT(NEAR_BYTES_MAX);
    if (!json_str(v, &b) || b.full)
        near_bad_args("not a string:", name);
    return buf_str(&b);
}

static struct account_id to_account(struct json v, const char *name)
{
    struct account_id a;
    if (!account_id_parse(near_json_str(v, name), &a))
        near_bad_args("the account ID is invalid:", name);
    return a;
}

uint64_t arg_u64(struct json args, const char *name)
{
    return to_u64(need(args, name), name);
}

uint32_t arg_u32(struct json args, const char *name)
{
    return to_u32(need(args, name), name);
}

u128 arg_u128(struct json args, const char *name)
{
    return to_u128(need(args, name), name);
}

struct str arg_str(struct json args, const char *name)
{
    return near_json_str(need(args, name), name);
}

struct account_id arg_account(struct json args, const char *name)
{
    return to_account(need(args, name), name);
}

bool arg_bool(struct json args, const char *name)
{
    bool b;
    if (!json_bool(need(args, name), &b))
        near_bad_args("not a boolean:", name);
    return b;
}

struct json arg_object(struct json args, const char *name)
{
    struct json v = need(args, name);
    if (json_type(v) != JSON_OBJECT)
        near_bad_args("not an object:", name);
    return v;
}

struct json arg_array(struct json args, const char *name)
{
    struct json v = need(args, name);
    if (json_type(v) != JSON_ARRAY)
        near_bad_args("not an array:", name);
    return v;
}

bool arg_opt_u64(struct json args, const char *name, uint64_t *out)
{
    struct json v = json_get(args, name);
    if (json_is_null(v))
        return false;
    *out = to_u64(v, name);
    return true;
}

bool arg_opt_u32(struct json args, const char *name, uint32_t *out)
{
    struct json v = json_get(args, name);
    if (json_is_null(v))
        return false;
    *out = to_u32(v, name);
    return true;
}

bool arg_opt_u128(struct json args, const char *name, u128 *out)
{
    struct json v = json_get(args, name);
    if (json_is_null(v))
        return false;
    *out = to_u128(v, name);
    return true;
}

bool arg_opt_str(struct json args, const char *name, struct str *out)
{
    struct json v = json_get(args, name);
    if (json_is_null(v))
        return false;
    *out = near_json_str(v, name);
    return true;
}

bool arg_opt_account(struct json args, const char *name, struct account_id *out)
{
    struct json v = json_get(args, name);
    if (json_is_null(v))
        return false;
    *out = to_account(v, name);
    return true;
}

bool arg_bool_or(struct json args, const char *name, bool otherwise)
{
    bool b;
    struct json v = json_get(args, name);
    if (json_type(v) == JSON_ABSENT)
        return otherwise;
    if (!json_bool(v, &b))
        near_bad_args("not a boolean:", name);
    return b;
}
