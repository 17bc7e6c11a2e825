/* outcome.c — limits and texts of a run; see outcome.h. */
#include "engine/outcome.h"

#include "base/mem.h"

const char *outcome_code(enum outcome o)
{
    static const char *const codes[] = {
#define OUTCOME(name, code, meaning) code,
        OUTCOME_LIST(OUTCOME)
#undef OUTCOME
    };
    BUG_ON((size_t)o >= countof(codes));
    return codes[o];
}

void run_result_init(struct run_result *r, const struct run_limits *limits)
{
    *r = (struct run_result){
        .outcome = OUTCOME_FAULT,
        .out = BUF_INIT((size_t)limits->max_memory_mb << 20),
        .err = BUF_INIT(RUN_STDERR_MAX),
        .text = BUF_INIT(RUN_TEXT_MAX),
        .profile = BUF_INIT(RUN_PROFILE_MAX),
    };
}

void run_result_release(struct run_result *r)
{
    buf_wipe(&r->out);
    buf_wipe(&r->err);
    buf_wipe(&r->text);
    buf_release(&r->profile);
    mem_free(r->attempts);
    r->attempts = NULL;
    r->nattempts = r->requests = 0;
}

bool run_target_parse(struct str name, enum run_target *out)
{
    if (name.len == 0)
        *out = RUN_ANY;
    else if (str_eqz(name, "wasm32-wasip1") || str_eqz(name, "wasm32-wasi"))
        *out = RUN_WASIP1;
    else if (str_eqz(name, "wasm32-wasip2"))
        *out = RUN_WASIP2;
    else
        return false;
    return true;
}

static enum err var_check(const struct run_var *v, struct buf *why)
{
    if (v->name.len == 0 || v->name.len > RUN_ENV_NAME_MAX)
        return err_put(why, ERR_RANGE, "an environment variable's name has %zu bytes, give 1 to %u",
                       v->name.len, RUN_ENV_NAME_MAX);
    if (str_has_byte(v->name, '=') || str_has_byte(v->name, '\0'))
        return err_put(why, ERR_FORMAT,
                       "the name of the environment variable '%.*s' holds '=' or a zero byte",
                       STR_ARG(v->name));
    if (v->value.len > RUN_ENV_VALUE_MAX)
        return err_put(why, ERR_TOO_BIG,
                       "the value of the environment variable '%.*s' has %zu bytes, more than %u",
                       STR_ARG(v->name), v->value.len, RUN_ENV_VALUE_MAX);
    if (str_has_byte(v->value, '\0'))
        return err_put(why, ERR_FORMAT,
                       "the value of the environment variable '%.*s' holds a zero byte",
                       STR_ARG(v->name));
    return ERR_OK;
}

enum err run_job_check(const struct run_job *job, struct buf *why)
{
    const struct run_limits *l = &job->limits;
    size_t bytes = 0;

    if (l->max_instructions < 1 || l->max_instructions > RUN_INSTRUCTIONS_MAX)
        return err_put(why, ERR_RANGE, "max_instructions is %llu, give 1 to %llu",
                       (unsigned long long)l->max_instructions,
                       (unsigned long long)RUN_INSTRUCTIONS_MAX);
    if (l->max_memory_mb < 1 || l->max_memory_mb > RUN_MEMORY_MB_MAX)
        return err_put(why, ERR_RANGE, "max_memory_mb is %u, give 1 to %u", l->max_memory_mb,
                       RUN_MEMORY_MB_MAX);
    if (l->max_wall_ms < 1 || l->max_wall_ms > RUN_WALL_MS_MAX)
        return err_put(why, ERR_RANGE, "the time limit is %u ms, give 1 to %u", l->max_wall_ms,
                       RUN_WALL_MS_MAX);
    if (job->input.len > RUN_INPUT_MAX)
        return err_put(why, ERR_TOO_BIG, "the input has %zu bytes, more than %u", job->input.len,
                       RUN_INPUT_MAX);
    if (job->nenv > RUN_ENV_MAX)
        return err_put(why, ERR_RANGE, "%zu environment variables are given, more than %u",
                       job->nenv, RUN_ENV_MAX);
    for (size_t i = 0; i < job->nenv; i++) {
        enum err e = var_check(&job->env[i], why);
        if (e)
            return e;
        bytes += job->env[i].name.len + job->env[i].value.len;
    }
    if (bytes > RUN_ENV_BYTES_MAX)
        return err_put(why, ERR_TOO_BIG, "the environment has %zu bytes, more than %u", bytes,
                       RUN_ENV_BYTES_MAX);
    return ERR_OK;
}

uint64_t run_time_ms(const struct run_result *r)
{
    return (r->wall_us + 999) / 1000;
}

void run_text_timeout(struct buf *text, uint32_t max_wall_ms, uint64_t instructions)
{
    buf_clear(text);
    buf_addz(text, "WASM execution timed out after ");
    buf_add_u64(text, max_wall_ms / 1000);
    if (max_wall_ms % 1000)
        buf_addf(text, ".%03u", max_wall_ms % 1000);
    buf_addz(text, " seconds (penalty). Full execution cost is charged with no refund (consumed ");
    buf_add_u64(text, instructions);
    buf_addz(text, " instructions)");
}
