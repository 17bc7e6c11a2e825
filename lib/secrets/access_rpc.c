/* access_rpc.c — see access_rpc.h. */
#include "secrets/access_rpc.h"

static enum err balance(void *ctx, struct str account_id, u128 *out, struct buf *why)
{
    struct rpc_account a;
    enum err e = rpc_view_account(ctx, account_id, &a, why);

    if (!e)
        *out = a.amount;
    return e;
}

static enum err view(void *ctx, struct str contract_id, const char *method, struct str args,
                     struct buf *out, struct buf *why)
{
    return rpc_view_call(ctx, contract_id, method, args, out, why);
}

struct access_chain access_chain_of(struct rpc *r)
{
    return (struct access_chain){r, balance, view};
}
