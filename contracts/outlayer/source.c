/*
 * source.c — where code comes from: JSON in and out, the stored form, and what is refused.
 *
 * The rules refuse nothing legitimate. They keep option-like and path-like text away from the
 * programs that workers start, and keep event lines parseable.
 */
#include "outlayer/outlayer.h"

static struct str lower_hex(struct str s)
{
    struct buf b = BUF_INIT(HASH_HEX);
    if (s.len != HASH_HEX)
        near_fail("Invalid code source: hash must be 64 hexadecimal digits");
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c >= 'A' && c <= 'F')
            c = (char)(c + 32);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            near_fail("Invalid code source: hash must be 64 hexadecimal digits");
        buf_add_byte(&b, (uint8_t)c);
    }
    return buf_str(&b);
}

struct source source_parse(struct json v)
{
    struct source s = {0};
    if (json_type(v) != JSON_OBJECT || json_count(v) != 1)
        near_bad_args("expected one of GitHub, WasmUrl, Project:", "source");
    struct json in = json_get(v, "GitHub");
    if (json_type(in) == JSON_OBJECT) {
        s.kind = SOURCE_GITHUB;
        s.a = arg_str(in, "repo");
        s.b = arg_str(in, "commit");
        arg_opt_str(in, "build_target", &s.target);
        return s;
    }
    in = json_get(v, "WasmUrl");
    if (json_type(in) == JSON_OBJECT) {
        s.kind = SOURCE_WASM_URL;
        s.a = arg_str(in, "url");
        s.b = arg_str(in, "hash");
        arg_opt_str(in, "build_target", &s.target);
        return s;
    }
    in = json_get(v, "Project");
    if (json_type(in) == JSON_OBJECT) {
        s.kind = SOURCE_PROJECT;
        s.a = arg_str(in, "project_id");
        arg_opt_str(in, "version_key", &s.b);
        return s;
    }
    near_bad_args("expected one of GitHub, WasmUrl, Project:", "source");
}

static bool of_set(struct str s, const char *extra)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        for (const char *e = extra; *e && !ok; e++)
            ok = c == *e;
        if (!ok)
            return false;
    }
    return true;
}

static bool name_ok(struct str s, size_t max, const char *extra)
{
    return s.len >= 1 && s.len <= max && s.ptr[0] != '-' && of_set(s, extra) &&
           str_find(s, STR("..")) == s.len;
}

/* https and ipfs; plain http only to the machine itself, where development networks serve files
 * (a worker refuses that unless it was started for development). */
static bool url_scheme_ok(struct str s)
{
    static const char *const may[] = {"https://",          "ipfs://",
                                      "http://127.0.0.1:", "http://127.0.0.1/",
                                      "http://localhost:", "http://localhost/"};
    for (size_t i = 0; i < countof(may); i++) {
        struct str prefix = str_of(may[i]);
        if (str_starts(s, prefix) && s.len > prefix.len)
            return true;
    }
    return false;
}

static bool url_ok(struct str s)
{
    if (s.len > URL_MAX || !url_scheme_ok(s))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f)
            return false;
    return true;
}

static void refuse_marker(struct str s)
{
    REQUIRE(str_find(s, STR("EVENT_JSON")) == s.len, "Invalid code source: EVENT_JSON in a field");
}

void source_check(struct source *s)
{
    if (s->kind == SOURCE_WASM_URL) {
        REQUIRE(url_ok(s->a),
                "Invalid code source: url must begin with https://, have at most 2048 "
                "bytes and no spaces");
        s->b = lower_hex(s->b);
    } else {
        REQUIRE(name_ok(s->a, REPO_MAX, "._/:-"),
                "Invalid code source: repo must be 1-512 of A-Z a-z 0-9 ._/:- without ..");
        REQUIRE(name_ok(s->b, COMMIT_MAX, "._/+-"),
                "Invalid code source: commit must be 1-256 of A-Z a-z 0-9 ._/+- without ..");
    }
    REQUIRE(s->target.len <= TARGET_MAX && of_set(s->target, "._-"),
            "Invalid code source: build_target must be 1-64 of A-Z a-z 0-9 ._-");
    refuse_marker(s->a);
    refuse_marker(s->b);
    refuse_marker(s->target);
}

void source_put(struct buf *b, const struct source *s)
{
    static const char *const tag[] = {"GitHub", "WasmUrl", "Project"};
    static const char *const first[] = {"repo", "url", "project_id"};
    static const char *const second[] = {"commit", "hash", "version_key"};

    json_obj(b);
    json_key(b, tag[s->kind]);
    json_obj(b);
    put_str(b, first[s->kind], s->a);
    put_opt_str(b, second[s->kind], s->b);
    if (s->kind != SOURCE_PROJECT)
        put_opt_str(b, "build_target", s->target);
    json_obj_end(b);
    json_obj_end(b);
}
