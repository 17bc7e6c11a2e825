/* delegate.c — actions that one account signed and another one sends (NEP-366). */
#include "devnet/apply_internal.h"

#include "devnet/fail.h"
#include "devnet/sign.h"

/* The key of the sender must allow it; its nonce is used up. False and an error otherwise. */
static bool use_key(struct exec *e, const struct delegate *d)
{
    struct arena *a = e->ap->a;
    const uint64_t nonce = d->nonce.nonce, bound = e->ap->b->height * NONCE_RANGE;
    struct access_key k;
    struct str why;

    if (!key_get(e->ap->kv, e->scratch, d->sender_id, d->key, &k)) {
        why = fail(a, "AccessKeyNotFound", "s account_id s public_key", d->sender_id,
                   public_key_text(e->ap->a, d->key));
        exec_fail(e, fail_in(a, "DelegateActionAccessKeyError", why));
        return false;
    }
    if (nonce <= k.nonce) {
        exec_fail(e, fail(a, "DelegateActionInvalidNonce", "u delegate_nonce u ak_nonce", nonce,
                          k.nonce));
        return false;
    }
    if (nonce >= bound) {
        exec_fail(e, fail(a, "DelegateActionNonceTooLarge", "u delegate_nonce u upper_bound", nonce,
                          bound));
        return false;
    }
    why = key_check(a, e->ap->p, &k, d->receiver_id, d->actions, d->nactions);
    if (why.ptr) {
        exec_fail(e, fail_in(a, "DelegateActionAccessKeyError", why));
        return false;
    }
    k.nonce = nonce;
    key_put(e->ap->kv, d->sender_id, d->key, &k);
    return true;
}

/* Gas that the inner receipt will burn, and what sending it burns now. */
static void pay(struct exec *e, const struct delegate *d)
{
    const struct params *p = e->ap->p;
    uint64_t send, exec, attached;

    /* The same sums were checked when the relayer paid for them. */
    BUG_ON(!gas_send(p, str_eq(d->sender_id, d->receiver_id), d->actions, d->nactions,
                     d->receiver_id, &send));
    BUG_ON(!gas_prepaid_exec(p, d->actions, d->nactions, d->receiver_id, &exec));
    BUG_ON(!gas_attached(d->actions, d->nactions, &attached));
    e->gas_burnt += send;
    e->gas_used += send + exec + attached + p->action[ACTION_new_action_receipt].exec;
}

void exec_delegate(struct exec *e, const struct delegate *d)
{
    struct arena *a = e->ap->a;
    struct receipt *r;

    if (!signature_holds(d->key, d->signature, &d->digest)) {
        exec_fail(e, fail(a, "DelegateActionInvalidSignature", NULL));
        return;
    }
    if (e->ap->b->height > d->max_block_height) {
        exec_fail(e, fail(a, "DelegateActionExpired", NULL));
        return;
    }
    if (!str_eq(d->sender_id, account_id_str(&e->r->receiver))) {
        exec_fail(e,
                  fail(a, "DelegateActionSenderDoesNotMatchTxReceiver", "s sender_id s receiver_id",
                       d->sender_id, account_id_str(&e->r->receiver)));
        return;
    }
    if (!use_key(e, d))
        return;
    r = receipt_new(e->ap, &e->r->tx_hash, d->sender_id, d->receiver_id);
    r->kind = RECEIPT_ACTION;
    r->signer = e->r->signer;
    r->signer_key = e->r->signer_key;
    r->gas_price = e->r->gas_price;
    r->actions = d->actions;
    r->n_actions = d->nactions;
    pay(e, d);
    *list_add(a, &e->out) = r;
}
