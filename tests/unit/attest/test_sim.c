/*
 * What real evidence never shows: machines of the simulator with one thing wrong at a time, each
 * status, each rule of policy. All under the simulator's own root, which Intel's never is.
 */
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

#include "attest/policy.h"
#include "attest/sim.h"
#include "attest/tcb.h"
#include "base/file.h"
#include "base/mem.h"

#define NOW INT64_C(1790000000)

static struct sim *sim;
static const uint8_t seed[SIM_SEED_LEN] = "a simulator for tests";

struct outcome {
    struct arena a;
    struct attest_verdict v;
    enum attest_code code;
    uint64_t policy;
};

static struct outcome judged; /* of the last judge() */

/* Make quote and collateral and judge them; `root` NULL: the simulator's. */
static enum attest_code judge_under(const struct sim_spec *spec, const struct attest_root *root,
                                    int64_t at)
{
    struct buf quote = BUF_INIT(SIM_QUOTE_MAX), coll = BUF_INIT(SIM_COLLATERAL_MAX);
    struct attest_policy strict = ATTEST_POLICY_STRICT;
    struct attest_root own = sim_root(sim);
    struct attest_input in = {.at = at, .root = root ? root : &own, .crypto = &vector_crypto};
    struct collateral *c;

    arena_release(&judged.a);
    c = arena_new(&judged.a, struct collateral);
    sim_quote(sim, spec, &quote);
    sim_collateral(sim, spec, &coll);
    in.quote = arena_str(&judged.a, buf_str(&quote));
    if (collateral_read(buf_str(&coll), &judged.a, c, NULL) == ERR_OK)
        in.collateral = c;
    judged.code = attest_verify(&in, &judged.a, &judged.v);
    judged.policy = judged.code ? 0 : attest_appraise(&strict, &judged.v, NULL);
    buf_release(&quote);
    buf_release(&coll);
    return judged.code;
}

static enum attest_code judge(const struct sim_spec *spec)
{
    return judge_under(spec, NULL, spec->now);
}

static struct sim_spec usual(void)
{
    struct sim_spec s;

    sim_spec_default(&s, NOW);
    return s;
}

static void assert_code(enum attest_code got, enum attest_code want, const char *what)
{
    if (got != want)
        fail_msg("%s: %s (%s), want %s", what, attest_code_name(got),
                 judged.v.subject ? judged.v.subject : "", attest_code_name(want));
}

static void test_good(void **state)
{
    struct sim_spec s = usual();

    (void)state;
    memcpy(s.report_data, "sixty-four bytes of the guest", 29);
    for (s.version = 4; s.version <= 5; s.version++) {
        assert_code(judge(&s), ATTEST_OK, "the usual machine");
        assert_true(judged.v.simulated);
        assert_int_equal(judged.v.status, TCB_UP_TO_DATE);
        assert_int_equal(judged.v.signatures, 9);
        assert_int_equal(judged.policy, 0);
        assert_true(str_eq(quote_report_data(&judged.v.quote), str_from(s.report_data, 64)));
        assert_int_equal(judged.v.quote.trailing, 0);
    }
}

/* Never under Intel's root, and Intel's machines never under a simulator's. */
static void test_roots_apart(void **state)
{
    struct sim_spec s = usual();
    struct attest_root lie = sim_root(sim), own = sim_root(sim);
    struct arena a = ARENA_INIT;
    struct collateral *c = arena_new(&a, struct collateral);
    struct attest_input in = {.collateral = c, .at = 1751624191, .crypto = &vector_crypto};
    uint8_t other_seed[SIM_SEED_LEN] = "another";
    struct sim *other = sim_new(other_seed);
    struct attest_root others = sim_root(other);

    (void)state;
    assert_code(judge_under(&s, &attest_root_intel, NOW), ATTEST_E_CHAIN_UNTRUSTED, "Intel's root");
    assert_code(judge_under(&s, &others, NOW), ATTEST_E_CHAIN_UNTRUSTED, "another simulator");
    lie.simulated = false; /* the names give it away */
    assert_code(judge_under(&s, &lie, NOW), ATTEST_E_CHAIN_INVALID, "root passed off as real");
    assert_int_equal(collateral_read(vector_collateral(&a, STR("b0c06f-tdx-2025-06")), &a, c, NULL),
                     ERR_OK);
    in.quote = vector_file(&a, "quotes/tdx-v4-b0c06f.bin");
    in.root = &own;
    assert_int_equal(attest_verify(&in, &a, &judged.v), ATTEST_E_CHAIN_UNTRUSTED);
    sim_free(other);
    arena_release(&a);
}

static void test_faults(void **state)
{
    static const struct {
        unsigned fault;
        enum attest_code code;
        const char *what;
    } cases[] = {
        {SIM_LEAF_REVOKED, ATTEST_E_REVOKED, "revoked machine"},
        {SIM_CA_REVOKED, ATTEST_E_REVOKED, "revoked authority"},
        {SIM_SIGNER_REVOKED, ATTEST_E_REVOKED, "revoked signer of documents"},
        {SIM_LEAF_EXPIRED, ATTEST_E_CHAIN_TIME, "expired machine"},
        {SIM_CA_EXPIRED, ATTEST_E_CHAIN_TIME, "expired authority"},
        {SIM_SIGNER_EXPIRED, ATTEST_E_CHAIN_TIME, "expired signer of documents"},
        {SIM_CRL_EXPIRED, ATTEST_E_CRL_TIME, "expired list"},
        {SIM_CRL_OTHER_AKI, ATTEST_E_CRL_INVALID, "list of another key"},
        {SIM_CRL_OTHER_SIGNER, ATTEST_E_CRL_INVALID, "list signed by another"},
        {SIM_CA_SIGNS_DOCUMENTS, ATTEST_E_CHAIN_INVALID, "documents signed by an authority"},
        {SIM_LEAF_IS_CA, ATTEST_E_CHAIN_INVALID, "machine that is an authority"},
        {SIM_CA_NO_SIGN, ATTEST_E_CHAIN_INVALID, "authority that may not sign"},
        {SIM_ODD_CRITICAL, ATTEST_E_CHAIN_INVALID, "unknown critical extension"},
        {SIM_TWO_INTEL, ATTEST_E_CHAIN_INVALID, "two machines in one certificate"},
        {SIM_NO_INTEL, ATTEST_E_PCK_EXT, "no machine in the certificate"},
        {SIM_FOUR_CERTS, ATTEST_E_CHAIN_INVALID, "chain too long"},
        {SIM_KEY_OFF_CURVE, ATTEST_E_QUOTE_SIG, "key that is no point"},
        {SIM_SIGNATURE_ZERO, ATTEST_E_QUOTE_SIG, "r is 0"},
        {SIM_SIGNATURE_ORDER, ATTEST_E_QUOTE_SIG, "s is the order"},
        {SIM_OTHER_QE_KEY, ATTEST_E_QE_REPORT_SIG, "quoting enclave of a stranger"},
        {SIM_UNBOUND_KEY, ATTEST_E_QE_BINDING, "unbound attestation key"},
        {SIM_DOCUMENTS_OLD, ATTEST_E_TCBINFO_TIME, "old documents"},
        {SIM_PEM_CRLF, ATTEST_OK, "line ends of another system"},
        {SIM_HIGH_S, ATTEST_OK, "high s"},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct sim_spec s = usual();

        s.faults = cases[i].fault;
        assert_code(judge(&s), cases[i].code, cases[i].what);
    }
}

/* A root that allows no intermediate, trusted as it is. */
static void test_path_exceeded(void **state)
{
    struct sim_spec s = usual();
    struct buf coll = BUF_INIT(SIM_COLLATERAL_MAX);
    struct arena a = ARENA_INIT;
    struct collateral *c = arena_new(&a, struct collateral);
    struct attest_root root = {.simulated = true};

    (void)state;
    s.faults = SIM_PATH_EXCEEDED;
    sim_collateral(sim, &s, &coll);
    assert_int_equal(collateral_read(buf_str(&coll), &a, c, NULL), ERR_OK);
    root.der = c->tcb_chain.cert[1].der;
    assert_code(judge_under(&s, &root, NOW), ATTEST_E_CHAIN_INVALID, "path too long");
    buf_release(&coll);
    arena_release(&a);
}

static void test_structure(void **state)
{
    struct sim_spec s = usual();
    static const size_t lengths[] = {0, 1, 32, SIM_QE_AUTH_MAX};
    static const unsigned types[] = {1, 2, 3, 4, 6, 7};

    (void)state;
    for (size_t i = 0; i < countof(lengths); i++) {
        s.qe_auth_len = lengths[i];
        assert_code(judge(&s), ATTEST_OK, "length of the QE's data");
    }
    s = usual();
    for (size_t i = 0; i < countof(types); i++) {
        s.cert_type = types[i];
        assert_code(judge(&s), ATTEST_E_QUOTE_CERTDATA, "certification data of another type");
    }
    s = usual();
    s.key_type = 3;
    assert_code(judge(&s), ATTEST_E_QUOTE_KEYTYPE, "P-384");
    s = usual();
    s.version = 6;
    assert_code(judge(&s), ATTEST_E_QUOTE_VERSION, "version 6");
}

/* ------------------------------------------------------------------ quoting enclave */

static char docs[2][64 * 1024]; /* TCB info and QE identity as changed */

/* The document `text` with `from` replaced by `to` everywhere. */
static struct str edited(size_t slot, const struct buf *text, const char *from, const char *to)
{
    struct buf b = BUF_OVER(docs[slot]);
    struct str rest = buf_str(text), old = str_of(from);
    size_t at, n = 0;

    for (; (at = str_find(rest, old)) < rest.len; n++) {
        buf_add_str(&b, str_head(rest, at));
        buf_addz(&b, to);
        rest = str_skip(rest, at + old.len);
    }
    buf_add_str(&b, rest);
    if (!n)
        fail_msg("'%s' is not in the document", from);
    assert_false(b.full);
    return buf_str(&b);
}

static void edit_qe(struct sim_spec *s, const char *from, const char *to)
{
    struct buf b = BUF_INIT(64 * 1024);

    sim_qe_identity(s, &b);
    s->qe_identity = edited(1, &b, from, to);
    buf_release(&b);
}

static void edit_tcb(struct sim_spec *s, const char *from, const char *to)
{
    struct buf b = BUF_INIT(64 * 1024);

    if (s->tcb_info.ptr)
        buf_add_str(&b, s->tcb_info);
    else
        sim_tcb_info(s, &b);
    s->tcb_info = edited(0, &b, from, to);
    buf_release(&b);
}

static void test_qe(void **state)
{
    struct sim_spec s = usual();

    (void)state;
    s.qe_misc = 0x01020304; /* big-endian in the document, little-endian in the report */
    assert_code(judge(&s), ATTEST_OK, "MISCSELECT");
    edit_qe(&s, "\"01020304\"", "\"04030201\"");
    assert_code(judge(&s), ATTEST_E_QE_IDENTITY, "MISCSELECT in another order");
    s = usual();
    edit_qe(&s, "\"miscselect\":\"00000000\",\"miscselectMask\":\"ffffffff\"",
            "\"miscselect\":\"ff000000\",\"miscselectMask\":\"00ffffff\"");
    assert_code(judge(&s), ATTEST_OK, "MISCSELECT outside its mask");
    s = usual();
    s.qe_attributes[0] |= 2;
    assert_code(judge(&s), ATTEST_E_QE_IDENTITY, "QE that can be debugged");
    s = usual();
    edit_qe(&s, "\"attributes\":\"11", "\"attributes\":\"15"); /* bit 2 is not in the mask */
    assert_code(judge(&s), ATTEST_OK, "attribute outside the mask");
    s = usual();
    edit_qe(&s, "\"attributes\":\"11", "\"attributes\":\"31");
    assert_code(judge(&s), ATTEST_E_QE_IDENTITY, "attribute inside the mask");
    s = usual();
    edit_qe(&s, "\"isvprodid\":2", "\"isvprodid\":1");
    assert_code(judge(&s), ATTEST_E_QE_IDENTITY, "another product");
    s = usual();
    edit_qe(&s, "\"isvsvn\":6", "\"isvsvn\":7");
    assert_code(judge(&s), ATTEST_E_QE_TCB, "QE below every level");
    s = usual();
    edit_qe(&s, "\"id\":\"TD_QE\"", "\"id\":\"QE\"");
    assert_code(judge(&s), ATTEST_E_QEID_KIND, "QE identity of SGX");
    s = usual();
    edit_qe(&s, "\"version\":2", "\"version\":3");
    assert_code(judge(&s), ATTEST_E_QEID_KIND, "QE identity of another version");
}

/* ------------------------------------------------------------------ TDX module */

static void test_module(void **state)
{
    struct sim_spec s = usual();

    (void)state;
    edit_tcb(&s, "\"isvsvn\":11", "\"isvsvn\":12");
    assert_code(judge(&s), ATTEST_E_TDX_MODULE_TCB, "module below every level");
    s = usual();
    s.mr_signer_seam[0] = 1;
    assert_code(judge(&s), ATTEST_E_TDX_MODULE, "module of another signer");
    s = usual();
    s.seam_attributes[0] = 1;
    assert_code(judge(&s), ATTEST_E_TDX_MODULE, "SEAM attribute inside the mask");
    edit_tcb(&s, "\"attributesMask\":\"ffff", "\"attributesMask\":\"feff");
    assert_code(judge(&s), ATTEST_E_TDX_MODULE, "SEAM attribute outside the mask");
    s = usual();
    edit_tcb(&s, "TDX_01", "TDX_03");
    assert_code(judge(&s), ATTEST_E_TDX_MODULE, "module version that nobody knows");
    /* version 0: the module of the first line, which has no levels of its own */
    s = usual();
    s.tee_tcb_svn[1] = 0;
    assert_code(judge(&s), ATTEST_OK, "module version 0");
    assert_int_equal(judged.v.module, TCB_NONE);
    edit_tcb(&s, "\"tdxtcbcomponents\":[{\"svn\":11}", "\"tdxtcbcomponents\":[{\"svn\":12}");
    assert_code(judge(&s), ATTEST_E_TCB_LEVEL, "module version 0 below the level");
    /* a versioned module below component 0 of the level is judged by its identity alone */
    s = usual();
    edit_tcb(&s, "\"tdxtcbcomponents\":[{\"svn\":11}", "\"tdxtcbcomponents\":[{\"svn\":200}");
    assert_code(judge(&s), ATTEST_OK, "component 0 above the module's SVN");
    s = usual();
    edit_tcb(&s, "\"tdxtcbcomponents\":[{\"svn\":11},{\"svn\":1},{\"svn\":3}",
             "\"tdxtcbcomponents\":[{\"svn\":11},{\"svn\":1},{\"svn\":4}");
    assert_code(judge(&s), ATTEST_E_TCB_LEVEL, "component 2 above the machine's");
}

/* ------------------------------------------------------------------ levels and statuses */

static void test_documents(void **state)
{
    static const struct {
        const char *from, *to;
        enum attest_code code;
    } cases[] = {
        {"\"id\":\"TDX\"", "\"id\":\"SGX\"", ATTEST_E_TCBINFO_KIND},
        {"\"version\":3", "\"version\":2", ATTEST_E_TCBINFO_KIND},
        {"\"tcbType\":0", "\"tcbType\":1", ATTEST_E_TCBINFO_KIND},
        {"\"pceId\":\"0000\"", "\"pceId\":\"0100\"", ATTEST_E_PCEID},
        {"\"fmspc\":\"53494d", "\"fmspc\":\"53494e", ATTEST_E_FMSPC},
        {"\"fmspc\":\"53494d", "\"fmspc\":\"53494D", ATTEST_OK},
        {"\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"Fine\"", ATTEST_E_COLL_PARSE},
        {"\"pcesvn\":11", "\"pcesvn\":12", ATTEST_E_TCB_LEVEL},
        {"\"pcesvn\":11", "\"pcesvn\":10", ATTEST_OK},
        {"\"pcesvn\":11", "\"pcesvn\":11,\"pcesvn\":1", ATTEST_E_COLL_PARSE},
        {"\"pcesvn\":11", "\"pcesvn\":99999999999999999999", ATTEST_E_COLL_PARSE},
        {"\"pcesvn\":11", "\"pcesvn\":1e1", ATTEST_E_COLL_PARSE},
        {"\"pcesvn\":11", "\"pcesvn\":11,\"more\":[[[[{}]]]]", ATTEST_OK},
        {"\"pcesvn\":11", "\"pcesvn\":11,\"m\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
         ATTEST_E_COLL_PARSE},
        {"\"pcesvn\":11", "\"pcesvn\":11,\"\\u0061\":1", ATTEST_E_COLL_PARSE},
        {"\"sgxtcbcomponents\":[", "\"sgxtcbcomponents\":[{\"svn\":0},", ATTEST_E_COLL_PARSE},
        {"\"sgxtcbcomponents\":[{\"svn\":3},", "\"sgxtcbcomponents\":[", ATTEST_E_COLL_PARSE},
        {"\"sgxtcbcomponents\":[{\"svn\":3}", "\"sgxtcbcomponents\":[{\"svn\":256}",
         ATTEST_E_COLL_PARSE},
        {"Z\",\"nextUpdate", ".5Z\",\"nextUpdate", ATTEST_E_COLL_PARSE},
        {"\"tcbEvaluationDataNumber\":1", "\"tcbEvaluationDataNumber\":-1", ATTEST_E_COLL_PARSE},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct sim_spec s = usual();

        edit_tcb(&s, cases[i].from, cases[i].to);
        assert_code(judge(&s), cases[i].code, cases[i].to);
    }
}

/* Trailing text after the document, which the signature covers. */
static void test_trailing(void **state)
{
    struct sim_spec s = usual();
    struct buf b = BUF_INIT(64 * 1024);

    (void)state;
    sim_tcb_info(&s, &b);
    buf_addz(&b, " {}");
    s.tcb_info = buf_str(&b);
    assert_code(judge(&s), ATTEST_E_COLL_PARSE, "text after the document");
    buf_release(&b);
}

/* One more level; both orders give the same. */
static void test_shuffled(void **state)
{
    (void)state;
    for (int old_first = 0; old_first < 2; old_first++) {
        struct sim_spec s = usual();
        struct buf b = BUF_INIT(64 * 1024), level = BUF_INIT(8 * 1024), low = BUF_INIT(8 * 1024);
        struct str doc, rest;
        size_t at;

        sim_tcb_info(&s, &b);
        doc = buf_str(&b);
        at = str_find(doc, STR("{\"tcb\":{\"sgxtcbcomponents\""));
        rest = str_skip(doc, at);
        buf_add_str(&level, str_head(rest, rest.len - 2)); /* without "]}" */
        buf_add_str(&low, edited(1, &level, "\"pcesvn\":11", "\"pcesvn\":5"));
        buf_clear(&level);
        buf_add_str(&level, edited(1, &low, "\"UpToDate\"", "\"OutOfDate\""));
        buf_clear(&low);
        buf_add_str(&low, buf_str(&level));
        buf_clear(&level);
        buf_add_str(&level, str_head(doc, at));
        if (old_first) {
            buf_add_str(&level, buf_str(&low));
            buf_addz(&level, ",");
            buf_add_str(&level, rest);
        } else {
            buf_add_str(&level, str_head(rest, rest.len - 2));
            buf_addz(&level, ",");
            buf_add_str(&level, buf_str(&low));
            buf_addz(&level, "]}");
        }
        s.tcb_info = buf_str(&level);
        assert_code(judge(&s), ATTEST_OK, "two levels");
        assert_int_equal(judged.v.status, TCB_UP_TO_DATE);
        /* and a machine between the two reaches the older one */
        {
            struct sim_spec worse = s;

            worse.pcesvn = 7;
            assert_code(judge(&worse), ATTEST_OK, "the older level");
            assert_int_equal(judged.v.status, TCB_OUT_OF_DATE);
            worse.pcesvn = 4;
            assert_code(judge(&worse), ATTEST_E_TCB_LEVEL, "below both");
        }
        buf_release(&b);
        buf_release(&level);
        buf_release(&low);
    }
}

static const char *status_name(enum tcb_status st)
{
    static char room[64];
    struct buf b = BUF_OVER(room);

    buf_addf(&b, "\"tcbStatus\":\"%s\"", tcb_status_name(st));
    return room;
}

/* Platform × module × QE: 7 × 7 × 7 against the table written down again in another way. */
static enum tcb_status table(enum tcb_status p, enum tcb_status m, enum tcb_status q)
{
    const enum tcb_status parts[2] = {m, q};

    for (size_t i = 0; i < 2; i++) {
        if (parts[i] == TCB_REVOKED)
            p = TCB_REVOKED;
        if (parts[i] == TCB_OUT_OF_DATE && (p == TCB_UP_TO_DATE || p == TCB_SW_HARDENING))
            p = TCB_OUT_OF_DATE;
        if (parts[i] == TCB_OUT_OF_DATE && (p == TCB_CONFIG || p == TCB_CONFIG_SW_HARDENING))
            p = TCB_OUT_OF_DATE_CONFIG;
    }
    return p;
}

static void test_merge(void **state)
{
    const char *up = "\"tcbStatus\":\"UpToDate\"";

    (void)state;
    for (enum tcb_status p = TCB_UP_TO_DATE; p <= TCB_REVOKED; p++)
        for (enum tcb_status m = TCB_UP_TO_DATE; m <= TCB_REVOKED; m++)
            for (enum tcb_status q = TCB_UP_TO_DATE; q <= TCB_REVOKED; q++)
                assert_int_equal(tcb_merge(tcb_merge(p, m), q), table(p, m, q));
    /* and through a whole verification, one place at a time */
    for (enum tcb_status st = TCB_UP_TO_DATE; st <= TCB_REVOKED; st++) {
        struct sim_spec s = usual();
        enum attest_code want = st == TCB_REVOKED ? ATTEST_E_TCB_REVOKED : ATTEST_OK;

        edit_qe(&s, up, status_name(st));
        assert_code(judge(&s), want, "QE's status");
        assert_int_equal(judged.v.qe, st);
        assert_int_equal(judged.v.status, table(TCB_UP_TO_DATE, TCB_UP_TO_DATE, st));
        s = usual();
        edit_tcb(&s, "\"UpToDate\"}]}],", "\"MODULE\"}]}],"); /* only the machine's level changes */
        edit_tcb(&s, up, status_name(st));
        edit_tcb(&s, "\"MODULE\"", "\"UpToDate\"");
        assert_code(judge(&s), want, "machine's status");
        assert_int_equal(judged.v.platform, st);
        assert_int_equal(judged.v.status, st);
        s = usual();
        edit_tcb(&s, "\"UpToDate\"}]}],", "\"MODULE\"}]}],");
        edit_tcb(&s, "\"MODULE\"", status_name(st) + strlen("\"tcbStatus\":"));
        assert_code(judge(&s), want, "module's status");
        assert_int_equal(judged.v.module, st);
        assert_int_equal(judged.v.status, table(TCB_UP_TO_DATE, st, TCB_UP_TO_DATE));
        if (!want && judged.v.status != TCB_UP_TO_DATE)
            assert_int_equal(judged.policy, attest_bit(ATTEST_P_TCB_STATUS));
    }
}

/* A machine that was patched after its guest started is told to restart the guest. */
static void test_relaunch(void **state)
{
    struct sim_spec s = usual();
    struct buf b = BUF_INIT(64 * 1024);

    (void)state;
    s.version = 5;
    s.tee_tcb_svn[0] = 12; /* what the newest level asks; the guest is older */
    sim_tcb_info(&s, &b);
    s.tcb_info = edited(0, &b, "\"isvsvn\":12}", "\"isvsvn\":12}");
    s.tee_tcb_svn[0] = 11;
    s.tee_tcb_svn2[0] = 12;
    assert_code(judge(&s), ATTEST_E_TDX_MODULE_TCB, "no older level");
    buf_clear(&b);
    buf_add_str(&b, s.tcb_info);
    s.tcb_info = edited(1, &b, "\"tcbLevels\":[{\"tcb\":{\"isvsvn\":12}",
                        "\"tcbLevels\":[{\"tcb\":{\"isvsvn\":10},\"tcbDate\":"
                        "\"2025-01-01T00:00:00Z\",\"tcbStatus\":\"OutOfDate\"},"
                        "{\"tcb\":{\"isvsvn\":12}");
    assert_code(judge(&s), ATTEST_OK, "relaunch");
    assert_int_equal(judged.v.status, TCB_RELAUNCH);
    assert_int_equal(judged.policy, attest_bit(ATTEST_P_TCB_STATUS));
    s.tee_tcb_svn2[0] = 11; /* not patched: a restart does not help */
    assert_code(judge(&s), ATTEST_OK, "out of date");
    assert_int_equal(judged.v.status, TCB_OUT_OF_DATE);
    s.tee_tcb_svn2[0] = 12;
    s.version = 4; /* the older report cannot say so */
    assert_code(judge(&s), ATTEST_OK, "out of date");
    assert_int_equal(judged.v.status, TCB_OUT_OF_DATE);
    buf_release(&b);
}

/* ------------------------------------------------------------------ policy */

static void assert_policy(const struct sim_spec *s, uint64_t want, const char *what)
{
    assert_code(judge(s), ATTEST_OK, what);
    if (judged.policy != want)
        fail_msg("%s: policy bits %llx, want %llx", what, (unsigned long long)judged.policy,
                 (unsigned long long)want);
}

static void test_policy_attributes(void **state)
{
    struct sim_spec s = usual();

    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        enum attest_code want = bit == 0    ? ATTEST_P_DEBUG
                                : bit == 29 ? ATTEST_P_MIGRATABLE
                                            : ATTEST_P_TD_ATTR;

        if (bit == 28)
            continue;
        s.td_attributes = TD_SEPT_VE_DISABLE | UINT64_C(1) << bit;
        assert_policy(&s, attest_bit(want), "attribute bit");
    }
    s.td_attributes = 0;
    assert_policy(&s, attest_bit(ATTEST_P_SEPT_VE), "SEPT_VE_DISABLE clear");
    s = usual();
    s.version = 5;
    s.mr_service_td[47] = 1;
    assert_policy(&s, attest_bit(ATTEST_P_SERVICE_TD), "service TD");
}

static uint64_t appraise(const struct attest_policy *p, const struct attest_age *age)
{
    return attest_appraise(p, &judged.v, age);
}

static void test_policy_lists(void **state)
{
    struct sim_spec s = usual();
    struct attest_policy p = ATTEST_POLICY_STRICT;
    struct attest_tuple t = {0};
    uint8_t data[64] = "expected";
    struct str ppid = str_from(s.ppid, sizeof s.ppid), service = str_from(s.mr_service_td, 48),
               advisory = STR("INTEL-SA-00001");
    struct collateral *c = mem_new(struct collateral);
    struct attest_age age = {c, NOW};

    (void)state;
    s.version = 5;
    s.mr_service_td[0] = 9;
    s.td_attributes |= TD_PERFMON;
    memcpy(s.report_data, data, 64);
    edit_tcb(&s, "\"tcbStatus\":\"UpToDate\"",
             "\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[\"INTEL-SA-00001\",\"INTEL-DOC-1\"]");
    assert_code(judge(&s), ATTEST_OK, "a machine with advisories");
    assert_int_equal(judged.v.advisories, 2);
    p.service_td = &service;
    p.service_td_n = 1;
    p.td_attributes = TD_PERFMON;
    assert_int_equal(appraise(&p, NULL), 0);
    p.denied = &advisory;
    p.denied_n = 1;
    assert_int_equal(appraise(&p, NULL), attest_bit(ATTEST_P_ADVISORY));
    p.denied_n = 0;
    p.report_data = str_from(data, 64);
    p.ppid = &ppid;
    p.ppids = 1;
    assert_int_equal(appraise(&p, NULL), 0);
    data[63] = 1;
    p.ppids = 0;
    assert_int_equal(appraise(&p, NULL),
                     attest_bit(ATTEST_P_REPORT_DATA) | attest_bit(ATTEST_P_PLATFORM));
    data[63] = 0;
    p.ppids = 1;
    /* measurements: each register counts, RTMR3 only where it is pinned */
    p.tuple = &t;
    assert_int_equal(appraise(&p, NULL), attest_bit(ATTEST_P_MEASUREMENT)); /* an empty list */
    p.tuples = 1;
    memcpy(t.mr_td, s.mr_td, 48);
    assert_int_equal(appraise(&p, NULL), 0);
    t.rtmr[3][0] = 1;
    assert_int_equal(appraise(&p, NULL), 0);
    t.pins_rtmr3 = true;
    assert_int_equal(appraise(&p, NULL), attest_bit(ATTEST_P_MEASUREMENT));
    t.rtmr[3][0] = 0;
    assert_int_equal(appraise(&p, NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        t.rtmr[i][47] = 1;
        assert_int_equal(appraise(&p, NULL), attest_bit(ATTEST_P_MEASUREMENT));
        t.rtmr[i][47] = 0;
    }
    t.pins_attributes = true;
    assert_int_equal(appraise(&p, NULL), attest_bit(ATTEST_P_MEASUREMENT));
    t.td_attributes = s.td_attributes;
    t.xfam = s.xfam;
    assert_int_equal(appraise(&p, NULL), 0);
    /* age: the oldest of three counts */
    p.age_max = COLLATERAL_AGE_LIVE;
    c->tcb.head.issued = c->qe.head.issued = c->pck_crl.from = NOW - 7 * 86400;
    assert_int_equal(appraise(&p, &age), 0);
    c->pck_crl.from--;
    assert_int_equal(appraise(&p, &age), attest_bit(ATTEST_P_COLLATERAL_AGE));
    assert_int_equal(appraise(&p, NULL), 0);
    mem_free(c);
}

/* ------------------------------------------------------------------ kept simulators */

static void test_open(void **state)
{
    char dir[] = "/tmp/outlayer-sim-XXXXXX";
    struct buf path = BUF_INIT(4096), why = WHY_INIT;
    struct sim *one, *two, *held = sim;
    struct sim_spec s = usual();

    (void)state;
    assert_non_null(mkdtemp(dir));
    buf_addf(&path, "%s/new/sim", dir);
    assert_ok(sim_open(buf_z(&path), &one, &why), why);
    assert_ok(sim_open(buf_z(&path), &two, &why), why);
    assert_true(str_eq(sim_root(one).der, sim_root(two).der));
    sim = two;
    assert_code(judge(&s), ATTEST_OK, "a simulator opened again");
    sim = held;
    sim_free(one);
    sim_free(two);
    buf_addz(&path, "/root.der");
    assert_ok(file_write_atomic(buf_z(&path), STR("no certificate"), 0644, &why), why);
    path.len -= 9;
    path.ptr[path.len] = '\0';
    assert_int_equal(sim_open(buf_z(&path), &one, &why), ERR_FORMAT);
    assert_ok(dir_remove(dir, &why), why);
    buf_release(&path);
    buf_release(&why);
}

static int set_up(void **state)
{
    (void)state;
    sim = sim_new(seed);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sim_free(sim);
    arena_release(&judged.a);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_roots_apart),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_path_exceeded),
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_qe),
        cmocka_unit_test(test_module),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_trailing),
        cmocka_unit_test(test_shuffled),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_relaunch),
        cmocka_unit_test(test_policy_attributes),
        cmocka_unit_test(test_policy_lists),
        cmocka_unit_test(test_open),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
