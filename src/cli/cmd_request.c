/*
 * cmd_request.c — `outlayer request`: ask the contract for a run, by a transaction of the user's
 * own, and wait for the answer.
 *
 * A contract asks in the same way; `outlayer run` runs a file here instead and sends nothing.
 */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/amount.h"
#include "cli/code_source.h"
#include "cli/project_client.h"
#include "cli/term.h"
#include "codec/base64.h"
#include "codec/put.h"
#include "near/event.h"
#include "near/request.h"

#define USUAL_DEPOSIT ((u128)UINT64_C(100000000) * UINT64_C(1000000000000000)) /* 0.1 NEAR */
#define ARGS_MAX      (REQUEST_INPUT_MAX + (64u << 10))
#define WAIT_MS       900000 /* the contract ends requests that nobody answers well before */
#define OUTPUT_MAX    (2u << 20)

struct request_opts {
    struct client_opts client;
    struct source_opts source;
    const char *version, *input, *input_file, *format, *deposit, *payer;
    const char *secrets_profile, *secrets_account;
    uint64_t max_instructions, max_memory_mb, max_seconds;
    bool compile_only, force_rebuild, store_on_fastfs, json;
};

static const struct opt request_options[] = {
    OPT_TEXT("version", "VER", struct request_opts, version, NULL,
             "of a project: this version (default: the active one)"),
    SOURCE_OPTIONS(struct request_opts),
    OPT_TEXT("input", "TEXT", struct request_opts, input, NULL, "what the program reads on stdin"),
    OPT_TEXT("input-file", "FILE", struct request_opts, input_file, NULL,
             "the same from a file; - is this command's own stdin"),
    OPT_TEXT("format", "FORMAT", struct request_opts, format, NULL,
             "how its output is read: text, json or bytes (default text)"),
    OPT_TEXT("secrets-profile", "NAME", struct request_opts, secrets_profile, NULL,
             "which secrets it gets (default: a project's own)"),
    OPT_TEXT("secrets-account", "ACCOUNT", struct request_opts, secrets_account, NULL,
             "whose they are (default: the project's owner, else you)"),
    OPT_U64("max-instructions", "N", struct request_opts, max_instructions, 1,
            LIMIT_INSTRUCTIONS_MAX, NULL, "instructions it may execute (default 1000000000)"),
    OPT_U64("max-memory-mb", "N", struct request_opts, max_memory_mb, 1, LIMIT_MEMORY_MB_MAX, NULL,
            "MiB of memory (default 128)"),
    OPT_U64("max-seconds", "N", struct request_opts, max_seconds, 1, LIMIT_SECONDS_MAX, NULL,
            "seconds it may take (default 60)"),
    OPT_TEXT("deposit", "NEAR", struct request_opts, deposit, NULL,
             "what is paid at most (default: the estimate; 0.1 where it may have to be compiled)"),
    OPT_TEXT("payer", "ACCOUNT", struct request_opts, payer, NULL,
             "who gets back what is not used (default: you)"),
    OPT_FLAG("compile-only", struct request_opts, compile_only,
             "do not run it; the answer is the SHA-256 of what was built"),
    OPT_FLAG("force-rebuild", struct request_opts, force_rebuild,
             "build it again even if it was built before"),
    OPT_FLAG("store-on-fastfs", struct request_opts, store_on_fastfs,
             "do not run it; put what was built on FastFS and answer with its address"),
    CLIENT_OPTIONS(struct request_opts),
    OPT_FLAG("json", struct request_opts, json, "print one JSON object instead of the output"),
    OPT_END,
};

static const char *const request_examples[] = {
    "outlayer request alice.test/dice --input '{\"min\":1,\"max\":6}' --key-file bob.json",
    "outlayer request alice.test/dice --version 9b0e --key-file bob.json --json",
    "outlayer request --github alice/dice --commit main --key-file bob.json",
    NULL,
};

const struct command command_request = {
    .name = "request",
    .summary = "ask the contract for a run and wait for the answer",
    .usage = "[PROJECT] [options]",
    .about = "Calls request_execution with your key, as a contract would, for a registered "
             "project or for a\n"
             "--github or --wasm source. The output goes to stdout; what it cost to stderr. A run "
             "that fails\n"
             "is paid in full, and this command's exit status is then 1.",
    .options = request_options,
    .examples = request_examples,
    .statuses = "0 it succeeded, 1 it failed, 3 wrong usage.",
    .run = cmd_request,
};

struct work {
    const struct request_opts *o;
    struct arena *a;
    struct client c;
    struct str project;
    bool builds; /* the source is a repository */
};

/* ---- the arguments ---- */

static void put_limits(const struct request_opts *o, struct buf *b)
{
    json_key(b, "resource_limits");
    json_obj(b);
    put_opt_u64(b, "max_instructions", o->max_instructions);
    put_opt_u64(b, "max_memory_mb", o->max_memory_mb);
    put_opt_u64(b, "max_execution_seconds", o->max_seconds);
    json_obj_end(b);
}

/* A project is looked at first: a wrong name should cost nothing. */
static enum err put_project(struct work *w, struct buf *b, struct buf *why)
{
    struct project_versions *versions = mem_new(struct project_versions);
    const struct project_version *v = NULL;
    struct project p;
    enum err e = project_get(&w->c, w->project, w->a, &p, why);

    if (!e)
        e = project_versions_get(&w->c, w->project, w->a, versions, why);
    if (!e)
        e = project_version_find(versions, w->o->version ? str_of(w->o->version) : p.active, &v,
                                 why);
    if (!e) {
        w->builds = json_type(json_get(v->source, "GitHub")) == JSON_OBJECT;
        json_obj(b);
        json_key(b, "Project");
        json_obj(b);
        put_str(b, "project_id", w->project);
        json_key(b, "version_key");
        if (w->o->version)
            json_put_str(b, v->key);
        else
            json_put_null(b);
        json_obj_end(b);
        json_obj_end(b);
    }
    mem_free(versions);
    return e;
}

static enum err put_source(struct work *w, struct buf *b, struct buf *why)
{
    struct buf source = BUF_INIT(SOURCE_JSON_MAX);
    enum err e;

    json_key(b, "source");
    if (w->project.ptr)
        return put_project(w, b, why);
    e = source_put(&w->o->source, w->o->client.rpc_url, &w->c, &source, why);
    w->builds = w->o->source.github != NULL;
    if (!e)
        json_put_raw(b, buf_str(&source));
    buf_release(&source);
    return e;
}

static enum err put_input(const struct request_opts *o, struct buf *b, struct buf *why)
{
    struct buf input = BUF_INIT(REQUEST_INPUT_MAX);
    enum err e = ERR_OK;

    if (o->input)
        buf_addz(&input, o->input);
    else if (o->input_file && strcmp(o->input_file, "-") == 0)
        e = fd_read_all(STDIN_FILENO, &input, why);
    else if (o->input_file)
        e = file_read(o->input_file, &input, why);
    if (e == ERR_TOO_BIG || input.full)
        e = err_put(why, ERR_TOO_BIG, "the input has more than %u bytes", REQUEST_INPUT_MAX);
    if (!e && !str_is_utf8(buf_str(&input)))
        e = err_put(why, ERR_FORMAT, "the input is no UTF-8 text; the contract takes only text");
    if (!e && (o->input || o->input_file))
        put_str(b, "input_data", buf_str(&input));
    buf_release(&input);
    return e;
}

static void put_secrets(struct work *w, struct buf *b)
{
    const struct request_opts *o = w->o;
    struct str owner = w->project.ptr ? project_id_owner(w->project, NULL) : client_account(&w->c);

    if (!o->secrets_profile && !o->secrets_account)
        return;
    json_key(b, "secrets_ref");
    json_obj(b);
    put_z(b, "profile", o->secrets_profile ? o->secrets_profile : "default");
    put_str(b, "account_id", o->secrets_account ? str_of(o->secrets_account) : owner);
    json_obj_end(b);
}

static enum err put_args(struct work *w, struct buf *b, struct buf *why)
{
    static const struct {
        const char *option, *name;
    } formats[] = {{"text", "Text"}, {"json", "Json"}, {"bytes", "Bytes"}};
    const struct request_opts *o = w->o;
    size_t f = 0;
    enum err e;

    while (o->format && f < countof(formats) && strcmp(o->format, formats[f].option) != 0)
        f++;
    if (f == countof(formats))
        return err_put(why, ERR_FORMAT, "--format is text, json or bytes");
    json_obj(b);
    e = put_source(w, b, why);
    if (!e)
        e = put_input(o, b, why);
    if (e)
        return e;
    put_limits(o, b);
    put_secrets(w, b);
    put_z(b, "response_format", formats[f].name);
    put_text(b, "payer_account_id", str_of(o->payer));
    json_key(b, "params");
    json_obj(b);
    put_bool(b, "force_rebuild", o->force_rebuild);
    put_bool(b, "compile_only", o->compile_only);
    put_bool(b, "store_on_fastfs", o->store_on_fastfs);
    json_obj_end(b);
    json_obj_end(b);
    return b->full ? err_put(why, ERR_TOO_BIG, "the request is too large") : ERR_OK;
}

/* What the contract wants at least; compiling is not in its estimate. */
static enum err deposit_of(struct work *w, u128 *out, struct buf *why)
{
    struct buf args = BUF_INIT(512), answer = BUF_INIT(4096);
    struct json v;
    enum err e;

    if (w->o->deposit)
        return near_amount_parse(str_of(w->o->deposit), out)
                   ? ERR_OK
                   : err_put(why, ERR_FORMAT, "'%s' is no amount of NEAR", w->o->deposit);
    json_obj(&args);
    put_limits(w->o, &args);
    json_obj_end(&args);
    e = client_view(&w->c, "estimate_execution_cost", buf_str(&args), &answer, &v, why);
    if (!e && !json_u128_str(v, out))
        e = err_put(why, ERR_UPSTREAM, "the contract's estimate is no amount");
    if (!e && w->builds && *out < USUAL_DEPOSIT)
        *out = USUAL_DEPOSIT;
    buf_release(&args);
    buf_release(&answer);
    return e;
}

/* ---- the answer ---- */

struct told {
    struct outcome outcome;
    struct json completed; /* the contract's event; absent when there is none */
    struct buf log[2];     /* what events borrow from */
    uint64_t id;
    bool has_id, success;
    struct buf value, error; /* JSON; a sentence */
};

static bool event_find(struct work *w, const struct outcome *o, const char *name, struct buf *log,
                       struct json *out)
{
    struct outcome_logs it = outcome_logs(o);
    struct event event;

    while (outcome_next_log(&it)) {
        buf_clear(log);
        if (json_str_eq(it.executor_id, w->c.contract_id) && json_str(it.log, log) &&
            event_parse(buf_str(log), &event, NULL) == ERR_OK && str_eqz(event.name, name)) {
            *out = json_at(event.data, 0);
            return true;
        }
    }
    return false;
}

static void read_answer(struct work *w, struct told *t)
{
    struct buf text = BUF_INIT(EVENT_LOG_MAX);
    struct json requested, data, v;

    if (event_find(w, &t->outcome, "execution_requested", &t->log[0], &requested) &&
        json_str(json_get(requested, "request_data"), &text) &&
        json_parse(buf_str(&text), &data, NULL))
        t->has_id = json_u64(json_get(data, "request_id"), &t->id);
    if (!event_find(w, &t->outcome, "execution_completed", &t->log[1], &t->completed))
        t->completed = JSON_NONE;
    t->success = outcome_value(&t->outcome, &t->value) && json_parse(buf_str(&t->value), &v, NULL);
    if (!t->success &&
        !(json_str(json_get(t->completed, "error_message"), &t->error) && t->error.len)) {
        buf_clear(&t->error);
        if (t->outcome.status == OUTCOME_FAILED)
            outcome_failure_text(&t->outcome, &t->error);
        else
            buf_addz(&t->error, "the contract's answer is no JSON");
    }
    buf_release(&text);
}

static void print_json(const struct told *t)
{
    struct buf b = BUF_INIT(2 * OUTPUT_MAX);
    struct json used = json_get(t->completed, "resources_used");

    json_obj(&b);
    put_bool(&b, "success", t->success);
    json_key(&b, "output");
    if (t->success)
        json_put_raw(&b, buf_str(&t->value));
    else
        json_put_null(&b);
    json_key(&b, "error");
    if (t->success)
        json_put_null(&b);
    else
        json_put_str(&b, buf_str(&t->error));
    json_key(&b, "request_id");
    if (t->has_id)
        json_put_u64(&b, t->id);
    else
        json_put_null(&b);
    json_key(&b, "tx");
    json_str_open(&b);
    hash_put_base58(&b, &t->outcome.tx_hash);
    json_str_close(&b);
    put_raw(&b, "instructions", json_get(used, "instructions").text);
    put_raw(&b, "time_ms", json_get(used, "time_ms").text);
    put_raw(&b, "compile_time_ms", json_get(used, "compile_time_ms").text);
    put_raw(&b, "compilation_note", json_get(t->completed, "compilation_note").text);
    put_raw(&b, "charged_yocto", json_get(t->completed, "payment_charged").text);
    put_raw(&b, "refunded_yocto", json_get(t->completed, "payment_refunded").text);
    json_obj_end(&b);
    puts(buf_z(&b));
    buf_release(&b);
}

/* Text as the program wrote it; bytes come in base64. */
static void print_output(const struct request_opts *o, const struct told *t)
{
    struct buf text = BUF_INIT(OUTPUT_MAX), bytes = BUF_INIT(OUTPUT_MAX);
    struct str out = buf_str(&t->value);
    bool json = o->format && strcmp(o->format, "json") == 0;
    struct json v;

    if (!json && json_parse(out, &v, NULL) && json_str(v, &text)) {
        out = buf_str(&text);
        if (o->format && strcmp(o->format, "bytes") == 0 && base64_get(out, &bytes))
            out = buf_str(&bytes);
    }
    fwrite(out.ptr, 1, out.len, stdout);
    if (json || (isatty(STDOUT_FILENO) && !str_ends(out, STR("\n"))))
        putchar('\n');
    fflush(stdout);
    buf_release(&text);
    buf_release(&bytes);
}

static void print_cost(const struct told *t)
{
    struct json used = json_get(t->completed, "resources_used");
    struct buf b = BUF_INIT(1024);
    u128 charged, refunded;
    uint64_t n;

    if (json_u64(json_get(used, "instructions"), &n))
        buf_addf(&b, "%llu instructions, ", (unsigned long long)n);
    if (json_u64(json_get(used, "time_ms"), &n))
        buf_addf(&b, "%llu ms, ", (unsigned long long)n);
    if (json_u128_str(json_get(t->completed, "payment_charged"), &charged) &&
        json_u128_str(json_get(t->completed, "payment_refunded"), &refunded)) {
        near_amount_put(&b, charged);
        buf_addz(&b, " NEAR charged, ");
        near_amount_put(&b, refunded);
        buf_addz(&b, " back; ");
    }
    if (t->has_id)
        buf_addf(&b, "request %llu, ", (unsigned long long)t->id);
    buf_addz(&b, "tx ");
    hash_put_base58(&b, &t->outcome.tx_hash);
    fprintf(stderr, "%s%s%s  %s\n", term(stderr, t->success ? TERM_GOOD : TERM_BAD),
            t->success ? "ok" : "failed", term(stderr, TERM_PLAIN), buf_z(&b));
    buf_release(&b);
}

/* *status is set when there was an answer, good or bad. */
static enum err ask(struct work *w, struct str args, u128 deposit, int *status, struct buf *why)
{
    const struct client_call call = {.method = "request_execution",
                                     .args = args,
                                     .gas = 300 * CLIENT_TGAS,
                                     .deposit = deposit,
                                     .wait_ms = WAIT_MS};
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX);
    struct told t = {.log = {BUF_INIT(EVENT_LOG_MAX), BUF_INIT(EVENT_LOG_MAX)},
                     .value = BUF_INIT(OUTPUT_MAX),
                     .error = BUF_INIT(8 * WHY_MAX)};
    const bool watched = isatty(STDERR_FILENO);
    enum err e;

    if (watched)
        fputs(w->o->source.github ? "waiting for build and run …" : "waiting for the run …",
              stderr);
    e = client_send(&w->c, &call, &answer, &t.outcome, why);
    if (watched)
        fputs("\r\033[K", stderr);
    if (!e) {
        read_answer(w, &t);
        if (w->o->json)
            print_json(&t);
        else if (t.success)
            print_output(w->o, &t);
        if (!t.success) {
            (void)err_put(why, ERR_GUEST, "%s", buf_z(&t.error));
            *status = command_failed(why);
        }
        if (!w->o->json)
            print_cost(&t);
    }
    for (size_t i = 0; i < countof(t.log); i++)
        buf_release(&t.log[i]);
    buf_release(&t.value);
    buf_release(&t.error);
    buf_release(&answer);
    return e;
}

/* What was typed, before anything is asked. */
static enum err prepare(struct work *w, int words, char **word, struct buf *why)
{
    const struct request_opts *o = w->o;
    enum err e = ERR_OK;

    if (words > 1)
        e = err_put(why, ERR_FORMAT, "'%s' is one word too many; the input is --input", word[1]);
    else if (!words && !source_given(&o->source))
        e = err_put(why, ERR_FORMAT, "say what to run: a project, --github REPO or --wasm URL");
    else if (words && source_given(&o->source))
        e = err_put(why, ERR_FORMAT, "a project has its own source; leave out --github and --wasm");
    else if (!words && o->version)
        e = err_put(why, ERR_FORMAT, "--version goes with a project");
    else if (o->input && o->input_file)
        e = err_put(why, ERR_FORMAT, "give --input or --input-file, not both");
    else if (o->payer && !account_id_valid(str_of(o->payer)))
        e = err_put(why, ERR_FORMAT, "'%s' is no account id", o->payer);
    if (!e)
        e = client_open(&w->c, &o->client, true, why);
    if (!e && words)
        e = project_id_parse(str_of(word[0]), client_account(&w->c), w->a, &w->project, why);
    return e;
}

int cmd_request(int argc, char **argv)
{
    struct request_opts o = {.client = CLIENT_DEFAULTS};
    struct arena a = ARENA_INIT;
    struct work w = {.o = &o, .a = &a};
    struct buf why = WHY_INIT, args = BUF_INIT(ARGS_MAX);
    int first, status = EXIT_DONE;
    u128 deposit = 0;
    enum err e;

    if (!command_begin(&command_request, argc, argv, &o, &first, &status))
        return status;
    e = prepare(&w, argc - first, argv + first, &why);
    if (e) {
        status = command_misused(&command_request, &why);
        goto out;
    }
    e = put_args(&w, &args, &why);
    if (!e)
        e = deposit_of(&w, &deposit, &why);
    if (!e)
        e = ask(&w, buf_str(&args), deposit, &status, &why);
    if (e)
        status = e == ERR_FORMAT ? command_misused(&command_request, &why) : command_failed(&why);
out:
    client_close(&w.c);
    arena_release(&a);
    buf_release(&args);
    buf_release(&why);
    return status;
}
