/*
 * approved.h — the machines that somebody approves of, as a list that people write:
 *
 *     [{"mrtd":hex48,"rtmr0":hex48,"rtmr1":hex48,"rtmr2":hex48,
 *       "rtmr3":hex48, "compose_hash":hex32, "mrconfigid":hex48,
 *       "td_attributes":hex8, "xfam":hex8,
 *       "events":{"compose-hash":hex,"os-image-hash":hex,"key-provider":hex}}]
 *
 * The first four are always there. Register 3 changes with each machine (its instance id is
 * measured into it), so an entry pins its value, or the compose hash by MRCONFIGID, or says what
 * the events must be that lead to it: each exactly once, with this payload, in a log whose replay
 * gives the quote's registers. Hexadecimal as in the quote; members that are not known are refused,
 * because a misspelt condition would be none.
 *
 * Memory: entries lie in the arena.  Native (the log's SHA-384).
 */
#ifndef ATTEST_APPROVED_H
#define ATTEST_APPROVED_H

#include "attest/eventlog.h"
#include "attest/policy.h"

#define APPROVED_MAX        64
#define APPROVED_EVENTS_MAX 8

struct approved {
    struct attest_tuple tuple;
    struct {
        struct str name, payload;
    } event[APPROVED_EVENTS_MAX];
    size_t events;
};

struct approved_list {
    struct approved *entry;
    size_t n;
};

MUST_USE enum err approved_read(struct str json, struct arena *a, struct approved_list *out,
                                struct buf *why);

/*
 * Is it one of them, whole? ATTEST_OK, ATTEST_P_MEASUREMENT, or ATTEST_P_EVENT_LOG: the registers
 * fit an entry, but the log does not show what it asks. `log` is of the verified machine `td`;
 * NULL: there is none.
 */
MUST_USE enum attest_code approved_check(const struct approved_list *l, const struct td_report *td,
                                         const struct eventlog *log);

#endif
