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
    c.flags = (uint8_t)((c.flags & ~FLAG_PAUSED) | (arg_bool(args, "paused") ? FLAG_PAUSED : 0));
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
