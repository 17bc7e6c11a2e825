/* binding_put.c — manifests and statements as JSON, for people and pages. */
#include "attest/manifest.h"
#include "attest/statement.h"
#include "codec/hex.h"
#include "codec/json.h"

static void put_hex(struct buf *b, const char *key, const void *bytes, size_t n)
{
    json_key(b, key);
    json_str_open(b);
    hex_put(b, bytes, n);
    json_str_close(b);
}

static void put_hash(struct buf *b, const char *key, const struct hash256 *h)
{
    put_hex(b, key, h->b, sizeof h->b);
}

static void put_str(struct buf *b, const char *key, struct str s)
{
    json_key(b, key);
    json_put_str(b, s);
}

static void put_u64(struct buf *b, const char *key, uint64_t v)
{
    json_key(b, key);
    json_put_u64(b, v);
}

void manifest_put(struct buf *b, const struct manifest *m)
{
    json_obj(b);
    put_str(b, "network", m->network);
    put_str(b, "register_contract", m->register_contract);
    put_str(b, "outlayer_contract", m->outlayer_contract);
    put_hex(b, "near_key", m->near_key, 32);
    put_hex(b, "statement_key", m->statement_key, 32);
    put_hex(b, "box_key", m->box_key, 32);
    put_hex(b, "tls_spki_sha256", m->tls_spki, 32);
    put_hex(b, "boot_nonce", m->boot_nonce, 32);
    json_key(b, "challenge");
    if (m->has_challenge) {
        json_str_open(b);
        hex_put(b, m->challenge, 32);
        json_str_close(b);
    } else {
        json_put_null(b);
    }
    put_u64(b, "not_before", m->not_before);
    put_u64(b, "not_after", m->not_after);
    put_u64(b, "near_block_height", m->near_block_height);
    put_hex(b, "near_block_hash", m->near_block_hash, 32);
    put_str(b, "software", m->software);
    put_hex(b, "engine_config_sha256", m->engine_config, 32);
    json_obj_end(b);
}

static void put_origin(struct buf *b, const struct statement *s)
{
    json_key(b, "origin");
    json_putz(b, s->origin == ORIGIN_CHAIN ? "chain" : "https");
    if (s->origin == ORIGIN_CHAIN) {
        put_u64(b, "request_id", s->chain.request_id);
        put_hash(b, "data_id", &s->chain.data_id);
        json_key(b, "transaction_hash");
        json_str_open(b);
        hash_put_base58(b, &s->chain.tx_hash);
        json_str_close(b);
        put_u64(b, "block_height", s->chain.block_height);
    } else {
        put_hex(b, "call_id", s->https.call_id, sizeof s->https.call_id);
        put_str(b, "payment_owner", s->https.payment_owner);
        put_u64(b, "payment_nonce", s->https.payment_nonce);
    }
    put_str(b, "caller", s->caller);
}

static void put_code(struct buf *b, const struct statement *s)
{
    if (s->has_project) {
        put_str(b, "project_id", s->project_id);
        put_str(b, "version_key", s->version_key);
    }
    json_key(b, "source");
    json_putz(b, s->source == CODE_GITHUB ? "github" : "url");
    if (s->source == CODE_GITHUB) {
        put_str(b, "repo", s->repo);
        put_str(b, "requested_ref", s->requested_ref);
        put_hex(b, "commit", s->commit, sizeof s->commit);
    } else {
        put_str(b, "url", s->url);
    }
    put_str(b, "build_target", s->build_target);
    put_hash(b, "wasm_sha256", &s->wasm_sha256);
    put_u64(b, "wasm_len", s->wasm_len);
    if (s->has_build)
        put_hash(b, "build_statement", &s->build_statement);
}

static void put_run(struct buf *b, const struct statement *s)
{
    static const char *const formats[] = {"text", "json", "bytes"};
    static const char *const units[] = {"none", "yoctoNEAR", "micro-USD"};

    put_hash(b, "input_sha256", &s->input_sha256);
    put_u64(b, "input_len", s->input_len);
    put_hash(b, "env_sha256", &s->env_sha256);
    if (s->has_secrets) {
        put_str(b, "secrets_account", s->secrets_account);
        put_str(b, "secrets_profile", s->secrets_profile);
        put_hash(b, "secrets_sha256", &s->secrets_sha256);
    }
    put_u64(b, "max_instructions", s->max_instructions);
    put_u64(b, "max_memory_mb", s->max_memory_mb);
    put_u64(b, "max_execution_seconds", s->max_seconds);
    json_key(b, "status");
    json_putz(b, statement_status_name(s->status));
    json_key(b, "exit_code");
    json_put_i64(b, s->exit_code);
    put_hash(b, "stdout_sha256", &s->stdout_sha256);
    put_u64(b, "stdout_len", s->stdout_len);
    json_key(b, "response_format");
    json_putz(b, formats[s->format]);
    put_hash(b, "delivered_sha256", &s->delivered_sha256);
    put_u64(b, "instructions", s->instructions);
    put_u64(b, "time_ms", s->time_ms);
    put_u64(b, "compile_time_ms", s->compile_time_ms);
    json_key(b, "payment_amount");
    json_put_u128_str(b, s->payment);
    json_key(b, "payment_unit");
    json_putz(b, units[s->payment_unit]);
    put_u64(b, "started_ms", s->started_ms);
    put_u64(b, "finished_ms", s->finished_ms);
}

static void put_effects(struct buf *b, const struct statement *s)
{
    static const char *const names[] = {
        "clock",   "random",    "network",           "storage read", "storage write",
        "secrets", "chain RPC", "wallet or payment", "VRF"};

    json_key(b, "effects");
    json_arr(b);
    for (unsigned i = 0; i < countof(names); i++)
        if (s->effects & (1u << i))
            json_putz(b, names[i]);
    json_arr_end(b);
    if (s->has_transcript)
        put_hash(b, "transcript_root", &s->transcript_root);
}

void statement_put(struct buf *b, const struct statement *s)
{
    json_obj(b);
    put_hash(b, "session_id", &s->session);
    put_u64(b, "seq", s->seq);
    put_hash(b, "prev", &s->prev);
    json_key(b, "kind");
    json_putz(b, s->kind == STATEMENT_COMPILE ? "compile" : "execute");
    put_origin(b, s);
    put_code(b, s);
    put_run(b, s);
    put_effects(b, s);
    json_obj_end(b);
}
