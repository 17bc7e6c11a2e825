#include "coordinator/schema.h"

#include "coordinator/totals.h"
#include "storage/records.h"

/*
 * A request is split by how often its parts change: `request` is written once, `job` with every
 * lease and therefore small, `result` once or twice.
 */
static const struct db_migration queue[] = {
    {1, "CREATE TABLE request ("
        "  id BIGSERIAL PRIMARY KEY,"
        "  request_id BIGINT NOT NULL,"
        "  data_id BYTEA NOT NULL,"
        "  created_ms BIGINT NOT NULL,"
        "  block_height BIGINT NOT NULL,"
        "  block_timestamp_ns BIGINT NOT NULL,"
        "  deadline_height BIGINT NOT NULL,"
        "  transaction_hash TEXT,"
        "  receipt_id TEXT,"
        "  signer_id TEXT,"
        "  predecessor_id TEXT,"
        "  signer_public_key TEXT,"
        "  gas_burnt BIGINT NOT NULL,"
        "  request_data TEXT NOT NULL,"
        "  sender_id TEXT,"
        "  payment BYTEA NOT NULL,"
        "  project_id TEXT,"
        "  repo TEXT,"
        "  commit_ref TEXT,"
        "  UNIQUE (request_id, data_id)"
        ") STRICT;"
        "CREATE INDEX request_sender ON request (sender_id, id);"
        "CREATE TABLE job ("
        "  id BIGINT PRIMARY KEY REFERENCES request (id),"
        "  state BIGINT NOT NULL," /* enum job_state */
        "  token BIGINT NOT NULL,"
        "  attempts BIGINT NOT NULL,"
        "  not_before_ms BIGINT NOT NULL,"
        "  lease_until_ms BIGINT NOT NULL,"
        "  worker TEXT,"
        "  session TEXT"
        ") STRICT;"
        "CREATE INDEX job_queued ON job (id) WHERE state = 0;"
        "CREATE INDEX job_leased ON job (lease_until_ms) WHERE state = 1;"
        "CREATE TABLE result ("
        "  id BIGINT PRIMARY KEY REFERENCES job (id),"
        "  status TEXT NOT NULL,"
        "  success BIGINT NOT NULL,"
        "  by_worker BIGINT NOT NULL," /* the worker's report is in it */
        "  worker TEXT,"
        "  done_ms BIGINT NOT NULL,"
        "  output TEXT,"
        "  error TEXT,"
        "  instructions BIGINT,"
        "  time_ms BIGINT,"
        "  wasm_sha256 TEXT,"
        "  resolve_tx TEXT,"
        "  charged BYTEA,"
        "  refunded BYTEA,"
        "  completed_height BIGINT" /* of the execution_completed event */
        ") STRICT;"
        "CREATE INDEX result_done ON result (done_ms);"
        "CREATE INDEX result_worker ON result (worker);"
        "CREATE TABLE step ("
        "  job_id BIGINT NOT NULL REFERENCES job (id),"
        "  n BIGINT NOT NULL,"
        "  step TEXT NOT NULL,"
        "  at_ms BIGINT NOT NULL,"
        "  block_height BIGINT,"
        "  detail TEXT,"
        "  PRIMARY KEY (job_id, n)"
        ") STRICT;"
        "CREATE TABLE cursor (" /* follow.c */
        "  name TEXT PRIMARY KEY NOT NULL,"
        "  height BIGINT NOT NULL,"
        "  hash TEXT NOT NULL"
        ") STRICT"},
    {2, "ALTER TABLE result ADD COLUMN run TEXT"}, /* JSON: stderr, requests, figures */
    /* Whose turn it is (jobq_add), and who of them has a guest running where. */
    {3, "ALTER TABLE job ADD COLUMN sender TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE job ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE job ADD COLUMN running BIGINT NOT NULL DEFAULT 0;" /* leased, before "ran" */
        "DROP INDEX job_queued;"
        "CREATE INDEX job_queued ON job (turn, id) WHERE state = 0;"
        "CREATE INDEX job_oldest ON job (id) WHERE state = 0;"
        "CREATE INDEX job_sender ON job (sender, turn) WHERE state = 0;"
        "CREATE INDEX job_running ON job (worker, sender) WHERE state = 1 AND running = 1"},
    {4, "ALTER TABLE result ADD COLUMN refund_usd BIGINT"},
};

/* What workers compiled. */
static const struct db_migration builds[] = {
    {1, "CREATE TABLE build ("
        "  key TEXT PRIMARY KEY NOT NULL,"
        "  repo TEXT NOT NULL,"
        "  commit_id TEXT NOT NULL,"
        "  target TEXT NOT NULL,"
        "  ok BIGINT NOT NULL,"
        "  sha256 TEXT,"
        "  size BIGINT NOT NULL,"
        "  compile_ms BIGINT NOT NULL,"
        "  made_ms BIGINT NOT NULL,"
        "  record TEXT,"
        "  log TEXT,"
        "  signer TEXT,"
        "  signature TEXT,"
        "  worker TEXT"
        ") STRICT;"
        "CREATE INDEX build_made ON build (made_ms);"
        "CREATE INDEX build_sha256 ON build (sha256);"
        "CREATE INDEX build_source ON build (repo, commit_id, target);"
        "CREATE TABLE job_build ("
        "  job_id BIGINT PRIMARY KEY NOT NULL,"
        "  key TEXT NOT NULL,"
        "  cached BIGINT NOT NULL,"
        "  compile_ms BIGINT NOT NULL,"
        "  cost BYTEA NOT NULL"
        ") STRICT;"
        "CREATE TABLE program ("
        "  sha256 TEXT PRIMARY KEY NOT NULL,"
        "  used_ms BIGINT NOT NULL,"
        "  size BIGINT NOT NULL,"
        "  bytes BYTEA NOT NULL"
        ") STRICT;"
        "CREATE INDEX program_used ON program (used_ms);"
        "CREATE TABLE build_lock ("
        "  key TEXT PRIMARY KEY NOT NULL,"
        "  holder TEXT NOT NULL,"
        "  until_ms BIGINT NOT NULL"
        ") STRICT"},
};

/* What shows that they ran what they say. */
static const struct db_migration evidence[] = {
    {1, "CREATE TABLE epoch ("
        "  session BYTEA PRIMARY KEY NOT NULL,"
        "  worker TEXT NOT NULL,"
        "  simulated BIGINT NOT NULL,"
        "  manifest BYTEA NOT NULL,"
        "  quote BYTEA NOT NULL,"
        "  event_log TEXT,"
        "  vm_config TEXT,"
        "  app_compose TEXT,"
        "  collateral BYTEA,"
        "  received_ms BIGINT NOT NULL"
        ") STRICT;"
        "CREATE TABLE statement ("
        "  session BYTEA NOT NULL REFERENCES epoch (session),"
        "  seq BIGINT NOT NULL,"
        "  digest BYTEA NOT NULL,"
        "  bytes BYTEA NOT NULL,"
        "  sig BYTEA NOT NULL,"
        "  kind BIGINT NOT NULL,"
        "  job_id BIGINT NOT NULL,"
        "  created_s BIGINT NOT NULL,"
        "  attached_usd TEXT,"
        "  input BYTEA,"
        "  delivered BYTEA,"
        "  received_ms BIGINT NOT NULL,"
        "  PRIMARY KEY (session, seq)"
        ") STRICT;"
        "CREATE INDEX statement_job ON statement (job_id);"
        "CREATE INDEX statement_digest ON statement (digest);"
        "CREATE TABLE batch ("
        "  session BYTEA NOT NULL REFERENCES epoch (session),"
        "  first_seq BIGINT NOT NULL,"
        "  count BIGINT NOT NULL,"
        "  head BYTEA NOT NULL,"
        "  sig BYTEA NOT NULL,"
        "  closed BIGINT NOT NULL,"
        "  anchor_tx TEXT,"
        "  anchor_contract TEXT,"
        "  anchor_height BIGINT,"
        "  PRIMARY KEY (session, first_seq)"
        ") STRICT;"
        "CREATE TABLE collateral ("
        "  sha256 BYTEA PRIMARY KEY NOT NULL,"
        "  text TEXT NOT NULL,"
        "  source TEXT NOT NULL,"
        "  fmspc TEXT NOT NULL,"
        "  from_s BIGINT NOT NULL,"
        "  until_s BIGINT NOT NULL,"
        "  received_ms BIGINT NOT NULL"
        ") STRICT;"
        "CREATE TABLE quote (" /* nonce empty: over the record */
        "  digest BYTEA NOT NULL,"
        "  nonce BYTEA NOT NULL,"
        "  quote BYTEA NOT NULL,"
        "  made_ms BIGINT NOT NULL,"
        "  PRIMARY KEY (digest, nonce)"
        ") STRICT"},
    {2, "CREATE INDEX quote_made ON quote (made_ms) WHERE length(nonce) > 0"},
};

/* What the lists are looked up by, and what they are summed up to (totals.h). */
static const struct db_migration lists[] = {
    {1, "CREATE INDEX request_project ON request (project_id, id);"
        "CREATE INDEX request_transaction ON request (transaction_hash);"
        "CREATE INDEX result_status ON result (status, id)"},
    /* `failed` is the rest; sums of large numbers are kept in parts of 32 bits (totals.c). */
    {2, "DROP INDEX result_status;"
        "DROP INDEX result_done;"
        "DROP INDEX result_worker;"
        "CREATE TABLE total ("
        "  kind BIGINT NOT NULL," /* enum total_kind */
        "  name TEXT NOT NULL,"
        "  executions BIGINT NOT NULL,"
        "  succeeded BIGINT NOT NULL,"
        "  access_denied BIGINT NOT NULL,"
        "  compilation_failed BIGINT NOT NULL,"
        "  execution_failed BIGINT NOT NULL,"
        "  insufficient_payment BIGINT NOT NULL,"
        "  custom BIGINT NOT NULL,"
        "  accounts BIGINT NOT NULL,"
        "  timed BIGINT NOT NULL,"
        "  time_ms BIGINT NOT NULL,"
        "  instructions0 BIGINT NOT NULL,"
        "  instructions1 BIGINT NOT NULL,"
        "  charged0 BIGINT NOT NULL,"
        "  charged1 BIGINT NOT NULL,"
        "  charged2 BIGINT NOT NULL,"
        "  charged3 BIGINT NOT NULL,"
        "  last_commit TEXT,"
        "  PRIMARY KEY (kind, name)"
        ") STRICT;"
        "CREATE INDEX total_repo ON total (executions) WHERE kind = 2"},
    /* prune.c: up to which number things are gone; how far epochs have been looked through */
    {3, "CREATE TABLE pruned (name TEXT PRIMARY KEY NOT NULL, up_to BIGINT NOT NULL) STRICT;"
        "ALTER TABLE epoch ADD COLUMN settled BIGINT NOT NULL DEFAULT 0;"
        "CREATE INDEX epoch_open ON epoch (received_ms) WHERE settled < 9223372036854775807"},
};

enum err schema_migrate(struct db *d, struct buf *why)
{
    const struct {
        const char *name;
        const struct db_migration *list;
        size_t n;
    } parts[] = {{"coordinator", queue, countof(queue)},
                 {"builds", builds, countof(builds)},
                 {"evidence", evidence, countof(evidence)},
                 {"executions", lists, countof(lists)}};
    enum err e = records_migrate(d, why);

    for (size_t i = 0; i < countof(parts) && !e; i++)
        e = db_migrate(d, parts[i].name, parts[i].list, parts[i].n, why);
    return e ? e : totals_fill(d, why);
}
