/* routes.h — what the route files give to the table in routes.c. */
#ifndef COORDINATOR_ROUTES_H
#define COORDINATOR_ROUTES_H

#include "coordinator/coord.h"

/* `arg` is the variable part of the path, decoded; ptr NULL where there is none. */
typedef void route_fn(struct coord *c, struct http_req *r, struct str arg);
/* By a reader, from a snapshot of its own: `d` (readers.h). */
typedef void read_fn(struct coord *c, struct db *d, struct http_req *r, struct str arg);

enum who {
    WORKER,  /* bearer token and, with --register-id, a session */
    BEARER,  /* bearer token: how a worker comes to a session */
    ANYBODY, /* and pages of any origin */
};

struct route {
    const char *method, *path; /* one '*' stands for one part of the path */
    enum who who;
    route_fn *run;
    read_fn *read; /* instead of `run` */
    unsigned cost; /* of a stranger's request (throttle.h); 0: 1 */
};

/* route_jobs.c: for workers */
route_fn route_lease, route_renew, route_progress, route_release, route_complete, route_heartbeat;
/* route_public.c: for anybody */
read_fn route_request, route_jobs_list, route_stats, route_per_day, route_user, route_workers;
read_fn route_repos;
route_fn route_pricing, route_pricing_refresh;
/* route_builds.c: brought and taken by workers; read by anybody */
route_fn route_job_build, route_build, route_build_lock, route_program, route_program_put;
read_fn route_build_log, route_wasm_info, route_wasm_exists;
/* route_executions.c: the lists behind the pages */
read_fn route_executions, route_execution, route_executions_live;
/* route_evidence.c: brought by workers */
route_fn route_epoch_put, route_statements_put, route_batch_put, route_wishes, route_quote_put;
/* route_attestation.c: read by anybody */
read_fn route_attestation, route_attestation_tx, route_bundle, route_epochs, route_epoch;
read_fn route_epoch_statements, route_collateral, route_quote;
/* route_secrets.c: handed on to the keystore */
route_fn route_secrets_pubkey, route_secrets_generate, route_secrets_update, route_vrf_pubkey;
/* route_storage.c: what projects keep, for workers and the runs they have leased */
route_fn route_storage_set, route_storage_set_if_absent, route_storage_set_if_equals;
route_fn route_storage_get, route_storage_get_by_version, route_storage_has, route_storage_delete;
route_fn route_storage_list, route_storage_usage, route_storage_clear_all;
route_fn route_storage_clear_version, route_storage_get_public;
/* route_storage_public.c: what of it is public */
read_fn route_public_storage_get, route_public_storage_batch, route_public_storage_use;
/* route_health.c */
route_fn route_livez, route_health;
read_fn route_readyz, route_health_detailed, route_metrics;

#endif
