#include "attest/approved.h"

#include <string.h>

#include "attest/docs.h"
#include "codec/hex.h"
#include "codec/json.h"

#define PAYLOAD_MAX 1024 /* bytes of an event */

static bool member(struct json v, void *out, size_t n, bool *there)
{
    struct str text;

    *there = !json_is_null(v);
    return !*there || (json_plain(v, &text) && hex_get(text, out, n));
}

/* As the quote has it: little-endian. */
static bool number(struct json v, uint64_t *out, bool *there)
{
    uint8_t b[8] = {0};

    if (!member(v, b, sizeof b, there))
        return false;
    for (size_t i = 0; i < sizeof b; i++)
        *out |= (uint64_t)b[i] << (8 * i);
    return true;
}

static bool known(struct str key)
{
    static const char *const names[] = {"mrtd",          "rtmr0",  "rtmr1",        "rtmr2",
                                        "rtmr3",         "events", "compose_hash", "mrconfigid",
                                        "td_attributes", "xfam"};

    for (size_t i = 0; i < countof(names); i++)
        if (str_eqz(key, names[i]))
            return true;
    return false;
}

static bool read_events(struct json v, struct arena *a, struct approved *e)
{
    struct json_iter it = json_iter(v);

    if (json_is_null(v))
        return true;
    if (json_type(v) != JSON_OBJECT)
        return false;
    while (json_next(&it)) {
        struct str name, hex;
        char *payload;

        if (e->events == APPROVED_EVENTS_MAX || !json_plain(it.key, &name) ||
            !json_plain(it.value, &hex) || hex.len > 2 * PAYLOAD_MAX)
            return false;
        payload = arena_alloc(a, hex.len / 2 + 1);
        if (!hex_get(hex, payload, hex.len / 2))
            return false;
        e->event[e->events].name = arena_str(a, name);
        e->event[e->events++].payload = str_from(payload, hex.len / 2);
    }
    return true;
}

static const char *read_config(struct json v, struct attest_tuple *t)
{
    uint8_t hash[32];
    bool compose, config;

    if (!member(json_get(v, "compose_hash"), hash, sizeof hash, &compose))
        return "compose_hash";
    if (!member(json_get(v, "mrconfigid"), t->mr_config_id, sizeof t->mr_config_id, &config) ||
        (compose && config))
        return "mrconfigid";
    if (compose) {
        t->mr_config_id[0] = 1;
        memcpy(t->mr_config_id + 1, hash, sizeof hash);
    }
    t->pins_config = compose || config;
    return NULL;
}

/* NULL, or the member that is wrong. */
static const char *read_entry(struct json v, struct arena *a, struct approved *e)
{
    static const char *const names[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
    struct attest_tuple *t = &e->tuple;
    struct json_iter it = json_iter(v);
    const char *wrong;
    bool there, xfam;
    struct str key;

    if (json_type(v) != JSON_OBJECT)
        return "measurements";
    while (json_next(&it))
        if (!json_plain(it.key, &key) || !known(key))
            return "members";
    if (!member(json_get(v, "mrtd"), t->mr_td, sizeof t->mr_td, &there) || !there)
        return "mrtd";
    for (size_t i = 0; i < countof(names); i++)
        if (!member(json_get(v, names[i]), t->rtmr[i], sizeof t->rtmr[i], &there) ||
            (!there && i < 3))
            return names[i];
    t->pins_rtmr3 = there;
    if (!number(json_get(v, "td_attributes"), &t->td_attributes, &there))
        return "td_attributes";
    if (!number(json_get(v, "xfam"), &t->xfam, &xfam) || there != xfam)
        return "xfam";
    t->pins_attributes = there;
    wrong = read_config(v, t);
    if (!wrong && !read_events(json_get(v, "events"), a, e))
        wrong = "events";
    if (!wrong && !t->pins_rtmr3 && !t->pins_config && !e->events)
        wrong = "rtmr3";
    return wrong;
}

enum err approved_read(struct str text, struct arena *a, struct approved_list *out, struct buf *why)
{
    struct approved *entry = arena_new_n(a, struct approved, APPROVED_MAX);
    struct json list;
    struct json_iter it;
    size_t n = 0;

    if (!json_parse(text, &list, NULL) || json_type(list) != JSON_ARRAY ||
        !json_strict(list, DOC_DEPTH_MAX))
        return err_put(why, ERR_FORMAT, "no JSON array of measurements, or a member comes twice");
    it = json_iter(list);
    while (json_next(&it)) {
        const char *wrong = n < APPROVED_MAX ? read_entry(it.value, a, &entry[n]) : "number";

        if (wrong)
            return err_put(why, ERR_FORMAT,
                           "entry %zu: its '%s' cannot be used; it needs mrtd, rtmr0, rtmr1, "
                           "rtmr2, and rtmr3, compose_hash, mrconfigid or events",
                           n, wrong);
        n++;
    }
    *out = (struct approved_list){.entry = entry, .n = n};
    return ERR_OK;
}

static bool events_fit(const struct approved *e, const struct eventlog *log)
{
    for (size_t i = 0; i < e->events; i++) {
        struct str payload;

        if (!log || eventlog_find(log, e->event[i].name.ptr, &payload, NULL) ||
            !str_eq(payload, e->event[i].payload))
            return false;
    }
    return true;
}

enum attest_code approved_check(const struct approved_list *l, const struct td_report *td,
                                const struct eventlog *log)
{
    enum attest_code code = ATTEST_P_MEASUREMENT;
    /* Events count only where the replay gives the measured registers. */
    const struct eventlog *believed =
        log && eventlog_matches(log, td) == EVENTLOG_ALL_MATCH ? log : NULL;

    for (size_t i = 0; i < l->n; i++) {
        if (!attest_tuple_fits(&l->entry[i].tuple, td))
            continue;
        if (events_fit(&l->entry[i], believed))
            return ATTEST_OK;
        code = ATTEST_P_EVENT_LOG;
    }
    return code;
}
