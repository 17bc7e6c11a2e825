#include "near/event.h"

enum err event_parse(struct str log, struct event *out, struct buf *why)
{
    struct event ev;
    struct json doc;
    struct json_fault fault;

    if (!str_starts(log, STR("EVENT_JSON:")))
        return ERR_EMPTY;
    if (log.len > EVENT_LOG_MAX)
        return err_put(why, ERR_TOO_BIG, "an event of %zu bytes is over the limit of %d", log.len,
                       EVENT_LOG_MAX);
    if (!json_parse(str_skip(log, sizeof("EVENT_JSON:") - 1), &doc, &fault))
        return err_put(why, ERR_FORMAT, "an event is not JSON: %s at byte %zu", fault.what,
                       fault.at);
    if (json_type(doc) != JSON_OBJECT)
        return err_put(why, ERR_FORMAT, "an event is not a JSON object");
    if (!json_plain(json_get(doc, "standard"), &ev.standard) ||
        !json_plain(json_get(doc, "version"), &ev.version) ||
        !json_plain(json_get(doc, "event"), &ev.name))
        return err_put(why, ERR_FORMAT, "an event lacks 'standard', 'version' or 'event'");
    ev.data = json_get(doc, "data");
    *out = ev;
    return ERR_OK;
}

static bool version_parse(struct str s, uint64_t part[3])
{
    if (str_ends(s, STR(".")))
        return false;
    for (int i = 0; i < 3; i++) {
        struct str head;

        s = str_cut(s, '.', &head);
        if (!str_u64(head, &part[i]))
            return false;
    }
    return s.len == 0;
}

bool event_version_at_least(struct str version, struct str least)
{
    uint64_t a[3], b[3];

    if (!version_parse(version, a) || !version_parse(least, b))
        return false;
    for (int i = 0; i < 3; i++)
        if (a[i] != b[i])
            return a[i] > b[i];
    return true;
}
