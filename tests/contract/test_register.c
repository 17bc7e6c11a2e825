/* The register contract against the mock: who gets a key, who does not, who loses it. */
#include "test.h"

#include <string.h>

#include "attest/policy.h"
#include "codec/hex.h"
#include "contract/machine.h"
#include "sdk/mock/mock.h"

#define ME        "worker.outlayer.test"
#define OUTLAYER  "outlayer.test"
#define OWNER     "owner.test"
#define REGISTRAR "init.test"
#define STRANGER  "mallory.test"
#define METHODS                                                                                    \
    "resolve_execution,submit_execution_output_and_resolve,resume_topup,resume_delete_payment_key"
#define HOUR_BLOCKS 6000u /* of 0.6 s */

static struct machine m;

static int64_t now(void)
{
    return (int64_t)(mock.time_ns / 1000000000u);
}

static void begin(void)
{
    mock_init(ME, (u128)1000 * 1000000000000u * 1000000000000u);
    mock_account_add(OWNER, (u128)1 << 80);
    mock_account_add(REGISTRAR, (u128)1 << 80);
    mock_account_add(STRANGER, (u128)1 << 80);
    machine_open(&m, now(), ME, OUTLAYER);
}

/* ---- calls ---- */

static struct str call(const char *who, const char *method, struct str args)
{
    struct str value;
    size_t r = mock_call(who, 0, method, args);

    mock_run();
    if (mock_result(r, &value) != MOCK_OK)
        fail_msg("%s: %.*s", method, STR_ARG(value));
    return arena_str(&m.arena, value);
}

static bool contains(struct str s, const char *part)
{
    return str_find(s, str_of(part)) < s.len;
}

static void refused(const char *who, const char *method, struct str args, const char *text)
{
    uint64_t storage = mock_storage();
    size_t keys = mock.n_keys;
    struct str value;
    size_t r = mock_call(who, 0, method, args);

    mock_run();
    if (mock_result(r, &value) != MOCK_FAILED || !contains(value, text))
        fail_msg("%s: want '%s', got %.*s", method, text, STR_ARG(value));
    assert_int_equal(mock_storage(), storage);
    assert_int_equal(mock.n_keys, keys);
}

static struct str view(const char *method, struct str args)
{
    struct str value;

    if (!mock_view(method, args, &value))
        fail_msg("%s: %.*s", method, STR_ARG(value));
    return arena_str(&m.arena, value);
}

static void view_has(const char *method, struct str args, const char *part)
{
    struct str v = view(method, args);

    if (!contains(v, part))
        fail_msg("%s: want '%s' in %.*s", method, part, STR_ARG(v));
}

/* {"name":"value"} or {"name":["value"]} */
static struct str member(const char *name, struct str value, bool in_array)
{
    struct buf b = BUF_INIT(1000);
    struct str all;

    json_obj(&b);
    json_key(&b, name);
    if (in_array)
        json_arr(&b);
    json_put_str(&b, value);
    if (in_array)
        json_arr_end(&b);
    json_obj_end(&b);
    all = arena_str(&m.arena, buf_str(&b));
    buf_release(&b);
    return all;
}

static struct str key_args(void)
{
    return member("public_key", machine_key(&m), false);
}

static struct str keys_args(void)
{
    return member("public_keys", machine_key(&m), true);
}

static struct str challenge(void)
{
    return call(REGISTRAR, "request_challenge", STR("{}"));
}

static void enroll(void)
{
    call(REGISTRAR, "register_worker_key", machine_registration(&m, challenge()));
}

static void not_enrolled(const char *text)
{
    refused(REGISTRAR, "register_worker_key", machine_registration(&m, challenge()), text);
}

/* The epoch begins now. */
static void new_epoch(void)
{
    m.spec.now = now();
    m.manifest.not_before = (uint64_t)now();
    m.manifest.not_after = (uint64_t)now() + 6 * 3600;
    ed25519_generate(&m.statement);
    memcpy(m.manifest.statement_key, m.statement.pub.b, 32);
}

/* Time passes, and Intel publishes anew. */
static void hours(uint64_t n)
{
    mock_blocks(n * HOUR_BLOCKS);
    m.spec.now = now();
}

static int setup(void **state)
{
    (void)state;
    begin();
    call(ME, "new", machine_new_args(&m, OWNER, REGISTRAR, OUTLAYER));
    call(OWNER, "update_collateral", machine_collateral(&m));
    call(OWNER, "add_approved_measurements", machine_measurements(&m, ""));
    mock_clear_logs();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    machine_close(&m);
    mock_end();
    return 0;
}

static int begin_only(void **state)
{
    (void)state;
    begin();
    return 0;
}

static struct str session_args(void)
{
    struct buf b = BUF_INIT(65);
    struct str s;

    hex_put(&b, m.session, 32);
    s = member("session_id", buf_str(&b), false);
    buf_release(&b);
    return s;
}

/* ---- registering ---- */

static void test_registers(void **state)
{
    const struct mock_key *k;
    struct str args, id;

    (void)state;
    m.junk = 100; /* real quotes come padded */
    args = machine_registration(&m, challenge());
    call(REGISTRAR, "register_worker_key", args);
    k = mock_key(m.near.pub.b);
    assert_non_null(k);
    assert_str(buf_str(&k->receiver), OUTLAYER);
    assert_str(buf_str(&k->methods), METHODS);
    assert_true(k->allowance == (u128)10000000000000u * 1000000000000u);
    assert_int_equal(mock.n_keys, 1);
    assert_int_equal(mock_count_logs("\"event\":\"worker_registered\""), 1);
    assert_true(mock_logged("\"simulated\":true"));
    assert_true(mock_logged("\"renewed\":false"));
    assert_true(mock_logged("\"tcb_status\":\"UpToDate\""));
    /* … and the OutLayer contract gets the key of its statements */
    {
        size_t out = mock_outgoing(0);

        assert_true(out != SIZE_MAX);
        assert_str(buf_str(&mock.receipts[out].actions[0].method), "set_statement_key");
        assert_true(contains(buf_str(&mock.receipts[out].actions[0].args), "\"not_after\":17800"));
    }
    id = key_args();
    view_has("get_worker", id, "\"simulated\":true");
    view_has("get_worker", id, "\"statements_anchored\":0");
    view_has("get_session", session_args(), "\"fmspc\":\"53494d000000\"");
    view_has("get_workers", STR("{}"), "\"statement_key\":\"ed25519:");
    view_has("get_settings", STR("{}"), "\"workers\":1");
    view_has("is_key_revoked", id, "false");
}

static void test_who_may(void **state)
{
    struct str good;

    (void)state;
    good = machine_registration(&m, challenge());
    refused(STRANGER, "register_worker_key", good, "Only the init worker account can register");
    refused(OWNER, "register_worker_key", good, "Only the init worker account can register");
    refused(STRANGER, "request_challenge", STR("{}"), "Only the init worker account can register");
    refused(STRANGER, "add_approved_measurements", machine_measurements(&m, ""),
            "Only owner can call this method");
    refused(STRANGER, "remove_approved_measurements", machine_measurements(&m, ""),
            "Only owner can call this method");
    refused(STRANGER, "clear_all_approved_measurements", STR("{}"), "Only owner");
    refused(STRANGER, "remove_worker_keys", STR("{\"public_keys\":[]}"), "Only owner");
    refused(STRANGER, "remove_collateral", STR("{\"fmspc\":\"53494d000000\",\"ca\":\"platform\"}"),
            "Only owner");
    refused(STRANGER, "set_policy", STR("{\"policy\":{}}"), "Only owner");
    refused(STRANGER, "set_init_worker_account", STR("{\"account_id\":\"x.test\"}"), "Only owner");
    refused(STRANGER, "set_outlayer_contract", STR("{\"contract_id\":\"x.test\"}"), "Only owner");
    refused(STRANGER, "transfer_ownership", STR("{\"new_owner\":\"x.test\"}"), "Only owner");
    refused(ME, "new", machine_new_args(&m, STRANGER, STRANGER, OUTLAYER), "already been");
    call(OWNER, "transfer_ownership", STR("{\"new_owner\":\"" STRANGER "\"}"));
    refused(OWNER, "set_policy", STR("{\"policy\":{}}"), "Only owner");
    call(STRANGER, "set_init_worker_account", STR("{\"account_id\":\"" OWNER "\"}"));
    refused(REGISTRAR, "register_worker_key", good, "Only the init worker account can register");
    call(OWNER, "register_worker_key", good);
    view_has("get_init_worker_account", STR("{}"), "\"" OWNER "\"");
}

static void test_measurements(void **state)
{
    uint8_t *all[] = {m.spec.mr_td, m.spec.rtmr[0], m.spec.rtmr[1], m.spec.rtmr[2], m.spec.rtmr[3]};

    (void)state;
    for (size_t i = 0; i < countof(all); i++) {
        all[i][47] ^= 1;
        not_enrolled("P_MEASUREMENT: the measurements are not approved");
        all[i][47] ^= 1;
    }
    view_has("is_measurements_approved", machine_measurements(&m, ""), "true");
    call(OWNER, "remove_approved_measurements", machine_measurements(&m, ""));
    view_has("is_measurements_approved", machine_measurements(&m, ""), "false");
    not_enrolled("P_MEASUREMENT");
    refused(OWNER, "remove_approved_measurements", machine_measurements(&m, ""), "not approved");
    m.spec.mr_td[0] ^= 1; /* two halves of two entries are no entry */
    call(OWNER, "add_approved_measurements", machine_measurements(&m, ""));
    m.spec.mr_td[0] ^= 1;
    m.spec.rtmr[1][0] ^= 1;
    call(OWNER, "add_approved_measurements", machine_measurements(&m, ""));
    m.spec.rtmr[1][0] ^= 1;
    not_enrolled("P_MEASUREMENT");
    call(OWNER, "add_approved_measurements", machine_measurements(&m, ",\"clear_others\":true"));
    assert_int_equal(view("get_approved_measurements", STR("{}")).len, 2 + 5 * 96 + 55);
    enroll();
    call(OWNER, "clear_all_approved_measurements", STR("{}"));
    assert_str(view("get_approved_measurements", STR("{}")), "[]");
    machine_new_keys(&m);
    not_enrolled("P_MEASUREMENT");
}

#define ZEROS48                                                                                    \
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "0"                                                                                            \
    "000"
#define MRTD                                                                                       \
    "53494d554c4154454400000000000000000000000000000000000000000000000000000000000000000000000000" \
    "0000"
#define PINNED(more)                                                                               \
    STR("{\"clear_others\":true,\"measurements\":{\"mrtd\":\"" MRTD "\",\"rtmr0\":\"" ZEROS48      \
        "\",\"rtmr1\":\"" ZEROS48 "\",\"rtmr2\":\"" ZEROS48 "\"" more "}}")
#define COMPOSE "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void test_compose_hash(void **state)
{
    (void)state;
    refused(OWNER, "add_approved_measurements", PINNED(""), "the program in the machine is not");
    refused(OWNER, "add_approved_measurements",
            PINNED(",\"compose_hash\":\"" COMPOSE "\",\"mrconfigid\":\"" ZEROS48 "\""), "not both");
    refused(OWNER, "add_approved_measurements", PINNED(",\"compose_hash\":\"00\""), "wrong length");
    call(OWNER, "add_approved_measurements", PINNED(",\"compose_hash\":\"" COMPOSE "\""));
    view_has("get_approved_measurements", STR("{}"), "\"compose_hash\":\"" COMPOSE "\"");
    m.spec.rtmr[3][5] = 9; /* not pinned */
    not_enrolled("P_MEASUREMENT");
    m.spec.mr_config_id[0] = 1;
    for (size_t i = 0; i < 32; i++)
        m.spec.mr_config_id[1 + i] = (uint8_t)i;
    enroll();
    machine_new_keys(&m);
    m.spec.mr_config_id[32] ^= 1;
    not_enrolled("P_MEASUREMENT");
}

static void test_attributes_pinned(void **state)
{
    (void)state;
    refused(OWNER, "add_approved_measurements",
            PINNED(",\"rtmr3\":\"" ZEROS48 "\",\"xfam\":\"e702060000000000\""), "or neither");
    call(OWNER, "add_approved_measurements",
         PINNED(",\"rtmr3\":\"" ZEROS48 "\",\"xfam\":\"e702060000000000\",\"td_attributes\":"
                "\"0000001000000000\""));
    view_has("get_approved_measurements", STR("{}"), "\"td_attributes\":\"0000001000000000\"");
    m.spec.xfam ^= 2;
    not_enrolled("P_MEASUREMENT");
    m.spec.xfam ^= 2;
    enroll();
}

/* ---- freshness ---- */

static void test_challenge(void **state)
{
    struct str one = challenge(), other, args;

    (void)state;
    refused(REGISTRAR, "register_worker_key", machine_registration(&m, STR_NONE), "The challenge");
    other = STR("\"0000000000000000000000000000000000000000000000000000000000000000\"");
    refused(REGISTRAR, "register_worker_key", machine_registration(&m, other), "The challenge");
    args = machine_registration(&m, one);
    call(REGISTRAR, "register_worker_key", args);
    refused(REGISTRAR, "register_worker_key", args, "The challenge"); /* the same once more */
    one = challenge();
    mock_blocks(1000);
    call(REGISTRAR, "register_worker_key", machine_registration(&m, one));
    one = challenge();
    mock_blocks(1001);
    refused(REGISTRAR, "register_worker_key", machine_registration(&m, one), "The challenge");
    one = challenge();
    for (size_t i = 0; i < 31; i++)
        assert_false(str_eq(challenge(), one));
    call(REGISTRAR, "register_worker_key", machine_registration(&m, one));
    one = challenge();
    for (size_t i = 0; i < 32; i++)
        challenge();
    refused(REGISTRAR, "register_worker_key", machine_registration(&m, one), "The challenge");
}

/* One lies open for whoever is first, after each registration another. */
static void test_open_challenge(void **state)
{
    struct str one = view("get_challenge", STR("{}")), args;
    struct str text = str_head(str_skip(one, 13), 66);

    (void)state;
    args = machine_registration(&m, text);
    call(REGISTRAR, "register_worker_key", args);
    refused(REGISTRAR, "register_worker_key", args, "The challenge");
    machine_new_keys(&m);
    refused(REGISTRAR, "register_worker_key", machine_registration(&m, text), "The challenge");
    one = view("get_challenge", STR("{}"));
    mock_blocks(1001);
    text = str_head(str_skip(one, 13), 66);
    refused(REGISTRAR, "register_worker_key", machine_registration(&m, text), "The challenge");
    assert_str(view("get_challenge", STR("{}")), "null");
    enroll();
    assert_int_equal(view("get_challenge", STR("{}")).len, one.len);
}

/* A removed worker cannot come back with what it had, nor with anything. */
static void test_replay_after_removal(void **state)
{
    struct str args = machine_registration(&m, challenge());

    (void)state;
    call(REGISTRAR, "register_worker_key", args);
    call(OWNER, "remove_worker_keys", keys_args());
    assert_null(mock_key(m.near.pub.b));
    {
        size_t out = mock_outgoing(mock_outgoing(0) + 1);

        assert_true(out != SIZE_MAX);
        assert_true(contains(buf_str(&mock.receipts[out].actions[0].args), "\"not_after\":0"));
    }
    assert_true(mock_logged("\"reason\":\"revoked\""));
    refused(REGISTRAR, "register_worker_key", args, "This key has been revoked");
    not_enrolled("This key has been revoked");
    view_has("is_key_revoked", key_args(), "true");
    assert_str(view("get_session", session_args()), "null");
    machine_new_keys(&m);
    enroll();
}

static void test_manifest(void **state)
{
    struct manifest good = m.manifest;

    (void)state;
    m.manifest.near_key[0] ^= 1;
    not_enrolled("for another public key");
    m.manifest = good;
    m.manifest.register_contract = STR("other.test");
    not_enrolled("for another register contract");
    m.manifest = good;
    m.manifest.outlayer_contract = STR("other.test");
    not_enrolled("for another OutLayer contract");
    m.manifest = good;
    m.manifest.network = STR("mainnet");
    not_enrolled("sandbox");
    m.manifest = good;
    memcpy(m.manifest.statement_key, m.manifest.near_key, 32);
    not_enrolled("a key of its own");
    memset(m.manifest.statement_key, 0, 32);
    not_enrolled("a key of its own");
    m.manifest = good;
    m.manifest.not_before += 61;
    not_enrolled("has not begun");
    m.manifest = good;
    m.manifest.not_before -= 7200;
    m.manifest.not_after = m.manifest.not_before + 3600;
    not_enrolled("is over");
    m.manifest = good;
    m.manifest.not_after = m.manifest.not_before + 24 * 3600 + 1;
    not_enrolled("longer than 24 hours");
    m.manifest = good;
    m.manifest.near_block_height = mock.height + 10;
    not_enrolled("a block that is not there");
    m.manifest = good;
    m.manifest.near_block_height = mock.height;
    enroll();
}

static void test_other_report_data(void **state)
{
    struct buf b = BUF_INIT(100000);
    struct str good, other, quote;
    size_t at, to;

    (void)state;
    good = machine_registration(&m, challenge());
    machine_new_keys(&m);
    other = machine_registration(&m, challenge());
    /* the one's key and manifest with the other's quote */
    at = str_find(other, STR("\"tdx_quote_hex\":\"")) + 17;
    quote = str_head(str_skip(other, at), str_find(str_skip(other, at), STR("\"")));
    at = str_find(good, STR("\"tdx_quote_hex\":\"")) + 17;
    to = at + str_find(str_skip(good, at), STR("\""));
    buf_add_str(&b, str_head(good, at));
    buf_add_str(&b, quote);
    buf_add_str(&b, str_skip(good, to));
    refused(REGISTRAR, "register_worker_key", buf_str(&b),
            "P_REPORT_DATA: the report data is not what it must bind");
    buf_release(&b);
}

/* ---- evidence ---- */

static void test_faults_of_the_machine(void **state)
{
    static const struct {
        unsigned fault;
        const char *text;
    } faults[] = {
        {SIM_LEAF_EXPIRED, "E_CHAIN_TIME"},    {SIM_CA_EXPIRED, "E_CHAIN_TIME"},
        {SIM_LEAF_IS_CA, "E_CHAIN_INVALID"},   {SIM_ODD_CRITICAL, "E_CHAIN_INVALID"},
        {SIM_TWO_INTEL, "E_CHAIN_INVALID"},    {SIM_NO_INTEL, "E_PCK_EXT"},
        {SIM_FOUR_CERTS, "E_CHAIN_INVALID"},   {SIM_KEY_OFF_CURVE, "E_QUOTE_SIG"},
        {SIM_SIGNATURE_ZERO, "E_QUOTE_SIG"},   {SIM_SIGNATURE_ORDER, "E_QUOTE_SIG"},
        {SIM_OTHER_QE_KEY, "E_QE_REPORT_SIG"}, {SIM_UNBOUND_KEY, "E_QE_BINDING"},
        {SIM_CA_NO_SIGN, "E_CHAIN_INVALID"},
    };

    (void)state;
    for (size_t i = 0; i < countof(faults); i++) {
        m.spec.faults = faults[i].fault;
        not_enrolled(faults[i].text);
    }
    m.spec.faults = SIM_HIGH_S | SIM_PEM_CRLF; /* not wrong */
    enroll();
}

static void test_attributes_refused(void **state)
{
    static const struct {
        uint64_t set, clear;
        const char *text;
    } bad[] = {
        {TD_DEBUG, 0, "P_DEBUG"},
        {1u << 4, 0, "P_TD_ATTR"},
        {TD_MIGRATABLE, 0, "P_MIGRATABLE"},
        {TD_PERFMON, 0, "P_TD_ATTR"},
        {0, TD_SEPT_VE_DISABLE, "P_SEPT_VE"},
    };
    uint64_t good = m.spec.td_attributes;

    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        m.spec.td_attributes = (good | bad[i].set) & ~bad[i].clear;
        not_enrolled(bad[i].text);
    }
    m.spec.td_attributes = good | TD_PERFMON; /* the owner may allow it, but never debugging */
    call(OWNER, "set_policy", STR("{\"policy\":{\"td_attributes\":\"0000000000000080\"}}"));
    enroll();
    refused(OWNER, "set_policy", STR("{\"policy\":{\"td_attributes\":\"0100000000000000\"}}"),
            "cannot allow machines that can be debugged");
}

static void test_service_machine(void **state)
{
    (void)state;
    m.spec.version = 5;
    enroll();
    machine_new_keys(&m);
    m.spec.mr_service_td[0] = 7;
    not_enrolled("P_SERVICE_TD");
    call(OWNER, "set_policy",
         STR("{\"policy\":{\"service_td\":[\"0700000000000000000000000000000000000000000000000000"
             "00000000000000000000000000000000000000000000\"]}}"));
    enroll();
}

static void test_platforms(void **state)
{
    (void)state;
    call(OWNER, "set_policy", STR("{\"policy\":{\"platforms\":[]}}"));
    not_enrolled("P_PLATFORM");
    call(OWNER, "set_policy",
         STR("{\"policy\":{\"platforms\":[\"53494d554c4154454400000000000000\"]}}"));
    enroll();
    machine_new_keys(&m);
    m.spec.ppid[0] = 0;
    not_enrolled("P_PLATFORM");
}

static void test_policy_words(void **state)
{
    (void)state;
    refused(OWNER, "set_policy", STR("{\"policy\":[]}"), "expected an object");
    refused(OWNER, "set_policy", STR("{\"policy\":{\"platforms\":[\"00\"]}}"), "wrong length");
    refused(OWNER, "set_policy", STR("{\"policy\":{\"collateral_days\":31}}"), "1 to 30");
    refused(OWNER, "set_policy", STR("{\"policy\":{\"plain_keys\":null}}"), "expected a boolean");
    call(OWNER, "set_policy", STR("{\"policy\":{\"denied_advisories\":[\"INTEL-SA-1\"]}}"));
    view_has("get_settings", STR("{}"), "\"denied_advisories\":[\"INTEL-SA-1\"]");
    enroll();
}

/* Levels of the documents: what Intel rates as less than UpToDate does not register. */
static void test_out_of_date(void **state)
{
    struct buf info = BUF_INIT(SIM_COLLATERAL_MAX), worse = BUF_INIT(SIM_COLLATERAL_MAX);
    struct str text;
    size_t at;

    (void)state;
    hours(1);
    sim_tcb_info(&m.spec, &info);
    text = buf_str(&info);
    while ((at = str_find(text, STR("UpToDate"))) < text.len) {
        buf_add_str(&worse, str_head(text, at));
        buf_addz(&worse, "SWHardeningNeeded");
        text = str_skip(text, at + 8);
    }
    buf_add_str(&worse, text);
    m.spec.tcb_info = buf_str(&worse);
    call(STRANGER, "update_collateral", machine_collateral(&m));
    new_epoch();
    not_enrolled("P_TCB_STATUS");
    buf_release(&info);
    buf_release(&worse);
}

/* ---- collateral ---- */

static void test_collateral_faults(void **state)
{
    static const struct {
        unsigned fault;
        const char *text;
    } faults[] = {
        {SIM_CA_REVOKED, "E_REVOKED"},
        {SIM_SIGNER_REVOKED, "E_REVOKED"},
        {SIM_CA_EXPIRED, "E_CHAIN_TIME"},
        {SIM_SIGNER_EXPIRED, "E_CHAIN_TIME"},
        {SIM_CRL_OTHER_AKI, "E_CRL_INVALID"},
        {SIM_CRL_OTHER_SIGNER, "E_CRL_INVALID"},
        {SIM_CA_SIGNS_DOCUMENTS, "E_CHAIN_INVALID"},
        {SIM_CA_NO_SIGN, "E_CHAIN_INVALID"},
    };

    (void)state;
    hours(1);
    for (size_t i = 0; i < countof(faults); i++) {
        m.spec.faults = faults[i].fault;
        refused(OWNER, "update_collateral", machine_collateral(&m), faults[i].text);
    }
    m.spec.faults = SIM_DOCUMENTS_OLD;
    refused(OWNER, "update_collateral", machine_collateral(&m), "older than what is stored");
    refused(OWNER, "update_collateral", STR("{\"collateral\":\"{}\"}"), "missing or malformed");
    refused(OWNER, "update_collateral", STR("{\"collateral\":\"\"}"), "missing or malformed");
}

/* As the first of its platform, so that nothing is stored to be older than. */
static void test_stale_collateral(void **state)
{
    static const struct {
        unsigned fault;
        const char *text;
    } faults[] = {
        {SIM_DOCUMENTS_OLD, "Collateral refused: E_TCBINFO_TIME"},
        {SIM_CRL_EXPIRED, "Collateral refused: E_CRL_TIME"},
    };

    (void)state;
    m.spec.fmspc[5] = 1;
    for (size_t i = 0; i < countof(faults); i++) {
        m.spec.faults = faults[i].fault;
        refused(OWNER, "update_collateral", machine_collateral(&m), faults[i].text);
    }
}

static void test_revoked_machine(void **state)
{
    (void)state;
    enroll();
    hours(1);
    new_epoch();
    m.spec.faults = SIM_LEAF_REVOKED;
    call(STRANGER, "update_collateral", machine_collateral(&m)); /* anybody may bring the news */
    not_enrolled("E_REVOKED: a certificate has been revoked (the PCK chain in the quote)");
    m.spec.faults = 0; /* … and nobody may take them back */
    m.spec.now -= 60;
    refused(OWNER, "update_collateral", machine_collateral(&m), "older than what is stored");
}

static void test_platforms_known(void **state)
{
    (void)state;
    m.spec.fmspc[5] = 1;
    not_enrolled("There is no collateral for the platform 53494d000001 platform");
    refused(STRANGER, "update_collateral", machine_collateral(&m), "Only owner can add a platform");
    call(OWNER, "update_collateral", machine_collateral(&m));
    enroll();
    machine_new_keys(&m);
    m.spec.fmspc[5] = 0;
    enroll();
    view_has("get_collaterals", STR("{}"), "tcb_info");
    call(OWNER, "remove_collateral", STR("{\"fmspc\":\"53494d000001\",\"ca\":\"platform\"}"));
    m.spec.fmspc[5] = 1;
    machine_new_keys(&m);
    not_enrolled("There is no collateral");
    refused(OWNER, "remove_collateral", STR("{\"fmspc\":\"53494d000001\",\"ca\":\"platform\"}"),
            "There is no collateral");
}

static void test_collateral_ages(void **state)
{
    (void)state;
    mock.time_ns += UINT64_C(6) * 86400 * 1000000000u + 3600 * UINT64_C(1000000000);
    new_epoch();
    not_enrolled("P_COLLATERAL_AGE");
    call(OWNER, "set_policy", STR("{\"policy\":{\"collateral_days\":30}}"));
    enroll();
    mock.time_ns += UINT64_C(30) * 86400 * 1000000000u;
    new_epoch();
    not_enrolled("_TIME");
    call(STRANGER, "update_collateral", machine_collateral(&m));
    enroll();
}

/* ---- epochs ---- */

static void test_epochs(void **state)
{
    uint8_t first[32];
    struct str id;

    (void)state;
    enroll();
    memcpy(first, m.session, 32);
    mock_clear_logs();
    for (size_t i = 0; i < 3; i++) {
        hours(5);
        call(STRANGER, "update_collateral", machine_collateral(&m));
        new_epoch();
        enroll();
        assert_true(mock_logged("\"renewed\":true"));
        assert_int_equal(mock.n_keys, 1);
    }
    view_has("get_settings", STR("{}"), "\"workers\":1");
    view_has("get_session", session_args(), "\"statements_anchored\":0");
    memcpy(m.session, first, 32);
    assert_str(view("get_session", session_args()), "null");
    id = key_args();
    hours(6);
    assert_str(call(STRANGER, "remove_expired_workers", STR("{}")), "0"); /* ten minutes of grace */
    mock_blocks(1010);
    mock_clear_logs();
    assert_str(call(STRANGER, "remove_expired_workers", STR("{}")), "1");
    assert_true(mock_logged("\"reason\":\"expired\""));
    assert_null(mock_key(m.near.pub.b));
    assert_str(view("get_worker", id), "null");
    new_epoch(); /* expired is not revoked */
    call(STRANGER, "update_collateral", machine_collateral(&m));
    enroll();
    assert_non_null(mock_key(m.near.pub.b));
}

/* Registrations clear away whom they find. */
static void test_sweep(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        machine_new_keys(&m);
        enroll();
    }
    assert_int_equal(mock.n_keys, 6);
    hours(7);
    call(STRANGER, "update_collateral", machine_collateral(&m));
    machine_new_keys(&m);
    new_epoch();
    enroll();
    assert_true(mock.n_keys < 6);
    enroll();
    enroll();
    assert_int_equal(mock.n_keys, 1);
    assert_non_null(mock_key(m.near.pub.b));
}

static void test_plain(void **state)
{
    struct str args = machine_plain(&m);

    (void)state;
    refused(REGISTRAR, "register_worker_key", args, "Registration needs a manifest");
    call(OWNER, "set_policy", STR("{\"policy\":{\"plain_keys\":true}}"));
    call(REGISTRAR, "register_worker_key", args);
    assert_non_null(mock_key(m.near.pub.b));
    view_has("get_worker", key_args(), "\"session\":null");
    call(OWNER, "remove_worker_keys", keys_args());
    assert_null(mock_key(m.near.pub.b));
}

/* ---- batches ---- */

static void test_anchors(void **state)
{
    struct ed25519_key good;

    (void)state;
    refused(STRANGER, "anchor_batch", machine_batch(&m, 0, 3), "There is no such session");
    enroll();
    mock_clear_logs();
    assert_str(call(STRANGER, "anchor_batch", machine_batch(&m, 0, 3)), "3");
    assert_true(mock_logged("\"event\":\"batch_anchored\""));
    assert_true(mock_logged("\"first_seq\":0,\"count\":3,\"root\":\"0101"));
    refused(STRANGER, "anchor_batch", machine_batch(&m, 0, 3), "statement 0, but 3 is next");
    refused(STRANGER, "anchor_batch", machine_batch(&m, 4, 3), "statement 4, but 3 is next");
    refused(STRANGER, "anchor_batch", machine_batch(&m, 2, 3), "statement 2, but 3 is next");
    good = m.statement;
    m.statement = m.near; /* not even the access key signs batches */
    refused(STRANGER, "anchor_batch", machine_batch(&m, 3, 1), "not signed");
    m.statement = good;
    assert_str(call(STRANGER, "anchor_batch", machine_batch(&m, 3, 1)), "4");
    view_has("get_session", session_args(), "\"statements_anchored\":4");
    refused(STRANGER, "anchor_batch", STR("{\"head\":\"\",\"signature\":\"\"}"), "does not begin");
    mock.time_ns += UINT64_C(30) * 3600 * 1000000000u;
    assert_str(call(STRANGER, "anchor_batch", machine_batch(&m, 4, 1)), "5");
    mock_blocks(10);
    refused(STRANGER, "anchor_batch", machine_batch(&m, 5, 1), "The session is over");
}

/* ---- whose machines ---- */

static void test_roots(void **state)
{
    struct str text = machine_new_args(&m, OWNER, REGISTRAR, OUTLAYER);

    (void)state;
    refused(ME, "new",
            STR("{\"owner_id\":\"" OWNER "\",\"init_worker_account\":\"" REGISTRAR
                "\",\"outlayer_contract_id\":\"" OUTLAYER "\",\"simulated_root\":\"AAAA\"}"),
            "simulated_root is not");
    refused(STRANGER, "update_collateral", STR("{\"collateral\":\"\"}"), "not initialized");
    /* without a root it is for Intel's machines, and a simulator's are not among them */
    call(ME, "new",
         STR("{\"owner_id\":\"" OWNER "\",\"init_worker_account\":\"" REGISTRAR
             "\",\"outlayer_contract_id\":\"" OUTLAYER "\"}"));
    view_has("get_settings", STR("{}"),
             "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3");
    view_has("get_settings", STR("{}"), "\"simulated\":false");
    refused(OWNER, "update_collateral", machine_collateral(&m), "E_CHAIN_UNTRUSTED");
    refused(ME, "new", text, "already been initialized");
}

#define SET(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SET(test_registers),
        SET(test_who_may),
        SET(test_measurements),
        SET(test_compose_hash),
        SET(test_attributes_pinned),
        SET(test_challenge),
        SET(test_open_challenge),
        SET(test_replay_after_removal),
        SET(test_manifest),
        SET(test_other_report_data),
        SET(test_faults_of_the_machine),
        SET(test_attributes_refused),
        SET(test_service_machine),
        SET(test_platforms),
        SET(test_policy_words),
        SET(test_out_of_date),
        SET(test_collateral_faults),
        SET(test_stale_collateral),
        SET(test_revoked_machine),
        SET(test_platforms_known),
        SET(test_collateral_ages),
        SET(test_epochs),
        SET(test_sweep),
        SET(test_plain),
        SET(test_anchors),
        cmocka_unit_test_setup_teardown(test_roots, begin_only, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
