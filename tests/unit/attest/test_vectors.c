/* Every verdict of tests/vectors/tdx/expected.json. */
#include "vectors.h"

#include "attest/policy.h"
#include "attest/utc.h"
#include "codec/hex.h"

static bool listed(struct json codes, enum attest_code code)
{
    struct json_iter it = json_iter(codes);

    while (json_next(&it))
        if (json_str_eq(it.value, str_of(attest_code_name(code))))
            return true;
    return false;
}

static void assert_status(struct json c, const char *key, enum tcb_status got, const char *id)
{
    struct json want = json_get(c, key);
    const char *name = tcb_status_name(got);

    if (json_type(want) == JSON_ABSENT ? name != NULL : !name || !json_str_eq(want, str_of(name)))
        fail_msg("%s: %s is %s, want %.*s", id, key, name ? name : "none", STR_ARG(want.text));
}

/* The rules that need no configuration. */
static void assert_policy(struct json c, const struct attest_verdict *v, const char *id)
{
    struct json reasons = json_get(c, "strict_policy_reasons");
    struct attest_policy p = ATTEST_POLICY_STRICT;
    uint64_t failed = attest_appraise(&p, v, NULL);
    size_t n = 0;

    for (enum attest_code k = ATTEST_P_TCB_STATUS; k < ATTEST_CODE_COUNT; k++) {
        if (!(failed & attest_bit(k)))
            continue;
        n++;
        if (!listed(reasons, k))
            fail_msg("%s: policy says %s", id, attest_code_name(k));
    }
    if (n != json_count(reasons))
        fail_msg("%s: policy gives %zu reasons, want %.*s", id, n, STR_ARG(reasons.text));
}

static void assert_verdict(struct json c, const struct attest_verdict *v, const char *id)
{
    struct json ids = json_get(c, "advisory_ids"), window = json_get(c, "window");
    bool ok = false;

    assert_true(json_bool(json_get(c, "ok"), &ok));
    if (!ok) {
        if (!listed(json_get(c, "errors"), v->code))
            fail_msg("%s: %s (%s), want one of %.*s", id, attest_code_name(v->code),
                     v->subject ? v->subject : "", STR_ARG(json_get(c, "errors").text));
        return;
    }
    if (v->code)
        fail_msg("%s: %s (%s)", id, attest_code_name(v->code), v->subject ? v->subject : "");
    if (json_type(json_get(c, "tcb_status")) == JSON_ABSENT) /* a tamper recipe */
        return;
    assert_status(c, "tcb_status", v->status, id);
    assert_status(c, "platform_status", v->platform, id);
    assert_status(c, "module_status", v->module, id);
    assert_status(c, "qe_status", v->qe, id);
    assert_int_equal(json_count(ids), v->advisories);
    for (size_t i = 0; i < v->advisories; i++)
        assert_true(json_str_eq(json_at(ids, i), v->advisory[i]));
    if (json_type(window) == JSON_OBJECT) {
        char text[2][32];
        struct buf from = BUF_OVER(text[0]), until = BUF_OVER(text[1]);

        utc_put(&from, v->window.from);
        utc_put(&until, v->window.until);
        assert_true(str_eq(buf_str(&from), vector_text(window, "from")));
        assert_true(str_eq(buf_str(&until), vector_text(window, "until")));
    }
    assert_policy(c, v, id);
}

/* ------------------------------------------------------------------ altered collateral */

static struct str decoded(struct arena *a, struct str collateral, struct json name)
{
    struct buf b = BUF_INIT(VECTOR_MAX);
    struct json object = JSON_NONE;
    struct str key = STR_NONE, s;

    assert_true(json_plain(name, &key) && json_parse(collateral, &object, NULL));
    assert_true(json_str(json_get(object, arena_z(a, key)), &b));
    s = arena_str(a, buf_str(&b));
    buf_release(&b);
    return s;
}

static struct str put(struct arena *a, struct str collateral, struct json name, struct str value)
{
    struct str key;

    assert_true(json_plain(name, &key));
    return vector_with(a, collateral, arena_z(a, key), value);
}

static struct str replace_first(struct arena *a, struct str text, struct json old_new)
{
    struct buf b = BUF_INIT(VECTOR_MAX), old = BUF_INIT(1024), new = BUF_INIT(1024);
    struct str s;
    size_t at;

    assert_true(json_str(json_at(old_new, 0), &old) && json_str(json_at(old_new, 1), &new));
    at = str_find(text, buf_str(&old));
    assert_true(at < text.len);
    buf_add_str(&b, str_head(text, at));
    buf_add_str(&b, buf_str(&new));
    buf_add_str(&b, str_skip(text, at + old.len));
    s = arena_str(a, buf_str(&b));
    buf_release(&b);
    buf_release(&old);
    buf_release(&new);
    return s;
}

static struct str mutate(struct arena *a, struct str collateral, struct json m)
{
    struct json from = json_get(m, "from_collateral"), field = json_get(m, "field"),
                copy = json_get(m, "copy_field"), many = json_get(m, "copy_fields"),
                swap = json_get(m, "swap_fields");
    struct str other = STR_NONE, name;

    if (json_plain(from, &name))
        other = vector_collateral(a, name);
    if (json_type(field) == JSON_STRING) {
        struct json change = json_get(m, "replace_first");
        return put(a, collateral, field, replace_first(a, decoded(a, collateral, field), change));
    }
    if (json_type(swap) == JSON_ARRAY) {
        struct str one = decoded(a, collateral, json_at(swap, 0));
        struct str two = decoded(a, collateral, json_at(swap, 1));
        return put(a, put(a, collateral, json_at(swap, 0), two), json_at(swap, 1), one);
    }
    if (json_type(many) == JSON_ARRAY) {
        struct json_iter it = json_iter(many);

        while (json_next(&it))
            collateral = put(a, collateral, it.value, decoded(a, other, it.value));
        return collateral;
    }
    assert_int_equal(json_type(copy), JSON_STRING);
    if (other.ptr)
        return put(a, collateral, copy, decoded(a, other, copy));
    return put(a, collateral, json_get(m, "to_field"), decoded(a, collateral, copy));
}

static void test_cases(void **state)
{
    struct json_iter it = json_iter(json_get(vector_expected(), "cases"));
    size_t n = 0;

    (void)state;
    while (json_next(&it)) {
        struct arena a = ARENA_INIT;
        struct json c = it.value, m = json_get(c, "mutation");
        struct attest_verdict *v = arena_new(&a, struct attest_verdict);
        struct str quote = vector_named(&a, vector_text(c, "quote"));
        struct str collateral = vector_collateral(&a, vector_text(c, "collateral"));
        int64_t at;

        assert_true(json_i64(json_get(c, "time"), &at));
        if (json_type(m) == JSON_OBJECT)
            collateral = mutate(&a, collateral, m);
        vector_verify(&a, quote, collateral, at, v);
        assert_verdict(c, v, arena_z(&a, vector_text(c, "id")));
        arena_release(&a);
        n++;
    }
    assert_int_equal(n, 107);
}

static void test_tamper(void **state)
{
    struct json_iter it = json_iter(json_get(vector_expected(), "tamper"));
    size_t n = 0;

    (void)state;
    while (json_next(&it)) {
        struct arena a = ARENA_INIT;
        struct json c = it.value;
        struct attest_verdict *v = arena_new(&a, struct attest_verdict);
        struct str quote = vector_named(&a, vector_text(c, "quote"));
        struct str collateral = vector_collateral(&a, vector_text(c, "collateral"));
        uint64_t offset = 0, flip = 0, cut = 0;
        int64_t at;

        assert_true(json_i64(json_get(c, "time"), &at));
        if (json_u64(json_get(c, "truncate_to"), &cut)) {
            quote = str_head(quote, cut);
        } else {
            assert_true(json_u64(json_get(c, "offset"), &offset) &&
                        json_u64(json_get(c, "xor"), &flip));
            ((char *)(uintptr_t)quote.ptr)[offset] ^= (char)flip;
        }
        vector_verify(&a, quote, collateral, at, v);
        if (json_type(json_get(c, "ok")) == JSON_BOOL)
            assert_verdict(c, v, arena_z(&a, c.text));
        arena_release(&a);
        n++;
    }
    assert_int_equal(n, 47);
}

/* ------------------------------------------------------------------ parsed fields */

static void assert_field(struct json object, const char *key, struct str got)
{
    struct arena a = ARENA_INIT;
    struct str want = vector_hex(&a, json_get(object, key));

    if (!str_eq(got, want))
        fail_msg("'%s' differs", key);
    arena_release(&a);
}

static void assert_number(struct json object, const char *key, uint64_t got)
{
    uint64_t want;

    assert_true(json_u64(json_get(object, key), &want));
    if (got != want)
        fail_msg("'%s' is %llu, want %llu", key, (unsigned long long)got, (unsigned long long)want);
}

static void assert_td(struct json body, const struct td_report *td)
{
    uint8_t le[8];

    assert_field(body, "tee_tcb_svn", td->tee_tcb_svn);
    assert_field(body, "mr_seam", td->mr_seam);
    assert_field(body, "mr_signer_seam", td->mr_signer_seam);
    assert_field(body, "seam_attributes", td->seam_attributes);
    for (size_t i = 0; i < 8; i++)
        le[i] = (uint8_t)(td->td_attributes >> 8 * i);
    assert_field(body, "td_attributes", str_from(le, 8));
    for (size_t i = 0; i < 8; i++)
        le[i] = (uint8_t)(td->xfam >> 8 * i);
    assert_field(body, "xfam", str_from(le, 8));
    assert_field(body, "mr_td", td->mr_td);
    assert_field(body, "mr_config_id", td->mr_config_id);
    assert_field(body, "mr_owner", td->mr_owner);
    assert_field(body, "mr_owner_config", td->mr_owner_config);
    assert_field(body, "rtmr0", td->rtmr[0]);
    assert_field(body, "rtmr1", td->rtmr[1]);
    assert_field(body, "rtmr2", td->rtmr[2]);
    assert_field(body, "rtmr3", td->rtmr[3]);
    assert_field(body, "report_data", td->report_data);
    assert_int_equal(td->v15, json_type(json_get(body, "tee_tcb_svn2")) == JSON_STRING);
    if (td->v15) {
        assert_field(body, "tee_tcb_svn2", td->tee_tcb_svn2);
        assert_field(body, "mr_service_td", td->mr_service_td);
    }
}

static void assert_sgx(struct json body, const struct sgx_report *s)
{
    uint8_t le[4];

    assert_field(body, "cpu_svn", s->cpusvn);
    for (size_t i = 0; i < 4; i++)
        le[i] = (uint8_t)(s->misc_select >> 8 * i);
    assert_field(body, "misc_select", str_from(le, 4));
    assert_field(body, "attributes", s->attributes);
    assert_field(body, "mr_enclave", s->mr_enclave);
    assert_field(body, "mr_signer", s->mr_signer);
    le[0] = (uint8_t)s->isv_prod_id;
    le[1] = (uint8_t)(s->isv_prod_id >> 8);
    le[2] = (uint8_t)s->isv_svn;
    le[3] = (uint8_t)(s->isv_svn >> 8);
    assert_field(body, "isv_prod_id", str_from(le, 2));
    assert_field(body, "isv_svn", str_from(le + 2, 2));
    assert_field(body, "report_data", s->report_data);
}

static void assert_pck(struct json want, struct str chain, struct arena *a)
{
    struct cert_chain *c = arena_new(a, struct cert_chain);
    struct pck p;
    char text[2][32];
    struct buf from = BUF_OVER(text[0]), until = BUF_OVER(text[1]);
    uint64_t svn;

    assert_true(chain_read(chain, a, c));
    assert_int_equal(c->n, 3);
    assert_true(pck_read(c->cert[0].intel, &p));
    assert_true(str_eq(c->cert[1].cn, vector_text(want, "issuer")));
    utc_put(&from, c->cert[0].from);
    utc_put(&until, c->cert[0].until);
    assert_true(str_eq(buf_str(&from), vector_text(want, "not_before")));
    assert_true(str_eq(buf_str(&until), vector_text(want, "not_after")));
    assert_field(want, "fmspc", str_from(p.fmspc, sizeof p.fmspc));
    assert_field(want, "pceid", str_from(p.pceid, sizeof p.pceid));
    assert_field(want, "ppid", str_from(p.ppid, sizeof p.ppid));
    assert_field(want, "cpusvn", str_from(p.cpusvn, sizeof p.cpusvn));
    assert_number(want, "pcesvn", p.pcesvn);
    assert_number(want, "sgx_type", p.sgx_type);
    for (size_t i = 0; i < TCB_COMPONENTS; i++) {
        assert_true(json_u64(json_at(json_get(want, "sgx_tcb_components"), i), &svn));
        assert_int_equal(svn, p.components[i]);
    }
}

static void test_fields(void **state)
{
    struct json_iter it = json_iter(json_get(vector_expected(), "quotes"));
    size_t n = 0;

    (void)state;
    while (json_next(&it)) {
        struct arena a = ARENA_INIT;
        struct json want = it.value;
        struct str name, bytes;
        struct quote q;

        assert_true(json_plain(it.key, &name));
        bytes = vector_named(&a, name);
        assert_int_equal(quote_read(bytes, &q), ATTEST_OK);
        assert_number(want, "version", q.version);
        assert_number(want, "tee_type", q.tee);
        assert_number(want, "signed_len", q.signed_bytes.len);
        assert_number(want, "canonical_len", q.canonical.len);
        assert_number(want, "trailing_bytes", q.trailing);
        assert_number(want, "inner_cert_size", q.chain.len);
        assert_field(want, "header_user_data", q.user_data);
        assert_field(want, "quote_signature", q.signature);
        assert_field(want, "attestation_key", q.attestation_key);
        assert_field(want, "qe_auth_data", q.qe_auth_data);
        assert_sgx(json_get(want, "qe_report"), &q.qe_report);
        if (q.tee == TEE_TDX)
            assert_td(json_get(want, "body"), &q.td);
        else
            assert_sgx(json_get(want, "body"), &q.sgx);
        assert_pck(json_get(want, "pck"), q.chain, &a);
        arena_release(&a);
        n++;
    }
    assert_int_equal(n, 13);
}

/* Collateral is judged by itself too; without a machine two signatures less, and no chain twice. */
static void test_collateral_alone(void **state)
{
    struct arena a = ARENA_INIT;
    struct collateral *c = arena_new(&a, struct collateral);
    struct attest_verdict *v = arena_new(&a, struct attest_verdict);
    struct attest_input in = {.collateral = c, .crypto = &vector_crypto};
    struct buf why = WHY_INIT;

    (void)state;
    assert_ok(collateral_read(vector_collateral(&a, STR("b0c06f-tdx-2026-08")), &a, c, &why), why);
    in.at = 1787894484;
    assert_int_equal(attest_check_collateral(&in, v), ATTEST_OK);
    assert_int_equal(v->signatures, 6);
    assert_int_equal(v->tcb_evaluation, 20);
    assert_int_equal(v->qe_evaluation, 19);
    in.at = 1789171032;
    assert_int_equal(attest_check_collateral(&in, v), ATTEST_E_CRL_TIME);
    in.at = 1786617937;
    assert_int_equal(attest_check_collateral(&in, v), ATTEST_E_TCBINFO_TIME);
    arena_release(&a);
}

static void test_signature_count(void **state)
{
    struct arena a = ARENA_INIT;
    struct attest_verdict *v = arena_new(&a, struct attest_verdict);

    (void)state;
    assert_int_equal(vector_verify(&a, vector_file(&a, "quotes/tdx-v4-b0c06f.bin"),
                                   vector_collateral(&a, STR("b0c06f-tdx-2025-06")), 1751624191, v),
                     ATTEST_OK);
    assert_int_equal(v->signatures, 9);
    assert_false(v->simulated);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),          cmocka_unit_test(test_cases),
        cmocka_unit_test(test_tamper),          cmocka_unit_test(test_collateral_alone),
        cmocka_unit_test(test_signature_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
