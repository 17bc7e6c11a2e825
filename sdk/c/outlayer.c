/* outlayer.c — input, output, the environment and small JSON, for every target. */
#include "outlayer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __wasm__
/*
 * Where the program begins, in place of the C library's own start (link with -nostartfiles), and
 * where the host of a component puts what it hands in.
 *
 * That one leaves it to clang-14's linker to run constructors and destructors, which it then does
 * around every exported function: around cabi_realloc() too, so that stdio is flushed in the middle
 * of a write. A start that names __wasm_call_ctors ends that.
 */
extern void __wasm_call_ctors(void);
extern int __original_main(void); /* main(), whatever it takes */
void _start(void);
__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_len,
                                                                size_t align, size_t len);

void _start(void)
{
    __wasm_call_ctors();
    exit(__original_main());
}

/* Each block has a 0 after its end, so that text is a string. */
void *cabi_realloc(void *old, size_t old_len, size_t align, size_t len)
{
    char *p = realloc(old, len + 1);

    (void)old_len;
    (void)align; /* malloc's is that of any type */
    if (!p)
        outlayer_fail("no memory for %zu bytes", len);
    p[len] = 0;
    return p;
}
#endif

void outlayer_free(struct outlayer_bytes *b)
{
    free(b->ptr);
    *b = (struct outlayer_bytes){NULL, 0};
}

struct outlayer_bytes outlayer_input(void)
{
    size_t room = 4096, len = 0, n;
    char *p = malloc(room);

    while (p && (n = fread(p + len, 1, room - len - 1, stdin)) > 0) {
        len += n;
        if (room - len == 1) {
            char *more = realloc(p, room *= 2);

            if (!more)
                free(p);
            p = more;
        }
    }
    if (!p)
        outlayer_fail("the input does not fit into memory");
    p[len] = 0;
    return (struct outlayer_bytes){p, len};
}

void outlayer_output(const void *bytes, size_t len)
{
    if (fwrite(bytes, 1, len, stdout) != len || fflush(stdout) != 0)
        outlayer_fail("the output could not be written");
}

void outlayer_outputf(const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vprintf(fmt, ap);
    va_end(ap);
    if (n < 0 || fflush(stdout) != 0)
        outlayer_fail("the output could not be written");
}

void outlayer_fail(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

const char *outlayer_var(const char *name)
{
    const char *v = getenv(name);

    return v && *v ? v : NULL;
}

const char *outlayer_signer(void)
{
    return outlayer_var("NEAR_SENDER_ID");
}

const char *outlayer_predecessor(void)
{
    return outlayer_var("NEAR_PREDECESSOR_ID");
}

const char *outlayer_transaction(void)
{
    return outlayer_var("NEAR_TRANSACTION_HASH");
}

const char *outlayer_request_id(void)
{
    return outlayer_var("OUTLAYER_REQUEST_ID");
}

/* ---- JSON: a walk over the text that looks at no more of it than it must ---- */

#define DEPTH_MAX 64

static const char *space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* Past the string that begins at p with its quote; NULL when it does not end. */
static const char *past_string(const char *p)
{
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && !*++p)
            return NULL;
    return *p ? p + 1 : NULL;
}

/* Past any value; NULL when it is none. */
static const char *past_value(const char *p)
{
    size_t depth = 0;

    do {
        p = space(p);
        if (*p == '"') {
            p = past_string(p);
            if (!p)
                return NULL;
        } else if (*p == '{' || *p == '[') {
            if (++depth > DEPTH_MAX)
                return NULL;
            p++;
        } else if (*p == '}' || *p == ']') {
            if (!depth--)
                return NULL;
            p++;
        } else if (depth && (*p == ',' || *p == ':')) {
            p++;
        } else {
            size_t n = strcspn(p, " \t\r\n,:{}[]\"");

            if (!n)
                return NULL;
            p += n;
        }
    } while (depth);
    return p;
}

/* The value of the member `name` of the object at p. */
static const char *member(const char *p, const char *name, size_t len)
{
    p = space(p);
    if (*p != '{')
        return NULL;
    for (p = space(p + 1); *p == '"'; p = space(p + 1)) {
        const char *key = p + 1, *end = past_string(p);
        bool same;

        if (!end)
            return NULL;
        same = (size_t)(end - 1 - key) == len && memcmp(key, name, len) == 0;
        p = space(end);
        if (*p != ':')
            return NULL;
        p = space(p + 1);
        if (same)
            return p;
        p = past_value(p);
        if (!p)
            return NULL;
        p = space(p);
        if (*p != ',')
            return NULL;
    }
    return NULL;
}

static const char *at_path(const char *json, const char *path)
{
    while (json) {
        size_t n = strcspn(path, ".");

        json = member(json, path, n);
        if (!path[n])
            break;
        path += n + 1;
    }
    return json;
}

static bool ends_value(const char *p)
{
    return *p && strchr(" \t\r\n,}]", *p);
}

bool outlayer_json_int(const char *json, const char *path, int64_t *out)
{
    const char *p = at_path(json, path);
    char *end;
    long long v;

    if (!p || (*p != '-' && (*p < '0' || *p > '9')))
        return false;
    v = strtoll(p, &end, 10);
    if (end == p || !ends_value(end))
        return false;
    *out = v;
    return true;
}

bool outlayer_json_double(const char *json, const char *path, double *out)
{
    const char *p = at_path(json, path);
    char *end;
    double v;

    if (!p || (*p != '-' && (*p < '0' || *p > '9')))
        return false;
    v = strtod(p, &end);
    if (end == p || !ends_value(end) || !isfinite(v))
        return false;
    *out = v;
    return true;
}

static bool hex4(const char *p, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *d = p[i] ? strchr(digits, p[i] | 0x20) : NULL;

        if (!d)
            return false;
        *out = *out * 16 + (unsigned)(d - digits);
    }
    return true;
}

static char *put_utf8(char *to, unsigned c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* One escape after its backslash; moves both on. */
static bool unescape(const char **from, char **to)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *p = *from, *name = *p ? strchr(names, *p) : NULL;
    unsigned c, low;

    if (name) {
        *(*to)++ = meant[name - names];
        *from = p + 1;
        return true;
    }
    if (*p != 'u' || !hex4(p + 1, &c))
        return false;
    p += 5;
    if (c >= 0xd800 && c < 0xdc00) {
        if (p[0] != '\\' || p[1] != 'u' || !hex4(p + 2, &low) || low < 0xdc00 || low > 0xdfff)
            return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
    } else if (c >= 0xdc00 && c < 0xe000) {
        return false;
    }
    *to = put_utf8(*to, c);
    *from = p;
    return true;
}

bool outlayer_json_text(const char *json, const char *path, struct outlayer_bytes *out)
{
    const char *p = at_path(json, path), *end = p && *p == '"' ? past_string(p) : NULL;
    char *text, *to;

    if (!end)
        return false;
    text = to = malloc((size_t)(end - p));
    if (!text)
        outlayer_fail("out of memory");
    for (p++; p < end - 1;) {
        if (*p != '\\') {
            *to++ = *p++;
        } else {
            p++;
            if (!unescape(&p, &to)) {
                free(text);
                return false;
            }
        }
    }
    *to = 0;
    *out = (struct outlayer_bytes){text, (size_t)(to - text)};
    return true;
}

struct outlayer_bytes outlayer_json_quote(const char *text)
{
    char *quoted = malloc(strlen(text) * 6 + 3), *to = quoted;

    if (!quoted)
        outlayer_fail("out of memory");
    *to++ = '"';
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20) {
            to += sprintf(to, "\\u%04x", c);
        } else {
            if (c == '"' || c == '\\')
                *to++ = '\\';
            *to++ = (char)c;
        }
    }
    *to++ = '"';
    *to = 0;
    return (struct outlayer_bytes){quoted, (size_t)(to - quoted)};
}
