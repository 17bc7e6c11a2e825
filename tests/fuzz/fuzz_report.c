/* Bodies of POST /jobs/{id}/complete. */
#include "base/mem.h"
#include "coordinator/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct job_result r;
    struct json body, output;

    if (json_parse(str_from(data, size), &body, NULL) && !report_parse(body, &a, &r)) {
        BUG_ON(!job_status_ok(r.status, r.success));
        BUG_ON(r.wasm_sha256.ptr && r.wasm_sha256.len != 64);
        BUG_ON(r.has_use && (r.instructions > INT64_MAX || r.time_ms > INT64_MAX));
        BUG_ON(!str_is_utf8(r.error) || !str_is_utf8(r.resolve_tx));
        BUG_ON(r.output.ptr && !json_parse(r.output, &output, NULL));
    }
    arena_release(&a);
    return 0;
}
