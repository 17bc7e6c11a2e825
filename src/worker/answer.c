/* answer.c — see answer.h. */
#include "worker/answer.h"

#include <string.h>

#include "base/utf8.h"
#include "codec/json_canon.h"
#include "codec/put.h"

const char *answer_status_name(enum answer_status s)
{
    static const char *const names[] = {
        "completed",     "compilation_failed",   "execution_failed",
        "access_denied", "insufficient_payment", "custom",
    };

    return names[s];
}

void answer_release(struct answer *a)
{
    buf_release(&a->output);
    buf_release(&a->error);
    buf_release(&a->run);
}

void answer_fail(struct answer *a, enum answer_status status, struct str message)
{
    a->status = status;
    buf_clear(&a->output);
    buf_clear(&a->error);
    /* Each byte may become three. */
    utf8_lossy(&a->error, str_head(message, ANSWER_ERROR_MAX / 3));
}

static void fail_json(struct answer *a, struct str out, const char *reason, size_t at)
{
    struct buf text = BUF_INIT(ANSWER_ERROR_MAX);

    buf_addf(&text, "Failed to parse output as JSON: %s at byte %zu. Output was: ", reason, at);
    buf_add_str(&text, str_head(out, ANSWER_ERROR_MAX / 4));
    answer_fail(a, ANSWER_EXECUTION_FAILED, buf_str(&text));
    buf_release(&text);
}

/* What the caller's callback gets: base64 of bytes, else what stands between {"Text": and }. */
static size_t value_len(const struct answer *a, enum response_format format, struct str out)
{
    return format == FORMAT_BYTES ? (out.len + 2) / 3 * 4 + 2
                                  : a->output.len - strlen("{\"Text\":}");
}

void answer_output(struct answer *a, enum response_format format, struct str out)
{
    struct json_fault fault = {0, "not JSON"};
    struct json doc;

    buf_clear(&a->output);
    buf_clear(&a->error);
    json_obj(&a->output);
    json_key(&a->output, response_format_name(format));
    switch (format) {
    case FORMAT_TEXT:
        if (!str_is_utf8(out)) {
            answer_fail(a, ANSWER_EXECUTION_FAILED,
                        STR("The output is not valid UTF-8; ask for the response format Bytes"));
            return;
        }
        json_put_str(&a->output, out);
        break;
    case FORMAT_JSON:
        if (!json_parse(out, &doc, &fault)) {
            fail_json(a, out, fault.what, fault.at);
            return;
        }
        if (!json_canon(doc, &a->output)) {
            fail_json(a, out, "a number is too large", 0);
            return;
        }
        break;
    case FORMAT_BYTES:
        json_arr(&a->output);
        for (size_t i = 0; i < out.len; i++)
            json_put_u64(&a->output, (uint8_t)out.ptr[i]);
        json_arr_end(&a->output);
        break;
    }
    json_obj_end(&a->output);
    a->status = ANSWER_COMPLETED;
    if (a->output.full || value_len(a, format, out) > ANSWER_VALUE_MAX) {
        char room[128];
        struct buf text = BUF_OVER(room);

        buf_addf(&text, "The output of %zu bytes is more than the %d that a contract can be given",
                 out.len, ANSWER_VALUE_MAX);
        answer_fail(a, ANSWER_EXECUTION_FAILED, buf_str(&text));
    }
}

static void put_used(struct buf *b, const struct answer *a)
{
    json_key(b, "resources_used");
    json_obj(b);
    put_u64(b, "instructions", a->instructions);
    put_u64(b, "time_ms", a->time_ms);
    put_opt_u64(b, "compile_time_ms", a->compile_ms);
    json_obj_end(b);
    json_key(b, "compilation_note");
    if (a->note[0])
        json_putz(b, a->note);
    else
        json_put_null(b);
}

/* The members that both methods take; `cut` bytes of the error, all of it when it is as long. */
static void put_result(struct buf *b, const struct answer *a, size_t cut)
{
    bool ok = a->status == ANSWER_COMPLETED;
    struct str error = buf_str(&a->error);

    put_bool(b, "success", ok);
    json_key(b, "output");
    if (ok)
        json_put_raw(b, buf_str(&a->output));
    else
        json_put_null(b);
    json_key(b, "error");
    if (ok) {
        json_put_null(b);
    } else {
        char tail[80];
        struct buf t = BUF_OVER(tail);

        json_str_open(b);
        json_esc(b, str_of(answer_status_name(a->status)));
        json_esc(b, STR(": "));
        json_esc(b, utf8_head(error, cut));
        if (error.len > cut) {
            buf_addf(&t, "... (truncated, original size: %zu bytes)", error.len);
            json_esc(b, buf_str(&t));
        }
        json_str_close(b);
    }
    put_used(b, a);
    json_key(b, "refund_usd");
    if (ok && a->refund_usd)
        json_put_u64(b, a->refund_usd);
    else
        json_put_null(b);
}

static void put_response(struct buf *b, const struct answer *a, size_t cut)
{
    json_obj(b);
    put_result(b, a, cut);
    json_obj_end(b);
}

const char *answer_call(const struct answer *a, uint64_t request_id, struct buf *args)
{
    struct buf response = BUF_INIT(ANSWER_ARGS_MAX);
    const char *method = "resolve_execution";
    size_t cut = SIZE_MAX;

    put_response(&response, a, cut);
    if (a->status != ANSWER_COMPLETED) {
        /* Escapes make some characters six bytes long: cut further until it fits. */
        for (cut = ANSWER_ERROR_SHORT; response.len >= ANSWER_PAYLOAD_MAX; cut /= 2) {
            buf_clear(&response);
            put_response(&response, a, cut);
        }
    } else if (response.len >= ANSWER_PAYLOAD_MAX) {
        method = "submit_execution_output_and_resolve";
    }
    json_obj(args);
    put_u64(args, "request_id", request_id);
    if (method[0] == 's') {
        put_result(args, a, cut);
    } else {
        put_raw(args, "response", buf_str(&response));
    }
    json_obj_end(args);
    buf_release(&response);
    return method;
}

void answer_report(const struct answer *answer, const struct request *r, struct buf *out)
{
    bool ok = answer->status == ANSWER_COMPLETED;

    json_obj(out);
    put_z(out, "status", answer_status_name(answer->status));
    put_bool(out, "success", ok);
    json_key(out, "output");
    if (ok)
        json_put_raw(out, buf_str(&answer->output));
    else
        json_put_null(out);
    json_key(out, "error");
    if (ok)
        json_put_null(out);
    else
        json_put_str(out, buf_str(&answer->error));
    put_u64(out, "instructions", answer->instructions);
    put_u64(out, "time_ms", answer->time_ms);
    if (answer->compile_ms)
        put_u64(out, "compile_time_ms", answer->compile_ms);
    if (!hash_is_zero(&r->source.wasm_sha256))
        put_hex(out, "wasm_sha256", hash_str(&r->source.wasm_sha256));
    if (ok && answer->refund_usd)
        put_u64(out, "refund_usd", answer->refund_usd);
    if (answer->run.len)
        put_raw(out, "run", buf_str(&answer->run));
    json_obj_end(out);
}
