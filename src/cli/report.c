/* report.c — see report.h. */
#include "cli/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/term.h"
#include "codec/put.h"

#define LINE_MAX_BYTES 4096

/* The line as text, cut when too long. */
#define FORMAT(text, fmt)                                                                          \
    do {                                                                                           \
        va_list ap_;                                                                               \
        va_start(ap_, fmt);                                                                        \
        vsnprintf((text), sizeof(text), (fmt), ap_);                                               \
        va_end(ap_);                                                                               \
    } while (0)

static void print_json(const char *kind, const char *name, const char *text, struct str detail,
                       uint64_t ms, bool timed)
{
    struct buf b = BUF_INIT(4 * LINE_MAX_BYTES);

    json_obj(&b);
    put_z(&b, kind, name);
    if (timed)
        put_u64(&b, "ms", ms);
    put_z(&b, "text", str_is_utf8(str_of(text)) ? text : "");
    if (detail.ptr)
        put_raw(&b, "detail", detail);
    json_obj_end(&b);
    if (!b.full)
        puts(buf_z(&b));
    buf_release(&b);
}

void report_title(const struct report *r, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];

    if (r->json)
        return;
    FORMAT(text, fmt);
    printf("%s%s%s\n", term(stdout, TERM_BOLD), text, term(stdout, TERM_PLAIN));
}

void report_part(const struct report *r, const char *name, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];

    FORMAT(text, fmt);
    if (r->json)
        print_json("part", name, text, STR_NONE, 0, false);
    else
        printf("  %s✓%s %-12s %s\n", term(stdout, TERM_GOOD), term(stdout, TERM_PLAIN), name, text);
}

void report_step(const struct report *r, const char *step, struct str detail, const char *fmt, ...)
{
    uint64_t ms = clock_mono_ms() - r->since_ms;
    char text[LINE_MAX_BYTES];

    FORMAT(text, fmt);
    if (r->json)
        print_json("step", step, text, detail, ms, true);
    else
        printf("  %s%6llu ms%s  %s%-10s%s %s\n", term(stdout, TERM_DIM), (unsigned long long)ms,
               term(stdout, TERM_PLAIN), term(stdout, TERM_NAME), step, term(stdout, TERM_PLAIN),
               text);
}

void report_text(const struct report *r, const char *fmt, ...)
{
    va_list ap;

    if (r->json)
        return;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
}

void report_put_count(struct buf *out, uint64_t v)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);

    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            buf_add_byte(out, ',');
        buf_add_byte(out, (uint8_t)digits[i]);
    }
}
