/*
 * cmd_attestation.c — `outlayer attestation get`: one execution's evidence as a file; and `verify`:
 * does it show that this code made this output?
 *
 * Verifying is offline unless a node is named. It reads a bundle, or a record in the layout that
 * older verifiers publish. What is to be expected comes from the command line, never from the file.
 */
#include <stdio.h>
#include <string.h>

#include "attest/bundle.h"
#include "attest/record.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/attestation_chain.h"
#include "cli/attestation_get.h"
#include "cli/commands.h"
#include "cli/evidence.h"
#include "cli/term.h"
#include "codec/put.h"

#define REPORT_MAX   (256 * 1024)
#define WAIT_STEP_MS 500

struct attestation_opts {
    const char *at, *root, *wasm, *input, *output, *request, *caller, *batch_root, *network,
        *approved, *collateral, *coordinator, *bundle, *rpc_url, *contract, *reg;
    uint64_t wait_s;
    bool json, compile, no_payload;
};

static const struct opt attestation_options[] = {
    OPT_TEXT("coordinator-url", "URL", struct attestation_opts, coordinator,
             "OUTLAYER_COORDINATOR_URL", "get: whom to ask (default http://127.0.0.1:3031)"),
    OPT_TEXT("bundle", "FILE", struct attestation_opts, bundle, NULL,
             "get: where to write it (default: stdout)"),
    OPT_FLAG("compile", struct attestation_opts, compile,
             "get: the statement about the compilation, not about the run"),
    OPT_U64("wait", "SECONDS", struct attestation_opts, wait_s, 0, 3600, NULL,
            "get: until its batch is anchored on the chain, at most so long"),
    OPT_FLAG("no-payload", struct attestation_opts, no_payload, "get: without input and output"),
    OPT_TEXT("rpc-url", "URL", struct attestation_opts, rpc_url, "OUTLAYER_RPC_URL",
             "verify: a node that is believed; what is not given below is read from the chain"),
    OPT_TEXT("contract-id", "ACCOUNT", struct attestation_opts, contract, "OUTLAYER_CONTRACT_ID",
             "verify: the OutLayer contract (default outlayer.test)"),
    OPT_TEXT("register-id", "ACCOUNT", struct attestation_opts, reg, "OUTLAYER_REGISTER_ID",
             "verify: the register contract: approved measurements, and roots"),
    OPT_TEXT("at", "TIME", struct attestation_opts, at, NULL,
             "when it is known to have run, for instance from its block"),
    OPT_TEXT("approved", "FILE", struct attestation_opts, approved, NULL,
             "approved measurements: a JSON array (docs/formats/attestation.md)"),
    OPT_TEXT("wasm", "FILE", struct attestation_opts, wasm, NULL, "the code it must have run"),
    OPT_TEXT("input", "FILE", struct attestation_opts, input, NULL, "the input it must have had"),
    OPT_TEXT("output", "FILE", struct attestation_opts, output, NULL,
             "the output that was delivered"),
    OPT_TEXT("request", "N", struct attestation_opts, request, NULL,
             "the request id that it must answer; get: the request meant"),
    OPT_TEXT("caller", "ACCOUNT", struct attestation_opts, caller, NULL, "who must have asked"),
    OPT_TEXT("batch-root", "HEX", struct attestation_opts, batch_root, NULL,
             "the batch's root as the chain has it"),
    OPT_TEXT("network", "NAME", struct attestation_opts, network, NULL,
             "the network that the worker must have been registered for"),
    OPT_TEXT("collateral", "FILE", struct attestation_opts, collateral, NULL,
             "collateral of its time: for a record, or in place of the bundle's"),
    OPT_TEXT("simulated-root", "FILE", struct attestation_opts, root, NULL,
             "accept a simulator's root instead of Intel's; proves nothing about hardware"),
    OPT_FLAG("json", struct attestation_opts, json, "print one JSON object"),
    OPT_END,
};

static const char *const attestation_examples[] = {
    "outlayer attestation get 7 --bundle bundle.json",
    "outlayer attestation get 8Kd2… --bundle bundle.json",
    "outlayer attestation verify bundle.json --rpc-url http://127.0.0.1:3030 --register-id "
    "worker.outlayer.test",
    "outlayer attestation verify bundle.json --at 2026-08-28T05:21:24Z --approved ours.json",
    "outlayer attestation verify record.json --collateral collateral.json",
    NULL,
};

const struct command command_attestation = {
    .name = "attestation",
    .summary = "get the evidence of an execution, and verify it offline",
    .usage = "get ID|TRANSACTION | get --request N | verify FILE [options]",
    .about =
        "get: ID is an execution's, as the coordinator's pages show it; TRANSACTION is the one\n"
        "that asked. The coordinator need not be trusted: verify what it gives.\n"
        "verify: asks one question after the other and answers each with pass, fail or unproven\n"
        "and the reason; the whole is as bad as its worst. FILE is a bundle, or a published "
        "record\n"
        "with a quote of its own.",
    .verbs = "get verify",
    .options = attestation_options,
    .examples = attestation_examples,
    .statuses = "verify: 0 pass, 1 fail, 2 unproven; get: 0 done, 1 failed, 2 not anchored yet\n"
                "after --wait; 3 wrong usage.",
    .run = cmd_attestation,
};

/* ------------------------------------------------------------------ what is expected */

static enum err read_approved(struct arena *a, const char *path, struct bundle_expect *x,
                              struct buf *why)
{
    struct approved_list *list = arena_new(a, struct approved_list);
    struct buf wrong = WHY_INIT;
    struct str text;
    enum err e = evidence_file(a, path, &text, why);

    if (!e) {
        e = approved_read(text, a, list, &wrong);
        if (e)
            err_put(why, e, "'%s': %s", path, buf_z(&wrong));
    }
    x->approved = list;
    buf_release(&wrong);
    return e;
}

static enum err optional_file(struct arena *a, const char *path, struct str *out, struct buf *why)
{
    return path ? evidence_file(a, path, out, why) : ERR_OK;
}

static enum err expectation(struct arena *a, const struct attestation_opts *o,
                            struct bundle_expect *x, struct buf *why)
{
    enum err e = optional_file(a, o->wasm, &x->wasm, why);

    if (!e)
        e = optional_file(a, o->input, &x->input, why);
    if (!e)
        e = optional_file(a, o->output, &x->delivered, why);
    if (!e && o->approved)
        e = read_approved(a, o->approved, x, why);
    if (!e && o->at) {
        x->has_time = true;
        e = evidence_time(o->at, &x->at, why);
    }
    if (!e && o->request) {
        x->has_request = true;
        if (!str_u64(str_of(o->request), &x->request_id))
            e = err_put(why, ERR_FORMAT, "'%s' is no request id", o->request);
    }
    if (!e && o->batch_root) {
        x->has_root = true;
        if (!hash_from_hex(str_of(o->batch_root), &x->batch_root))
            e = err_put(why, ERR_FORMAT, "'%s' is no hash of 64 digits", o->batch_root);
    }
    x->caller = str_of(o->caller);
    x->network = str_of(o->network);
    return e;
}

/* ------------------------------------------------------------------ bundles */

static void say_line(enum attest_outcome o, const char *name, const char *reason)
{
    printf("  %s%-9s%s %-10s %s\n",
           term(stdout, o == ATTEST_PASS   ? TERM_GOOD
                        : o == ATTEST_FAIL ? TERM_BAD
                                           : TERM_DIM),
           attest_outcome_name(o), term(stdout, TERM_PLAIN), name, reason);
}

static int verify_bundle(struct arena *a, struct str text, const struct attestation_opts *o,
                         const struct attest_root *root, struct buf *why)
{
    struct bundle_expect x = {.root = root, .crypto = &attest_crypto_native};
    struct bundle_report *r = arena_new(a, struct bundle_report);
    const struct chain_opts chain = {.rpc_url = o->rpc_url,
                                     .contract =
                                         str_of(o->contract ? o->contract : "outlayer.test"),
                                     .reg = str_of(o->reg)};
    struct buf out = BUF_INIT(REPORT_MAX);
    struct bundle b;

    if (expectation(a, o, &x, why))
        return command_misused(&command_attestation, why);
    if (bundle_read(text, a, &b, why) || (o->rpc_url && attestation_chain(&chain, &b, a, &x, why)))
        return command_failed(why);
    if (o->collateral && evidence_file(a, o->collateral, &b.collateral, why))
        return command_failed(why);
    bundle_verify(&b, &x, a, r);
    if (o->json) {
        bundle_report_put(&out, r);
        printf("%.*s\n", STR_ARG(buf_str(&out)));
        buf_release(&out);
        return evidence_status(r->total);
    }
    if (r->simulated && !o->root)
        fprintf(stderr,
                "The bundle says that it is SIMULATED: --simulated-root names the root of its "
                "simulator,\nwhich `outlayer up` keeps as HOME/simulator/root.der.\n");
    printf("%s%s\n", attest_outcome_name(r->total), r->simulated ? ", SIMULATED machine" : "");
    for (enum bundle_layer l = 0; l < BUNDLE_LAYER_COUNT; l++)
        say_line(r->layer[l].outcome, bundle_layer_name(l), r->layer[l].reason);
    return evidence_status(r->total);
}

/* ------------------------------------------------------------------ records */

struct record_answer {
    enum attest_outcome quote, identity, binding, total;
    const char *quote_reason, *identity_reason, *binding_reason;
};

static enum attest_outcome worse(enum attest_outcome a, enum attest_outcome b)
{
    if (a == ATTEST_FAIL || b == ATTEST_FAIL)
        return ATTEST_FAIL;
    return a == ATTEST_UNPROVEN ? a : b;
}

static void judge_identity(const struct attest_verdict *v, const struct bundle_expect *x,
                           struct record_answer *out)
{
    out->identity = ATTEST_UNPROVEN;
    if (v->code || v->status == TCB_NONE || v->quote.tee != TEE_TDX) {
        out->identity_reason = "there is no verified quote";
        return;
    }
    if (!x->approved || !x->approved->n) {
        out->identity_reason = "no approved measurements were given to compare with";
        return;
    }
    /* A record comes without its event log: entries that ask for events fit none. */
    switch (approved_check(x->approved, &v->quote.td, NULL)) {
    case ATTEST_OK:
        out->identity = ATTEST_PASS;
        out->identity_reason = "the measurements are approved";
        break;
    case ATTEST_P_EVENT_LOG:
        out->identity = ATTEST_UNPROVEN;
        out->identity_reason = "the approved entry asks for events, and a record has no event log";
        break;
    default:
        out->identity = ATTEST_FAIL;
        out->identity_reason = "the measurements are not on the list";
    }
}

static void judge_record(const struct record *r, struct attest_input *in,
                         const struct bundle_expect *x, struct arena *a, struct record_answer *out)
{
    struct attest_verdict *v = arena_new(a, struct attest_verdict);
    struct attest_policy strict = ATTEST_POLICY_STRICT;
    struct quote q;
    uint8_t data[64];
    uint64_t failed = 0;

    out->binding = ATTEST_FAIL;
    if (quote_read(in->quote, &q) != ATTEST_OK || record_report_data(r, data, NULL))
        out->binding_reason = "the record or its quote is malformed";
    else if (!str_eq(quote_report_data(&q), str_from(data, sizeof data)))
        out->binding_reason = "the quote is over another record";
    else {
        out->binding = ATTEST_PASS;
        out->binding_reason = record_is_legacy(r) ? "the quote is over this record (legacy form)"
                                                  : "the quote is over this record";
    }
    if (!in->collateral) {
        out->quote = ATTEST_UNPROVEN;
        out->quote_reason = "no collateral of its time was given";
    } else {
        if (attest_verify(in, a, v) == ATTEST_OK)
            failed = attest_appraise(&strict, v, NULL);
        out->quote = attest_outcome(v, failed);
        out->quote_reason = v->code                     ? attest_code_text(v->code)
                            : out->quote == ATTEST_PASS ? "verified"
                                                        : "the strict policy refuses the machine";
    }
    judge_identity(v, x, out);
    out->total = worse(worse(out->quote, out->identity), out->binding);
}

static int verify_record(struct arena *a, struct json object, const struct attestation_opts *o,
                         const struct attest_root *root, struct buf *why)
{
    struct attest_input in = {.root = root, .crypto = &attest_crypto_native};
    struct collateral *c = arena_new(a, struct collateral);
    struct record_answer answer = {0};
    struct bundle_expect x = {0};
    struct buf b = BUF_INIT(REPORT_MAX);
    struct str text;
    struct record r;
    enum err e = record_read(object, a, &r, &in.quote, why);

    if (e) {
        command_failed(why);
        return e == ERR_ABSENT ? EXIT_UNDECIDED : EXIT_FAILED;
    }
    if (o->approved && read_approved(a, o->approved, &x, why))
        return command_misused(&command_attestation, why);
    in.at = r.timestamp; /* which its maker claims */
    if (o->at && evidence_time(o->at, &in.at, why))
        return command_misused(&command_attestation, why);
    if (o->collateral) {
        if (evidence_file(a, o->collateral, &text, why) || collateral_read(text, a, c, why))
            return command_failed(why);
        in.collateral = c;
    }
    judge_record(&r, &in, &x, a, &answer);
    if (!o->json) {
        printf("%s\n", attest_outcome_name(answer.total));
        say_line(answer.quote, "quote", answer.quote_reason);
        say_line(answer.identity, "identity", answer.identity_reason);
        say_line(answer.binding, "binding", answer.binding_reason);
        printf("  Such a record does not bind the code itself when it was built from a "
               "repository.\n");
        return evidence_status(answer.total);
    }
    json_obj(&b);
    put_z(&b, "verdict", attest_outcome_name(answer.total));
    put_z(&b, "quote", attest_outcome_name(answer.quote));
    put_z(&b, "quote_reason", answer.quote_reason);
    put_z(&b, "identity", attest_outcome_name(answer.identity));
    put_z(&b, "identity_reason", answer.identity_reason);
    put_z(&b, "binding", attest_outcome_name(answer.binding));
    put_z(&b, "binding_reason", answer.binding_reason);
    json_key(&b, "record");
    json_obj(&b);
    record_put(&b, &r);
    json_obj_end(&b);
    json_obj_end(&b);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
    buf_release(&b);
    return evidence_status(answer.total);
}

static int verify(struct arena *a, const char *path, const struct attestation_opts *o,
                  struct buf *why)
{
    struct attest_root root;
    struct json object;
    struct str text;

    if (evidence_file(a, path, &text, why) || evidence_root(a, o->root, &root, why))
        return command_failed(why);
    if (json_parse(text, &object, NULL) && json_type(json_get(object, "tdx_quote")) != JSON_ABSENT)
        return verify_record(a, object, o, &root, why);
    return verify_bundle(a, text, o, &root, why);
}

/* ------------------------------------------------------------------ getting */

static void say_got(const struct attestation_opts *o, const struct bundle *b, uint64_t id)
{
    struct statement s;
    bool read = statement_read(b->statement, &s, NULL) == ERR_OK;

    fprintf(stderr, "%sStatement %llu about execution %llu (request %llu): %s; %s.\n",
            b->simulated ? "SIMULATED machine. " : "", read ? (unsigned long long)s.seq : 0,
            (unsigned long long)id, read ? (unsigned long long)s.chain.request_id : 0,
            read ? statement_status_name(s.status) : "unreadable",
            b->transaction.ptr ? "its batch is anchored on the chain"
            : b->has_anchor    ? "its batch is not anchored yet"
                               : "it stands in no batch yet");
    if (o->bundle)
        fprintf(stderr,
                "Next: outlayer attestation verify %s --rpc-url URL --register-id ACCOUNT%s\n",
                o->bundle, b->simulated ? " --simulated-root HOME/simulator/root.der" : "");
}

static int get(struct arena *a, const char *what, const struct attestation_opts *o, struct buf *why)
{
    const struct attestation_wish w = {.coordinator_url = o->coordinator ? o->coordinator
                                                                         : "http://127.0.0.1:3031",
                                       .what = what,
                                       .request = o->request,
                                       .compile = o->compile,
                                       .payloads = !o->no_payload};
    struct buf text = BUF_INIT(BUNDLE_MAX);
    struct bundle b;
    uint64_t id;
    const uint64_t end = clock_mono_ms() + o->wait_s * 1000;
    enum err e;

    /* What is not there yet and what is not anchored yet are the same to who waits. */
    for (;;) {
        buf_clear(why);
        buf_clear(&text);
        e = attestation_get(&w, a, &text, &b, &id, why);
        if ((!e && b.transaction.ptr) || (e && e != ERR_ABSENT) || clock_mono_ms() >= end)
            break;
        clock_sleep_ms(WAIT_STEP_MS);
    }
    if (!e && o->bundle)
        e = file_write_atomic(o->bundle, buf_str(&text), 0644, why);
    else if (!e)
        printf("%.*s\n", STR_ARG(buf_str(&text)));
    if (!e)
        say_got(o, &b, id);
    buf_release(&text);
    if (e == ERR_FORMAT)
        return command_misused(&command_attestation, why);
    if (e)
        return command_failed(why);
    return o->wait_s && !b.transaction.ptr ? EXIT_UNDECIDED : EXIT_DONE;
}

int cmd_attestation(int argc, char **argv)
{
    struct attestation_opts o = {0};
    struct buf why = WHY_INIT;
    struct arena a = ARENA_INIT;
    int first, status;

    if (!command_begin(&command_attestation, argc, argv, &o, &first, &status))
        return status;
    if (argc - first == 2 && strcmp(argv[first], "verify") == 0) {
        status = verify(&a, argv[first + 1], &o, &why);
    } else if (argc > first && strcmp(argv[first], "get") == 0 &&
               argc - first == (o.request ? 1 : 2)) {
        status = get(&a, o.request ? NULL : argv[first + 1], &o, &why);
    } else {
        err_put(&why, ERR_FORMAT,
                "say 'verify' and name one file, or 'get' and one execution, transaction or "
                "--request");
        status = command_misused(&command_attestation, &why);
    }
    arena_release(&a);
    buf_release(&why);
    return status;
}
