/*
 * report.h — what a worker says of a job it has finished.
 *
 * Foreign to us like any body: every member is checked before the queue sees it.
 */
#ifndef COORDINATOR_REPORT_H
#define COORDINATOR_REPORT_H

#include "codec/json.h"
#include "coordinator/jobq.h"

/* NULL, or what is wrong with the body. Texts borrow from it or live in `a`; `out` is written only
 * when nothing is wrong. */
const char *report_parse(struct json body, struct arena *a, struct job_result *out);

#endif
