/*
 * registration.c — a machine's quote in, an access key out.
 *
 * The quote binds a manifest (lib/attest/manifest.h): the access key, the key that signs
 * statements, a challenge of ours, and how long all of it holds. A worker registers once per epoch;
 * its access key may stay, its statement key may not.
 */
#include <string.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "register/register.h"

struct registration {
    struct settings settings;
    struct rules rules;
    struct str key, quote;
    bool plain; /* binds a key and nothing else */
    struct str manifest_bytes;
    struct manifest manifest;
    uint8_t report_data[64];
    struct attest_verdict verdict;
    struct collateral collateral;
    struct measured measured;
    size_t tuple; /* which of them fits */
};

static void read_manifest(struct registration *r, struct str text)
{
    struct buf bytes = near_buf(), why = WHY_INIT, message = near_buf();

    if (!base64_get(text, &bytes))
        near_bad_args("expected base64:", "manifest");
    r->manifest_bytes = buf_str(&bytes);
    REQUIRE(r->manifest_bytes.len <= MANIFEST_MAX, "The manifest is longer than 4096 bytes");
    if (manifest_read(r->manifest_bytes, &r->manifest, &why))
        near_panic(buf_str(&why));
    label_put(&message, LABEL_WORKER);
    buf_add_str(&message, r->manifest_bytes);
    near_sha256(buf_str(&message), r->report_data);
    memcpy(r->report_data + 32, message.ptr, LABEL_LEN);
}

static bool is_zero(const uint8_t b[32])
{
    static const uint8_t zero[32];
    return memcmp(b, zero, sizeof zero) == 0;
}

static void check_manifest(const struct registration *r)
{
    const struct manifest *m = &r->manifest;
    uint64_t now = now_seconds();

    REQUIRE(str_eq(r->key, str_from(m->near_key, 32)), "The manifest is for another public key");
    REQUIRE(str_eq(m->register_contract, near_current()),
            "The manifest is for another register contract");
    REQUIRE(str_eq(m->outlayer_contract, r->settings.outlayer),
            "The manifest is for another OutLayer contract");
    REQUIRE(str_starts(m->network, STR("sandbox")) == (r->settings.root.len > 0),
            "Simulated machines, and only they, are of a network sandbox…");
    REQUIRE(!is_zero(m->statement_key) && memcmp(m->statement_key, m->near_key, 32) != 0,
            "The statement key must be a key of its own");
    REQUIRE(m->not_before <= now + SKEW_SECONDS, "The manifest's epoch has not begun");
    REQUIRE(now < m->not_after, "The manifest's epoch is over");
    REQUIRE(m->near_block_height <= near_height(), "The manifest names a block that is not there");
    REQUIRE(m->has_challenge && challenge_take(m->challenge),
            "The challenge was not given here, is older than 1000 blocks, or was used");
}

static void read_arguments(struct registration *r, struct json args)
{
    struct str hex = arg_str(args, "tdx_quote_hex"), manifest;
    uint8_t *quote = mem_alloc(hex.len / 2);

    REQUIRE(hex.len <= 2 * QUOTE_MAX, "The quote is longer than 65536 bytes");
    if (!hex_get(hex, quote, hex.len / 2))
        near_bad_args("expected hexadecimal:", "tdx_quote_hex");
    r->quote = str_from(quote, hex.len / 2);
    r->key = key_arg(arg_str(args, "public_key"));
    r->plain = !arg_opt_str(args, "manifest", &manifest);
    if (r->plain)
        memcpy(r->report_data, r->key.ptr, 32);
    else
        read_manifest(r, manifest);
}

/* The measurements that fit; set by the appraisal to be one of the list. */
static size_t which(const struct registration *r)
{
    size_t i = 0;

    while (i < r->measured.n && !attest_tuple_fits(&r->measured.tuple[i], &r->verdict.quote.td))
        i++;
    return i;
}

static void judge(struct registration *r)
{
    struct attest_root root = settings_root(&r->settings);
    struct arena a = ARENA_INIT;
    struct platform p = platform_of(r->quote, &a);
    struct attest_age age = {.collateral = &r->collateral, .at = (int64_t)now_seconds()};
    struct attest_policy policy = r->rules.policy;
    uint64_t failed;

    collateral_load(&p, &a, &r->collateral);
    attest_verify(&(struct attest_input){.quote = r->quote,
                                         .collateral = &r->collateral,
                                         .at = age.at,
                                         .root = &root,
                                         .crypto = &register_crypto},
                  &a, &r->verdict);
    need_ok("Registration", &r->verdict);
    if (r->verdict.quote.tee != TEE_TDX)
        refuse("Registration", ATTEST_E_QUOTE_TEE, NULL);
    measured_load(&r->measured);
    policy.tuple = r->measured.tuple;
    policy.tuples = r->measured.n;
    policy.report_data = str_from(r->report_data, sizeof r->report_data);
    failed = attest_appraise(&policy, &r->verdict, &age);
    for (enum attest_code c = ATTEST_P_TCB_STATUS; c < ATTEST_CODE_COUNT; c++)
        if (failed & attest_bit(c))
            refuse("Registration", c, tcb_status_name(r->verdict.status));
    r->tuple = which(r);
}

static void put_advisories(struct buf *b, const struct attest_verdict *v)
{
    json_key(b, "advisories");
    json_arr(b);
    for (size_t i = 0; i < v->advisories; i++)
        json_put_str(b, v->advisory[i]);
    json_arr_end(b);
}

static struct str announcement(const struct registration *r, bool renewed)
{
    const struct attest_verdict *v = &r->verdict;
    struct buf b = BUF_INIT(NEAR_LOG_MAX);

    json_obj(&b);
    put_key(&b, "public_key", r->key);
    if (!r->plain) {
        put_hex(&b, "session_id", str_from(r->report_data, 32));
        put_key(&b, "statement_key", str_from(r->manifest.statement_key, 32));
        put_u64(&b, "not_before", r->manifest.not_before);
        put_u64(&b, "not_after", r->manifest.not_after);
        put_str(&b, "software", r->manifest.software);
    }
    put_bool(&b, "renewed", renewed);
    json_key(&b, "measurements");
    measured_put(&b, &r->measured.tuple[r->tuple]);
    put_hex(&b, "fmspc", str_from(v->pck.fmspc, sizeof v->pck.fmspc));
    put_hex(&b, "ppid", str_from(v->pck.ppid, sizeof v->pck.ppid));
    put_str(&b, "tcb_status", str_of(tcb_status_name(v->status)));
    put_advisories(&b, v);
    put_u64(&b, "collateral_until", (uint64_t)v->window.until);
    put_bool(&b, "simulated", v->simulated);
    json_obj_end(&b);
    REQUIRE(!b.full, "too long");
    return buf_str(&b);
}

static void store_session(const struct registration *r, struct str id)
{
    const struct pck *pck = &r->verdict.pck;
    struct session s = {.key = r->key,
                        .manifest = r->manifest_bytes,
                        .fmspc = str_from(pck->fmspc, sizeof pck->fmspc),
                        .ppid = str_from(pck->ppid, sizeof pck->ppid),
                        .height = near_height(),
                        .registered = now_seconds()};
    struct session had;

    REQUIRE(!session_load(id, &had), "This session has been registered before");
    session_begin(id, &s);
}

static void give_key(const struct registration *r)
{
    uint64_t promise = promise_batch(near_current());

    promise_add_key(promise, (const uint8_t *)r->key.ptr, ALLOWANCE, r->settings.outlayer,
                    STR(WORKER_METHODS));
}

/* The rows and the key of a registration that has been judged; true when the key was there. */
static bool enter(struct registration *r)
{
    struct worker w = {.since = now_seconds()}, had;
    bool renewed = worker_load(r->key, &had);

    if (!r->plain) {
        w.session = str_from(r->report_data, 32);
        w.expires = r->manifest.not_after;
        store_session(r, w.session);
    }
    if (renewed) {
        w.since = had.since;
        w.before = had.session;
        if (had.before.len)
            session_remove(had.before);
    } else {
        give_key(r);
    }
    worker_store(r->key, &w);
    return renewed;
}

/* Look for expired workers, each time at others. */
static void sweep(uint64_t turn)
{
    uint32_t n = worker_count(), from = (uint32_t)(turn * SWEEP_AT_ONCE % n);

    workers_sweep(from, SWEEP_AT_ONCE);
    if (n - from < SWEEP_AT_ONCE)
        workers_sweep(0, SWEEP_AT_ONCE - (n - from));
}

/*
 * public_key     "ed25519:…", the worker's, made in the machine
 * tdx_quote_hex  its quote, version 4 or 5
 * manifest       base64 of what the quote binds; without it the quote's report data is the key
 *                itself and zeros, which the owner's policy has to allow
 */
NEAR_CALL(register_worker_key)
{
    struct registration *r = mem_new(struct registration);
    struct settings *c = &r->settings;
    struct buf out = near_buf();
    bool renewed;
    struct str said;

    settings_load(c);
    REQUIRE(str_eq(near_predecessor(), c->registrar), "Only the init worker account can register");
    rules_parse(c->policy, &r->rules);
    read_arguments(r, args);
    REQUIRE(!key_is_revoked(r->key), "This key has been revoked");
    if (r->plain)
        REQUIRE(r->rules.plain_keys, "Registration needs a manifest with a challenge");
    else
        check_manifest(r);
    judge(r);
    renewed = enter(r);
    said = announcement(r, renewed);
    event("worker_registered", said);
    sweep(c->registrations++);
    challenge_renew(c);
    settings_store(c);
    buf_add_str(&out, said);
    near_return_buf(&out);
}
