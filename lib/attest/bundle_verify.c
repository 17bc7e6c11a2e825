/* bundle_verify.c — the questions that bundle.h lists, one function each. */
#include "attest/bundle.h"

#include <string.h>

#include "attest/eventlog.h"
#include "codec/put.h"

struct check {
    const struct bundle *b;
    const struct bundle_expect *x;
    struct bundle_report *r;
    struct arena *a;
    bool manifest_ok, statement_ok, log_ok;
    struct eventlog log;
    int64_t at;
};

static void answer(struct check *c, enum bundle_layer l, enum attest_outcome o, const char *reason)
{
    struct buf b = BUF_OVER(c->r->layer[l].reason);

    c->r->layer[l].outcome = o;
    b.ptr[0] = '\0';
    buf_add_str(&b, str_head(str_of(reason), b.max));
}

static void read_parts(struct check *c)
{
    c->manifest_ok = manifest_read(c->b->manifest, &c->r->manifest, NULL) == ERR_OK;
    c->statement_ok = statement_read(c->b->statement, &c->r->statement, NULL) == ERR_OK;
    c->log_ok =
        c->b->event_log.len && eventlog_read_json(c->b->event_log, c->a, &c->log, NULL) == ERR_OK;
    c->r->session = manifest_session(LABEL_WORKER, c->b->manifest);
    c->r->digest = statement_digest(c->b->statement);
    /* With nothing better the epoch's own beginning; ask_time says what that is worth. */
    c->at = c->x->has_time ? c->x->at : c->manifest_ok ? (int64_t)c->r->manifest.not_before : 0;
}

static void ask_time(struct check *c)
{
    const struct manifest *m = &c->r->manifest;

    if (!c->manifest_ok)
        answer(c, BUNDLE_TIME, ATTEST_FAIL, "the manifest cannot be read");
    else if (!c->x->has_time)
        answer(c, BUNDLE_TIME, ATTEST_UNPROVEN,
               "judged as of the time it claims itself; give the time of its block");
    else if (c->at < 0 || (uint64_t)c->at < m->not_before || (uint64_t)c->at > m->not_after)
        answer(c, BUNDLE_TIME, ATTEST_FAIL, "the epoch does not include this time");
    else
        answer(c, BUNDLE_TIME, ATTEST_PASS, "the epoch includes this time");
}

static void ask_quote(struct check *c)
{
    struct collateral *coll = arena_new(c->a, struct collateral);
    struct attest_policy strict = ATTEST_POLICY_STRICT;
    struct attest_input in = {
        .quote = c->b->quote, .at = c->at, .root = c->x->root, .crypto = c->x->crypto};
    struct attest_verdict *v = &c->r->verdict;
    enum attest_outcome o;
    uint64_t failed = 0;

    if (!c->b->collateral.ptr) {
        answer(c, BUNDLE_QUOTE, ATTEST_UNPROVEN, "the bundle has no collateral of its time");
        return;
    }
    if (collateral_read(c->b->collateral, c->a, coll, NULL) == ERR_OK)
        in.collateral = coll;
    if (attest_verify(&in, c->a, v) == ATTEST_OK)
        failed = attest_appraise(&strict, v, NULL);
    c->r->simulated = v->simulated;
    o = attest_outcome(v, failed);
    if (v->code) {
        answer(c, BUNDLE_QUOTE, o, attest_code_text(v->code));
        return;
    }
    for (enum attest_code k = ATTEST_P_TCB_STATUS; k < ATTEST_CODE_COUNT; k++) {
        if (failed & attest_bit(k)) {
            answer(c, BUNDLE_QUOTE, o, attest_code_text(k));
            return;
        }
    }
    answer(c, BUNDLE_QUOTE, o,
           v->simulated ? "verified under a SIMULATED root: proves nothing about hardware"
                        : "verified up to Intel's root");
}

/* The verified report; NULL when the quote does not hold or is no TD's. */
static const struct td_report *report(const struct check *c)
{
    const struct attest_verdict *v = &c->r->verdict;

    return v->has_quote && v->status != TCB_NONE && !v->code && v->quote.tee == TEE_TDX
               ? &v->quote.td
               : NULL;
}

static void ask_identity(struct check *c)
{
    const struct td_report *td = report(c);

    if (!td) {
        answer(c, BUNDLE_IDENTITY, ATTEST_UNPROVEN, "there is no verified quote");
        return;
    }
    if (!c->x->approved || !c->x->approved->n) {
        answer(c, BUNDLE_IDENTITY, ATTEST_UNPROVEN,
               "no approved measurements were given to compare with");
        return;
    }
    switch (approved_check(c->x->approved, td, c->log_ok ? &c->log : NULL)) {
    case ATTEST_OK:
        answer(c, BUNDLE_IDENTITY, ATTEST_PASS, "the measurements are approved");
        break;
    case ATTEST_P_EVENT_LOG:
        answer(c, BUNDLE_IDENTITY, ATTEST_FAIL,
               "the event log does not show what the approved entry asks");
        break;
    default:
        answer(c, BUNDLE_IDENTITY, ATTEST_FAIL, "the measurements are not on the list");
    }
}

static void ask_event_log(struct check *c)
{
    const struct td_report *td = report(c);

    if (!c->b->event_log.len)
        answer(c, BUNDLE_EVENT_LOG, ATTEST_PASS, "there is no log, and nothing relies on one");
    else if (!c->log_ok)
        answer(c, BUNDLE_EVENT_LOG, ATTEST_FAIL, "the event log is malformed");
    else if (!td)
        answer(c, BUNDLE_EVENT_LOG, ATTEST_UNPROVEN, "there is no verified quote");
    else if (eventlog_matches(&c->log, td) != EVENTLOG_ALL_MATCH)
        answer(c, BUNDLE_EVENT_LOG, ATTEST_FAIL, "the event log is of another machine");
    else
        answer(c, BUNDLE_EVENT_LOG, ATTEST_PASS, "the log leads to all four registers");
}

static void ask_session(struct check *c)
{
    const struct manifest *m = &c->r->manifest;
    struct quote q;
    uint8_t data[64];

    label_report_data(LABEL_WORKER, c->b->manifest, data);
    if (!c->manifest_ok)
        answer(c, BUNDLE_SESSION, ATTEST_FAIL, "the manifest is malformed");
    else if (quote_read(c->b->quote, &q) != ATTEST_OK)
        answer(c, BUNDLE_SESSION, ATTEST_FAIL, "the quote is malformed");
    else if (!str_eq(quote_report_data(&q), str_from(data, sizeof data)))
        answer(c, BUNDLE_SESSION, ATTEST_FAIL, "the quote binds another manifest");
    else if (c->x->network.ptr && !str_eq(c->x->network, m->network))
        answer(c, BUNDLE_SESSION, ATTEST_FAIL, "the manifest is of another network");
    else
        answer(c, BUNDLE_SESSION, ATTEST_PASS, "the quote binds this manifest");
}

static void ask_signature(struct check *c)
{
    const struct manifest *m = &c->r->manifest;
    const struct statement *s = &c->r->statement;
    struct ed25519_pub key;

    memcpy(key.b, m->statement_key, sizeof key.b);
    if (!c->statement_ok || !c->manifest_ok)
        answer(c, BUNDLE_SIGNATURE, ATTEST_FAIL, "the statement or the manifest is malformed");
    else if (!statement_signed_by(&key, c->b->statement, &c->b->sig))
        answer(c, BUNDLE_SIGNATURE, ATTEST_FAIL, "the signature is not of the session's key");
    else if (!hash_eq(&s->session, &c->r->session))
        answer(c, BUNDLE_SIGNATURE, ATTEST_FAIL, "the statement is of another session");
    else if (s->started_ms / 1000 < m->not_before || s->finished_ms / 1000 > m->not_after ||
             s->finished_ms < s->started_ms)
        answer(c, BUNDLE_SIGNATURE, ATTEST_FAIL, "the execution lies outside its epoch");
    else
        answer(c, BUNDLE_SIGNATURE, ATTEST_PASS, "signed with the key that the quote binds");
}

/* Bytes that somebody has against a hash that was signed. */
static void ask_hash(struct check *c, enum bundle_layer l, struct str mine, struct str theirs,
                     const struct hash256 *want, const char *missing)
{
    struct str bytes = mine.ptr ? mine : theirs;
    struct hash256 got = sha256(bytes);

    if (!c->statement_ok)
        answer(c, l, ATTEST_FAIL, "the statement is malformed");
    else if (!bytes.ptr)
        answer(c, l, ATTEST_UNPROVEN, missing);
    else if (!hash_eq(&got, want))
        answer(c, l, ATTEST_FAIL, "the bytes have another hash than the statement says");
    else
        answer(c, l, ATTEST_PASS, "the bytes have the hash that was signed");
}

static void ask_payloads(struct check *c)
{
    const struct statement *s = &c->r->statement;
    struct hash256 out;

    ask_hash(c, BUNDLE_CODE, c->x->wasm, c->b->wasm, &s->wasm_sha256,
             "the code is not in the bundle; give it to compare");
    ask_hash(c, BUNDLE_INPUT, c->x->input, c->b->input, &s->input_sha256,
             "the input is not in the bundle; give it to compare");
    ask_hash(c, BUNDLE_OUTPUT, c->x->delivered, c->b->delivered, &s->delivered_sha256,
             "the output is not in the bundle; give it to compare");
    if (!c->b->stdout_bytes.ptr || !c->statement_ok)
        return;
    out = sha256(c->b->stdout_bytes);
    if (!hash_eq(&out, &s->stdout_sha256))
        answer(c, BUNDLE_OUTPUT, ATTEST_FAIL, "stdout has another hash than the statement says");
}

static void ask_request(struct check *c)
{
    const struct statement *s = &c->r->statement;

    if (!c->statement_ok)
        answer(c, BUNDLE_REQUEST, ATTEST_FAIL, "the statement is malformed");
    else if (!c->x->has_request && !c->x->caller.ptr)
        answer(c, BUNDLE_REQUEST, ATTEST_UNPROVEN,
               "no request was given to compare with; read it from the chain");
    else if (c->x->has_request &&
             (s->origin != ORIGIN_CHAIN || s->chain.request_id != c->x->request_id))
        answer(c, BUNDLE_REQUEST, ATTEST_FAIL, "the statement answers another request");
    else if (c->x->caller.ptr && !str_eq(c->x->caller, s->caller))
        answer(c, BUNDLE_REQUEST, ATTEST_FAIL, "the statement names another caller");
    else
        answer(c, BUNDLE_REQUEST, ATTEST_PASS, "it names the request that was given");
}

static void ask_order(struct check *c)
{
    const struct bundle *b = c->b;
    struct ed25519_pub key;
    struct batch_head h;

    memcpy(key.b, c->r->manifest.statement_key, sizeof key.b);
    if (!b->has_anchor)
        answer(c, BUNDLE_ORDER, ATTEST_UNPROVEN, "the bundle has no anchor");
    else if (!c->manifest_ok || !c->statement_ok || batch_head_read(b->head, &h, NULL))
        answer(c, BUNDLE_ORDER, ATTEST_FAIL, "the batch head is malformed");
    else if (!ed25519_verify(&key, b->head, &b->head_sig) || !hash_eq(&h.session, &c->r->session))
        answer(c, BUNDLE_ORDER, ATTEST_FAIL, "the batch head is not of this session");
    else if (c->r->statement.seq < h.first_seq ||
             !batch_path_holds(&c->r->digest, c->r->statement.seq - h.first_seq, h.count, b->path,
                               b->steps, &h.root))
        answer(c, BUNDLE_ORDER, ATTEST_FAIL, "the path does not lead to the batch's root");
    else if (!c->x->has_root)
        answer(c, BUNDLE_ORDER, ATTEST_UNPROVEN,
               "it leads to a signed root; compare that with the chain");
    else if (!hash_eq(&h.root, &c->x->batch_root))
        answer(c, BUNDLE_ORDER, ATTEST_FAIL, "the chain has another root");
    else
        answer(c, BUNDLE_ORDER, ATTEST_PASS, "it leads to the root on chain");
}

static enum attest_outcome worse(enum attest_outcome a, enum attest_outcome b)
{
    if (a == ATTEST_FAIL || b == ATTEST_FAIL)
        return ATTEST_FAIL;
    return a == ATTEST_UNPROVEN ? a : b;
}

void bundle_verify(const struct bundle *b, const struct bundle_expect *x, struct arena *a,
                   struct bundle_report *out)
{
    struct check c = {.b = b, .x = x, .r = out, .a = a};

    memset(out, 0, sizeof *out);
    read_parts(&c);
    ask_time(&c);
    ask_quote(&c);
    ask_identity(&c);
    ask_event_log(&c);
    ask_session(&c);
    ask_signature(&c);
    ask_payloads(&c);
    ask_request(&c);
    ask_order(&c);
    out->total = ATTEST_PASS;
    for (size_t i = 0; i < BUNDLE_LAYER_COUNT; i++)
        out->total = worse(out->total, out->layer[i].outcome);
    out->simulated |= b->simulated;
}

/* ------------------------------------------------------------------ telling */

const char *bundle_layer_name(enum bundle_layer l)
{
    static const char *const names[] = {
#define X(name, text, meaning) text,
        BUNDLE_LAYERS(X)
#undef X
    };

    return names[l];
}

static const char *bundle_layer_meaning(enum bundle_layer l)
{
    static const char *const meanings[] = {
#define X(name, text, meaning) meaning,
        BUNDLE_LAYERS(X)
#undef X
    };

    return meanings[l];
}

void bundle_report_put(struct buf *b, const struct bundle_report *r)
{
    json_obj(b);
    put_z(b, "verdict", attest_outcome_name(r->total));
    put_z(b, "root", r->simulated ? "SIMULATED" : "Intel");
    put_hex(b, "session_id", hash_str(&r->session));
    put_hex(b, "statement_digest", hash_str(&r->digest));
    put_u64(b, "seq", r->statement.seq);
    put_z(b, "status", statement_status_name(r->statement.status));
    json_key(b, "layers");
    json_arr(b);
    for (enum bundle_layer l = 0; l < BUNDLE_LAYER_COUNT; l++) {
        json_obj(b);
        put_z(b, "layer", bundle_layer_name(l));
        put_z(b, "asks", bundle_layer_meaning(l));
        put_z(b, "verdict", attest_outcome_name(r->layer[l].outcome));
        put_z(b, "reason", r->layer[l].reason);
        json_obj_end(b);
    }
    json_arr_end(b);
    json_obj_end(b);
}
