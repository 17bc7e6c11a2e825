/* settings.c — whose contract it is, for which machines, and what the owner may change. */
#include "codec/base64.h"
#include "codec/hex.h"
#include "register/register.h"
#include "sdk/row.h"

#define STATE_KEY STR("STATE")
#define LAYOUT    1u

static const struct row_field fields[] = {
    ROW(settings, layout),     ROW(settings, owner),         ROW(settings, registrar),
    ROW(settings, outlayer),   ROW(settings, root),          ROW(settings, policy),
    ROW(settings, challenges), ROW(settings, registrations),
};

void settings_load(struct settings *s)
{
    struct str row = STR_NONE;
    REQUIRE(near_read(STATE_KEY, &row), "The contract is not initialized");
    struct rd r = rd_over(row);
    row_read(&r, s, fields, countof(fields));
    REQUIRE(rd_end(&r) && s->layout == LAYOUT, "Cannot deserialize the contract state.");
}

void settings_store(const struct settings *s)
{
    struct buf b = near_buf();
    row_write(&b, s, fields, countof(fields));
    near_write_buf(STATE_KEY, &b);
}

void settings_for_owner(struct settings *s)
{
    settings_load(s);
    REQUIRE(str_eq(near_predecessor(), s->owner), "Only owner can call this method");
}

struct attest_root settings_root(const struct settings *s)
{
    return s->root.len ? (struct attest_root){s->root, true} : attest_root_intel;
}

NEAR_CALL(new)
{
    struct settings s = {.layout = LAYOUT};
    struct str text = STR_NONE;
    struct x509_cert root;

    REQUIRE(!near_has(STATE_KEY), "The contract has already been initialized");
    s.owner = arg_account(args, "owner_id");
    s.registrar = arg_account(args, "init_worker_account");
    s.outlayer = arg_account(args, "outlayer_contract_id");
    if (arg_opt_str(args, "simulated_root", &text)) {
        struct buf der = near_buf();

        REQUIRE(base64_get(text, &der) && x509_cert_read(buf_str(&der), &root) && root.ca &&
                    str_starts(root.cn, STR("SIMULATED ")),
                "simulated_root is not the base64 of a simulator's root certificate");
        s.root = buf_str(&der);
    }
    challenge_renew(&s);
    settings_store(&s);
}

NEAR_CALL(transfer_ownership)
{
    struct settings s;
    settings_for_owner(&s);
    s.owner = arg_account(args, "new_owner");
    settings_store(&s);
}

NEAR_CALL(set_init_worker_account)
{
    struct settings s;
    settings_for_owner(&s);
    s.registrar = arg_account(args, "account_id");
    settings_store(&s);
}

/* For keys of registrations from now on. */
NEAR_CALL(set_outlayer_contract)
{
    struct settings s;
    settings_for_owner(&s);
    s.outlayer = arg_account(args, "contract_id");
    settings_store(&s);
}

/* ---- policy ---- */

#define LIST_MAX 32u

/* An array of texts, or of `n` bytes each in hexadecimal. */
static size_t list(struct json args, const char *name, size_t n, struct str **out)
{
    struct json v = arg_get(args, name);
    struct json_iter it = json_iter(v);
    size_t count = 0;

    if (json_is_null(v))
        return 0;
    *out = mem_new_n(struct str, LIST_MAX);
    it = json_iter(arg_array(args, name));
    while (json_next(&it)) {
        struct str text = near_json_str(it.value, name);
        uint8_t *bytes = mem_alloc(n);

        REQUIRE(count < LIST_MAX, "A list of the policy has more than 32 entries");
        if (n && !hex_get(text, bytes, n))
            near_bad_args("wrong length or no hexadecimal:", name);
        (*out)[count++] = n ? str_from(bytes, n) : text;
    }
    return count;
}

void rules_parse(struct str text, struct rules *out)
{
    static struct str *denied, *service, *ppid;
    struct json v = JSON_NONE;
    uint64_t days = COLLATERAL_AGE_LIVE / 86400;
    struct str attributes;
    uint8_t bits[8];

    *out = (struct rules){.policy = ATTEST_POLICY_STRICT};
    if (text.len)
        REQUIRE(json_parse(text, &v, NULL) && json_type(v) == JSON_OBJECT,
                "The policy is no JSON object");
    out->policy.denied_n = list(v, "denied_advisories", 0, &denied);
    out->policy.denied = denied;
    out->policy.service_td_n = list(v, "service_td", MEASUREMENT_LEN, &service);
    out->policy.service_td = service;
    out->policy.ppids = list(v, "platforms", 16, &ppid);
    out->policy.ppid = json_is_null(arg_get(v, "platforms")) ? NULL : ppid;
    arg_opt_u64(v, "collateral_days", &days);
    REQUIRE(days >= 1 && days <= 30, "collateral_days is 1 to 30");
    out->policy.age_max = (int64_t)days * 86400;
    if (arg_opt_str(v, "td_attributes", &attributes)) {
        if (!hex_get(attributes, bits, sizeof bits))
            near_bad_args("16 hexadecimal digits expected:", "td_attributes");
        for (size_t i = 0; i < sizeof bits; i++)
            out->policy.td_attributes |= (uint64_t)bits[i] << 8 * i;
        REQUIRE(!(out->policy.td_attributes & TD_UNDER_DEBUG),
                "The policy cannot allow machines that can be debugged");
    }
    out->plain_keys = arg_bool_or(v, "plain_keys", false);
}

NEAR_CALL(set_policy)
{
    struct settings s;
    struct rules r;

    settings_for_owner(&s);
    s.policy = arg_object(args, "policy").text;
    REQUIRE(s.policy.len <= POLICY_MAX, "The policy is longer than 4096 bytes");
    rules_parse(s.policy, &r);
    settings_store(&s);
}
