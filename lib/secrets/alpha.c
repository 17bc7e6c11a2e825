/* alpha.c — see alpha.h. */
#include "secrets/alpha.h"

#define HEAD STR("vrf:")

static enum err check(const struct alpha *a, struct buf *why)
{
    /* Never an empty one: it would be everybody's. */
    if (!account_id_valid(a->account_id))
        return err_put(why, ERR_FORMAT, "randomness is drawn for an account, and '%.*s' is none",
                       STR_ARG(str_head(a->account_id, 100)));
    if (str_has_byte(a->seed, ':'))
        return err_put(why, ERR_FORMAT, "user_seed must not contain ':'");
    if (a->seed.len > ALPHA_SEED_MAX)
        return err_put(why, ERR_TOO_BIG, "user_seed has more than %d bytes", ALPHA_SEED_MAX);
    if (!str_is_utf8(a->seed))
        return err_put(why, ERR_FORMAT, "user_seed is not UTF-8");
    return ERR_OK;
}

enum err alpha_put(struct buf *out, const struct alpha *a, struct buf *why)
{
    enum err e = check(a, why);

    if (e)
        return e;
    buf_addf(out, "vrf:%llu:", (unsigned long long)a->request_id);
    buf_add_str(out, a->account_id);
    buf_add_byte(out, ':');
    buf_add_str(out, a->seed);
    return ERR_OK;
}

enum err alpha_parse(struct str text, struct alpha *out, struct buf *why)
{
    struct alpha a;
    struct str id, rest;

    if (!str_starts(text, HEAD))
        return err_put(why, ERR_FORMAT, "alpha is vrf:REQUEST:ACCOUNT:SEED");
    rest = str_cut(str_skip(text, HEAD.len), ':', &id);
    if (!str_u64(id, &a.request_id) || (id.len > 1 && id.ptr[0] == '0'))
        return err_put(why, ERR_FORMAT, "alpha names no request: it is vrf:REQUEST:ACCOUNT:SEED");
    if (!str_has_byte(rest, ':'))
        return err_put(why, ERR_FORMAT, "alpha ends early: it is vrf:REQUEST:ACCOUNT:SEED");
    a.seed = str_cut(rest, ':', &a.account_id);
    if (check(&a, why))
        return ERR_FORMAT;
    *out = a;
    return ERR_OK;
}
