/* body_jobs.c — bodies about leases; see bodies.h. What ended is in report.c. */
#include "coordinator/bodies.h"
#include "coordinator/member.h"
#include "coordinator/results.h"

#define REASON_MAX 2048 /* bytes of a release's reason */

const char *worker_body(struct json body, struct str *id, struct str *session)
{
    struct json s = json_get(body, "session");

    *session = STR("");
    if (!member_id(json_get(body, "worker"), id))
        return "'worker' must be 1 to 64 printable characters";
    if (!json_is_null(s) && !member_id(s, session))
        return "'session' must be 1 to 64 printable characters";
    return NULL;
}

const char *lease_body(struct json body, struct lease_ask *ask, uint64_t *wait_ms)
{
    struct json wait = json_get(body, "wait_ms"), slots = json_get(body, "owner_slots");
    const char *wrong = worker_body(body, &ask->worker, &ask->session);

    *wait_ms = ask->owner_slots = 0;
    if (wrong)
        return wrong;
    if (!json_is_null(wait) && !member_count(wait, wait_ms))
        return "'wait_ms' must be a number";
    if (!json_is_null(slots) && !member_count(slots, &ask->owner_slots))
        return "'owner_slots' must be a number";
    return NULL;
}

const char *progress_body(struct json body, struct step_told *out)
{
    static const char *const steps[] = {"compiling", "compiled", "fetched", "ran", "resolved"};
    struct json detail = json_get(body, "detail");

    *out = (struct step_told){.detail = STR_NONE};
    for (size_t i = 0; i < countof(steps); i++)
        if (json_str_eq(json_get(body, "step"), str_of(steps[i])))
            out->step = steps[i];
    if (!out->step)
        return "'step' must be compiling, compiled, fetched, ran or resolved";
    if (json_is_null(detail))
        return NULL;
    if (json_type(detail) != JSON_OBJECT || detail.text.len > DETAIL_MAX)
        return "'detail' must be an object of at most 16384 bytes";
    out->detail = detail.text;
    if (!member_count(json_get(detail, "block_height"), &out->height))
        out->height = 0;
    return NULL;
}

const char *release_body(struct json body, struct arena *a, struct str *reason)
{
    if (!member_text(json_get(body, "reason"), REASON_MAX, a, reason))
        return "'reason' must be a text of at most 2048 bytes";
    if (!reason->ptr)
        *reason = STR("");
    return NULL;
}
