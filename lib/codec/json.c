/* json.c — reading; see json.h. */
#include "codec/json.h"

/* ---- checking the text, once ------------------------------------------------------------- */

struct scan {
    const char *p, *end;
    const char *what; /* set when something is wrong */
};

static bool is_ws(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_ws(struct scan *s)
{
    while (s->p < s->end && is_ws(*s->p))
        s->p++;
}

static bool bad(struct scan *s, const char *what)
{
    s->what = what;
    return false;
}

static bool is_digit(const struct scan *s)
{
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits of a \u escape, or -1. */
static int hex4(const char *p, const char *end)
{
    int v = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(p[i]);

        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

static bool scan_escape(struct scan *s)
{
    int u;

    s->p++; /* the backslash */
    if (s->p == s->end)
        return bad(s, "unfinished string");
    switch (*s->p) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        s->p++;
        return true;
    case 'u':
        break;
    default:
        return bad(s, "unknown escape");
    }
    u = hex4(s->p + 1, s->end);
    if (u < 0)
        return bad(s, "malformed \\u escape");
    s->p += 5;
    if (u >= 0xdc00 && u <= 0xdfff)
        return bad(s, "lone surrogate");
    if (u >= 0xd800 && u <= 0xdbff) {
        int low =
            s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u' ? hex4(s->p + 2, s->end) : -1;

        if (low < 0xdc00 || low > 0xdfff)
            return bad(s, "lone surrogate");
        s->p += 6;
    }
    return true;
}

static bool scan_string(struct scan *s)
{
    const char *start = ++s->p;

    for (;;) {
        s->p += json_run(str_from(s->p, (size_t)(s->end - s->p)));
        if (s->p == s->end)
            return bad(s, "unfinished string");
        if (*s->p == '"')
            break;
        if (*s->p != '\\')
            return bad(s, "control character in a string");
        if (!scan_escape(s))
            return false;
    }
    if (!str_is_utf8(str_from(start, (size_t)(s->p - start))))
        return bad(s, "string is not UTF-8");
    s->p++;
    return true;
}

static bool scan_number(struct scan *s)
{
    if (*s->p == '-')
        s->p++;
    if (!is_digit(s))
        return bad(s, "malformed number");
    if (*s->p == '0')
        s->p++;
    else
        while (is_digit(s))
            s->p++;
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (!is_digit(s))
            return bad(s, "malformed number");
        while (is_digit(s))
            s->p++;
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
            s->p++;
        if (!is_digit(s))
            return bad(s, "malformed number");
        while (is_digit(s))
            s->p++;
    }
    return true;
}

static bool scan_word(struct scan *s, struct str word)
{
    if (!str_starts(str_from(s->p, (size_t)(s->end - s->p)), word))
        return bad(s, "unknown word");
    s->p += word.len;
    return true;
}

/* A value that is neither array nor object. */
static bool scan_scalar(struct scan *s)
{
    switch (*s->p) {
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, STR("true"));
    case 'f':
        return scan_word(s, STR("false"));
    case 'n':
        return scan_word(s, STR("null"));
    default:
        return *s->p == '-' || is_digit(s) ? scan_number(s) : bad(s, "value expected");
    }
}

static bool scan_key(struct scan *s)
{
    skip_ws(s);
    if (s->p == s->end || *s->p != '"')
        return bad(s, "member name expected");
    if (!scan_string(s))
        return false;
    skip_ws(s);
    if (s->p == s->end || *s->p != ':')
        return bad(s, "':' expected");
    s->p++;
    return true;
}

/* One value. The nesting is kept in an array of our own: hostile depth costs no stack. */
static bool scan_value(struct scan *s)
{
    char open[JSON_DEPTH_MAX];
    size_t depth = 0;

value:
    skip_ws(s);
    if (s->p == s->end)
        return bad(s, "value expected");
    if (*s->p == '[' || *s->p == '{') {
        char close = *s->p == '[' ? ']' : '}';

        if (depth == JSON_DEPTH_MAX)
            return bad(s, "nested too deeply");
        s->p++;
        skip_ws(s);
        if (s->p < s->end && *s->p == close) {
            s->p++;
        } else {
            open[depth++] = close;
            if (close == '}' && !scan_key(s))
                return false;
            goto value;
        }
    } else if (!scan_scalar(s)) {
        return false;
    }
    while (depth) {
        skip_ws(s);
        if (s->p == s->end)
            return bad(s, "unfinished array or object");
        if (*s->p == open[depth - 1]) {
            s->p++;
            depth--;
            continue;
        }
        if (*s->p != ',')
            return bad(s, "',' expected");
        s->p++;
        if (open[depth - 1] == '}' && !scan_key(s))
            return false;
        goto value;
    }
    return true;
}

bool json_parse(struct str text, struct json *out, struct json_fault *fault)
{
    struct scan s = {text.ptr, text.ptr ? text.ptr + text.len : NULL, NULL};
    const char *start;

    skip_ws(&s);
    start = s.p;
    if (scan_value(&s)) {
        const char *end = s.p;

        skip_ws(&s);
        if (s.p == s.end) {
            out->text = str_from(start, (size_t)(end - start));
            return true;
        }
        s.what = "something after the value";
    }
    if (fault)
        *fault = (struct json_fault){(size_t)(s.p - text.ptr), s.what};
    return false;
}

/* ---- looking, at text known to be good ---------------------------------------------------- */

/* The end of the value that starts at p. */
static const char *value_end(const char *p, const char *end)
{
    size_t depth = 0;

    do {
        if (*p == '"') {
            for (p++; *(p += json_run(str_from(p, (size_t)(end - p)))) != '"'; p += 2)
                ; /* over an escape */
            p++;
        } else if (*p == '[' || *p == '{') {
            depth++;
            p++;
        } else if (*p == ']' || *p == '}') {
            depth--;
            p++;
        } else if (depth) { /* white space, commas, colons, scalars */
            p++;
        } else {
            while (p < end && !is_ws(*p) && *p != ',' && *p != ']' && *p != '}')
                p++;
        }
    } while (depth);
    return p;
}

enum json_type json_type(struct json v)
{
    if (!v.text.ptr)
        return JSON_ABSENT;
    switch (v.text.ptr[0]) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

bool json_is_null(struct json v)
{
    return json_type(v) <= JSON_NULL;
}

struct json_iter json_iter(struct json v)
{
    enum json_type t = json_type(v);
    struct json_iter it = {.key = JSON_NONE, .value = JSON_NONE};

    if (t == JSON_ARRAY || t == JSON_OBJECT) {
        it.kind = v.text.ptr[0];
        it.rest = str_from(v.text.ptr + 1, v.text.len - 2);
    }
    return it;
}

static struct json cut_value(struct str *rest)
{
    const char *p = rest->ptr, *end = p + rest->len, *stop;
    struct json v;

    while (p < end && (is_ws(*p) || *p == ',' || *p == ':'))
        p++;
    if (p == end) {
        *rest = str_from(end, 0);
        return JSON_NONE;
    }
    stop = value_end(p, end);
    v.text = str_from(p, (size_t)(stop - p));
    *rest = str_from(stop, (size_t)(end - stop));
    return v;
}

bool json_next(struct json_iter *it)
{
    if (!it->rest.len)
        return false;
    it->value = cut_value(&it->rest);
    if (it->value.text.ptr && it->kind == '{') {
        it->key = it->value;
        it->value = cut_value(&it->rest);
    }
    return it->value.text.ptr != NULL;
}

struct json json_get(struct json v, const char *key)
{
    struct json_iter it = json_iter(v);
    struct json found = JSON_NONE;
    struct str want = str_of(key);

    if (it.kind != '{')
        return JSON_NONE;
    while (json_next(&it))
        if (json_str_eq(it.key, want))
            found = it.value;
    return found;
}

struct json json_at(struct json v, size_t i)
{
    struct json_iter it = json_iter(v);

    if (it.kind != '[')
        return JSON_NONE;
    while (json_next(&it))
        if (i-- == 0)
            return it.value;
    return JSON_NONE;
}

size_t json_count(struct json v)
{
    struct json_iter it = json_iter(v);
    size_t n = 0;

    while (json_next(&it))
        n++;
    return n;
}

bool json_bool(struct json v, bool *out)
{
    if (json_type(v) != JSON_BOOL)
        return false;
    *out = v.text.ptr[0] == 't';
    return true;
}

bool json_u64(struct json v, uint64_t *out)
{
    return json_type(v) == JSON_NUMBER && str_u64(v.text, out);
}

bool json_u32(struct json v, uint32_t *out)
{
    uint64_t wide;

    if (!json_u64(v, &wide) || wide > UINT32_MAX)
        return false;
    *out = (uint32_t)wide;
    return true;
}

bool json_i64(struct json v, int64_t *out)
{
    bool minus = json_type(v) == JSON_NUMBER && v.text.ptr[0] == '-';
    uint64_t size;

    if (json_type(v) != JSON_NUMBER || !str_u64(str_skip(v.text, minus), &size) ||
        size > (uint64_t)INT64_MAX + minus)
        return false;
    *out = minus ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

bool json_u128(struct json v, u128 *out)
{
    return json_type(v) == JSON_NUMBER && str_u128(v.text, out);
}

bool json_u128_str(struct json v, u128 *out)
{
    struct str digits;

    return json_plain(v, &digits) && str_u128(digits, out);
}

bool json_plain(struct json v, struct str *out)
{
    struct str in;

    if (json_type(v) != JSON_STRING)
        return false;
    in = str_from(v.text.ptr + 1, v.text.len - 2);
    if (json_run(in) < in.len)
        return false;
    *out = in;
    return true;
}

static size_t put_utf8(uint32_t u, char to[4])
{
    if (u < 0x80) {
        to[0] = (char)u;
        return 1;
    }
    if (u < 0x800) {
        to[0] = (char)(0xc0 | u >> 6);
        to[1] = (char)(0x80 | (u & 63));
        return 2;
    }
    if (u < 0x10000) {
        to[0] = (char)(0xe0 | u >> 12);
        to[1] = (char)(0x80 | (u >> 6 & 63));
        to[2] = (char)(0x80 | (u & 63));
        return 3;
    }
    to[0] = (char)(0xf0 | u >> 18);
    to[1] = (char)(0x80 | (u >> 12 & 63));
    to[2] = (char)(0x80 | (u >> 6 & 63));
    to[3] = (char)(0x80 | (u & 63));
    return 4;
}

/* The next decoded piece of a string: a run without escapes, or what one escape stands for. */
struct pieces {
    const char *p, *end;
    char store[4];
};

static struct pieces pieces_of(struct json v)
{
    if (json_type(v) != JSON_STRING)
        return (struct pieces){NULL, NULL, {0}};
    return (struct pieces){v.text.ptr + 1, v.text.ptr + v.text.len - 1, {0}};
}

static bool next_piece(struct pieces *s, struct str *out)
{
    const char *start = s->p;
    uint32_t u;

    if (s->p == s->end)
        return false;
    s->p += json_run(str_from(s->p, (size_t)(s->end - s->p)));
    if (s->p > start) {
        *out = str_from(start, (size_t)(s->p - start));
        return true;
    }
    switch (s->p[1]) {
    case 'b':
        u = '\b';
        break;
    case 'f':
        u = '\f';
        break;
    case 'n':
        u = '\n';
        break;
    case 'r':
        u = '\r';
        break;
    case 't':
        u = '\t';
        break;
    case 'u':
        u = (uint32_t)hex4(s->p + 2, s->end);
        s->p += 4;
        if (u >= 0xd800 && u <= 0xdbff) {
            u = 0x10000 + ((u - 0xd800) << 10) + ((uint32_t)hex4(s->p + 4, s->end) - 0xdc00);
            s->p += 6;
        }
        break;
    default:
        u = (uint8_t)s->p[1];
    }
    s->p += 2;
    *out = str_from(s->store, put_utf8(u, s->store));
    return true;
}

bool json_str(struct json v, struct buf *out)
{
    struct pieces all = pieces_of(v);
    struct str piece;

    while (next_piece(&all, &piece))
        buf_add_str(out, piece);
    return json_type(v) == JSON_STRING;
}

bool json_str_eq(struct json v, struct str s)
{
    struct pieces all = pieces_of(v);
    struct str piece;

    while (next_piece(&all, &piece)) {
        if (!str_starts(s, piece))
            return false;
        s = str_skip(s, piece.len);
    }
    return json_type(v) == JSON_STRING && s.len == 0;
}

size_t json_str_len(struct json v)
{
    struct pieces all = pieces_of(v);
    struct str piece;
    size_t n = 0;

    while (next_piece(&all, &piece))
        n += piece.len;
    return n;
}
