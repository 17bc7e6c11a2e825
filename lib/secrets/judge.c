/* judge.c — conditions judged, see access.h. */
#include "secrets/access_tree.h"

#include "codec/put.h"

struct judge {
    struct str who;
    const struct access_chain *chain;
    const struct access *by; /* the condition that refused last */
    struct buf *why;         /* of what could not be found out */
};

/* One condition: ERR_OK and *yes, or an error when it could not be found out. */
static enum err judge(struct judge *j, const struct access *c, bool *yes);

static bool compare(enum compare op, u128 a, u128 b)
{
    switch (op) {
    case COMPARE_GTE:
        return a >= b;
    case COMPARE_LTE:
        return a <= b;
    case COMPARE_GT:
        return a > b;
    case COMPARE_LT:
        return a < b;
    case COMPARE_EQ:
        return a == b;
    case COMPARE_NE:
        return a != b;
    }
    return false;
}

/* Ask a contract; `*out` borrows from `answer`. */
static enum err ask(struct judge *j, struct str contract, const char *method,
                    const struct buf *args, struct buf *answer, struct json *out)
{
    struct buf why = WHY_INIT;
    enum err e = j->chain->view(j->chain->ctx, contract, method, buf_str(args), answer, &why);

    if (e)
        e = err_put(j->why, e, "%s of '%.*s' could not be asked: %s", method, STR_ARG(contract),
                    buf_z(&why));
    else if (answer->full || !json_parse(buf_str(answer), out, NULL))
        e = err_put(j->why, ERR_UPSTREAM, "%s of '%.*s' answered nothing that can be used", method,
                    STR_ARG(contract));
    buf_release(&why);
    return e;
}

static enum err near_balance(struct judge *j, const struct access *c, bool *yes)
{
    struct buf why = WHY_INIT;
    u128 have = 0;
    enum err e = j->chain->balance(j->chain->ctx, j->who, &have, &why);

    if (e)
        e = err_put(j->why, e, "the balance of '%.*s' could not be asked: %s", STR_ARG(j->who),
                    buf_z(&why));
    else
        *yes = compare(c->compare, have, c->value);
    buf_release(&why);
    return e;
}

static enum err ft_balance(struct judge *j, const struct access *c, bool *yes)
{
    struct buf args = BUF_INIT(256), answer = BUF_INIT(1024);
    struct json v = JSON_NONE;
    u128 have;
    enum err e;

    json_obj(&args);
    put_str(&args, "account_id", j->who);
    json_obj_end(&args);
    e = ask(j, c->contract, "ft_balance_of", &args, &answer, &v);
    if (!e && !json_u128_str(v, &have))
        e = err_put(j->why, ERR_UPSTREAM, "ft_balance_of of '%.*s' answered no amount",
                    STR_ARG(c->contract));
    if (!e)
        *yes = compare(c->compare, have, c->value);
    buf_release(&args);
    buf_release(&answer);
    return e;
}

static enum err nft_owned(struct judge *j, const struct access *c, bool *yes)
{
    struct buf args = BUF_INIT(2048), answer = BUF_INIT(ACCESS_ANSWER_MAX);
    struct json v = JSON_NONE;
    enum err e;

    json_obj(&args);
    if (c->text.ptr) {
        put_str(&args, "token_id", c->text);
    } else {
        put_str(&args, "account_id", j->who);
        put_u64(&args, "limit", 1);
    }
    json_obj_end(&args);
    e = ask(j, c->contract, c->text.ptr ? "nft_token" : "nft_tokens_for_owner", &args, &answer, &v);
    if (!e && c->text.ptr)
        *yes = json_str_eq(json_get(v, "owner_id"), j->who);
    else if (!e && json_type(v) != JSON_ARRAY)
        e = err_put(j->why, ERR_UPSTREAM, "nft_tokens_for_owner of '%.*s' answered no list",
                    STR_ARG(c->contract));
    else if (!e)
        *yes = json_count(v) > 0;
    buf_release(&args);
    buf_release(&answer);
    return e;
}

/* "Everyone", or {"Group":[…]} with the account in it; other kinds have no members to look at. */
static bool role_admits(struct json kind, struct str who)
{
    struct json_iter it;

    if (json_str_eq(kind, STR("Everyone")))
        return true;
    it = json_iter(json_get(kind, "Group"));
    while (json_next(&it))
        if (json_str_eq(it.value, who))
            return true;
    return false;
}

static enum err dao_member(struct judge *j, const struct access *c, bool *yes)
{
    struct buf args = BUF_INIT(16), answer = BUF_INIT(ACCESS_ANSWER_MAX);
    struct json v = JSON_NONE, roles;
    struct json_iter it;
    enum err e;

    buf_addz(&args, "{}");
    e = ask(j, c->contract, "get_policy", &args, &answer, &v);
    if (!e) {
        roles = json_get(v, "roles");
        if (json_type(roles) != JSON_ARRAY)
            e = err_put(j->why, ERR_UPSTREAM, "get_policy of '%.*s' answered no roles",
                        STR_ARG(c->contract));
        it = json_iter(roles);
        *yes = false;
        while (!e && !*yes && json_next(&it))
            *yes = json_str_eq(json_get(it.value, "name"), c->text) &&
                   role_admits(json_get(it.value, "kind"), j->who);
    }
    buf_release(&args);
    buf_release(&answer);
    return e;
}

static enum err pattern(struct judge *j, const struct access *c, bool *yes)
{
    struct arena a = ARENA_INIT;
    const struct pattern *p;
    struct buf why = WHY_INIT;
    enum err e = ERR_OK;

    if (c->pattern) {
        *yes = pattern_match(c->pattern, j->who);
    } else {
        /* Read again for the reason. */
        e = pattern_parse(c->text, &a, &p, &why);
        BUG_ON(!e);
        e = err_put(j->why, e, "the pattern '%.*s' cannot be used: %s",
                    STR_ARG(str_head(c->text, 100)), buf_z(&why));
    }
    arena_release(&a);
    buf_release(&why);
    return e;
}

static enum err logic(struct judge *j, const struct access *c, bool *yes)
{
    bool one = !c->any;
    enum err e = ERR_OK;

    for (size_t i = 0; i < c->n && !e && one == !c->any; i++)
        e = judge(j, &c->child[i], &one);
    if (!e)
        *yes = one;
    return e;
}

static enum err ask_kind(struct judge *j, const struct access *c, bool *yes)
{
    enum err e = ERR_OK;

    switch (c->kind) {
    case ACCESS_ALLOW_ALL:
        *yes = true;
        break;
    case ACCESS_WHITELIST:
        *yes = false;
        for (size_t i = 0; i < c->n && !*yes; i++)
            *yes = str_eq(c->accounts[i], j->who);
        break;
    case ACCESS_PATTERN:
        e = pattern(j, c, yes);
        break;
    case ACCESS_NEAR_BALANCE:
        e = near_balance(j, c, yes);
        break;
    case ACCESS_FT_BALANCE:
        e = ft_balance(j, c, yes);
        break;
    case ACCESS_NFT_OWNED:
        e = nft_owned(j, c, yes);
        break;
    case ACCESS_DAO_MEMBER:
        e = dao_member(j, c, yes);
        break;
    case ACCESS_LOGIC:
        e = logic(j, c, yes);
        break;
    case ACCESS_NOT:
        e = judge(j, c->child, yes);
        *yes = !*yes;
        break;
    }
    return e;
}

static enum err judge(struct judge *j, const struct access *c, bool *yes)
{
    bool one = false;
    enum err e = ask_kind(j, c, &one);

    if (e)
        return e;
    /* An And is refused by the part that refuses, everything else by itself. */
    if (!one && !(c->kind == ACCESS_LOGIC && !c->any))
        j->by = c;
    *yes = one;
    return ERR_OK;
}

/* The condition in a few words, for whoever is refused. */
static void describe(struct buf *out, const struct access *c)
{
    buf_addz(out, access_kind_name(c->kind));
    if (c->kind == ACCESS_LOGIC)
        buf_addz(out, c->any ? " Or" : " And");
    if (c->kind == ACCESS_LOGIC || c->kind == ACCESS_NOT) {
        for (size_t i = 0; i < c->n; i++) {
            buf_addz(out, i ? "; " : " (");
            describe(out, &c->child[i]);
        }
        if (c->n)
            buf_addz(out, ")");
    }
    if (c->kind == ACCESS_NEAR_BALANCE || c->kind == ACCESS_FT_BALANCE) {
        buf_addf(out, " %s ", compare_name(c->compare));
        buf_add_u128(out, c->value);
    }
    if (c->kind == ACCESS_PATTERN || c->kind == ACCESS_DAO_MEMBER)
        buf_addf(out, " '%.*s'", STR_ARG(str_head(c->text, 100)));
    if (c->contract.ptr)
        buf_addf(out, " of %.*s", STR_ARG(c->contract));
}

enum err access_judge(const struct access *c, struct str account_id,
                      const struct access_chain *chain, struct buf *why)
{
    struct judge j = {account_id, chain, c, why};
    char room[400];
    struct buf what = BUF_OVER(room);
    bool yes = false;
    enum err e = judge(&j, c, &yes);

    if (e || yes)
        return e;
    describe(&what, j.by);
    return err_put(why, ERR_DENIED, "'%.*s' does not meet the condition %s", STR_ARG(account_id),
                   buf_z(&what));
}
