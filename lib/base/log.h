/*
 * log.h — one event a line on stderr: time, level, program, event, key=value fields.
 *
 * Levels: debug, info, unusual (worth a look), broken (a test that sees one fails). Daemons and
 * commands log, libraries return errors. Values are quoted when they hold spaces and control
 * characters are escaped, so a hostile text cannot forge a line. Never pass a secret.
 *
 *     log_info("job_leased", "id=%llu worker=%s", …);
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/def.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_UNUSUAL, LOG_BROKEN };

/* `program` must outlive the process. The level comes from OUTLAYER_LOG (default info). */
void log_init(const char *program);
void log_event(enum log_level level, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);

#define log_debug(event, ...)   log_event(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)    log_event(LOG_INFO, event, __VA_ARGS__)
#define log_unusual(event, ...) log_event(LOG_UNUSUAL, event, __VA_ARGS__)
#define log_broken(event, ...)  log_event(LOG_BROKEN, event, __VA_ARGS__)

#endif
