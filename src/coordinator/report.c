#include "coordinator/report.h"

#include "codec/hex.h"
#include "coordinator/member.h"

#define RUN_MAX        (1u << 20)   /* bytes of what a run did */
#define ERROR_TEXT_MAX (128u << 10) /* bytes of an error taken; JOB_ERROR_MAX of it are kept */

const char *report_parse(struct json body, struct arena *a, struct job_result *out)
{
    struct json instructions = json_get(body, "instructions"), run = json_get(body, "run"), charged,
                refund = json_get(body, "refund_usd");
    struct job_result v = {0};

    if (!json_bool(json_get(body, "success"), &v.success))
        return "'success' must be true or false";
    if (!member_text(json_get(body, "status"), 64, a, &v.status))
        return "'status' must be a text";
    if (!v.status.ptr)
        v.status = v.success ? STR("completed") : STR("execution_failed");
    else if (v.success && str_eqz(v.status, "success"))
        v.status = STR("completed");
    if (!job_status_ok(v.status, v.success))
        return "'status' must be completed, or for a failure one of compilation_failed, "
               "execution_failed, access_denied, insufficient_payment, custom, failed";
    if (!json_is_null(json_get(body, "output")))
        v.output = json_get(body, "output").text;
    if (!member_text(json_get(body, "error"), ERROR_TEXT_MAX, a, &v.error))
        return "'error' must be a text";
    if (!json_is_null(instructions)) {
        v.has_use = json_u64(instructions, &v.instructions) && v.instructions <= INT64_MAX &&
                    json_u64(json_get(body, "time_ms"), &v.time_ms) && v.time_ms <= INT64_MAX;
        if (!v.has_use)
            return "'instructions' and 'time_ms' must be numbers";
    }
    if (!json_is_null(refund) &&
        (!json_u64(refund, &v.refund_usd) || v.refund_usd > INT64_MAX || !v.success))
        return "'refund_usd' must be a number, and comes with success only";
    if (!member_text(json_get(body, "wasm_sha256"), 64, a, &v.wasm_sha256) ||
        (v.wasm_sha256.ptr && (v.wasm_sha256.len != 64 || !hex_is_lower(v.wasm_sha256))))
        return "'wasm_sha256' must be 64 lower-case hex digits";
    if (!member_text(json_get(body, "resolve_tx"), 64, a, &v.resolve_tx))
        return "'resolve_tx' must be a transaction's hash";
    if (!json_is_null(run)) {
        if (json_type(run) != JSON_OBJECT || run.text.len > RUN_MAX)
            return "'run' must be an object of at most 1048576 bytes";
        v.run = run.text;
    }
    charged = json_get(body, "charged_yocto");
    if (!json_is_null(charged)) {
        v.has_charged = json_u128_str(charged, &v.charged);
        if (!v.has_charged)
            return "'charged_yocto' must be a decimal string";
    }
    *out = v;
    return NULL;
}
