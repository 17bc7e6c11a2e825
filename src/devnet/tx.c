/* tx.c — verifying and charging a transaction. */
#include "devnet/apply_internal.h"

#include "devnet/fail.h"
#include "devnet/sign.h"

static struct str key_fail(struct arena *a, struct str inner)
{
    return fail_in(a, "InvalidAccessKeyError", inner);
}

/* Text of a key, for errors. */
struct str tx_check(struct arena *a, const struct params *p, const struct signed_tx *t)
{
    uint64_t size = t->size;
    struct str e = actions_check(a, p, t->tx.receiver_id, t->tx.actions, t->tx.nactions);

    if (e.ptr)
        return fail_in(a, "ActionsValidation", e);
    if (t->tx.version != 0 && p->protocol < 85)
        return fail(a, "InvalidTransactionVersion", NULL);
    if (p->protocol >= 85) /* since then the signature counts */
        size += 1 + t->signature.bytes.len;
    if (size > p->max_transaction_size)
        return fail(a, "TransactionSizeExceeded", "u size u limit", size, p->max_transaction_size);
    if (!signature_holds(t->tx.key, t->signature, &t->hash))
        return fail(a, "InvalidSignature", NULL);
    return STR_NONE;
}

u128 storage_lack(const struct params *p, const struct account *acct)
{
    u128 need = (u128)acct->storage_usage * p->storage_amount_per_byte, have;

    if (acct->storage_usage <= p->zero_balance_account_max_storage_bytes)
        return 0;
    if (__builtin_add_overflow(acct->amount, acct->locked, &have))
        return 0;
    return have >= need ? 0 : need - have;
}

static bool method_listed(const struct access_key *k, struct str method)
{
    for (size_t i = 0; i < k->nmethods; i++)
        if (str_eq(k->methods[i], method))
            return true;
    return k->nmethods == 0;
}

struct str key_check(struct arena *a, const struct params *p, const struct access_key *k,
                     struct str receiver, const struct action *x, size_t n)
{
    (void)p;
    if (k->kind != PERMISSION_FUNCTION_CALL)
        return STR_NONE;
    if (n != 1 || x[0].kind != ACTION_FUNCTION_CALL)
        return fail(a, "RequiresFullAccess", NULL);
    if (x[0].call.deposit > 0)
        return fail(a, "DepositWithFunctionCall", NULL);
    if (!str_eq(receiver, k->receiver_id))
        return fail(a, "ReceiverMismatch", "s tx_receiver s ak_receiver", receiver, k->receiver_id);
    if (!method_listed(k, x[0].call.method))
        return fail(a, "MethodNameMismatch", "s method_name", x[0].call.method);
    return STR_NONE;
}

static struct str nonce_check(struct arena *a, const struct params *p, const struct signed_tx *t,
                              uint64_t stored, uint64_t height)
{
    const uint64_t nonce = t->tx.nonce.nonce;

    (void)p;
    if (nonce <= stored || (t->tx.strict_nonce && nonce != stored + 1))
        return fail(a, "InvalidNonce", "u tx_nonce u ak_nonce", nonce, stored);
    if (height != 0 && nonce >= height * NONCE_RANGE)
        return fail(a, "NonceTooLarge", "u tx_nonce u upper_bound", nonce, height * NONCE_RANGE);
    return STR_NONE;
}

struct str tx_verify(struct arena *a, const struct params *p, const struct kv *kv,
                     const struct signed_tx *t, uint64_t height, u128 gas_price,
                     struct tx_charge *out)
{
    const struct tx *tx = &t->tx;
    struct tx_charge c;
    struct str e;
    u128 lack;

    if (!tx_cost(p, tx->signer_id, tx->receiver_id, tx->actions, tx->nactions, gas_price, &c.cost))
        return fail(a, "CostOverflow", NULL);
    if (!account_get(kv, tx->signer_id, &c.account))
        return fail(a, "SignerDoesNotExist", "s signer_id", tx->signer_id);
    /* An index names a nonce of a gas key, and there are none. */
    if (!key_get(kv, a, tx->signer_id, tx->key, &c.key) || tx->nonce.has_index)
        return key_fail(a, fail(a, "AccessKeyNotFound", "s account_id s public_key", tx->signer_id,
                                public_key_text(a, tx->key)));
    e = nonce_check(a, p, t, c.key.nonce, height);
    if (e.ptr)
        return e;
    c.key.nonce = tx->nonce.nonce;
    if (c.account.amount < c.cost.total)
        return fail(a, "NotEnoughBalance", "s signer_id m balance m cost", tx->signer_id,
                    MONEY(c.account.amount), MONEY(c.cost.total));
    c.account.amount -= c.cost.total;
    if (c.key.kind == PERMISSION_FUNCTION_CALL && c.key.has_allowance) {
        if (c.key.allowance < c.cost.total)
            return key_fail(a, fail(a, "NotEnoughAllowance",
                                    "s account_id s public_key m allowance m cost", tx->signer_id,
                                    public_key_text(a, tx->key), MONEY(c.key.allowance),
                                    MONEY(c.cost.total)));
        c.key.allowance -= c.cost.total;
    }
    lack = storage_lack(p, &c.account);
    if (lack > 0)
        return fail(a, "LackBalanceForState", "s signer_id m amount", tx->signer_id, MONEY(lack));
    e = key_check(a, p, &c.key, tx->receiver_id, tx->actions, tx->nactions);
    if (e.ptr)
        return key_fail(a, e);
    *out = c;
    return STR_NONE;
}
