/* admin.c — what only the owner may change. */
#include "outlayer/outlayer.h"

NEAR_CALL(set_owner)
{
    struct config c;
    config_for_owner(&c);
    c.owner = arg_account(args, "new_owner_id");
    config_store(&c);
}

NEAR_CALL(set_operator)
{
    struct config c;
    config_for_owner(&c);
    c.operator_id = arg_account(args, "new_operator_id");
    config_store(&c);
}

NEAR_CALL(set_paused)
{
    struct config c;
    config_for_owner(&c);
    c.paused = arg_bool(args, "paused");
    config_store(&c);
}

static void opt_fee(struct json args, const char *name, uint64_t *fee)
{
    u128 v = *fee;
    arg_opt_u128(args, name, &v);
    REQUIRE(v <= UINT64_MAX, "A fee per unit must be below 2^64");
    *fee = (uint64_t)v;
}

NEAR_CALL(set_pricing)
{
    struct config c;
    config_for_owner(&c);
    struct fees *f = &c.fees;
    arg_opt_u128(args, "base_fee", &f->base);
    opt_fee(args, "per_million_instructions_fee", &f->per_million);
    opt_fee(args, "per_ms_fee", &f->per_ms);
    opt_fee(args, "per_compile_ms_fee", &f->per_compile_ms);
    opt_fee(args, "base_fee_usd", &f->base_usd);
    opt_fee(args, "per_million_instructions_fee_usd", &f->per_million_usd);
    opt_fee(args, "per_sec_fee_usd", &f->per_sec_usd);
    opt_fee(args, "per_compile_ms_fee_usd", &f->per_compile_ms_usd);
    config_store(&c);
}

NEAR_CALL(set_payment_token_contract)
{
    struct config c;
    config_for_owner(&c);
    c.token = STR_NONE;
    arg_opt_account(args, "token_contract", &c.token);
    config_store(&c);
}

NEAR_CALL(set_event_metadata)
{
    struct config c;
    config_for_owner(&c);
    arg_opt_str(args, "standard", &c.standard);
    arg_opt_str(args, "version", &c.version);
    REQUIRE(c.standard.len <= EVENT_NAME_MAX && c.version.len <= EVENT_NAME_MAX,
            "Event names have at most 64 bytes");
    config_store(&c);
}
