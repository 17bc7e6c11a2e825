#include "attest/record.h"

#include <string.h>

#include "attest/quote.h"
#include "attest/statement.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "codec/wire.h"

#define STARTUP_TASK (-1) /* the record of a worker's registration; its output is no hash */

bool record_is_legacy(const struct record *r)
{
    return r->timestamp < RECORD_V1_SINCE;
}

static bool is_hash(struct str s)
{
    return s.len == 64 && hex_is_lower(s);
}

static enum err check(const struct record *r, struct buf *why)
{
    const struct str texts[] = {r->repo_url, r->commit_hash, r->build_target, r->caller,
                                r->project,  r->secrets,     r->attached_usd};

    if (!is_hash(r->output_hash))
        return err_put(why, ERR_FORMAT, "the record's 'output_hash' is no SHA-256 in hexadecimal");
    if (r->wasm_hash.ptr && !is_hash(r->wasm_hash))
        return err_put(why, ERR_FORMAT, "the record's 'wasm_hash' is no SHA-256 in hexadecimal");
    if (r->input_hash.ptr && !is_hash(r->input_hash))
        return err_put(why, ERR_FORMAT, "the record's 'input_hash' is no SHA-256 in hexadecimal");
    if (r->kind == RECORD_COMPILE &&
        (r->wasm_hash.ptr || r->input_hash.ptr || r->secrets.ptr || r->attached_usd.ptr))
        return err_put(why, ERR_FORMAT, "a compile record has a field that only executions have");
    for (size_t i = 0; i < countof(texts); i++)
        if (texts[i].len > RECORD_FIELD_MAX)
            return err_put(why, ERR_TOO_BIG, "a field of the record has more than %u bytes",
                           RECORD_FIELD_MAX);
    return ERR_OK;
}

enum err record_preimage(const struct record *r, struct buf *out, struct buf *why)
{
    enum err e = check(r, why);

    if (e)
        return e;
    buf_addz(out, r->kind == RECORD_EXECUTE ? "execute" : "compile");
    wr_u64(out, (uint64_t)r->task_id);
    buf_add_str(out, r->repo_url);
    buf_add_str(out, r->commit_hash);
    buf_add_str(out, r->build_target);
    buf_add_str(out, r->wasm_hash);
    buf_add_str(out, r->input_hash);
    buf_add_str(out, r->output_hash);
    if (r->has_height)
        wr_u64(out, r->block_height);
    if (!record_is_legacy(r)) {
        buf_add_str(out, r->caller);
        buf_add_str(out, r->project);
        buf_add_str(out, r->secrets);
        wr_u64(out, (uint64_t)r->timestamp);
        buf_add_str(out, r->attached_usd);
    }
    BUG_ON(out->full);
    return ERR_OK;
}

enum err record_hash(const struct record *r, struct hash256 *out, struct buf *why)
{
    struct buf b = BUF_INIT(RECORD_PREIMAGE_MAX);
    enum err e = record_preimage(r, &b, why);

    if (!e)
        *out = sha256(buf_str(&b));
    buf_release(&b);
    return e;
}

enum err record_report_data(const struct record *r, uint8_t out[64], struct buf *why)
{
    struct hash256 h;
    enum err e = record_hash(r, &h, why);

    if (!e) {
        memset(out, 0, 64);
        memcpy(out, h.b, sizeof h.b);
    }
    return e;
}

/* ------------------------------------------------------------------ from a statement */

static struct str hex_text(struct arena *a, const struct hash256 *h)
{
    char room[65];
    struct buf b = BUF_OVER(room);

    hash_put_hex(&b, h);
    return arena_str(a, buf_str(&b));
}

/* Repositories are written with their scheme there. */
static struct str repo_url(struct arena *a, struct str repo)
{
    struct buf b = BUF_INIT(RECORD_FIELD_MAX);
    struct str out = repo;

    if (str_find(repo, STR("://")) == repo.len) {
        buf_addz(&b, "https://");
        buf_add_str(&b, repo);
        out = arena_str(a, buf_str(&b));
    }
    buf_release(&b);
    return out;
}

static struct str secrets_ref(struct arena *a, const struct statement *s)
{
    struct buf b = BUF_INIT(RECORD_FIELD_MAX);
    struct str out;

    buf_add_str(&b, s->secrets_account);
    buf_add_byte(&b, '/');
    buf_add_str(&b, s->secrets_profile);
    out = arena_str(a, buf_str(&b));
    buf_release(&b);
    return out;
}

void record_of_statement(const struct statement *s, int64_t task_id, int64_t timestamp,
                         struct str attached_usd, struct arena *a, struct record *out)
{
    bool run = s->kind == STATEMENT_EXECUTE, chain = s->origin == ORIGIN_CHAIN;
    struct hash256 none = sha256(chain ? STR(RECORD_NO_OUTPUT) : STR(""));
    struct record r = {.kind = run ? RECORD_EXECUTE : RECORD_COMPILE,
                       .task_id = task_id,
                       .build_target = s->build_target.len ? s->build_target : STR_NONE,
                       .has_height = chain,
                       .block_height = s->chain.block_height,
                       .caller = s->caller,
                       .timestamp = timestamp};

    if (s->source == CODE_GITHUB) {
        r.repo_url = repo_url(a, s->repo);
        r.commit_hash = s->requested_ref;
    }
    if (s->has_project)
        r.project = s->project_id;
    if (run) {
        if (!hash_is_zero(&s->wasm_sha256))
            r.wasm_hash = hex_text(a, &s->wasm_sha256);
        r.input_hash = hex_text(a, &s->input_sha256);
        r.output_hash = hex_text(a, s->status == STATEMENT_OK ? &s->delivered_sha256 : &none);
        r.attached_usd = attached_usd;
        if (s->has_secrets)
            r.secrets = secrets_ref(a, s);
    } else {
        r.output_hash = hex_text(a, s->status == STATEMENT_OK ? &s->wasm_sha256 : &none);
    }
    *out = r;
}

/* ------------------------------------------------------------------ published records */

/* Absent, null, or a text; false for anything else. */
static bool text(struct json object, const char *name, struct arena *a, struct str *out)
{
    struct json v = json_get(object, name);
    struct buf b = BUF_INIT(RECORD_FIELD_MAX);
    bool ok = true;

    *out = STR_NONE;
    if (!json_is_null(v)) {
        ok = json_str(v, &b) && !b.full;
        if (ok)
            *out = arena_str(a, buf_str(&b));
    }
    buf_release(&b);
    return ok;
}

static enum err read_quote(struct json v, struct arena *a, struct str *out, struct buf *why)
{
    static const char hex_marker[] = "4e4f5f4154544553544154494f4e"; /* NO_ATTESTATION */
    struct buf bytes = BUF_INIT(QUOTE_MAX);
    struct str s;
    enum err e = ERR_OK;

    if (!json_plain(v, &s))
        e = err_put(why, ERR_FORMAT, "the record has no 'tdx_quote'");
    else if (str_starts(s, str_of(hex_marker)))
        e = err_put(why, ERR_ABSENT,
                    "the record comes from a machine without TDX (its quote is the text "
                    "'NO_ATTESTATION'); nothing is attested");
    else if (!base64_get(s, &bytes))
        e = err_put(why, ERR_FORMAT, "the record's 'tdx_quote' is no base64");
    else if (str_eqz(buf_str(&bytes), "no-attestation-dev-mode"))
        e = err_put(why, ERR_ABSENT,
                    "the record comes from development mode (its quote is the text "
                    "'no-attestation-dev-mode'); nothing is attested");
    if (!e)
        *out = arena_str(a, buf_str(&bytes));
    buf_release(&bytes);
    return e;
}

enum err record_read(struct json object, struct arena *a, struct record *out, struct str *quote,
                     struct buf *why)
{
    struct record r = {0};
    struct json height = json_get(object, "block_height");
    struct str kind = STR_NONE;
    const struct {
        const char *name;
        struct str *to;
    } texts[] = {
        {"repo_url", &r.repo_url},
        {"commit_hash", &r.commit_hash},
        {"build_target", &r.build_target},
        {"wasm_hash", &r.wasm_hash},
        {"input_hash", &r.input_hash},
        {"output_hash", &r.output_hash},
        {"caller_account_id", &r.caller},
        {"project_id", &r.project},
        {"secrets_ref", &r.secrets},
        {"attached_usd", &r.attached_usd},
        {"task_type", &kind},
    };
    enum err e;

    for (size_t i = 0; i < countof(texts); i++)
        if (!text(object, texts[i].name, a, texts[i].to))
            return err_put(why, ERR_FORMAT, "the record's '%s' is no text of at most %u bytes",
                           texts[i].name, RECORD_FIELD_MAX);
    if (str_eqz(kind, "compile"))
        r.kind = RECORD_COMPILE;
    else if (!str_eqz(kind, "execute"))
        return err_put(why, ERR_FORMAT, "the record's 'task_type' is not 'execute' or 'compile'");
    if (!json_i64(json_get(object, "task_id"), &r.task_id) ||
        !json_i64(json_get(object, "timestamp"), &r.timestamp))
        return err_put(why, ERR_FORMAT, "the record has no 'task_id' or no 'timestamp'");
    r.has_height = !json_is_null(height);
    if (r.has_height && !json_u64(height, &r.block_height))
        return err_put(why, ERR_FORMAT, "the record's 'block_height' is no number");
    if (r.task_id != STARTUP_TASK) {
        e = check(&r, why);
        if (e)
            return e;
    }
    e = read_quote(json_get(object, "tdx_quote"), a, quote, why);
    if (!e)
        *out = r;
    return e;
}

static void put(struct buf *out, const char *key, struct str value)
{
    if (!value.ptr)
        return;
    put_str(out, key, value);
}

void record_put(struct buf *out, const struct record *r)
{
    put_z(out, "task_type", r->kind == RECORD_EXECUTE ? "execute" : "compile");
    json_key(out, "task_id");
    json_put_i64(out, r->task_id);
    put(out, "repo_url", r->repo_url);
    put(out, "commit_hash", r->commit_hash);
    put(out, "build_target", r->build_target);
    put(out, "wasm_hash", r->wasm_hash);
    put(out, "input_hash", r->input_hash);
    put(out, "output_hash", r->output_hash);
    if (r->has_height)
        put_u64(out, "block_height", r->block_height);
    put(out, "caller_account_id", r->caller);
    put(out, "project_id", r->project);
    put(out, "secrets_ref", r->secrets);
    put(out, "attached_usd", r->attached_usd);
    json_key(out, "timestamp");
    json_put_i64(out, r->timestamp);
}
