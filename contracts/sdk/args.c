/* args.c — reading the members of a call's arguments, with the texts that callers know. */
#include "sdk/near.h"

#define LISTED_MAX 24u /* members of an object that are listed */
#define LISTS      4u  /* objects */

/* The members of the objects looked into last, so that each is read through once and not for every
 * argument. Emptied when a method begins. */
static struct list {
    const char *of; /* the object's text; NULL: nothing is listed */
    size_t n;
    struct json key[LISTED_MAX], value[LISTED_MAX];
} lists[LISTS];
static size_t next_list;

void args_forget(void)
{
    for (size_t i = 0; i < LISTS; i++)
        lists[i].of = NULL;
}

static const struct list *list_of(struct str text)
{
    struct json_iter it = json_iter((struct json){text});
    struct list *l;

    for (l = lists; l < lists + LISTS; l++)
        if (l->of && l->of == text.ptr)
            return l;
    l = &lists[next_list++ % LISTS];
    l->of = NULL;
    for (l->n = 0; json_next(&it); l->n++) {
        if (l->n == LISTED_MAX)
            return NULL;
        l->key[l->n] = it.key;
        l->value[l->n] = it.value;
    }
    l->of = text.ptr;
    return l;
}

struct json arg_get(struct json object, const char *name)
{
    const struct str text = {object.text.ptr, object.text.len}, want = str_of(name);
    const struct list *l;

    if (!text.ptr || text.ptr[0] != '{')
        return JSON_NONE;
    l = list_of(text);
    if (!l)
        return json_get((struct json){text}, name);
    for (size_t i = l->n; i-- > 0;) { /* of several the last one counts */
        if (json_str_eq(l->key[i], want))
            return l->value[i];
    }
    return JSON_NONE;
}

void near_bad_args(const char *what, const char *name)
{
    PANIC("Failed to deserialize input from JSON.: {} `{}`", str_of(what), str_of(name));
}

static void need(bool there, const char *name)
{
    if (!there)
        near_bad_args("missing field", name);
}

static void is(bool type, const char *what, const char *name)
{
    if (!type)
        near_bad_args(what, name);
}

struct str near_json_str(struct json v, const char *name)
{
    struct str s;
    if (json_plain(v, &s))
        return s;
    struct buf b = near_buf();
    is(json_str(v, &b), "expected a string:", name);
    return buf_str(&b);
}

bool arg_opt_u64(struct json args, const char *name, uint64_t *out)
{
    struct json v = arg_get(args, name);
    if (json_is_null(v))
        return false;
    is(json_u64(v, out), "expected u64:", name);
    return true;
}

bool arg_opt_u32(struct json args, const char *name, uint32_t *out)
{
    uint64_t v;
    if (!arg_opt_u64(args, name, &v))
        return false;
    is(v <= UINT32_MAX, "expected u32:", name);
    *out = (uint32_t)v;
    return true;
}

bool arg_opt_u128(struct json args, const char *name, u128 *out)
{
    struct json v = arg_get(args, name);
    if (json_is_null(v))
        return false;
    is(json_u128_str(v, out), "expected a decimal string of 128 bits:", name);
    return true;
}

bool arg_opt_str(struct json args, const char *name, struct str *out)
{
    struct json v = arg_get(args, name);
    if (json_is_null(v))
        return false;
    *out = near_json_str(v, name);
    return true;
}

bool arg_opt_account(struct json args, const char *name, struct str *out)
{
    if (!arg_opt_str(args, name, out))
        return false;
    is(account_id_valid(*out), "the account ID is invalid:", name);
    return true;
}

uint64_t arg_u64(struct json args, const char *name)
{
    uint64_t v;
    need(arg_opt_u64(args, name, &v), name);
    return v;
}

uint32_t arg_u32(struct json args, const char *name)
{
    uint32_t v;
    need(arg_opt_u32(args, name, &v), name);
    return v;
}

u128 arg_u128(struct json args, const char *name)
{
    u128 v;
    need(arg_opt_u128(args, name, &v), name);
    return v;
}

struct str arg_str(struct json args, const char *name)
{
    struct str s;
    need(arg_opt_str(args, name, &s), name);
    return s;
}

struct str arg_account(struct json args, const char *name)
{
    struct str s;
    need(arg_opt_account(args, name, &s), name);
    return s;
}

bool arg_bool_or(struct json args, const char *name, bool otherwise)
{
    bool b;
    struct json v = arg_get(args, name);
    if (json_type(v) == JSON_ABSENT)
        return otherwise;
    is(json_bool(v, &b), "expected a boolean:", name);
    return b;
}

bool arg_bool(struct json args, const char *name)
{
    need(json_type(arg_get(args, name)) != JSON_ABSENT, name);
    return arg_bool_or(args, name, false);
}

static struct json of_type(struct json args, const char *name, enum json_type type,
                           const char *what)
{
    struct json v = arg_get(args, name);
    need(json_type(v) != JSON_ABSENT, name);
    is(json_type(v) == type, what, name);
    return v;
}

struct json arg_object(struct json args, const char *name)
{
    return of_type(args, name, JSON_OBJECT, "expected an object:");
}

struct json arg_array(struct json args, const char *name)
{
    return of_type(args, name, JSON_ARRAY, "expected an array:");
}
