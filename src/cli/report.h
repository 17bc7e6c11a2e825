/*
 * report.h — what `outlayer up` shows while it works: lines for people, or one JSON object a line.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "base/buf.h"

struct report {
    bool json;
    uint64_t since_ms; /* of steps, on clock_mono_ms() */
};

void report_title(const struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A part of the network that is there now. */
void report_part(const struct report *r, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
/*
 * A step of the request, with the time since `since_ms`.
 *
 *   detail  a JSON object for programs; STR_NONE: none
 *   fmt     the same for people
 */
void report_step(const struct report *r, const char *step, struct str detail, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* Free text for people only. */
void report_text(const struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "1,234,567" */
void report_put_count(struct buf *out, uint64_t v);

#endif
