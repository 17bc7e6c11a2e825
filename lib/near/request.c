#include "near/request.h"

#include <string.h>

static enum err bad(struct buf *why, const char *member)
{
    return err_put(why, ERR_FORMAT, "'%s' of the request is missing or not what it should be",
                   member);
}

/* A string of at most `max` bytes, decoded; empty is fine. */
static bool text(struct json v, struct arena *a, size_t max, struct str *out)
{
    struct buf b;
    char *room;
    size_t n;

    if (json_type(v) != JSON_STRING)
        return false;
    if (json_plain(v, out))
        return out->len <= max;
    n = json_str_len(v);
    if (n > max)
        return false;
    room = arena_alloc(a, n + 1);
    b = (struct buf){.ptr = room, .cap = n, .max = n, .fixed = true};
    if (!json_str(v, &b) || b.full)
        return false;
    *out = str_from(room, n);
    return true;
}

static bool optional_text(struct json v, struct arena *a, size_t max, struct str *out)
{
    *out = STR_NONE;
    return json_is_null(v) || text(v, a, max, out);
}

static bool optional_bool(struct json v, bool *out)
{
    *out = false;
    return json_is_null(v) || json_bool(v, out);
}

/* Money is a decimal string in the event and a bare number in the view. */
static bool money(struct json v, u128 *out)
{
    *out = 0;
    return json_is_null(v) || json_u128_str(v, out) || json_u128(v, out);
}

static enum err target_parse(struct json v, struct arena *a, struct str *out, struct buf *why)
{
    struct str s;

    if (!optional_text(v, a, REQUEST_TARGET_MAX, &s))
        return bad(why, "build_target");
    if (s.len == 0 || str_eqz(s, "wasm32-wasi"))
        s = STR("wasm32-wasip1");
    *out = s;
    return ERR_OK;
}

static enum err source_parse(struct json v, struct arena *a, struct code_source *out,
                             struct buf *why)
{
    struct json github = json_get(v, "GitHub"), url = json_get(v, "WasmUrl");
    struct code_source s;
    struct str hash;

    memset(&s, 0, sizeof(s));
    if (json_type(v) != JSON_OBJECT || json_count(v) != 1)
        return bad(why, "code_source");
    if (json_type(github) == JSON_OBJECT) {
        s.kind = SOURCE_GITHUB;
        if (!text(json_get(github, "repo"), a, REQUEST_REPO_MAX, &s.repo) || !s.repo.len)
            return bad(why, "repo");
        if (!text(json_get(github, "commit"), a, REQUEST_COMMIT_MAX, &s.commit) || !s.commit.len)
            return bad(why, "commit");
        v = github;
    } else if (json_type(url) == JSON_OBJECT) {
        s.kind = SOURCE_WASM_URL;
        if (!text(json_get(url, "url"), a, REQUEST_URL_MAX, &s.url) || !s.url.len)
            return bad(why, "url");
        if (!text(json_get(url, "hash"), a, 64, &hash) || !hash_from_hex(hash, &s.wasm_sha256))
            return bad(why, "hash");
        v = url;
    } else {
        return bad(why, "code_source");
    }
    if (target_parse(json_get(v, "build_target"), a, &s.target, why))
        return ERR_FORMAT;
    if (s.kind == SOURCE_WASM_URL && json_is_null(json_get(v, "build_target")))
        s.target = STR(""); /* the file tells */
    *out = s;
    return ERR_OK;
}

static enum err limits_parse(struct json v, struct resource_limits *out, struct buf *why)
{
    struct json n = json_get(v, "max_instructions"), m = json_get(v, "max_memory_mb"),
                s = json_get(v, "max_execution_seconds");
    struct resource_limits l = {LIMIT_INSTRUCTIONS_DEFAULT, LIMIT_MEMORY_MB_DEFAULT,
                                LIMIT_SECONDS_DEFAULT};

    if (!json_is_null(v) && json_type(v) != JSON_OBJECT)
        return bad(why, "resource_limits");
    if (!json_is_null(n) && !json_u64(n, &l.instructions))
        return bad(why, "max_instructions");
    if (!json_is_null(m) && !json_u32(m, &l.memory_mb))
        return bad(why, "max_memory_mb");
    if (!json_is_null(s) && !json_u64(s, &l.seconds))
        return bad(why, "max_execution_seconds");
    if (!l.instructions || !l.memory_mb || !l.seconds)
        return err_put(why, ERR_RANGE, "a limit of the request is zero");
    *out = l;
    return ERR_OK;
}

const char *response_format_name(enum response_format f)
{
    static const char *const names[] = {"Text", "Json", "Bytes"};

    return names[f];
}

static bool format_parse(struct json v, enum response_format *out)
{
    *out = FORMAT_TEXT;
    if (json_is_null(v))
        return true;
    for (int f = FORMAT_TEXT; f <= FORMAT_BYTES; f++) {
        if (json_str_eq(v, str_of(response_format_name((enum response_format)f)))) {
            *out = (enum response_format)f;
            return true;
        }
    }
    return false;
}

static enum err secrets_parse(struct json v, struct arena *a, struct request *r, struct buf *why)
{
    if (json_is_null(v))
        return ERR_OK;
    if (!text(json_get(v, "profile"), a, REQUEST_NAME_MAX, &r->secrets_profile) ||
        !text(json_get(v, "account_id"), a, 64, &r->secrets_account_id))
        return bad(why, "secrets_ref");
    return ERR_OK;
}

/* What both texts spell alike. */
static enum err common_parse(struct json v, struct json source, struct arena *a, struct request *r,
                             struct buf *why)
{
    enum err e;

    if (json_type(v) != JSON_OBJECT)
        return err_put(why, ERR_FORMAT, "the request is not a JSON object");
    if (!json_u64(json_get(v, "request_id"), &r->id))
        return bad(why, "request_id");
    if (!text(json_get(v, "sender_id"), a, 64, &r->sender_id) || !r->sender_id.len)
        return bad(why, "sender_id");
    e = source_parse(source, a, &r->source, why);
    if (!e)
        e = limits_parse(json_get(v, "resource_limits"), &r->limits, why);
    if (!e)
        e = secrets_parse(json_get(v, "secrets_ref"), a, r, why);
    if (e)
        return e;
    if (json_is_null(json_get(v, "input_data")))
        r->input = STR("");
    else if (!text(json_get(v, "input_data"), a, REQUEST_INPUT_MAX, &r->input))
        return bad(why, "input_data");
    if (!format_parse(json_get(v, "response_format"), &r->format))
        return bad(why, "response_format");
    if (!money(json_get(v, "payment"), &r->payment))
        return bad(why, "payment");
    if (!money(json_get(v, "attached_usd"), &r->attached_usd))
        return bad(why, "attached_usd");
    if (!json_is_null(json_get(v, "timestamp")) &&
        !json_u64(json_get(v, "timestamp"), &r->timestamp_ns))
        return bad(why, "timestamp");
    if (!optional_bool(json_get(v, "compile_only"), &r->compile_only) ||
        !optional_bool(json_get(v, "force_rebuild"), &r->force_rebuild) ||
        !optional_bool(json_get(v, "store_on_fastfs"), &r->store_on_fastfs))
        return bad(why, "params");
    return ERR_OK;
}

enum err request_parse(struct json v, struct arena *a, struct request *out, struct buf *why)
{
    struct request r;
    enum err e;

    memset(&r, 0, sizeof(r));
    e = common_parse(v, json_get(v, "code_source"), a, &r, why);
    if (e)
        return e;
    if (!text(json_get(v, "predecessor_id"), a, 64, &r.predecessor_id))
        return bad(why, "predecessor_id");
    if (!optional_bool(json_get(v, "input_data_in_state"), &r.input_in_state))
        return bad(why, "input_data_in_state");
    if (!optional_bool(json_get(v, "use_bound_identity"), &r.use_bound_identity))
        return bad(why, "params");
    if (!optional_text(json_get(v, "project_id"), a, REQUEST_NAME_MAX, &r.project_id))
        return bad(why, "project_id");
    if (!optional_text(json_get(v, "project_uuid"), a, REQUEST_NAME_MAX, &r.project_uuid))
        return bad(why, "project_uuid");
    *out = r;
    return ERR_OK;
}

static bool data_id_parse(struct json v, struct hash256 *out)
{
    uint64_t byte;

    if (json_type(v) != JSON_ARRAY || json_count(v) != sizeof(out->b))
        return false;
    for (size_t i = 0; i < sizeof(out->b); i++) {
        if (!json_u64(json_at(v, i), &byte) || byte > 255)
            return false;
        out->b[i] = (uint8_t)byte;
    }
    return true;
}

enum err request_parse_stored(struct json v, struct arena *a, struct request *out, struct buf *why)
{
    struct json project = json_get(json_get(v, "execution_source"), "Project");
    struct json source = json_get(v, "resolved_source");
    struct request r;
    enum err e;

    memset(&r, 0, sizeof(r));
    if (json_is_null(source))
        source = json_get(v, "execution_source");
    e = common_parse(v, source, a, &r, why);
    if (e)
        return e;
    r.has_data_id = data_id_parse(json_get(v, "data_id"), &r.data_id);
    if (!r.has_data_id)
        return bad(why, "data_id");
    if (!optional_bool(json_get(v, "output_submitted"), &r.output_submitted))
        return bad(why, "output_submitted");
    if (!optional_text(json_get(project, "project_id"), a, REQUEST_NAME_MAX, &r.project_id))
        return bad(why, "project_id");
    if (!optional_text(json_get(v, "project_uuid"), a, REQUEST_NAME_MAX, &r.project_uuid))
        return bad(why, "project_uuid");
    if (!optional_text(json_get(v, "signer_id"), a, REQUEST_NAME_MAX, &r.signer_id))
        return bad(why, "signer_id");
    *out = r;
    return ERR_OK;
}

bool code_source_eq(const struct code_source *a, const struct code_source *b)
{
    if (a->kind != b->kind || !str_eq(a->target, b->target))
        return false;
    if (a->kind == SOURCE_GITHUB)
        return str_eq(a->repo, b->repo) && str_eq(a->commit, b->commit);
    return str_eq(a->url, b->url) && hash_eq(&a->wasm_sha256, &b->wasm_sha256);
}
