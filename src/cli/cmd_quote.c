/*
 * cmd_quote.c — `outlayer quote show|verify|get`: what is in a TDX quote, does it hold, and one of
 * this machine's own.
 *
 * Showing and verifying work offline on files alone: quote, collateral and the time to judge at.
 */
#include <stdio.h>
#include <string.h>

#include "attest/source.h"
#include "attest/utc.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/evidence.h"
#include "cli/term.h"
#include "codec/hex.h"

#define REPORT_MAX (256 * 1024)

struct quote_opts {
    const char *collateral, *at, *root, *source, *data, *out, *collateral_out;
    bool json;
};

static const struct opt quote_options[] = {
    OPT_TEXT("collateral", "FILE", struct quote_opts, collateral, NULL,
             "what Intel published about the machine; see `outlayer collateral`"),
    OPT_TEXT("at", "TIME", struct quote_opts, at, NULL,
             "judge as of this time: 2026-08-13T10:45:38Z or seconds (default: now)"),
    OPT_TEXT("simulated-root", "FILE", struct quote_opts, root, NULL,
             "accept a simulator's root instead of Intel's; proves nothing about hardware"),
    OPT_TEXT("source", "NAME", struct quote_opts, source, "OUTLAYER_QUOTE_SOURCE",
             "get: dstack[:SOCKET], configfs[:DIR], simulator:DIR or auto (default)"),
    OPT_TEXT("report-data", "HEX", struct quote_opts, data, NULL,
             "get: at most 64 bytes to bind; zeros follow"),
    OPT_TEXT("out", "FILE", struct quote_opts, out, NULL, "get: where the quote goes"),
    OPT_TEXT("collateral-out", "FILE", struct quote_opts, collateral_out, NULL,
             "get: where a simulator's collateral goes"),
    OPT_FLAG("json", struct quote_opts, json, "print one JSON object"),
    OPT_END,
};

static const char *const quote_examples[] = {
    "outlayer quote show quote.bin",
    "outlayer quote verify quote.bin --collateral collateral.json --at 2026-03-05T10:50:03Z",
    "outlayer quote get --source simulator:/tmp/sim --out quote.bin --collateral-out coll.json",
    NULL,
};

const struct command command_quote = {
    .name = "quote",
    .summary = "show, verify or get an Intel TDX quote",
    .usage = "show QUOTE | verify QUOTE | get [options]",
    .about =
        "QUOTE is a file with the bytes of a quote, or with hexadecimal or base64 text; - is\n"
        "stdin. `verify` checks every signature up to Intel's root, revocation lists, patch\n"
        "levels and the strict policy. It cannot be told without collateral, with collateral of\n"
        "another time, or where the patch level is not UpToDate. `get` asks this machine, or a\n"
        "simulator, for a quote.",
    .verbs = "show verify get",
    .options = quote_options,
    .examples = quote_examples,
    .statuses = "0 it holds, 1 it does not, 2 it cannot be told, 3 wrong usage.",
    .run = cmd_quote,
};

static void say_hex(const char *name, struct str bytes)
{
    printf("  %-16s ", name);
    for (size_t i = 0; i < bytes.len; i++)
        printf("%02x", (uint8_t)bytes.ptr[i]);
    putchar('\n');
}

static void say_quote(const struct quote *q)
{
    printf("%s quote, version %u, %zu bytes%s\n", q->tee == TEE_TDX ? "TDX" : "SGX", q->version,
           q->canonical.len, q->trailing ? " and padding" : "");
    if (q->tee == TEE_SGX) {
        say_hex("MRENCLAVE", q->sgx.mr_enclave);
        say_hex("MRSIGNER", q->sgx.mr_signer);
        say_hex("report data", q->sgx.report_data);
        return;
    }
    say_hex("MRTD", q->td.mr_td);
    say_hex("RTMR0", q->td.rtmr[0]);
    say_hex("RTMR1", q->td.rtmr[1]);
    say_hex("RTMR2", q->td.rtmr[2]);
    say_hex("RTMR3", q->td.rtmr[3]);
    say_hex("MRCONFIGID", q->td.mr_config_id);
    say_hex("TEE_TCB_SVN", q->td.tee_tcb_svn);
    printf("  %-16s %016llx\n", "TDATTRIBUTES", (unsigned long long)q->td.td_attributes);
    printf("  %-16s %016llx\n", "XFAM", (unsigned long long)q->td.xfam);
    say_hex("report data", q->td.report_data);
}

static void print_json(const struct buf *b)
{
    printf("%.*s\n", STR_ARG(buf_str(b)));
}

static int show(struct arena *a, const char *path, const struct quote_opts *o, struct buf *why)
{
    struct buf b = BUF_INIT(REPORT_MAX);
    struct str bytes;
    struct quote q;
    enum attest_code code;

    if (evidence_quote(a, path, &bytes, why))
        return command_failed(why);
    code = quote_read(bytes, &q);
    if (code) {
        err_put(why, ERR_FORMAT, "'%s' is no quote: %s (%s)", path, attest_code_text(code),
                attest_code_name(code));
        return command_failed(why);
    }
    if (o->json) {
        quote_put(&b, &q);
        print_json(&b);
        buf_release(&b);
        return EXIT_DONE;
    }
    say_quote(&q);
    fprintf(stderr, "Nothing of it has been verified.\n");
    return EXIT_DONE;
}

static void say_verdict(const struct attest_verdict *v, int64_t at, uint64_t policy)
{
    enum attest_outcome o = attest_outcome(v, policy);
    char text[3][32];
    struct buf when = BUF_OVER(text[0]), from = BUF_OVER(text[1]), until = BUF_OVER(text[2]);

    utc_put(&when, at);
    printf("%s%s%s as of %s", term(stdout, o == ATTEST_PASS ? TERM_GOOD : TERM_BAD),
           attest_outcome_name(o), term(stdout, TERM_PLAIN), buf_z(&when));
    printf(v->simulated ? ", SIMULATED machine\n" : "\n");
    if (v->code)
        printf("  %s: %s%s%s\n", attest_code_name(v->code), attest_code_text(v->code),
               v->subject ? ": " : "", v->subject ? v->subject : "");
    if (v->status != TCB_NONE)
        printf("  patch level: %s\n", tcb_status_name(v->status));
    for (size_t i = 0; i < v->advisories; i++)
        printf("  advisory: %.*s\n", STR_ARG(v->advisory[i]));
    for (enum attest_code c = ATTEST_P_TCB_STATUS; c < ATTEST_CODE_COUNT; c++)
        if (policy & attest_bit(c))
            printf("  %s: %s\n", attest_code_name(c), attest_code_text(c));
    if (v->window.from != INT64_MIN && v->window.from <= v->window.until) {
        utc_put(&from, v->window.from);
        utc_put(&until, v->window.until);
        printf("  the evidence speaks about %s to %s\n", buf_z(&from), buf_z(&until));
    }
    if (v->has_quote)
        say_quote(&v->quote);
}

static int verify(struct arena *a, const char *path, const struct quote_opts *o, struct buf *why)
{
    struct attest_verdict *v = arena_new(a, struct attest_verdict);
    struct collateral *c = arena_new(a, struct collateral);
    struct attest_policy policy = ATTEST_POLICY_STRICT;
    struct attest_root root;
    struct attest_input in = {.root = &root, .crypto = &attest_crypto_native};
    struct buf b = BUF_INIT(REPORT_MAX);
    struct str text;
    uint64_t failed = 0;

    if (evidence_time(o->at, &in.at, why))
        return command_misused(&command_quote, why);
    if (evidence_quote(a, path, &in.quote, why) || evidence_root(a, o->root, &root, why))
        return command_failed(why);
    if (!o->collateral) {
        err_put(why, ERR_ABSENT,
                "without --collateral nothing can be said; `outlayer collateral fetch` gets it");
        command_failed(why);
        return EXIT_UNDECIDED;
    }
    if (evidence_file(a, o->collateral, &text, why))
        return command_failed(why);
    if (collateral_read(text, a, c, why) == ERR_OK)
        in.collateral = c;
    else
        fprintf(stderr, "%s\n", buf_z(why));
    if (attest_verify(&in, a, v) == ATTEST_OK)
        failed = attest_appraise(&policy, v, NULL);
    if (o->json) {
        attest_report_put(&b, v, in.at, failed);
        print_json(&b);
        buf_release(&b);
    } else {
        say_verdict(v, in.at, failed);
    }
    return evidence_status(attest_outcome(v, failed));
}

/* ------------------------------------------------------------------ getting one */

static enum err report_data(const char *hex, uint8_t out[64], struct buf *why)
{
    struct str s = str_of(hex);

    memset(out, 0, 64);
    if (s.len > 128 || s.len % 2 || !hex_get(s, out, s.len / 2))
        return err_put(why, ERR_FORMAT, "--report-data takes at most 64 bytes in hexadecimal");
    return ERR_OK;
}

static enum err write_evidence(struct quote_source *s, const struct quote_opts *o,
                               const struct evidence *ev, struct buf *why)
{
    struct buf coll = BUF_INIT(COLLATERAL_MAX);
    int64_t now;
    enum err e = file_write_atomic(o->out, buf_str(&ev->quote), 0644, why);

    if (!e && o->collateral_out)
        e = evidence_time(o->at, &now, why);
    if (!e && o->collateral_out)
        e = quote_source_collateral(s, now, &coll, why);
    if (!e && o->collateral_out)
        e = file_write_atomic(o->collateral_out, buf_str(&coll), 0644, why);
    buf_release(&coll);
    return e;
}

static int get(const struct quote_opts *o, struct buf *why)
{
    struct quote_source *s = NULL;
    struct evidence ev;
    uint8_t data[64];
    enum err e;

    if (!o->out) {
        err_put(why, ERR_FORMAT, "say with --out where the quote goes");
        return command_misused(&command_quote, why);
    }
    if (report_data(o->data ? o->data : "", data, why))
        return command_misused(&command_quote, why);
    evidence_init(&ev);
    e = quote_source_open(o->source ? o->source : "auto", &s, why);
    if (!e)
        e = quote_source_get(s, data, &ev, why);
    if (!e && quote_source_simulated(s))
        fprintf(stderr, "%sSIMULATED%s: this quote proves nothing about hardware.\n",
                term(stderr, TERM_BAD), term(stderr, TERM_PLAIN));
    if (!e)
        e = write_evidence(s, o, &ev, why);
    evidence_release(&ev);
    quote_source_close(s);
    return e ? command_failed(why) : EXIT_DONE;
}

int cmd_quote(int argc, char **argv)
{
    struct quote_opts o = {0};
    struct buf why = WHY_INIT;
    struct arena a = ARENA_INIT;
    int first, status;

    if (!command_begin(&command_quote, argc, argv, &o, &first, &status))
        return status;
    if (argc - first == 2 && strcmp(argv[first], "show") == 0) {
        status = show(&a, argv[first + 1], &o, &why);
    } else if (argc - first == 2 && strcmp(argv[first], "verify") == 0) {
        status = verify(&a, argv[first + 1], &o, &why);
    } else if (argc - first == 1 && strcmp(argv[first], "get") == 0) {
        status = get(&o, &why);
    } else {
        err_put(&why, ERR_FORMAT, "say 'show' or 'verify' and name one quote, or say 'get'");
        status = command_misused(&command_quote, &why);
    }
    arena_release(&a);
    buf_release(&why);
    return status;
}
