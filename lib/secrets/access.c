/* access.c — conditions read and written; judging is in judge.c. */
#include "secrets/access_tree.h"

#include "codec/put.h"
#include "near/account_id.h"

static const char *const kind_names[] = {
    "AllowAll", "Whitelist", "AccountPattern", "NearBalance", "FtBalance",
    "NftOwned", "DaoMember", "Logic",          "Not",
};
static const char *const compare_names[] = {"Gte", "Lte", "Gt", "Lt", "Eq", "Ne"};
static const char *const logic_names[] = {"And", "Or"};

struct parse {
    struct arena *a;
    struct buf *why;
    unsigned nodes, questions, patterns;
};

const char *access_kind_name(enum access_kind k)
{
    return kind_names[k];
}

const char *compare_name(enum compare c)
{
    return compare_names[c];
}

static enum err text(struct parse *p, struct json in, const char *member, size_t max,
                     struct str *out)
{
    struct buf b = BUF_INIT(max);
    enum err e = ERR_OK;

    if (!json_str(json_get(in, member), &b) || b.full)
        e = err_put(p->why, ERR_FORMAT,
                    "'%s' of the access condition is no text of at most %zu bytes", member, max);
    else
        *out = arena_str(p->a, buf_str(&b));
    buf_release(&b);
    return e;
}

static enum err account(struct parse *p, struct json in, const char *member, struct str *out)
{
    enum err e = text(p, in, member, ACCOUNT_ID_MAX, out);

    if (!e && !account_id_valid(*out))
        e = err_put(p->why, ERR_FORMAT, "'%s' of the access condition is no account id", member);
    return e;
}

static enum err one_of(struct parse *p, struct json in, const char *member,
                       const char *const *names, size_t n, unsigned *out)
{
    for (size_t i = 0; i < n; i++)
        if (json_str_eq(json_get(in, member), str_of(names[i]))) {
            *out = (unsigned)i;
            return ERR_OK;
        }
    return err_put(p->why, ERR_FORMAT, "'%s' of the access condition is none that is known",
                   member);
}

static enum err comparison(struct parse *p, struct json in, struct access *c)
{
    unsigned op = 0;
    enum err e = one_of(p, in, "operator", compare_names, countof(compare_names), &op);

    c->compare = (enum compare)op;
    if (!e && !json_u128_str(json_get(in, "value"), &c->value))
        e = err_put(p->why, ERR_FORMAT,
                    "'value' of the access condition is no decimal number in quotes");
    return e;
}

static enum err whitelist(struct parse *p, struct json in, struct access *c)
{
    /* some tools send the bare array */
    struct json list = json_type(in) == JSON_ARRAY ? in : json_get(in, "accounts");
    struct json_iter it = json_iter(list);

    if (json_type(list) != JSON_ARRAY)
        return err_put(p->why, ERR_FORMAT, "'accounts' of the access condition is no list");
    c->accounts = arena_new_n(p->a, struct str, json_count(list));
    while (json_next(&it)) {
        struct account_id id;
        struct str plain;

        if (!json_plain(it.value, &plain) || !account_id_parse(plain, &id))
            return err_put(p->why, ERR_FORMAT,
                           "'accounts' of the access condition has an entry "
                           "that is no account id");
        c->accounts[c->n++] = arena_str(p->a, plain);
    }
    return ERR_OK;
}

static enum err condition(struct parse *p, struct json v, unsigned depth, struct access *c);

static enum err children(struct parse *p, struct json list, unsigned depth, struct access *c)
{
    struct json_iter it = json_iter(list);
    size_t n = json_count(list);
    enum err e = ERR_OK;

    if (json_type(list) != JSON_ARRAY)
        return err_put(p->why, ERR_FORMAT, "'conditions' of the access condition is no list");
    if (n > ACCESS_NODES_MAX)
        return err_put(p->why, ERR_TOO_BIG, "the access condition has more than %d parts",
                       ACCESS_NODES_MAX);
    c->child = arena_new_n(p->a, struct access, n);
    while (!e && json_next(&it))
        e = condition(p, it.value, depth + 1, &c->child[c->n++]);
    return e;
}

static enum err members(struct parse *p, struct json in, unsigned depth, struct access *c)
{
    unsigned op = 0;
    enum err e = ERR_OK;

    switch (c->kind) {
    case ACCESS_ALLOW_ALL:
        break;
    case ACCESS_WHITELIST:
        return whitelist(p, in, c);
    case ACCESS_PATTERN:
        p->patterns++;
        e = text(p, in, "pattern", PATTERN_BYTES_MAX, &c->text);
        /* A pattern that is none is kept: it denies, and the owner is told why when it does. */
        if (!e && pattern_parse(c->text, p->a, &c->pattern, NULL))
            c->pattern = NULL;
        return e;
    case ACCESS_NEAR_BALANCE:
        p->questions++;
        return comparison(p, in, c);
    case ACCESS_FT_BALANCE:
        p->questions++;
        e = account(p, in, "contract", &c->contract);
        return e ? e : comparison(p, in, c);
    case ACCESS_NFT_OWNED:
        p->questions++;
        e = account(p, in, "contract", &c->contract);
        if (!e && !json_is_null(json_get(in, "token_id")))
            e = text(p, in, "token_id", ACCESS_NAME_MAX, &c->text);
        return e;
    case ACCESS_DAO_MEMBER:
        p->questions++;
        e = account(p, in, "dao_contract", &c->contract);
        return e ? e : text(p, in, "role", ACCESS_NAME_MAX, &c->text);
    case ACCESS_LOGIC:
        e = one_of(p, in, "operator", logic_names, countof(logic_names), &op);
        c->any = op == 1;
        return e ? e : children(p, json_get(in, "conditions"), depth, c);
    case ACCESS_NOT:
        c->child = arena_new(p->a, struct access);
        c->n = 1;
        return condition(p, json_get(in, "condition"), depth + 1, c->child);
    }
    return e;
}

static bool kind_of(struct json v, enum access_kind *kind, struct json *in)
{
    struct json_iter it = json_iter(v);

    if (json_str_eq(v, str_of(kind_names[ACCESS_ALLOW_ALL]))) {
        *kind = ACCESS_ALLOW_ALL;
        return true;
    }
    if (json_type(v) != JSON_OBJECT || json_count(v) != 1 || !json_next(&it))
        return false;
    for (size_t i = ACCESS_ALLOW_ALL + 1; i < countof(kind_names); i++)
        if (json_str_eq(it.key, str_of(kind_names[i]))) {
            *kind = (enum access_kind)i;
            *in = it.value;
            return true;
        }
    return false;
}

static enum err condition(struct parse *p, struct json v, unsigned depth, struct access *c)
{
    struct json in = JSON_NONE;
    enum err e;

    if (depth >= ACCESS_DEPTH_MAX)
        return err_put(p->why, ERR_TOO_BIG, "the access condition is nested deeper than %d",
                       ACCESS_DEPTH_MAX);
    if (++p->nodes > ACCESS_NODES_MAX)
        return err_put(p->why, ERR_TOO_BIG, "the access condition has more than %d parts",
                       ACCESS_NODES_MAX);
    if (!kind_of(v, &c->kind, &in))
        return err_put(p->why, ERR_FORMAT, "the access condition is none that is known");
    e = members(p, in, depth, c);
    if (!e && p->questions > ACCESS_QUESTIONS_MAX)
        e = err_put(p->why, ERR_TOO_BIG, "the access condition asks the chain more than %d times",
                    ACCESS_QUESTIONS_MAX);
    if (!e && p->patterns > ACCESS_PATTERNS_MAX)
        e = err_put(p->why, ERR_TOO_BIG, "the access condition has more than %d patterns",
                    ACCESS_PATTERNS_MAX);
    return e;
}

enum err access_parse(struct str json, struct arena *a, const struct access **out, struct buf *why)
{
    struct parse p = {.a = a, .why = why};
    struct access *c = arena_new(a, struct access);
    struct json v;
    enum err e;

    if (json.len > ACCESS_TEXT_MAX)
        return err_put(why, ERR_TOO_BIG, "the access condition has more than %d bytes",
                       ACCESS_TEXT_MAX);
    if (!json_parse(json, &v, NULL))
        return err_put(why, ERR_FORMAT, "the access condition is no JSON");
    e = condition(&p, v, 0, c);
    if (!e)
        *out = c;
    return e;
}

static void put_comparison(struct buf *out, const struct access *c)
{
    put_z(out, "operator", compare_names[c->compare]);
    put_u128(out, "value", c->value);
}

static void put_members(struct buf *out, const struct access *c)
{
    switch (c->kind) {
    case ACCESS_ALLOW_ALL:
        break;
    case ACCESS_WHITELIST:
        json_key(out, "accounts");
        json_arr(out);
        for (size_t i = 0; i < c->n; i++)
            json_put_str(out, c->accounts[i]);
        json_arr_end(out);
        break;
    case ACCESS_PATTERN:
        put_text(out, "pattern", c->text);
        break;
    case ACCESS_FT_BALANCE:
        put_text(out, "contract", c->contract);
        put_comparison(out, c);
        break;
    case ACCESS_NEAR_BALANCE:
        put_comparison(out, c);
        break;
    case ACCESS_NFT_OWNED:
        put_text(out, "contract", c->contract);
        put_text(out, "token_id", c->text);
        break;
    case ACCESS_DAO_MEMBER:
        put_text(out, "dao_contract", c->contract);
        put_text(out, "role", c->text);
        break;
    case ACCESS_LOGIC:
        put_z(out, "operator", logic_names[c->any]);
        json_key(out, "conditions");
        json_arr(out);
        for (size_t i = 0; i < c->n; i++)
            access_put(out, &c->child[i]);
        json_arr_end(out);
        break;
    case ACCESS_NOT:
        json_key(out, "condition");
        access_put(out, c->child);
        break;
    }
}

void access_put(struct buf *out, const struct access *c)
{
    if (c->kind == ACCESS_ALLOW_ALL) {
        json_putz(out, kind_names[c->kind]);
        return;
    }
    json_obj(out);
    json_key(out, kind_names[c->kind]);
    json_obj(out);
    put_members(out, c);
    json_obj_end(out);
    json_obj_end(out);
}
