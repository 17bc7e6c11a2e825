/* binding_put.c — manifests and statements as JSON, for people and pages. */
#include "attest/manifest.h"
#include "attest/statement.h"
#include "codec/hex.h"
#include "codec/put.h"

void manifest_put(struct buf *b, const struct manifest *m)
{
    json_obj(b);
    put_str(b, "network", m->network);
    put_str(b, "register_contract", m->register_contract);
    put_str(b, "outlayer_contract", m->outlayer_contract);
    put_hex(b, "near_key", str_from(m->near_key, 32));
    put_hex(b, "statement_key", str_from(m->statement_key, 32));
    put_hex(b, "box_key", str_from(m->box_key, 32));
    put_hex(b, "tls_spki_sha256", str_from(m->tls_spki, 32));
    put_hex(b, "boot_nonce", str_from(m->boot_nonce, 32));
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
    put_hex(b, "near_block_hash", str_from(m->near_block_hash, 32));
    put_str(b, "software", m->software);
    put_hex(b, "engine_config_sha256", str_from(m->engine_config, 32));
    json_obj_end(b);
}

static void put_origin(struct buf *b, const struct statement *s)
{
    put_z(b, "origin", s->origin == ORIGIN_CHAIN ? "chain" : "https");
    if (s->origin == ORIGIN_CHAIN) {
        put_u64(b, "request_id", s->chain.request_id);
        put_hex(b, "data_id", hash_str(&s->chain.data_id));
        json_key(b, "transaction_hash");
        json_str_open(b);
        hash_put_base58(b, &s->chain.tx_hash);
        json_str_close(b);
        put_u64(b, "block_height", s->chain.block_height);
    } else {
        put_hex(b, "call_id", str_from(s->https.call_id, sizeof s->https.call_id));
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
    put_z(b, "source", s->source == CODE_GITHUB ? "github" : "url");
    if (s->source == CODE_GITHUB) {
        put_str(b, "repo", s->repo);
        put_str(b, "requested_ref", s->requested_ref);
        put_hex(b, "commit", str_from(s->commit, sizeof s->commit));
    } else {
        put_str(b, "url", s->url);
    }
    put_str(b, "build_target", s->build_target);
    put_hex(b, "wasm_sha256", hash_str(&s->wasm_sha256));
    put_u64(b, "wasm_len", s->wasm_len);
    if (s->has_build)
        put_hex(b, "build_statement", hash_str(&s->build_statement));
}

static void put_run(struct buf *b, const struct statement *s)
{
    static const char *const formats[] = {"text", "json", "bytes"};
    static const char *const units[] = {"none", "yoctoNEAR", "micro-USD"};

    put_hex(b, "input_sha256", hash_str(&s->input_sha256));
    put_u64(b, "input_len", s->input_len);
    put_hex(b, "env_sha256", hash_str(&s->env_sha256));
    if (s->has_secrets) {
        put_str(b, "secrets_account", s->secrets_account);
        put_str(b, "secrets_profile", s->secrets_profile);
        put_hex(b, "secrets_sha256", hash_str(&s->secrets_sha256));
    }
    put_u64(b, "max_instructions", s->max_instructions);
    put_u64(b, "max_memory_mb", s->max_memory_mb);
    put_u64(b, "max_execution_seconds", s->max_seconds);
    put_z(b, "status", statement_status_name(s->status));
    json_key(b, "exit_code");
    json_put_i64(b, s->exit_code);
    put_hex(b, "stdout_sha256", hash_str(&s->stdout_sha256));
    put_u64(b, "stdout_len", s->stdout_len);
    put_z(b, "response_format", formats[s->format]);
    put_hex(b, "delivered_sha256", hash_str(&s->delivered_sha256));
    put_u64(b, "instructions", s->instructions);
    put_u64(b, "time_ms", s->time_ms);
    put_u64(b, "compile_time_ms", s->compile_time_ms);
    put_u128(b, "payment_amount", s->payment);
    put_z(b, "payment_unit", units[s->payment_unit]);
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
        put_hex(b, "transcript_root", hash_str(&s->transcript_root));
}

void statement_put(struct buf *b, const struct statement *s)
{
    json_obj(b);
    put_hex(b, "session_id", hash_str(&s->session));
    put_u64(b, "seq", s->seq);
    put_hex(b, "prev", hash_str(&s->prev));
    put_z(b, "kind", s->kind == STATEMENT_COMPILE ? "compile" : "execute");
    put_origin(b, s);
    put_code(b, s);
    put_run(b, s);
    put_effects(b, s);
    json_obj_end(b);
}
