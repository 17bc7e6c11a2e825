/* admin.c — what only the owner may change. */
#include "outlayer/outlayer.h"

NEAR_CALL(set_owner)
{
    struct config c = config_for_owner();
    c.owner = arg_account(args, "new_owner_id");
    config_store(&c);
}

NEAR_CALL(set_operator)
{
    struct config c = config_for_owner();
    c.operator_id = arg_account(args, "new_operator_id");
    config_store(&c);
}

NEAR_CALL(set_paused)
{
    struct config c = config_for_owner();
    c.paused = arg_bool(args, "paused");
    config_store(&c);
}

NEAR_CALL(set_pricing)
{
    struct config c = config_for_owner();
    struct fees *f = &c.fees;
    arg_opt_u128(args, "base_fee", &f->base);
    arg_opt_u128(args, "per_million_instructions_fee", &f->per_million);
    arg_opt_u128(args, "per_ms_fee", &f->per_ms);
    arg_opt_u128(args, "per_compile_ms_fee", &f->per_compile_ms);
    arg_opt_u128(args, "base_fee_usd", &f->base_usd);
    arg_opt_u128(args, "per_million_instructions_fee_usd", &f->per_million_usd);
    arg_opt_u128(args, "per_sec_fee_usd", &f->per_sec_usd);
    arg_opt_u128(args, "per_compile_ms_fee_usd", &f->per_compile_ms_usd);
    config_store(&c);
}

NEAR_CALL(set_payment_token_contract)
{
    struct config c = config_for_owner();
    c.has_token = arg_opt_account(args, "token_contract", &c.token);
    config_store(&c);
}

NEAR_CALL(set_event_metadata)
{
    struct config c = config_for_owner();
    arg_opt_str(args, "standard", &c.standard);
    arg_opt_str(args, "version", &c.version);
    REQUIRE(c.standard.len <= EVENT_NAME_MAX && c.version.len <= EVENT_NAME_MAX,
            "Event names have at most 64 bytes");
    config_store(&c);
}
