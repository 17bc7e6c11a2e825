/*
 * source.h — where quotes come from: the guest agent of dstack, the kernel's configfs-tsm, or the
 * SIMULATED machines of sim.h.
 *
 * A source is chosen once, by name; one that was chosen and fails is never replaced by another in
 * silence. Every layer below serves one request at a time, and a quote takes about 40 ms on
 * hardware: never put one on the way of a result.
 *
 * What comes back is checked to be a quote over the 64 bytes asked for and cut to its canonical
 * length. It is not verified: that needs collateral and a time.
 *
 * Whoever reaches a source can obtain a quote over any 64 bytes: guests never do.
 *
 * Thread: any; calls wait for each other.  Native.
 * Rule: dstack's guest agent API; Linux Documentation/ABI/testing/configfs-tsm-report.
 */
#ifndef ATTEST_SOURCE_H
#define ATTEST_SOURCE_H

#include "attest/quote.h"
#include "base/err.h"

#define EVIDENCE_LOG_MAX (8 * 1024 * 1024)

struct quote_source;

struct evidence {
    struct buf quote;     /* canonical bytes */
    struct buf event_log; /* dstack's JSON array; empty when there is none */
    struct buf vm_config; /* JSON; empty when there is none */
};

void evidence_init(struct evidence *e);
void evidence_release(struct evidence *e);

/*
 * `name`:
 *   dstack[:SOCKET or http URL]   the guest agent; without a path the usual ones are tried
 *   configfs[:DIR]                the kernel's interface, /sys/kernel/config/tsm/report
 *   simulator:DIR                 SIMULATED machines; the folder is made when it is not there
 *   auto                          dstack when its socket is there, else configfs, else ERR_ABSENT
 */
MUST_USE enum err quote_source_open(const char *name, struct quote_source **out, struct buf *why);
void quote_source_close(struct quote_source *s);

const char *quote_source_name(const struct quote_source *s); /* "dstack", "configfs", "SIMULATED" */
bool quote_source_simulated(const struct quote_source *s);

MUST_USE enum err quote_source_get(struct quote_source *s, const uint8_t report_data[64],
                                   struct evidence *out, struct buf *why);
/* app-compose.json as the guest agent delivers it; ERR_ABSENT where there is no such thing. */
MUST_USE enum err quote_source_compose(struct quote_source *s, struct buf *out, struct buf *why);
/* Collateral for the machine's quotes: only a simulator makes its own, others ERR_ABSENT. */
MUST_USE enum err quote_source_collateral(struct quote_source *s, int64_t now, struct buf *out,
                                          struct buf *why);

#endif
