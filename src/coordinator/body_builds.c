/* body_builds.c — bodies about builds; see bodies.h. */
#include "codec/hex.h"
#include "coordinator/bodies.h"
#include "coordinator/member.h"

/* A text that must be there. */
static bool text_get(struct json body, const char *key, size_t max, struct arena *a,
                     struct str *out)
{
    return member_text(json_get(body, key), max, a, out) && out->ptr;
}

/* What a worker compiled. */
static const char *row_get(struct json body, struct arena *a, struct build_row *b)
{
    struct json record = json_get(body, "record");

    if (!text_get(body, "repo", 512, a, &b->repo) || !text_get(body, "target", 64, a, &b->target) ||
        !member_digits(json_get(body, "commit"), 40, &b->commit))
        return "'repo', 'commit' and 'target' must say what was compiled";
    if (!json_bool(json_get(body, "ok"), &b->ok) ||
        !text_get(body, "log", BUILD_LOG_MAX, a, &b->log))
        return "'ok' and 'log' must say how it went";
    if (!b->ok)
        return NULL;
    if (!member_digits(json_get(body, "sha256"), 64, &b->sha256) ||
        !json_u64(json_get(body, "size"), &b->size) || b->size > PROGRAM_MAX)
        return "'sha256' and 'size' must be those of the program";
    if (json_type(record) != JSON_OBJECT || record.text.len > BUILD_RECORD_MAX)
        return "'record' must be an object of at most 8192 bytes";
    b->record = record.text;
    if (!text_get(body, "signer", 64, a, &b->signer) ||
        !text_get(body, "signature", 128, a, &b->signature))
        return "'signer' and 'signature' must be texts";
    return NULL;
}

const char *build_body(struct json body, struct arena *a, uint64_t *token, struct job_build *used,
                       struct build_row *row)
{
    *row = (struct build_row){.ok = false};
    if (!json_u64(json_get(body, "token"), token))
        return "'token' must be the number that came with the job";
    if (!member_digits(json_get(body, "key"), 64, &used->key) ||
        !json_bool(json_get(body, "cached"), &used->cached) ||
        !member_count(json_get(body, "compile_ms"), &used->compile_ms) ||
        !json_u128_str(json_get(body, "cost_yocto"), &used->cost))
        return "'key', 'cached', 'compile_ms' and 'cost_yocto' must say which build it was";
    row->key = used->key;
    row->compile_ms = used->compile_ms;
    return used->cached ? NULL : row_get(body, a, row);
}

const char *build_lock_body(struct json body, struct str *worker, uint64_t *ttl_ms)
{
    if (!member_id(json_get(body, "worker"), worker) ||
        !json_u64(json_get(body, "ttl_ms"), ttl_ms) || *ttl_ms > BUILD_LOCK_MS_MAX)
        return "a lock has a key of 64 hex digits, a 'worker' and a 'ttl_ms' of at most 60000";
    return NULL;
}
