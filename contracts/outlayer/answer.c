/*
 * answer.c — what a worker says about a run: its shape, its output in the caller's format, and the
 * words of a failure.
 *
 * answer_parse() runs when the worker submits and again in the callback, on the same bytes: what
 * the first let through, the second cannot stumble over. That matters because a callback that
 * panics would lose the caller's answer.
 */
#include "codec/base64.h"
#include "outlayer/outlayer.h"

/* The words a failure may begin with, so that callers can tell kinds apart. */
static const char *const categories[] = {
    "compilation_failed",
    "execution_failed",
    "access_denied",
    "insufficient_payment",
    "custom",
    "failed",
    "timeout",
    "cancelled",
};

static bool is_category(struct str s)
{
    for (size_t i = 0; i < countof(categories); i++)
        if (str_eqz(s, categories[i]))
            return true;
    return false;
}

/* Cut at ERROR_MAX without splitting a character. */
static struct str shorten(struct str s)
{
    if (s.len <= ERROR_MAX)
        return s;
    size_t n = ERROR_MAX;
    while (n && ((unsigned char)s.ptr[n] & 0xc0u) == 0x80u)
        n--;
    return str_head(s, n);
}

/* "<category>: <message>"; a category given apart or leading the text is kept. */
static struct str failure_text(struct str category, struct str message)
{
    struct str head = STR_NONE;
    struct str rest = str_cut(message, ':', &head);
    struct buf b = BUF_INIT(ERROR_MAX + 64);

    if (!category.len && is_category(head) && rest.len && rest.ptr[0] == ' ')
        return shorten(message);
    buf_add_str(&b, is_category(category) ? category : STR("execution_failed"));
    buf_addz(&b, ": ");
    buf_add_str(&b, message.len ? shorten(message) : STR("no reason given"));
    return shorten(buf_str(&b));
}

static void parse_metrics(struct json v, struct metrics *m)
{
    m->instructions = arg_u64(v, "instructions");
    m->time_ms = arg_u64(v, "time_ms");
    m->has_compile = arg_opt_u64(v, "compile_time_ms", &m->compile_ms);
}

void answer_parse(struct json v, struct answer *out)
{
    struct str message = STR_NONE, category = STR_NONE, note;

    *out = (struct answer){0};
    out->success = arg_bool(v, "success");
    out->output = arg_get(v, "output");
    parse_metrics(arg_object(v, "resources_used"), &out->used);
    arg_opt_str(v, "error", &message);
    arg_opt_str(v, "error_category", &category);
    out->note = arg_get(v, "compilation_note");
    arg_opt_str(v, "compilation_note", &note);
    arg_opt_u64(v, "refund_usd", &out->refund_usd);
    if (!out->success)
        out->error = failure_text(category, message);
}

/* Six bits of base64; 64: another character. */
static unsigned base64_bits(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

static bool is_base64(struct str s)
{
    size_t n = s.len;
    while (n && s.len - n < 2 && s.ptr[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++)
        if (base64_bits(s.ptr[i]) == 64)
            return false;
    return s.len % 4 == 0;
}

void bytes_put(struct buf *b, struct str base64)
{
    unsigned all = 0, have = 0;
    json_arr(b);
    for (size_t i = 0; i < base64.len && base64_bits(base64.ptr[i]) < 64; i++) {
        all = all << 6 | base64_bits(base64.ptr[i]);
        have += 6;
        if (have >= 8) {
            have -= 8;
            json_put_u64(b, all >> have & 255);
        }
    }
    json_arr_end(b);
}

static bool bytes_value(struct json v, struct str *value)
{
    struct buf raw = near_buf(), out = near_buf();
    struct str text;

    if (json_plain(v, &text)) { /* base64: a third of the size of an array of numbers */
        *value = v.text;
        return is_base64(text);
    }
    if (json_type(v) != JSON_ARRAY)
        return false;
    struct json_iter it = json_iter(v);
    while (json_next(&it)) {
        uint64_t n;
        if (!json_u64(it.value, &n) || n > 255)
            return false;
        buf_add_byte(&raw, (uint8_t)n);
    }
    buf_add_byte(&out, '"');
    base64_put(&out, raw.ptr, raw.len);
    buf_add_byte(&out, '"');
    *value = buf_str(&out);
    return !out.full;
}

/* The bytes of the member are copied, not printed again: the worker hashed exactly these. */
bool output_value(struct json output, uint8_t f, struct str *value)
{
    if (json_is_null(output)) {
        *value = STR("null");
        return true;
    }
    if (json_type(output) != JSON_OBJECT || json_count(output) != 1)
        return false;
    struct json v = json_get(output, f == FORMAT_TEXT   ? "Text"
                                     : f == FORMAT_JSON ? "Json"
                                                        : "Bytes");
    switch ((enum format)f) {
    case FORMAT_TEXT:
        if (json_type(v) != JSON_STRING)
            return false;
        *value = v.text;
        return true;
    case FORMAT_JSON:
        if (json_type(v) == JSON_ABSENT)
            return false;
        *value = v.text;
        return true;
    case FORMAT_BYTES:
        return bytes_value(v, value);
    }
    return false;
}
