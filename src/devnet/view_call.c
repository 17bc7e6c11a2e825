/* view_call.c — see view_call.h. */
#include "devnet/view_call.h"

#include <string.h>

#include "devnet/merkle.h"

struct viewed {
    const struct kv *kv;
    struct str account;
};

static enum err read_value(void *arg, struct str key, struct str *value, struct buf *why)
{
    const struct viewed *v = arg;
    struct skey k;

    (void)why;
    *value = kv_get(v->kv, skey_sub(&k, COL_DATA, v->account, key));
    return ERR_OK;
}

static enum err has_value(void *arg, struct str key, bool *there, struct buf *why)
{
    const struct viewed *v = arg;
    struct skey k;

    (void)why;
    *there = kv_has(v->kv, skey_sub(&k, COL_DATA, v->account, key));
    return ERR_OK;
}

/* The machine refuses these before it asks, a view being a view. */
static enum err no_write(void *arg, struct str key, struct str value, struct str *old,
                         struct vm_touch *touch, struct buf *why)
{
    (void)arg, (void)key, (void)value, (void)old, (void)touch;
    return err_put(why, ERR_DENIED, "a view may not write");
}

static enum err no_remove(void *arg, struct str key, struct str *old, struct vm_touch *touch,
                          struct buf *why)
{
    (void)arg, (void)key, (void)old, (void)touch;
    return err_put(why, ERR_DENIED, "a view may not remove");
}

static void no_data_id(void *arg, uint8_t out[32])
{
    (void)arg;
    memset(out, 0, 32);
}

static enum err no_yield(void *arg, const uint8_t id[32], bool *yes, struct buf *why)
{
    (void)arg, (void)id, (void)why;
    *yes = false;
    return ERR_OK;
}

static enum err no_yield_id(void *arg, const uint8_t id[32], bool *yes, uint8_t data_id[32],
                            struct buf *why)
{
    (void)arg, (void)id, (void)data_id, (void)why;
    *yes = false;
    return ERR_OK;
}

static u128 stake_of(void *arg, struct str account)
{
    const struct viewed *v = arg;
    struct account a;

    return account_get(v->kv, account, &a) ? a.locked : 0;
}

static u128 stake_of_all(void *arg)
{
    return stake_of(arg, STR(VALIDATOR_ACCOUNT));
}

enum err view_call(struct chain *chain, const struct kv *kv, const struct block *block,
                   const struct account_id *id, struct str method, struct str args, struct arena *a,
                   struct vm_outcome *out, struct buf *why)
{
    struct viewed state = {kv, account_id_str(id)};
    const struct vm_ext ext = {.arg = &state,
                               .storage_read = read_value,
                               .storage_write = no_write,
                               .storage_remove = no_remove,
                               .storage_has = has_value,
                               .data_id = no_data_id,
                               .yield_pending = no_yield,
                               .yield_id_pending = no_yield_id,
                               .validator_stake = stake_of,
                               .validator_total_stake = stake_of_all};
    static const struct hash256 zero;
    const struct hash256 seed = merkle_combine(&zero, &block->post_state_root);
    struct vm_context ctx;
    struct account acct;
    struct hash256 code_hash;

    if (!account_get(kv, account_id_str(id), &acct))
        return err_put(why, ERR_ABSENT, "there is no account '%s'", id->s);
    ctx = (struct vm_context){
        .current_account = account_id_str(id),
        .signer_account = account_id_str(id),
        .predecessor_account = account_id_str(id),
        .method = method,
        .input = args,
        .block_height = block->height,
        .block_timestamp = block->timestamp,
        .epoch_height = block->epoch_height,
        .balance = acct.amount,
        .locked_balance = acct.locked,
        .storage_usage = acct.storage_usage,
        .chain_id = STR(CHAIN_ID),
        .view = true,
        .code = account_code(kv, account_id_str(id), &acct, &code_hash),
        .code_origin = (enum vm_code_origin)acct.code,
    };
    memcpy(ctx.random_seed, seed.b, sizeof(seed.b));
    memcpy(ctx.code_hash, code_hash.b, sizeof(code_hash.b));
    if (acct.code == CODE_GLOBAL_ACCOUNT)
        ctx.code_account = account_id_str(&acct.code_account);
    return vm_call(chain_vm(chain), a, &ctx, &ext, out, why);
}
