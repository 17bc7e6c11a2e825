/* How host functions fail: the texts clients match on, in both of their forms. */
#include "vm/host.h"

static struct str take(struct host *h, struct buf *b)
{
    struct str s = arena_str(h->a, buf_str(b));

    buf_release(b);
    return s;
}

static bool fail_with(struct host *h, struct buf *debug, struct buf *text)
{
    h->debug = take(h, debug);
    h->text = take(h, text);
    return false;
}

#define FAIL_MAX ((size_t)8 << 20) /* a panic message may be as long as all logs together */

static struct buf open_debug(const char *debug)
{
    struct buf b = BUF_INIT(FAIL_MAX);

    buf_addz(&b, "HostError(");
    buf_addz(&b, debug);
    return b;
}

bool host_fail(struct host *h, const char *debug, const char *text)
{
    struct buf d = open_debug(debug), t = BUF_INIT(FAIL_MAX);

    buf_add_byte(&d, ')');
    buf_addz(&t, text);
    return fail_with(h, &d, &t);
}

bool host_fail_number(struct host *h, const char *debug, const char *field, uint64_t n,
                      const char *before, const char *after)
{
    struct buf d = open_debug(debug), t = BUF_INIT(FAIL_MAX);

    buf_addf(&d, " { %s: %llu })", field, (unsigned long long)n);
    buf_addf(&t, "%s%llu%s", before, (unsigned long long)n, after);
    return fail_with(h, &d, &t);
}

bool host_fail_limit(struct host *h, const char *debug, const char *field, uint64_t n,
                     uint64_t limit, const char *before, const char *between, const char *after)
{
    struct buf d = open_debug(debug), t = BUF_INIT(FAIL_MAX);

    buf_addf(&d, " { %s: %llu, limit: %llu })", field, (unsigned long long)n,
             (unsigned long long)limit);
    buf_addf(&t, "%s%llu%s%llu%s", before, (unsigned long long)n, between,
             (unsigned long long)limit, after);
    return fail_with(h, &d, &t);
}

void host_put_debug(struct buf *out, struct str s)
{
    buf_add_byte(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        switch (c) {
        case '"':
        case '\\':
            buf_add_byte(out, '\\');
            buf_add_byte(out, c);
            break;
        case '\n':
            buf_addz(out, "\\n");
            break;
        case '\r':
            buf_addz(out, "\\r");
            break;
        case '\t':
            buf_addz(out, "\\t");
            break;
        case '\0':
            buf_addz(out, "\\0");
            break;
        default:
            if (c < 0x20 || c == 0x7f)
                buf_addf(out, "\\u{%x}", c);
            else
                buf_add_byte(out, c);
        }
    }
    buf_add_byte(out, '"');
}

bool host_fail_text(struct host *h, const char *debug, const char *field, struct str msg,
                    const char *prefix)
{
    struct buf d = open_debug(debug), t = BUF_INIT(FAIL_MAX);

    buf_addf(&d, " { %s: ", field);
    host_put_debug(&d, msg);
    buf_addz(&d, " })");
    buf_addz(&t, prefix);
    buf_add_str(&t, msg);
    return fail_with(h, &d, &t);
}

bool host_fail_view(struct host *h, const char *function)
{
    struct buf d = open_debug("ProhibitedInView { method_name: "), t = BUF_INIT(FAIL_MAX);

    host_put_debug(&d, str_of(function));
    buf_addz(&d, " })");
    buf_addf(&t, "%s is not allowed in view calls", function);
    return fail_with(h, &d, &t);
}

bool host_fail_memory(struct host *h)
{
    return host_fail(h, "MemoryAccessViolation", "Accessed memory outside the bounds.");
}

bool host_fail_overflow(struct host *h)
{
    return host_fail(h, "IntegerOverflow", "Integer overflow.");
}

bool host_broken(struct host *h, enum err e)
{
    h->fault = e;
    return host_fail(h, "ExternalError", "external error");
}
