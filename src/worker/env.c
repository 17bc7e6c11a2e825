/* env.c — see env.h. */
#include "worker/env.h"

static void set(struct env *e, const char *name, struct str value)
{
    BUG_ON(e->n == ENV_VARS_MAX);
    e->var[e->n++] = (struct run_var){str_of(name), value.ptr ? value : STR("")};
}

static void set_number(struct env *e, struct arena *a, const char *name, u128 v)
{
    char room[48];
    struct buf b = BUF_OVER(room);

    buf_add_u128(&b, v);
    set(e, name, arena_str(a, buf_str(&b)));
}

bool env_has(const struct env *e, struct str name)
{
    for (size_t i = 0; i < e->n; i++)
        if (str_eq(e->var[i].name, name))
            return true;
    return false;
}

struct str env_get(const struct env *e, const char *name)
{
    for (size_t i = 0; i < e->n; i++)
        if (str_eqz(e->var[i].name, name))
            return e->var[i].value;
    return STR_NONE;
}

void env_make(const struct lease *l, const struct request *r, const char *network_id,
              struct arena *a, struct env *e)
{
    e->n = 0;
    set(e, "OUTLAYER_EXECUTION_TYPE", STR("NEAR"));
    set(e, "NEAR_NETWORK_ID", str_of(network_id));
    set(e, "NEAR_SENDER_ID", r->sender_id);
    set(e, "NEAR_USER_ACCOUNT_ID", r->sender_id);
    set(e, "NEAR_PREDECESSOR_ID", r->predecessor_id);
    set(e, "NEAR_CONTRACT_ID", l->contract_id);
    set_number(e, a, "NEAR_BLOCK_HEIGHT", l->block_height);
    set_number(e, a, "NEAR_BLOCK_TIMESTAMP", l->block_timestamp_ns);
    set(e, "NEAR_RECEIPT_ID", l->receipt_id);
    set(e, "NEAR_TRANSACTION_HASH", l->transaction_hash);
    set(e, "NEAR_SIGNER_PUBLIC_KEY", l->signer_public_key);
    set_number(e, a, "NEAR_GAS_BURNT", l->gas_burnt);
    set_number(e, a, "NEAR_REQUEST_ID", r->id);
    set_number(e, a, "OUTLAYER_REQUEST_ID", r->id);
    set_number(e, a, "NEAR_PAYMENT_YOCTO", r->payment);
    set_number(e, a, "ATTACHED_USD", r->attached_usd);
    set(e, "USD_PAYMENT", STR("0"));
    set(e, "OUTLAYER_CALL_ID", STR(""));
    set_number(e, a, "NEAR_MAX_INSTRUCTIONS", r->limits.instructions);
    set_number(e, a, "NEAR_MAX_MEMORY_MB", r->limits.memory_mb);
    set_number(e, a, "NEAR_MAX_EXECUTION_SECONDS", r->limits.seconds);
    if (r->project_id.len) {
        struct str owner, name = str_cut(r->project_id, '/', &owner);

        set(e, "OUTLAYER_PROJECT_ID", r->project_id);
        set(e, "OUTLAYER_PROJECT_OWNER", owner);
        set(e, "OUTLAYER_PROJECT_NAME", name);
        set(e, "OUTLAYER_PROJECT_UUID", r->project_uuid);
    }
}
