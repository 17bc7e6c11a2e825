/*
 * eventlog.h — replaying what was measured into a machine's registers at boot and after.
 *
 * A log is a claim. It is believed only as far as the registers it leads to equal those of a
 * verified quote; eventlog_matches() is that comparison, and an event may be used only when the
 * register it belongs to has passed it. Anything that cannot be decoded makes the whole log bad:
 * no event is ever skipped.
 *
 * Two forms: the JSON of dstack's guest agent, and the TCG crypto-agile binary log of the ACPI
 * table CCEL.
 *
 * Memory: events borrow from the text and the arena.  Native (SHA-384).
 * Rule: Intel TDX virtual firmware design guide, "event log"; TCG PC Client Platform Firmware
 * Profile; dstack's `cc-eventlog`.
 */
#ifndef ATTEST_EVENTLOG_H
#define ATTEST_EVENTLOG_H

#include "attest/policy.h"
#include "attest/quote.h"
#include "base/arena.h"
#include "base/err.h"

#define EVENTLOG_MAX        (8 * 1024 * 1024) /* bytes */
#define EVENTLOG_EVENTS_MAX 4096
#define EVENT_RUNTIME_TYPE  UINT32_C(0x08000001) /* of dstack's runtime events */
#define EVENTLOG_REGISTERS  4

struct event_entry {
    uint8_t reg; /* 0 … 3 */
    uint32_t type;
    uint8_t digest[48];
    struct str name, payload; /* of runtime events; payload as bytes */
};

struct eventlog {
    struct event_entry *event; /* those that extend one of the four registers */
    size_t n;
    size_t records; /* all that the log holds, MRTD's and no-action ones too */
    uint8_t rtmr[EVENTLOG_REGISTERS][48];
};

/* dstack's JSON array. Events of register 3 must be runtime events; their digests are computed. */
MUST_USE enum err eventlog_read_json(struct str text, struct arena *a, struct eventlog *out,
                                     struct buf *why);
/* The CCEL area. */
MUST_USE enum err eventlog_read_ccel(struct str area, struct arena *a, struct eventlog *out,
                                     struct buf *why);

/* Bit i: the replayed register i is the quote's. */
unsigned eventlog_matches(const struct eventlog *log, const struct td_report *td);
#define EVENTLOG_ALL_MATCH 0x0f

/*
 * The payload of the runtime event `name` of register 3. ERR_ABSENT when there is none before the
 * boot's end; ERR_CONFLICT when there are two: the caller must not rely on either.
 */
MUST_USE enum err eventlog_find(const struct eventlog *log, const char *name, struct str *payload,
                                struct buf *why);

/* The digest of a runtime event, version 1: SHA-384(type ‖ ":" ‖ name ‖ ":" ‖ payload). */
void event_digest_v1(struct str name, struct str payload, uint8_t out[48]);
/* Version 2: SHA-384 of the canonical JSON {"name","payload","type"}. */
void event_digest_v2(struct str name, struct str payload, uint8_t out[48]);

/* The compose hash: SHA-256 of the exact bytes of app-compose.json. */
void compose_hash(struct str app_compose, uint8_t out[32]);
/* MRCONFIGID that binds a compose hash: 01 ‖ hash ‖ zeros. */
bool compose_is_config(const uint8_t hash[32], const struct td_report *td);

#endif
