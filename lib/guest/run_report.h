/*
 * run_report.h — what a run of a guest did, as the JSON object that requesters read: how it ended,
 * what it used, what it wrote to stderr, which hosts it asked for.
 *
 *     {"outcome":"ok","exit_code":null,"wall_us":…,"cpu_us":…,"memory_bytes":…,"output_bytes":…,
 *      "stderr":"…","stderr_bytes":…,"requests":[…],"requests_total":…,
 *      "calls":{"near:rpc/api":…}}
 *
 * The worker tells it to the coordinator with every outcome, failures too, and `outlayer run
 * --json` prints the same members. docs/guides/network.md has those of a request.
 */
#ifndef GUEST_RUN_REPORT_H
#define GUEST_RUN_REPORT_H

#include "engine/outcome.h"

#define RUN_REPORT_STDERR_MAX 65536u /* bytes of stderr told; its end, where reasons stand */
/* All of a report: each byte of stderr may become \u00xx, or U+FFFD. */
#define RUN_REPORT_MAX        (RUN_REPORT_STDERR_MAX * 6 + NET_ATTEMPTS_MAX * 2048u + 2048u)

/* The members, inside an object that the caller has opened. */
void run_report_members(struct buf *out, const struct run_result *r);
/* The object. */
void run_report_put(struct buf *out, const struct run_result *r);

/* Append bytes as a JSON string; what is no UTF-8 becomes U+FFFD. */
void json_put_lossy(struct buf *out, struct str bytes);

#endif
