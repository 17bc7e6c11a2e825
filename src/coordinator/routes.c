/*
 * routes.c — who may call what: the table of routes, and the check of the workers' token.
 */
#include "coordinator/routes.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "coordinator/gate.h"
#include "coordinator/pages.h"
#include "coordinator/readers.h"
#include "coordinator/reply.h"
#include "coordinator/throttle.h"
#include "crypto/token.h"

static void tee(struct coord *c, struct http_req *r, void (*run)(struct gate *, struct http_req *))
{
    if (c->gate)
        run(c->gate, r);
    else
        reply_error(r, 404, "no session is asked for: this coordinator has no --register-id");
}

static void route_tee_challenge(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    tee(c, r, gate_challenge);
}

static void route_tee_register(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    tee(c, r, gate_register);
}

#define READ(fn) ANYBODY, .read = fn
#define DEAR     10 /* in .cost: keeps a keystore or a machine's quoting service busy */

static const struct route routes[] = {
    {"POST", "/jobs/lease", WORKER, route_lease},
    {"POST", "/jobs/*/renew", WORKER, route_renew},
    {"POST", "/jobs/*/progress", WORKER, route_progress},
    {"POST", "/jobs/*/release", WORKER, route_release},
    {"POST", "/jobs/*/complete", WORKER, route_complete},
    {"POST", "/workers/heartbeat", WORKER, route_heartbeat},
    {"POST", "/workers/tee-challenge", BEARER, route_tee_challenge},
    {"POST", "/workers/register-tee", BEARER, route_tee_register},
    {"POST", "/attestations/epochs", WORKER, route_epoch_put},
    {"POST", "/attestations/statements", WORKER, route_statements_put},
    {"POST", "/attestations/batches", WORKER, route_batch_put},
    {"POST", "/attestations/wishes", WORKER, route_wishes},
    {"POST", "/attestations/quotes", WORKER, route_quote_put},
    {"POST", "/attestations/*/quote", READ(route_quote), .cost = DEAR},
    {"GET", "/attestations/epochs", READ(route_epochs)},
    {"GET", "/attestations/epochs/*", READ(route_epoch)},
    {"GET", "/attestations/epochs/*/statements", READ(route_epoch_statements)},
    {"GET", "/attestations/by-tx/*", READ(route_attestation_tx)},
    {"GET", "/attestations/*", READ(route_attestation)},
    {"GET", "/attestations/*/bundle", READ(route_bundle)},
    {"GET", "/public/collateral", READ(route_collateral)},
    {"GET", "/tdx/collateral", READ(route_collateral)},
    {"GET", "/public/executions", READ(route_executions)},
    {"GET", "/public/executions/live", READ(route_executions_live)},
    {"GET", "/public/executions/*", READ(route_execution)},
    {"POST", "/jobs/*/build", WORKER, route_job_build},
    {"GET", "/builds/*", WORKER, route_build},
    {"POST", "/builds/*/lock", WORKER, route_build_lock},
    {"GET", "/wasm/*", WORKER, route_program},
    {"POST", "/wasm/*", WORKER, route_program_put},
    {"POST", "/storage/set", WORKER, route_storage_set},
    {"POST", "/storage/set-if-absent", WORKER, route_storage_set_if_absent},
    {"POST", "/storage/set-if-equals", WORKER, route_storage_set_if_equals},
    {"POST", "/storage/get", WORKER, route_storage_get},
    {"POST", "/storage/get-by-version", WORKER, route_storage_get_by_version},
    {"POST", "/storage/has", WORKER, route_storage_has},
    {"POST", "/storage/delete", WORKER, route_storage_delete},
    {"POST", "/storage/list", WORKER, route_storage_list},
    {"GET", "/storage/list", WORKER, route_storage_list},
    {"POST", "/storage/usage", WORKER, route_storage_usage},
    {"GET", "/storage/usage", WORKER, route_storage_usage},
    {"POST", "/storage/clear-all", WORKER, route_storage_clear_all},
    {"POST", "/storage/clear-version", WORKER, route_storage_clear_version},
    {"POST", "/storage/get-public", WORKER, route_storage_get_public},
    {"GET", "/public/storage/get", READ(route_public_storage_get)},
    {"POST", "/public/storage/batch", READ(route_public_storage_batch)},
    {"GET", "/public/projects/storage", READ(route_public_storage_use)},
    {"GET", "/requests/*", READ(route_request)},
    {"GET", "/requests/*/build-log", READ(route_build_log)},
    {"GET", "/public/wasm/info", READ(route_wasm_info)},
    {"GET", "/public/wasm/exists/*", READ(route_wasm_exists)},
    {"GET", "/public/jobs", READ(route_jobs_list)},
    {"GET", "/public/stats", READ(route_stats)},
    {"GET", "/public/stats/executions_per_day", READ(route_per_day)},
    {"GET", "/public/users/*/earnings", READ(route_user)},
    {"GET", "/public/workers", READ(route_workers)},
    {"GET", "/public/repos/popular", READ(route_repos)},
    {"GET", "/public/pricing", ANYBODY, route_pricing},
    {"POST", "/public/pricing/refresh", ANYBODY, route_pricing_refresh},
    {"POST", "/secrets/pubkey", ANYBODY, route_secrets_pubkey, .cost = DEAR},
    {"POST", "/secrets/add_generated_secret", ANYBODY, route_secrets_generate, .cost = DEAR},
    {"POST", "/secrets/update_user_secrets", ANYBODY, route_secrets_update, .cost = DEAR},
    {"GET", "/vrf/pubkey", ANYBODY, route_vrf_pubkey},
    {"GET", "/livez", ANYBODY, route_livez},
    {"GET", "/readyz", READ(route_readyz)},
    {"GET", "/health", ANYBODY, route_health},
    {"GET", "/health/detailed", READ(route_health_detailed)},
    {"GET", "/metrics", READ(route_metrics)},
};

static bool matches(struct str path, const char *pattern, struct str *arg)
{
    const char *star = strchr(pattern, '*');
    struct str before, after, part;

    *arg = STR_NONE;
    if (!star)
        return str_eqz(path, pattern);
    before = str_from(pattern, (size_t)(star - pattern));
    after = str_of(star + 1);
    if (path.len <= before.len + after.len || !str_starts(path, before) || !str_ends(path, after))
        return false;
    part = str_from(path.ptr + before.len, path.len - before.len - after.len);
    if (str_has_byte(part, '/'))
        return false;
    *arg = part;
    return true;
}

static bool token_ok(const struct coord *c, struct http_req *r)
{
    return token_matches(http_req_header(r, "Authorization"), &c->worker_token, 1);
}

struct http_terms routes_terms(void *coord, struct http_req *r)
{
    return token_ok(coord, r) ? (struct http_terms){COORD_BODY_MAX, true}
                              : (struct http_terms){PUBLIC_BODY_MAX, false};
}

/* A browser asks first whether it may. */
static void preflight(struct http_req *r)
{
    http_reply_header(r, "Access-Control-Allow-Origin", "*");
    http_reply_header(r, "Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    http_reply_header(r, "Access-Control-Allow-Headers", "*");
    http_reply_header(r, "Access-Control-Max-Age", "86400");
    http_reply(r, 204, NULL, STR_NONE);
}

/* Has this stranger asked too much? Then it is told so. */
static bool refused(struct coord *c, struct http_req *r, unsigned cost)
{
    const uint64_t who =
        throttle_who(c->throttle, http_req_peer(r), http_req_header(r, "X-Forwarded-For"));
    const unsigned later = throttle_take(c->throttle, who, cost ? cost : 1, clock_mono_ms());

    if (!later)
        return false;
    http_reply_header(r, "Access-Control-Allow-Origin", "*");
    reply_later(r, 429, "too many requests from this address", later);
    return true;
}

void routes_handle(void *coord, struct http_req *r)
{
    struct coord *c = coord;
    struct str path = http_req_path(r), arg;
    const char *method = http_req_method(r);
    bool other_method = false, known = token_ok(c, r);

    if (strcmp(method, "HEAD") == 0)
        method = "GET"; /* the server leaves the body out */
    for (size_t i = 0; i < countof(routes); i++) {
        const struct route *t = &routes[i];

        if (!matches(path, t->path, &arg))
            continue;
        if (t->who == ANYBODY && strcmp(method, "OPTIONS") == 0) {
            preflight(r);
            return;
        }
        if (strcmp(method, t->method) != 0) {
            other_method = true;
            continue;
        }
        if (!known && refused(c, r, t->cost))
            return;
        if (t->who == ANYBODY) {
            http_reply_header(r, "Access-Control-Allow-Origin", "*");
        } else if (!known) {
            http_reply_header(r, "WWW-Authenticate", "Bearer");
            reply_error(r, 401, "a worker's bearer token is needed");
            return;
        } else if (t->who == WORKER && c->gate && !gate_passes(c->gate, r)) {
            return;
        }
        if (t->read)
            readers_put(c->readers, r, t, arg);
        else
            t->run(c, r, arg);
        return;
    }
    if (!known && refused(c, r, 1))
        return;
    if (strcmp(method, "GET") == 0 && pages_serve(c->pages, r))
        return;
    if (other_method)
        reply_error(r, 405, "method not allowed");
    else
        http_reply(r, 404, "application/json",
                   STR("{\"error\":\"not_found\",\"message\":\"Unknown endpoint\"}"));
}
