/*
 * cmd_collateral.c — `outlayer collateral fetch|check`: what Intel publishes about machines, kept
 * fresh and kept for ever.
 */
#include <stdio.h>
#include <string.h>

#include "attest/pcs.h"
#include "attest/utc.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/evidence.h"
#include "cli/term.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "crypto/hash.h"

#define DAY        86400
#define DAYS_ALARM 10 /* fewer are worth a warning; Intel's lists live for 30 */
#define REPORT_MAX (64 * 1024)

struct collateral_opts {
    const char *at, *root, *quote, *fmspc, *ca, *url, *root_crl, *out, *archive;
    bool json, early, insecure;
};

static const struct opt collateral_options[] = {
    OPT_TEXT("at", "TIME", struct collateral_opts, at, NULL,
             "judge as of this time: 2026-08-13T10:45:38Z or seconds (default: now)"),
    OPT_TEXT("quote", "FILE", struct collateral_opts, quote, NULL,
             "fetch: for the machine that made this quote"),
    OPT_TEXT("fmspc", "HEX", struct collateral_opts, fmspc, NULL,
             "fetch: for this kind of processor, 12 digits"),
    OPT_TEXT("ca", "NAME", struct collateral_opts, ca, NULL,
             "fetch: platform (default) or processor, the issuer of the machine's certificate"),
    OPT_TEXT("url", "URL", struct collateral_opts, url, "OUTLAYER_PCS_URL",
             "fetch: Intel's service or a cache with the same paths"),
    OPT_TEXT("root-crl-url", "URL", struct collateral_opts, root_crl, NULL,
             "fetch: where the root's revocation list is"),
    OPT_FLAG("early", struct collateral_opts, early,
             "fetch: the next evaluation set, before it is the standard"),
    OPT_FLAG("allow-http", struct collateral_opts, insecure,
             "fetch: from a plain http URL too; everything fetched is signed"),
    OPT_TEXT("out", "FILE", struct collateral_opts, out, NULL, "fetch: write it to this file"),
    OPT_TEXT("archive", "DIR", struct collateral_opts, archive, "OUTLAYER_COLLATERAL",
             "fetch: keep it in this folder under its SHA-256"),
    OPT_TEXT("simulated-root", "FILE", struct collateral_opts, root, NULL,
             "accept a simulator's root instead of Intel's; proves nothing about hardware"),
    OPT_FLAG("json", struct collateral_opts, json, "print one JSON object"),
    OPT_END,
};

static const char *const collateral_examples[] = {
    "outlayer collateral fetch --quote quote.bin --archive ~/.cache/outlayer/collateral",
    "outlayer collateral check collateral.json",
    NULL,
};

const struct command command_collateral = {
    .name = "collateral",
    .summary = "fetch or check what Intel publishes about TDX machines",
    .usage = "fetch [options] | check FILE [options]",
    .about = "`check` verifies signatures, chains and revocation lists and says how many days\n"
             "are left until the first of them ends. `fetch` gets the current ones from Intel,\n"
             "verifies them and keeps them: old evidence can only be judged with collateral of\n"
             "its time.",
    .verbs = "fetch check",
    .options = collateral_options,
    .examples = collateral_examples,
    .statuses = "check: 0 good, 1 not good; fetch: 0 done, 1 failed; 3 wrong usage.",
    .run = cmd_collateral,
};

/* One thing that ends. */
struct term_of {
    const char *what;
    int64_t from, until;
};

static size_t terms(const struct collateral *c, struct term_of out[8])
{
    size_t n = 0;

    out[n++] = (struct term_of){"TCB info", c->tcb.head.issued, c->tcb.head.next};
    out[n++] = (struct term_of){"QE identity", c->qe.head.issued, c->qe.head.next};
    out[n++] = (struct term_of){"PCK revocation list", c->pck_crl.from, c->pck_crl.until};
    out[n++] = (struct term_of){"root revocation list", c->root_crl.from, c->root_crl.until};
    out[n++] = (struct term_of){"TCB signing certificate", c->tcb_chain.cert[0].from,
                                c->tcb_chain.cert[0].until};
    out[n++] = (struct term_of){"PCK authority certificate", c->pck_ca.cert[0].from,
                                c->pck_ca.cert[0].until};
    return n;
}

/* Whole days, rounded towards what has passed. */
static int64_t days_left(int64_t until, int64_t at)
{
    int64_t s = until - at;

    return s >= 0 ? s / DAY : -((-s + DAY - 1) / DAY);
}

static void put_report(struct buf *b, const struct collateral *c, const struct attest_verdict *v,
                       struct str text, int64_t at)
{
    struct hash256 h = sha256(text);
    struct term_of list[8];
    size_t n = terms(c, list);

    json_obj(b);
    put_z(b, "code", attest_code_name(v->code));
    put_z(b, "reason", attest_code_text(v->code));
    put_z(b, "root", v->simulated ? "SIMULATED" : "Intel");
    put_hex(b, "sha256", hash_str(&h));
    put_hex(b, "fmspc", str_from(c->tcb.fmspc, sizeof c->tcb.fmspc));
    put_utc(b, "at", at);
    if (v->window.from != INT64_MIN && v->window.until != INT64_MAX) {
        put_utc(b, "from", v->window.from);
        put_utc(b, "until", v->window.until);
        json_key(b, "days_left");
        json_put_i64(b, days_left(v->window.until, at));
    }
    json_key(b, "parts");
    json_arr(b);
    for (size_t i = 0; i < n; i++) {
        json_obj(b);
        put_z(b, "what", list[i].what);
        put_utc(b, "from", list[i].from);
        put_utc(b, "until", list[i].until);
        json_key(b, "days_left");
        json_put_i64(b, days_left(list[i].until, at));
        json_obj_end(b);
    }
    json_arr_end(b);
    json_obj_end(b);
}

static void say_report(const struct collateral *c, const struct attest_verdict *v, int64_t at)
{
    struct term_of list[8];
    size_t n = terms(c, list);
    char text[32];

    printf("%s%s%s: %s%s%s\n", term(stdout, v->code ? TERM_BAD : TERM_GOOD),
           attest_code_name(v->code), term(stdout, TERM_PLAIN), attest_code_text(v->code),
           v->subject ? ": " : "", v->subject ? v->subject : "");
    if (v->simulated)
        printf("  SIMULATED: not of Intel\n");
    printf("  FMSPC ");
    for (size_t i = 0; i < sizeof c->tcb.fmspc; i++)
        printf("%02x", c->tcb.fmspc[i]);
    printf(", TCB evaluation %u, QE evaluation %u\n", c->tcb.head.evaluation,
           c->qe.head.evaluation);
    for (size_t i = 0; i < n; i++) {
        struct buf until = BUF_OVER(text);
        int64_t left = days_left(list[i].until, at);

        utc_put(&until, list[i].until);
        printf("  %-26s until %s  %s%lld days left%s\n", list[i].what, text,
               term(stdout, left < DAYS_ALARM ? TERM_BAD : TERM_PLAIN), (long long)left,
               term(stdout, TERM_PLAIN));
    }
}

/* What both subcommands end with. */
static int judge(const struct collateral_opts *o, const struct collateral *c, struct str text,
                 const struct attest_input *in, struct attest_verdict *v)
{
    enum attest_code code = attest_check_collateral(in, v);
    struct buf b = BUF_INIT(REPORT_MAX);

    if (o->json) {
        put_report(&b, c, v, text, in->at);
        printf("%.*s\n", STR_ARG(buf_str(&b)));
    } else {
        say_report(c, v, in->at);
    }
    buf_release(&b);
    if (!code && days_left(v->window.until, in->at) < DAYS_ALARM)
        fprintf(stderr, "%sWarning:%s fewer than %d days are left; fetch it again\n",
                term(stderr, TERM_BAD), term(stderr, TERM_PLAIN), DAYS_ALARM);
    return code ? EXIT_FAILED : EXIT_DONE;
}

static int check(struct arena *a, const char *path, const struct collateral_opts *o,
                 struct attest_input *in, struct buf *why)
{
    struct collateral *c = arena_new(a, struct collateral);
    struct attest_verdict *v = arena_new(a, struct attest_verdict);
    struct str text;

    if (evidence_file(a, path, &text, why) || collateral_read(text, a, c, why))
        return command_failed(why);
    in->collateral = c;
    return judge(o, c, text, in, v);
}

static enum err wish_of(struct arena *a, const struct collateral_opts *o, struct pcs_wish *w,
                        struct buf *why)
{
    struct str bytes;
    struct quote q;
    enum err e;

    *w = (struct pcs_wish){0};
    if (!o->quote == !o->fmspc)
        return err_put(why, ERR_FORMAT, "give --quote or --fmspc, so that the machine is known");
    if (o->quote) {
        e = evidence_quote(a, o->quote, &bytes, why);
        if (e)
            return e;
        if (quote_read(bytes, &q) || !pcs_wish_for(&q, w))
            return err_put(why, ERR_FORMAT, "'%s' is no quote with a PCK chain", o->quote);
    } else if (!hex_get(str_of(o->fmspc), w->fmspc, sizeof w->fmspc)) {
        return err_put(why, ERR_FORMAT, "'%s' is no FMSPC of 12 hexadecimal digits", o->fmspc);
    }
    if (o->ca && strcmp(o->ca, "processor") != 0 && strcmp(o->ca, "platform") != 0)
        return err_put(why, ERR_FORMAT, "'%s' is neither 'platform' nor 'processor'", o->ca);
    if (o->ca)
        w->processor_ca = strcmp(o->ca, "processor") == 0;
    w->url = o->url;
    w->root_crl = o->root_crl;
    w->early = o->early;
    w->https_only = !o->insecure;
    return ERR_OK;
}

static int fetch(struct arena *a, const struct collateral_opts *o, struct attest_input *in,
                 struct buf *why)
{
    struct collateral *c = arena_new(a, struct collateral);
    struct attest_verdict *v = arena_new(a, struct attest_verdict);
    struct http_client *client = http_client_new();
    struct buf text = BUF_INIT(COLLATERAL_MAX), path = BUF_INIT(4096);
    struct pcs_wish w;
    int status = EXIT_FAILED;
    enum err e = wish_of(a, o, &w, why);

    if (e) {
        status = command_misused(&command_collateral, why);
        goto out;
    }
    e = pcs_fetch(client, &w, &text, why);
    if (!e)
        e = collateral_read(buf_str(&text), a, c, why);
    if (e) {
        status = command_failed(why);
        goto out;
    }
    in->collateral = c;
    status = judge(o, c, buf_str(&text), in, v);
    if (status != EXIT_DONE) /* what does not hold is not kept */
        goto out;
    if (o->out)
        e = file_write_atomic(o->out, buf_str(&text), 0644, why);
    if (!e && o->archive)
        e = pcs_archive(o->archive, buf_str(&text), c, v, &path, why);
    if (e)
        status = command_failed(why);
    else if (path.len)
        fprintf(stderr, "kept as %s\n", buf_z(&path));
out:
    buf_release(&text);
    buf_release(&path);
    http_client_free(client);
    return status;
}

int cmd_collateral(int argc, char **argv)
{
    struct collateral_opts o = {0};
    struct buf why = WHY_INIT;
    struct arena a = ARENA_INIT;
    struct attest_root root;
    struct attest_input in = {.root = &root, .crypto = &attest_crypto_native};
    int first, status;

    if (!command_begin(&command_collateral, argc, argv, &o, &first, &status))
        return status;
    if (evidence_time(o.at, &in.at, &why))
        status = command_misused(&command_collateral, &why);
    else if (evidence_root(&a, o.root, &root, &why))
        status = command_failed(&why);
    else if (argc - first == 2 && strcmp(argv[first], "check") == 0)
        status = check(&a, argv[first + 1], &o, &in, &why);
    else if (argc - first == 1 && strcmp(argv[first], "fetch") == 0)
        status = fetch(&a, &o, &in, &why);
    else {
        err_put(&why, ERR_FORMAT, "say 'fetch', or 'check' and name one file");
        status = command_misused(&command_collateral, &why);
    }
    arena_release(&a);
    buf_release(&why);
    return status;
}
