/* deed.c — see deed.h. */
#include "worker/deed.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "builder/builder.h"
#include "builder/repo.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "near/output.h"
#include "worker/answer.h"
#include "worker/build_control.h"
#include "worker/coordinator.h"
#include "worker/env.h"

void deed_begin(struct deed *d)
{
    *d = (struct deed){.began_ms = clock_unix_ns() / 1000000, .began_mono_ms = clock_mono_ms()};
    d->env_sha256 = d->stdout_sha256 = sha256(STR(""));
}

static int by_name(const void *a, const void *b)
{
    const struct run_var *x = a, *y = b;
    int order = str_cmp(x->name, y->name);

    return order ? order : str_cmp(x->value, y->value);
}

/* NAME=VALUE in the order of their bytes, each followed by a zero byte. */
void deed_env(struct deed *d, const struct env *env)
{
    struct run_var *var = mem_alloc(sizeof env->var);
    struct sha256 st;

    memcpy(var, env->var, env->n * sizeof *var);
    qsort(var, env->n, sizeof *var, by_name);
    sha256_init(&st);
    for (size_t i = 0; i < env->n; i++) {
        sha256_add(&st, var[i].name);
        sha256_add(&st, STR("="));
        sha256_add(&st, var[i].value);
        sha256_add(&st, STR("\0"));
    }
    d->env_sha256 = sha256_final(&st);
    mem_free(var);
}

void deed_run(struct deed *d, const struct run_result *r)
{
    d->ran = true;
    d->outcome = r->outcome;
    d->exit_code = r->outcome == OUTCOME_EXIT ? r->exit_code : 0;
    d->stdout_sha256 = sha256(buf_str(&r->out));
    d->stdout_len = r->out.len;
    if (r->clock)
        d->effects |= EFFECT_CLOCK;
    if (r->random)
        d->effects |= EFFECT_RANDOM;
    if (r->requests)
        d->effects |= EFFECT_NETWORK;
    if (r->calls[HOST_STORAGE])
        d->effects |= EFFECT_STORAGE_READ | EFFECT_STORAGE_WRITE;
    if (r->calls[HOST_RPC])
        d->effects |= EFFECT_CHAIN_RPC;
    if (r->calls[HOST_PAYMENT])
        d->effects |= EFFECT_WALLET;
    if (r->calls[HOST_VRF])
        d->effects |= EFFECT_VRF;
}

void deed_build(struct deed *d, const struct build *b)
{
    d->repo = repo_bare(b->repo);
    if (!hex_get(b->commit, d->commit, sizeof d->commit))
        memset(d->commit, 0, sizeof d->commit);
}

void deed_delivered(const struct answer *a, struct str args, struct buf *out)
{
    struct json doc, error;

    if (a->status == ANSWER_COMPLETED) {
        if (!json_parse(buf_str(&a->output), &doc, NULL) || !output_value_put(out, doc))
            BUG("an answer of our own");
        return;
    }
    if (!json_parse(args, &doc, NULL))
        BUG("arguments of our own");
    error = json_get(json_get(doc, "response"), "error");
    if (json_is_null(error))
        error = json_get(doc, "error");
    if (!json_str(error, out))
        BUG("a failure without a reason");
}

void deed_build_input(const struct build *b, struct buf *out)
{
    json_obj(out);
    put_hex(out, "build_key", hash_str(&b->key));
    put_str(out, "commit", b->commit);
    put_u64(out, "recipe", BUILD_RECIPE);
    put_str(out, "repo", repo_bare(b->repo));
    put_str(out, "target", b->target);
    json_obj_end(out);
}

/* ------------------------------------------------------------------ statements */

static enum statement_status status_of(const struct deed *d, const struct answer *a)
{
    static const enum statement_status of_outcome[] = {
        [OUTCOME_OK] = STATEMENT_INPUT, /* its output is not of the format asked for */
        [OUTCOME_EXIT] = STATEMENT_EXIT,         [OUTCOME_TRAP] = STATEMENT_TRAP,
        [OUTCOME_FUEL] = STATEMENT_INSTRUCTIONS, [OUTCOME_TIMEOUT] = STATEMENT_TIME,
        [OUTCOME_MEMORY] = STATEMENT_MEMORY,     [OUTCOME_OUTPUT] = STATEMENT_MEMORY,
        [OUTCOME_MODULE] = STATEMENT_TRAP,       [OUTCOME_FAULT] = STATEMENT_CANCELLED,
    };

    switch (a->status) {
    case ANSWER_COMPLETED:
        return STATEMENT_OK;
    case ANSWER_COMPILATION_FAILED:
        return STATEMENT_COMPILE_ERROR;
    case ANSWER_EXECUTION_FAILED:
        if (d->ran)
            return of_outcome[d->outcome];
        return d->fetch_failed ? STATEMENT_FETCH : STATEMENT_INPUT;
    case ANSWER_ACCESS_DENIED:
    case ANSWER_INSUFFICIENT_PAYMENT:
    case ANSWER_CUSTOM:
        break;
    }
    return STATEMENT_INPUT;
}

/* What every statement about a request says alike. */
static void common(const struct deed *d, const struct lease *l, const struct request *r,
                   struct statement *s)
{
    memset(s, 0, sizeof *s);
    s->origin = ORIGIN_CHAIN;
    s->chain.request_id = r->id;
    s->chain.data_id = l->data_id;
    s->chain.block_height = l->block_height;
    if (!hash_from_base58(l->transaction_hash, &s->chain.tx_hash))
        memset(&s->chain.tx_hash, 0, sizeof s->chain.tx_hash);
    s->caller = r->sender_id;
    s->has_project = r->project_id.len != 0;
    s->project_id = r->project_id;
    s->version_key = STR("");
    s->source = r->source.kind == SOURCE_GITHUB ? CODE_GITHUB : CODE_URL;
    s->repo = d->repo.ptr ? d->repo : repo_bare(r->source.repo);
    s->requested_ref = r->source.commit;
    s->url = r->source.url;
    memcpy(s->commit, d->commit, sizeof s->commit);
    s->build_target = r->source.target;
    s->max_instructions = r->limits.instructions;
    s->max_memory_mb = r->limits.memory_mb;
    s->max_seconds = r->limits.seconds;
    s->payment = r->payment;
    s->payment_unit = PAY_YOCTO;
    s->started_ms = d->began_ms;
    s->finished_ms = d->began_ms + (clock_mono_ms() - d->began_mono_ms);
}

void deed_statement(const struct lease *l, const struct request *r, const struct answer *a,
                    struct str delivered, struct statement *out)
{
    static const enum delivered_format formats[] = {[FORMAT_TEXT] = DELIVERED_TEXT,
                                                    [FORMAT_JSON] = DELIVERED_JSON,
                                                    [FORMAT_BYTES] = DELIVERED_BYTES};
    bool compile = r->compile_only || r->store_on_fastfs;
    const struct deed *d = &a->deed;
    struct str input = compile ? d->build_input : r->input;

    common(d, l, r, out);
    out->kind = compile ? STATEMENT_COMPILE : STATEMENT_EXECUTE;
    out->wasm_sha256 = r->source.wasm_sha256;
    out->wasm_len = d->wasm_len;
    out->has_build = d->has_build;
    out->build_statement = d->build_statement;
    out->input_sha256 = sha256(input);
    out->input_len = input.len;
    out->env_sha256 = d->env_sha256;
    out->has_secrets = d->has_secrets;
    out->secrets_account = d->secrets_account;
    out->secrets_profile = d->secrets_profile;
    out->secrets_sha256 = d->secrets_sha256;
    out->status = status_of(d, a);
    out->exit_code = d->exit_code;
    out->stdout_sha256 = d->stdout_sha256;
    out->stdout_len = d->stdout_len;
    out->format = formats[r->format];
    out->delivered_sha256 = sha256(delivered);
    out->instructions = a->instructions;
    out->time_ms = a->time_ms;
    out->compile_time_ms = a->compile_ms;
    out->effects = d->effects | (d->has_secrets ? EFFECT_SECRETS : 0u);
}

void deed_build_statement(const struct lease *l, const struct request *r, const struct answer *a,
                          const struct build *b, bool ok, struct str log, struct statement *out)
{
    const struct deed *d = &a->deed;
    char room[65];
    struct buf hex = BUF_OVER(room);

    common(d, l, r, out);
    out->kind = STATEMENT_COMPILE;
    out->input_sha256 = sha256(d->build_input);
    out->input_len = d->build_input.len;
    out->env_sha256 = sha256(STR(""));
    out->stdout_sha256 = sha256(log);
    out->stdout_len = log.len;
    out->status = ok ? STATEMENT_OK : STATEMENT_COMPILE_ERROR;
    if (ok) {
        out->wasm_sha256 = b->sha256;
        out->wasm_len = b->size;
        hash_put_hex(&hex, &b->sha256);
    }
    out->delivered_sha256 = sha256(buf_str(&hex));
    out->compile_time_ms = a->compile_ms;
}
