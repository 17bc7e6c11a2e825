/* story.c — see story.h. */
#include "cli/story.h"

#include <string.h>

#include "base/clock.h"
#include "cli/amount.h"
#include "cli/bootstrap.h"
#include "codec/base64.h"
#include "codec/put.h"
#include "http/client.h"
#include "near/action.h"
#include "near/event.h"
#include "near/outcome.h"

#define TGAS            1000000000000u
#define DEPOSIT         ((u128)100000000000u * 1000000000000u) /* 0.1 NEAR */
#define CALL_ARGS_MAX   (1u << 20)
#define PAGE_MAX        (4u << 20) /* of the coordinator's answer */
#define PAGE_WAIT_MS    200
#define PAGE_TIMEOUT_MS 5000
#define LOOK_MS         15 /* between two looks at the chain */
#define STDERR_SHOWN    4096
#define SHOWN_MAX       300  /* bytes of a result on the terminal */
#define DRAIN_MS        3000 /* for the coordinator's last step, once the chain is done */

/* What we are in the middle of. */
struct telling {
    const struct story *s;
    struct story_result *r;
    struct http_client *http;
    struct hash256 tx;
    uint64_t began;
    uint64_t sent_height;     /* block of the transaction */
    bool requested;           /* the request's event was seen */
    uint64_t steps_shown;     /* of the coordinator */
    bool resolved, completed; /* steps seen; the chain may be faster with the second */
    struct buf answer;        /* of the chain; the outcome borrows from it */
    struct buf page;          /* of the coordinator */
    struct outcome outcome;
};

void story_result_release(struct story_result *r)
{
    buf_release(&r->output);
    buf_release(&r->error);
}

void story_result_put(const struct story_result *r, struct buf *out)
{
    json_obj(out);
    put_z(out, "status", r->success ? "success" : "failed");
    json_key(out, "output");
    if (r->success && r->output.len)
        json_put_raw(out, buf_str(&r->output));
    else
        json_put_null(out);
    if (!r->success)
        put_str(out, "error", buf_str(&r->error));
    put_u64(out, "instructions", r->instructions);
    put_u64(out, "time_ms", r->time_ms);
    put_u64(out, "blocks", r->blocks);
    put_u128(out, "charged_yocto", r->charged);
    put_u128(out, "refunded_yocto", r->refunded);
    json_obj_end(out);
}

/* As the caller contract passes it on to request_execution. */
static void call_args(const struct story *s, struct buf *out)
{
    json_obj(out);
    json_key(out, "source");
    json_obj(out);
    json_key(out, "WasmUrl");
    json_obj(out);
    put_z(out, "url", s->program_url);
    put_hex(out, "hash", hash_str(&s->program_hash));
    json_obj_end(out);
    json_obj_end(out);
    put_raw(out, "resource_limits",
            STR("{\"max_instructions\":1000000000,\"max_execution_seconds\":30}"));
    put_z(out, "input_data", s->input);
    put_z(out, "response_format", "Json");
    put_z(out, "payer_account_id", ACCOUNT_USER);
    json_obj_end(out);
}

static enum err send_request(struct telling *t, struct buf *why)
{
    struct buf args = BUF_INIT(CALL_ARGS_MAX), detail = BUF_INIT(512), amount = BUF_INIT(256);
    struct near_key key;
    struct action action = {.kind = ACTION_FUNCTION_CALL};
    uint64_t nonce = 0;
    enum err e = near_key_load(t->s->user_key_file, &key, why);

    if (e)
        return e;
    call_args(t->s, &args);
    action.call.method = STR("call_outlayer");
    action.call.args = buf_str(&args);
    action.call.gas = 300 * (uint64_t)TGAS;
    action.call.deposit = DEPOSIT;
    if (args.full)
        e = err_put(why, ERR_TOO_BIG, "the input is too large for a transaction");
    else
        e = bootstrap_send(t->s->rpc, &key, ACCOUNT_CALLER, &action, 1, &nonce, &t->tx, why);
    near_key_wipe(&key);
    if (!e) {
        json_obj(&detail);
        json_key(&detail, "tx");
        json_str_open(&detail);
        hash_put_base58(&detail, &t->tx);
        json_str_close(&detail);
        put_u128(&detail, "deposit_yocto", DEPOSIT);
        json_obj_end(&detail);
        near_amount_put(&amount, DEPOSIT);
        buf_addz(&amount, " NEAR, transaction ");
        hash_put_base58(&amount, &t->tx);
        report_step(t->s->report, "sent", buf_str(&detail), "with %s", buf_z(&amount));
    }
    buf_release(&args);
    buf_release(&detail);
    buf_release(&amount);
    return e;
}

/* The height of the block with this hash, as the chain writes hashes. */
static enum err height_of(struct telling *t, struct json block_hash, uint64_t *out, struct buf *why)
{
    struct buf params = BUF_INIT(256), answer = BUF_INIT(RPC_ANSWER_MAX);
    struct json block;
    enum err e;

    json_obj(&params);
    put_raw(&params, "block_id", block_hash.text.ptr ? block_hash.text : STR("null"));
    json_obj_end(&params);
    e = rpc_call(t->s->rpc, "block", buf_str(&params), RPC_CALL_MS, &answer, &block, why);
    if (!e && !json_u64(json_get(json_get(block, "header"), "height"), out))
        e = err_put(why, ERR_UPSTREAM, "the chain's answer about a block has no height");
    buf_release(&params);
    buf_release(&answer);
    return e;
}

/* An event of the contract among the receipts so far, and the receipt it stands in. */
static bool find_event(const struct telling *t, const char *name, struct buf *log,
                       struct event *event, struct json *receipt)
{
    struct json_iter receipts = json_iter(t->outcome.receipts);

    while (json_next(&receipts)) {
        struct json outcome = json_get(receipts.value, "outcome");
        struct json_iter logs = json_iter(json_get(outcome, "logs"));

        if (!json_str_eq(json_get(outcome, "executor_id"), STR(ACCOUNT_OUTLAYER)))
            continue;
        while (json_next(&logs)) {
            buf_clear(log);
            if (json_str(logs.value, log) && event_parse(buf_str(log), event, NULL) == ERR_OK &&
                str_eqz(event->name, name)) {
                *receipt = receipts.value;
                return true;
            }
        }
    }
    return false;
}

static enum err look_at_chain(struct telling *t, struct buf *why)
{
    struct json result;
    enum err e =
        rpc_tx(t->s->rpc, &t->tx, STR(ACCOUNT_USER), TX_WAIT_NONE, &t->answer, &result, why);

    if (e && rpc_fault(t->s->rpc) == RPC_UNKNOWN_TX) {
        t->outcome = (struct outcome){.status = OUTCOME_PENDING};
        return ERR_OK; /* not in a block yet */
    }
    if (!e && !outcome_read(result, &t->outcome))
        e = err_put(why, ERR_UPSTREAM, "the chain does not say how the transaction went");
    return e;
}

/* The request is there: which number, at which block. */
static enum err show_yield(struct telling *t, struct buf *why)
{
    struct buf log = BUF_INIT(EVENT_LOG_MAX), text = BUF_INIT(EVENT_LOG_MAX),
               detail = BUF_INIT(256);
    struct event event;
    struct json receipt, data;
    uint64_t height;
    enum err e = ERR_OK;

    if (!find_event(t, "execution_requested", &log, &event, &receipt))
        goto out;
    if (!json_str(json_get(json_at(event.data, 0), "request_data"), &text) ||
        !json_parse(buf_str(&text), &data, NULL) ||
        !json_u64(json_get(data, "request_id"), &t->r->request_id)) {
        e = err_put(why, ERR_FORMAT, "the contract's event has no request in it");
        goto out;
    }
    e = height_of(t, json_get(receipt, "block_hash"), &height, why);
    if (!e)
        e = height_of(t, json_get(t->outcome.tx_outcome, "block_hash"), &t->sent_height, why);
    if (e)
        goto out;
    t->requested = true;
    json_obj(&detail);
    put_u64(&detail, "request_id", t->r->request_id);
    put_u64(&detail, "block_height", height);
    json_obj_end(&detail);
    report_step(t->s->report, "yielded", buf_str(&detail),
                "request %llu waits for its answer since block %llu",
                (unsigned long long)t->r->request_id, (unsigned long long)height);
out:
    buf_release(&log);
    buf_release(&text);
    buf_release(&detail);
    return e;
}

/* "1,234" of a member, or "?". */
static void put_count(struct buf *out, struct json detail, const char *key)
{
    uint64_t v;

    if (json_u64(json_get(detail, key), &v))
        report_put_count(out, v);
    else
        buf_addz(out, "?");
}

static void say_text(struct buf *out, struct json v)
{
    struct str s;

    if (json_plain(v, &s))
        buf_add_str(out, str_head(s, 100));
    else
        buf_addz(out, "?");
}

/* What the program said beside its result, a line each; control characters stay out of terminals.
 */
static void show_stderr(const struct telling *t, struct json said)
{
    struct buf text = BUF_INIT(STDERR_SHOWN);
    struct str rest, line;

    if (json_str(said, &text)) {
        for (size_t i = 0; i < text.len; i++)
            if ((uint8_t)text.ptr[i] < ' ' && text.ptr[i] != '\n')
                text.ptr[i] = ' ';
        for (rest = str_trim(buf_str(&text)); rest.len;) {
            rest = str_cut(rest, '\n', &line);
            report_text(t->s->report, "             stderr | %.*s\n", STR_ARG(line));
        }
    }
    buf_release(&text);
}

static void show_step(struct telling *t, struct json step)
{
    struct json detail = json_get(step, "detail");
    struct buf text = BUF_INIT(1024);
    struct str name;
    char z[32];
    struct buf b = BUF_OVER(z);
    bool cached = false;
    uint64_t memory, requests;

    if (!json_plain(json_get(step, "step"), &name))
        goto out;
    if (str_eqz(name, "queued")) {
        buf_addz(&text, "by the coordinator, which saw the event");
    } else if (str_eqz(name, "leased")) {
        buf_addz(&text, "by worker ");
        say_text(&text, json_get(detail, "worker"));
    } else if (str_eqz(name, "fetched")) {
        buf_addf(&text, "%s: ", t->s->program_name);
        put_count(&text, detail, "bytes");
        if (json_bool(json_get(detail, "cached"), &cached) && cached) {
            buf_addz(&text, " bytes, from the cache");
        } else {
            buf_addz(&text, " bytes in ");
            put_count(&text, detail, "ms");
            buf_addz(&text, " ms, hash as promised");
        }
    } else if (str_eqz(name, "ran")) {
        put_count(&text, detail, "instructions");
        buf_addz(&text, " instructions in ");
        put_count(&text, detail, "time_ms");
        buf_addz(&text, " ms");
        if (json_u64(json_get(detail, "memory_bytes"), &memory) && memory) {
            buf_addz(&text, ", ");
            report_put_count(&text, memory / 1024);
            buf_addz(&text, " KiB of memory");
        }
        if (json_u64(json_get(detail, "requests"), &requests) && requests)
            buf_addf(&text, ", %llu HTTP request%s", (unsigned long long)requests,
                     requests == 1 ? "" : "s");
    } else if (str_eqz(name, "resolved")) {
        t->resolved = true;
        buf_addz(&text, "transaction ");
        say_text(&text, json_get(detail, "tx"));
    } else if (str_eqz(name, "completed")) {
        t->completed = true;
        goto out; /* the chain tells it better */
    } else if (detail.text.ptr) {
        buf_add_str(&text, str_head(detail.text, 400));
    }
    buf_add_str(&b, name);
    report_step(t->s->report, z, detail.text.ptr ? detail.text : STR_NONE, "%s", buf_z(&text));
    show_stderr(t, json_get(detail, "stderr"));
out:
    buf_release(&text);
}

/* Ask the coordinator for what came after what we know; it answers when there is something. */
static enum err look_at_coordinator(struct telling *t, struct buf *why)
{
    struct buf url = BUF_INIT(2048);
    struct http_call call = {.method = "GET", .timeout_ms = PAGE_TIMEOUT_MS, .max_body = PAGE_MAX};
    struct json page;
    struct json_iter it;
    unsigned status;
    uint64_t n;
    enum err e;

    buf_addf(&url, "%s/requests/%llu?after=%llu&wait_ms=%d", t->s->coordinator_url,
             (unsigned long long)t->r->request_id, (unsigned long long)t->steps_shown,
             PAGE_WAIT_MS);
    call.url = buf_z(&url);
    buf_clear(&t->page);
    e = http_client_call(t->http, &call, &status, &t->page, why);
    buf_release(&url);
    if (e || status == 404 || status == 204)
        return e;
    if (status != 200 || !json_parse(buf_str(&t->page), &page, NULL))
        return err_put(why, ERR_UPSTREAM, "the coordinator answered status %u about request %llu",
                       status, (unsigned long long)t->r->request_id);
    it = json_iter(json_get(page, "steps"));
    while (json_next(&it)) {
        if (!json_u64(json_get(it.value, "n"), &n) || n <= t->steps_shown)
            continue;
        t->steps_shown = n;
        show_step(t, it.value);
    }
    return ERR_OK;
}

/* What the transaction returned, as JSON: bytes that are none become a string. */
static bool read_output(const struct outcome *o, struct buf *out)
{
    struct buf bytes = BUF_INIT(STORY_OUTPUT_MAX);
    struct json v;
    bool there = outcome_value(o, &bytes);

    if (there && json_parse(buf_str(&bytes), &v, NULL)) {
        buf_add_str(out, v.text);
    } else if (there && str_is_utf8(buf_str(&bytes))) {
        json_put_str(out, buf_str(&bytes));
    } else if (there) {
        json_str_open(out);
        base64_put(out, bytes.ptr, bytes.len);
        json_str_close(out);
    }
    buf_release(&bytes);
    return there;
}

/* Why there was no result: what the contract says, else the first receipt that failed. */
static void read_error(const struct telling *t, struct json completed, struct buf *out)
{
    struct json_iter receipts = json_iter(t->outcome.receipts);

    if (json_str(json_get(completed, "error_message"), out) && out->len)
        return;
    while (json_next(&receipts)) {
        struct json status = json_get(json_get(receipts.value, "outcome"), "status");
        struct outcome failed = {.failure = json_get(status, "Failure")};

        if (failed.failure.text.ptr) {
            outcome_failure_text(&failed, out);
            return;
        }
    }
    buf_addz(out, "the program gave no result");
}

static void show_callback(const struct telling *t)
{
    const struct story_result *r = t->r;
    struct buf detail = BUF_INIT(STORY_OUTPUT_MAX + WHY_MAX + 256);

    json_obj(&detail);
    put_bool(&detail, "success", r->success);
    json_key(&detail, r->success ? "output" : "error");
    if (r->success)
        json_put_raw(&detail, buf_str(&r->output));
    else
        json_put_str(&detail, buf_str(&r->error));
    json_obj_end(&detail);
    if (r->success)
        report_step(t->s->report, "callback", buf_str(&detail),
                    ACCOUNT_CALLER " got %.*s, %llu blocks after the request",
                    STR_ARG(str_head(buf_str(&r->output), SHOWN_MAX)),
                    (unsigned long long)r->blocks);
    else
        report_step(t->s->report, "callback", buf_str(&detail),
                    ACCOUNT_CALLER " got a failed promise: %s", buf_z(&r->error));
    buf_release(&detail);
}

static void show_refund(const struct telling *t)
{
    const struct story_result *r = t->r;
    struct buf detail = BUF_INIT(512), text = BUF_INIT(256);

    json_obj(&detail);
    put_u128(&detail, "charged_yocto", r->charged);
    put_u128(&detail, "refunded_yocto", r->refunded);
    json_obj_end(&detail);
    near_amount_put(&text, r->refunded);
    buf_addz(&text, " NEAR back to " ACCOUNT_USER ", ");
    near_amount_put(&text, r->charged);
    buf_addz(&text, " NEAR charged");
    report_step(t->s->report, "refund", buf_str(&detail), "%s", buf_z(&text));
    buf_release(&detail);
    buf_release(&text);
}

/* The end: what the callback got, and the money, as the contract's last event has them. */
static enum err show_end(struct telling *t, struct buf *why)
{
    struct story_result *r = t->r;
    struct buf log = BUF_INIT(EVENT_LOG_MAX);
    struct json receipt, completed = JSON_NONE, used;
    struct event event;
    uint64_t height = 0;
    bool told;
    enum err e = ERR_OK;

    told = find_event(t, "execution_completed", &log, &event, &receipt);
    if (told) {
        completed = json_at(event.data, 0);
        used = json_get(completed, "resources_used");
        if (!json_bool(json_get(completed, "success"), &r->success) ||
            !json_u128_str(json_get(completed, "payment_charged"), &r->charged) ||
            !json_u128_str(json_get(completed, "payment_refunded"), &r->refunded) ||
            !json_u64(json_get(used, "instructions"), &r->instructions) ||
            !json_u64(json_get(used, "time_ms"), &r->time_ms))
            e = err_put(why, ERR_FORMAT, "the contract's event about the end has no figures");
        else
            e = height_of(t, json_get(receipt, "block_hash"), &height, why);
        if (e)
            goto out;
        r->blocks = height - t->sent_height;
    }
    r->success = r->success && read_output(&t->outcome, &r->output);
    if (!r->success)
        read_error(t, completed, &r->error);
    show_callback(t);
    if (told)
        show_refund(t);
out:
    buf_release(&log);
    return e;
}

static enum err follow(struct telling *t, struct buf *why)
{
    uint64_t done_at = 0;
    bool all_told;

    for (;;) {
        enum err e = network_check(t->s->net, why);

        if (!e)
            e = look_at_chain(t, why);
        if (!e && !t->requested)
            e = show_yield(t, why);
        if (e)
            return e;
        if (t->outcome.status != OUTCOME_PENDING && !done_at)
            done_at = clock_mono_ms();
        /* The coordinator and the worker see the end a little after the chain has it. */
        all_told = t->resolved && t->completed;
        if (done_at && (!t->requested || all_told || clock_mono_ms() - done_at > DRAIN_MS))
            return show_end(t, why);
        if (clock_mono_ms() - t->began > STORY_MS)
            return err_put(why, ERR_TIMEOUT,
                           "the request was not answered within %d s; the logs in '%s/logs' say "
                           "how far it came",
                           STORY_MS / 1000, t->s->net->home);
        if (t->requested && !all_told)
            e = look_at_coordinator(t, why);
        else
            network_watch(t->s->net, LOOK_MS);
        if (e)
            return e;
    }
}

enum err story_run(const struct story *s, struct story_result *out, struct buf *why)
{
    struct telling t = {.s = s,
                        .r = out,
                        .http = http_client_new(),
                        .began = clock_mono_ms(),
                        .answer = BUF_INIT(RPC_ANSWER_MAX),
                        .page = BUF_INIT(PAGE_MAX)};
    enum err e;

    s->report->since_ms = t.began;
    e = send_request(&t, why);
    if (!e)
        e = follow(&t, why);
    http_client_free(t.http);
    buf_release(&t.answer);
    buf_release(&t.page);
    return e;
}
