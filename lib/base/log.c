/* log.c — see log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define LINE_MAX_BYTES 4096 /* one write(2) of less than PIPE_BUF never mixes with another's */

static const char *const level_names[] = {"debug", "info", "unusual", "broken"};
static const char *program_name = "?";
static enum log_level least = LOG_INFO;

void log_init(const char *program)
{
    const char *want = getenv("OUTLAYER_LOG");

    program_name = program;
    for (size_t i = 0; want && i < countof(level_names); i++)
        if (!strcmp(want, level_names[i]))
            least = (enum log_level)i;
}

/* A control byte in a value would let a guest or a peer forge a line. */
static void add_clean(struct buf *b, const char *text)
{
    for (const uint8_t *p = (const uint8_t *)text; *p; p++) {
        if (*p == '\n')
            buf_addz(b, "\\n");
        else if (*p < 0x20 || *p == 0x7f)
            buf_addf(b, "\\x%02x", *p);
        else
            buf_add_byte(b, *p);
    }
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES / 2], store[LINE_MAX_BYTES];
    struct buf line = BUF_OVER(store);
    uint64_t now = clock_unix_ns();
    time_t secs = (time_t)(now / 1000000000u);
    struct tm tm;
    va_list ap;

    if (level < least)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    gmtime_r(&secs, &tm);
    buf_addf(&line, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ %s %s[%d] %s ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
             (unsigned)(now / 1000000u % 1000u), level_names[level], program_name, (int)getpid(),
             event);
    add_clean(&line, text);
    line.full = false; /* cut, but never without its end of line */
    if (line.len == line.max)
        line.len--;
    buf_add_byte(&line, '\n');
    if (write(STDERR_FILENO, line.ptr, line.len) < 0)
        return; /* nowhere left to say it */
}
