#include "attest/eventlog.h"

#include <string.h>

#include "attest/docs.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "codec/wire.h"
#include "crypto/hash.h"
#include "crypto/p256.h"

#define EVENT_NAME_MAX    256
#define EVENT_PAYLOAD_MAX (256 * 1024)
#define EVENT_NO_ACTION   3
#define CCEL_END          UINT32_MAX
#define ALG_SHA384        0x000c
#define CCEL_ALGS_MAX     16
#define LAST_BOOT_EVENT   "system-ready" /* what follows comes from the application */

static void extend(uint8_t reg[48], const uint8_t digest[48])
{
    uint8_t both[96];

    memcpy(both, reg, 48);
    memcpy(both + 48, digest, 48);
    sha384(str_from(both, sizeof both), reg);
}

static void replay(struct eventlog *log)
{
    for (size_t i = 0; i < log->n; i++)
        extend(log->rtmr[log->event[i].reg], log->event[i].digest);
}

unsigned eventlog_matches(const struct eventlog *log, const struct td_report *td)
{
    unsigned bits = 0;

    for (size_t i = 0; i < EVENTLOG_REGISTERS; i++)
        if (str_eq(td->rtmr[i], str_from(log->rtmr[i], 48)))
            bits |= 1u << i;
    return bits;
}

/* ------------------------------------------------------------------ digests */

void event_digest_v1(struct str name, struct str payload, uint8_t out[48])
{
    struct buf b = BUF_INIT(EVENT_PAYLOAD_MAX + EVENT_NAME_MAX + 16);

    wr_u32(&b, EVENT_RUNTIME_TYPE);
    buf_add_byte(&b, ':');
    buf_add_str(&b, name);
    buf_add_byte(&b, ':');
    buf_add_str(&b, payload);
    BUG_ON(b.full);
    sha384(buf_str(&b), out);
    buf_release(&b);
}

static void preimage_v2(struct str name, struct str payload, struct buf *b)
{
    json_obj(b);
    put_str(b, "name", name);
    put_hex(b, "payload", payload);
    put_u64(b, "type", EVENT_RUNTIME_TYPE);
    json_obj_end(b);
    BUG_ON(b->full);
}

void event_digest_v2(struct str name, struct str payload, uint8_t out[48])
{
    struct buf b = BUF_INIT(2 * EVENT_PAYLOAD_MAX + 8 * EVENT_NAME_MAX);

    preimage_v2(name, payload, &b);
    sha384(buf_str(&b), out);
    buf_release(&b);
}

/* ------------------------------------------------------------------ dstack's JSON */

/* A name that cannot be mistaken: the separator of version 1 is not escaped. */
static bool name_ok(struct str s)
{
    if (!s.len || s.len > EVENT_NAME_MAX || !str_is_utf8(s))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)s.ptr[i] < ' ' || s.ptr[i] == ':' || s.ptr[i] == 0x7f)
            return false;
    return true;
}

static bool get_text(struct json v, size_t max, struct arena *a, struct str *out)
{
    struct buf b = BUF_INIT(max);
    bool ok = json_str(v, &b) && !b.full;

    if (ok)
        *out = arena_str(a, buf_str(&b));
    buf_release(&b);
    return ok;
}

static bool get_bytes(struct json v, struct arena *a, struct str *out)
{
    struct str text;
    char *to;

    if (!json_plain(v, &text) || text.len % 2 || text.len / 2 > EVENT_PAYLOAD_MAX)
        return false;
    to = arena_alloc(a, text.len / 2);
    *out = str_from(to, text.len / 2);
    return hex_get(text, to, text.len / 2);
}

/* Register 3: the digest is computed; a stored one must agree, an empty one was stripped. */
static const char *runtime_event(struct json v, struct arena *a, struct event_entry *e,
                                 struct str stored)
{
    struct json version = json_get(v, "version"), preimage = json_get(v, "preimage");
    uint32_t number = 1;
    struct buf want = BUF_INIT(2 * EVENT_PAYLOAD_MAX + 8 * EVENT_NAME_MAX);
    bool same = true;

    if (e->type != EVENT_RUNTIME_TYPE)
        return "event_type";
    if (!get_text(json_get(v, "event"), EVENT_NAME_MAX, a, &e->name) || !name_ok(e->name))
        return "event";
    if (!get_bytes(json_get(v, "event_payload"), a, &e->payload))
        return "event_payload";
    if (!json_is_null(version) && (!json_u32(version, &number) || number < 1 || number > 2))
        return "version";
    if (number == 1) {
        event_digest_v1(e->name, e->payload, e->digest);
    } else {
        event_digest_v2(e->name, e->payload, e->digest);
        preimage_v2(e->name, e->payload, &want);
        same = json_is_null(preimage) || json_str_eq(preimage, buf_str(&want));
        buf_release(&want);
    }
    if (!same)
        return "preimage";
    if (stored.len && !str_eq(stored, str_from(e->digest, 48)))
        return "digest";
    return NULL;
}

/* NULL, or the member that is wrong. */
static const char *read_event(struct json v, struct arena *a, struct event_entry *e)
{
    struct str digest;
    uint32_t reg;

    if (json_type(v) != JSON_OBJECT || !json_strict(v, DOC_DEPTH_MAX))
        return "object";
    if (!json_u32(json_get(v, "imr"), &reg) || reg >= EVENTLOG_REGISTERS)
        return "imr";
    e->reg = (uint8_t)reg;
    if (!json_u32(json_get(v, "event_type"), &e->type))
        return "event_type";
    if (!get_bytes(json_get(v, "digest"), a, &digest) || (digest.len && digest.len != 48))
        return "digest";
    if (reg == 3)
        return runtime_event(v, a, e, digest);
    if (!digest.len)
        return "digest";
    memcpy(e->digest, digest.ptr, 48);
    return NULL;
}

enum err eventlog_read_json(struct str text, struct arena *a, struct eventlog *out, struct buf *why)
{
    struct json list;
    struct json_iter it;
    struct eventlog log = {0};
    const char *wrong;

    if (text.len > EVENTLOG_MAX)
        return err_put(why, ERR_TOO_BIG, "the event log has more than %u bytes", EVENTLOG_MAX);
    if (!json_parse(text, &list, NULL) || json_type(list) != JSON_ARRAY)
        return err_put(why, ERR_FORMAT, "the event log is no JSON array");
    it = json_iter(list);
    log.event = arena_new_n(a, struct event_entry, json_count(list) + 1);
    while (json_next(&it)) {
        if (log.n == EVENTLOG_EVENTS_MAX)
            return err_put(why, ERR_TOO_BIG, "the event log has more than %u events",
                           EVENTLOG_EVENTS_MAX);
        wrong = read_event(it.value, a, &log.event[log.n]);
        if (wrong)
            return err_put(why, ERR_FORMAT, "event %zu of the log has a wrong '%s'", log.n, wrong);
        log.n++;
    }
    log.records = log.n;
    replay(&log);
    *out = log;
    return ERR_OK;
}

/* ------------------------------------------------------------------ CCEL */

/* The first record names the digest algorithms: {u16 algorithm, u16 size}. */
struct algs {
    uint16_t id[CCEL_ALGS_MAX], size[CCEL_ALGS_MAX];
    uint32_t n;
};

static bool read_spec_id(struct rd *r, struct algs *algs)
{
    struct str body;
    struct rd b;

    rd_u32(r); /* register */
    if (rd_u32(r) != EVENT_NO_ACTION)
        return false;
    rd_fixed(r, 20); /* the old digest */
    body = rd_bytes(r, 4096);
    b = rd_over(body);
    if (r->bad || !str_eq(rd_fixed(&b, 16), STR("Spec ID Event03\0")))
        return false;
    rd_u32(&b);      /* platform class */
    rd_fixed(&b, 4); /* version, errata, size of integers */
    algs->n = rd_count(&b, CCEL_ALGS_MAX);
    for (uint32_t i = 0; i < algs->n && !b.bad; i++) {
        algs->id[i] = rd_u16(&b);
        algs->size[i] = rd_u16(&b);
        if (algs->id[i] == ALG_SHA384 && algs->size[i] != 48)
            return false;
    }
    rd_fixed(&b, rd_u8(&b)); /* vendor's */
    return rd_end(&b);
}

/* The digests of one record; false without exactly one SHA-384. */
static bool read_digests(struct rd *r, const struct algs *algs, uint8_t out[48])
{
    uint32_t n = rd_count(r, CCEL_ALGS_MAX);
    bool found = false;

    for (uint32_t i = 0; i < n && !r->bad; i++) {
        uint16_t id = rd_u16(r);
        uint32_t k = 0;

        while (k < algs->n && algs->id[k] != id)
            k++;
        if (k == algs->n)
            return false;
        if (id == ALG_SHA384) {
            if (found)
                return false;
            found = true;
            rd_copy(r, out, 48);
        } else {
            rd_fixed(r, algs->size[k]);
        }
    }
    return found && !r->bad;
}

static const char *read_records(struct rd *r, const struct algs *algs, struct eventlog *log)
{
    for (;;) {
        struct event_entry e = {0};
        uint32_t index;

        if (rd_left(r) == 0) /* a log may fill its area to the end */
            return NULL;
        index = rd_u32(r);
        if (r->bad)
            return "length";
        if (index == CCEL_END)
            return NULL;
        e.type = rd_u32(r);
        if (!read_digests(r, algs, e.digest))
            return "digest list";
        rd_bytes(r, EVENTLOG_MAX);
        if (r->bad)
            return "length";
        if (index > EVENTLOG_REGISTERS)
            return "register";
        if (++log->records > EVENTLOG_EVENTS_MAX)
            return "number of events";
        if (index == 0 || e.type == EVENT_NO_ACTION) /* index 0 is MRTD */
            continue;
        e.reg = (uint8_t)(index - 1);
        log->event[log->n++] = e;
    }
}

enum err eventlog_read_ccel(struct str area, struct arena *a, struct eventlog *out, struct buf *why)
{
    struct rd r = rd_over(area);
    struct eventlog log = {0};
    struct algs algs = {0};
    const char *wrong;

    if (area.len > EVENTLOG_MAX)
        return err_put(why, ERR_TOO_BIG, "the event log has more than %u bytes", EVENTLOG_MAX);
    if (!read_spec_id(&r, &algs))
        return err_put(why, ERR_FORMAT, "the event log does not begin with 'Spec ID Event03'");
    log.records = 1;
    log.event = arena_new_n(a, struct event_entry, EVENTLOG_EVENTS_MAX);
    wrong = read_records(&r, &algs, &log);
    if (wrong)
        return err_put(why, ERR_FORMAT, "record %zu of the event log has a wrong '%s'", log.records,
                       wrong);
    replay(&log);
    *out = log;
    return ERR_OK;
}

/* ------------------------------------------------------------------ use */

enum err eventlog_find(const struct eventlog *log, const char *name, struct str *payload,
                       struct buf *why)
{
    bool found = false, boot = true;

    for (size_t i = 0; i < log->n; i++) {
        const struct event_entry *e = &log->event[i];

        if (e->reg != 3 || e->type != EVENT_RUNTIME_TYPE)
            continue;
        if (str_eqz(e->name, name)) {
            if (found)
                return err_put(why, ERR_CONFLICT, "the event log has '%s' more than once", name);
            if (!boot)
                continue;
            found = true;
            *payload = e->payload;
        }
        if (str_eqz(e->name, LAST_BOOT_EVENT))
            boot = false;
    }
    return found ? ERR_OK : err_put(why, ERR_ABSENT, "the event log has no '%s'", name);
}

void compose_hash(struct str app_compose, uint8_t out[32])
{
    struct hash256 h = sha256(app_compose);

    memcpy(out, h.b, sizeof h.b);
}

bool compose_is_config(const uint8_t hash[32], const struct td_report *td)
{
    uint8_t want[MEASUREMENT_LEN] = {1};

    memcpy(want + 1, hash, 32);
    return str_eq(td->mr_config_id, str_from(want, sizeof want));
}
