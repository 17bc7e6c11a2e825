#include "coordinator/events.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"
#include "near/event.h"
#include "secrets/space.h"

#define ID_MAX     64            /* bytes of an account id, of a hash */
#define KEY_MAX    128           /* bytes of a public key */
#define SOURCE_MAX 512           /* bytes of a project or repository */
#define REASON_MAX 200           /* bytes of why an event is unusable */
#define DATA_MAX   EVENT_LOG_MAX /* bytes of request_data */

struct scan {
    const struct event_filter *f;
    struct arena *a;
    struct block_event *list;
    size_t n, cap;
};

/* A string without escapes of at most `max` bytes; STR_NONE for anything else. */
static struct str plain(struct json v, size_t max)
{
    struct str s;

    return json_plain(v, &s) && s.len <= max ? s : STR_NONE;
}

/* Any string of at most `max` bytes, decoded into the arena; STR_NONE for anything else. */
static struct str decoded(struct json v, struct arena *a, size_t max)
{
    struct str s;
    struct buf b;
    size_t n = 0;

    if (json_type(v) != JSON_STRING)
        return STR_NONE;
    n = json_str_len(v);
    if (n > max)
        return STR_NONE;
    if (json_plain(v, &s))
        return s;
    b = (struct buf){.ptr = arena_alloc(a, n + 1), .cap = n, .max = n, .fixed = true};
    return json_str(v, &b) && !b.full ? buf_str(&b) : STR_NONE;
}

static struct block_event *next_event(struct scan *s)
{
    struct block_event *bigger;

    if (s->n == BLOCK_EVENTS_MAX)
        return NULL;
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 8;
        bigger = arena_new_n(s->a, struct block_event, s->cap);
        if (s->n)
            memcpy(bigger, s->list, s->n * sizeof(*bigger));
        s->list = bigger;
    }
    return &s->list[s->n++];
}

static void unusable(struct scan *s, struct block_event *e, const char *reason)
{
    e->kind = EV_UNUSABLE;
    e->reason = arena_str(s->a, str_head(str_of(reason), REASON_MAX));
}

/* An id as 32 numbers. */
static bool bytes32(struct json v, uint8_t out[32])
{
    struct json_iter it = json_iter(v);
    size_t n = 0;
    uint32_t b;

    if (json_type(v) != JSON_ARRAY)
        return false;
    while (json_next(&it)) {
        if (n == 32 || !json_u32(it.value, &b) || b > 255)
            return false;
        out[n++] = (uint8_t)b;
    }
    return n == 32;
}

/* Only what the queue and its lists need: the worker judges the rest, and tells the contract. */
static void requested(struct scan *s, struct json data, struct block_event *e)
{
    struct json request, github;

    e->kind = EV_REQUESTED;
    e->request_data = decoded(json_get(data, "request_data"), s->a, DATA_MAX);
    if (!e->request_data.ptr || !json_parse(e->request_data, &request, NULL) ||
        json_type(request) != JSON_OBJECT) {
        unusable(s, e, "request_data is not the text of a JSON object");
        return;
    }
    if (!bytes32(json_get(data, "data_id"), e->data_id.b)) {
        unusable(s, e, "data_id is not 32 bytes");
        return;
    }
    if (!json_u64(json_get(request, "request_id"), &e->request_id) || e->request_id > INT64_MAX) {
        unusable(s, e, "request_id is not a number");
        return;
    }
    e->sender_id = plain(json_get(request, "sender_id"), ID_MAX);
    e->project_id = decoded(json_get(request, "project_id"), s->a, SOURCE_MAX);
    github = json_get(json_get(request, "code_source"), "GitHub");
    e->repo = decoded(json_get(github, "repo"), s->a, SOURCE_MAX);
    e->commit = decoded(json_get(github, "commit"), s->a, SOURCE_MAX);
    if (!json_u128_str(json_get(request, "payment"), &e->payment))
        e->payment = 0;
}

static void completed(struct scan *s, struct json data, struct block_event *e)
{
    e->kind = EV_COMPLETED;
    if (!json_u64(json_get(data, "request_id"), &e->request_id) || e->request_id > INT64_MAX) {
        unusable(s, e, "execution_completed has no request_id");
        return;
    }
    if (!json_bool(json_get(data, "success"), &e->success) ||
        !json_u128_str(json_get(data, "payment_charged"), &e->charged) ||
        !json_u128_str(json_get(data, "payment_refunded"), &e->refunded)) {
        unusable(s, e, "execution_completed lacks success or amounts");
        return;
    }
    e->error = decoded(json_get(data, "error_message"), s->a, DATA_MAX);
}

/* Of the contract's other events, the one that concerns what is kept here. */
static bool erases(struct json data)
{
    return json_type(json_get(data, "ProjectStorageCleanup")) == JSON_OBJECT;
}

static void erased(struct scan *s, struct json data, struct block_event *e)
{
    struct json cleanup = json_get(data, "ProjectStorageCleanup");
    const struct space any = {plain(json_get(cleanup, "project_uuid"), ID_MAX),
                              STR(STORAGE_WORKER)};

    e->kind = EV_ERASED;
    e->project_uuid = any.project;
    if (!space_ok(&any))
        unusable(s, e, "ProjectStorageCleanup has no project_uuid");
}

static void read_log(struct scan *s, struct str log, const struct block_event *receipt)
{
    struct block_event *e;
    struct event ev;
    enum err got = event_parse(log, &ev, NULL);

    if (got == ERR_EMPTY)
        return;
    if (got) {
        e = next_event(s);
        if (e) {
            *e = *receipt;
            unusable(s, e, err_text(got));
        }
        return;
    }
    if (!str_eq(ev.standard, s->f->standard) ||
        !event_version_at_least(ev.version, s->f->least_version))
        return;
    bool system = str_eqz(ev.name, "system_event");
    if (!str_eqz(ev.name, "execution_requested") && !str_eqz(ev.name, "execution_completed") &&
        !(system && erases(json_at(ev.data, 0))))
        return;
    e = next_event(s);
    if (!e)
        return;
    *e = *receipt;
    if (json_type(ev.data) != JSON_ARRAY || json_count(ev.data) != 1)
        unusable(s, e, "data is not a list of one");
    else if (str_eqz(ev.name, "execution_requested"))
        requested(s, json_at(ev.data, 0), e);
    else if (system)
        erased(s, json_at(ev.data, 0), e);
    else
        completed(s, json_at(ev.data, 0), e);
}

/* One executed receipt and its outcome. */
static void read_outcome(struct scan *s, struct json v)
{
    struct json outcome = json_get(json_get(v, "execution_outcome"), "outcome");
    struct json receipt = json_get(v, "receipt"), status = json_get(outcome, "status");
    struct json action = json_get(json_get(receipt, "receipt"), "Action");
    struct block_event e = {0};
    struct json_iter it;

    if (!json_str_eq(json_get(receipt, "receiver_id"), s->f->contract_id) ||
        !json_str_eq(json_get(outcome, "executor_id"), s->f->contract_id))
        return;
    if (!json_get(status, "SuccessValue").text.ptr &&
        !json_get(status, "SuccessReceiptId").text.ptr)
        return;
    e.receipt_id = plain(json_get(receipt, "receipt_id"), ID_MAX);
    e.tx_hash = plain(json_get(v, "tx_hash"), ID_MAX);
    e.predecessor_id = plain(json_get(receipt, "predecessor_id"), ID_MAX);
    e.signer_id = plain(json_get(action, "signer_id"), ID_MAX);
    e.signer_public_key = plain(json_get(action, "signer_public_key"), KEY_MAX);
    if (!json_u64(json_get(outcome, "gas_burnt"), &e.gas_burnt) || e.gas_burnt > INT64_MAX)
        e.gas_burnt = 0;
    for (it = json_iter(json_get(outcome, "logs")); json_next(&it);) {
        struct str log = decoded(it.value, s->a, EVENT_LOG_MAX);

        if (log.ptr)
            read_log(s, log, &e);
    }
}

static enum err read_head(struct json doc, struct block_head *out, struct buf *why)
{
    struct json header = json_get(json_get(doc, "block"), "header");
    struct block_head h = {0};

    if (!json_u64(json_get(header, "height"), &h.height) || h.height > INT64_MAX)
        return err_put(why, ERR_FORMAT, "the block has no 'height'");
    if (!json_u64(json_get(header, "prev_height"), &h.prev_height))
        h.prev_height = 0;
    h.hash = plain(json_get(header, "hash"), ID_MAX);
    h.prev_hash = plain(json_get(header, "prev_hash"), ID_MAX);
    if (!h.hash.len || !h.prev_hash.len)
        return err_put(why, ERR_FORMAT, "block %llu has no 'hash' or 'prev_hash'",
                       (unsigned long long)h.height);
    if (!json_u64(json_get(header, "timestamp"), &h.timestamp_ns) || h.timestamp_ns > INT64_MAX)
        return err_put(why, ERR_FORMAT, "block %llu has no 'timestamp'",
                       (unsigned long long)h.height);
    *out = h;
    return ERR_OK;
}

enum err block_read(struct str text, const struct event_filter *f, struct arena *a,
                    struct block_events *out, struct buf *why)
{
    struct scan s = {.f = f, .a = a};
    struct json_fault fault;
    struct block_head head = {0};
    struct json_iter shard, outcome;
    struct json doc;
    enum err e;

    if (!json_parse(text, &doc, &fault))
        return err_put(why, ERR_FORMAT, "the block is not JSON: %s at byte %zu", fault.what,
                       fault.at);
    if (json_type(doc) == JSON_NULL)
        return ERR_EMPTY;
    e = read_head(doc, &head, why);
    if (e)
        return e;
    if (json_type(json_get(doc, "shards")) != JSON_ARRAY)
        return err_put(why, ERR_FORMAT, "block %llu has no 'shards'",
                       (unsigned long long)head.height);
    for (shard = json_iter(json_get(doc, "shards")); json_next(&shard);) {
        outcome = json_iter(json_get(shard.value, "receipt_execution_outcomes"));
        while (json_next(&outcome))
            read_outcome(&s, outcome.value);
    }
    *out = (struct block_events){.head = head, .list = s.list, .n = s.n};
    return ERR_OK;
}
