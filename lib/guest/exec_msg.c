/* exec_msg.c — see exec_msg.h. */
#include "guest/exec_msg.h"

#include "codec/wire.h"
#include "guest/host.h"

void exec_hello_write(struct buf *b, const struct exec_hello *m)
{
    wr_u32(b, EXEC_VERSION);
    wr_bytes(b, m->engine);
    wr_u32(b, m->walls);
}

bool exec_hello_read(struct str body, struct exec_hello *out)
{
    struct rd r = rd_over(body);
    struct exec_hello v;

    if (rd_u32(&r) != EXEC_VERSION)
        rd_fail(&r);
    v.engine = rd_text(&r, EXEC_ENGINE_MAX);
    v.walls = rd_u32(&r);
    if (!rd_end(&r))
        return false;
    *out = v;
    return true;
}

void exec_answer_write(struct buf *b, const struct exec_answer *m)
{
    wr_u8(b, (uint8_t)m->status);
    wr_bytes(b, str_head(m->sentence, EXEC_SENTENCE_MAX));
    wr_u64(b, m->code_len);
}

bool exec_answer_read(struct str body, struct exec_answer *out)
{
    struct rd r = rd_over(body);
    struct exec_answer v;
    uint8_t status = rd_u8(&r);

    if (status > EXEC_FAILED)
        rd_fail(&r);
    v.status = (enum exec_status)status;
    v.sentence = rd_bytes(&r, EXEC_SENTENCE_MAX);
    v.code_len = rd_u64(&r);
    if (!rd_end(&r))
        return false;
    *out = v;
    return true;
}

void exec_load_write(struct buf *b, const struct hash256 *wasm)
{
    buf_add(b, wasm->b, sizeof(wasm->b));
}

bool exec_load_read(struct str body, struct hash256 *wasm)
{
    struct rd r = rd_over(body);
    struct hash256 v;

    rd_copy(&r, v.b, sizeof(v.b));
    if (!rd_end(&r))
        return false;
    *wasm = v;
    return true;
}

void exec_run_write(struct buf *b, uint64_t id, const struct run_job *job)
{
    wr_u64(b, id);
    wr_u64(b, job->limits.max_instructions);
    wr_u32(b, job->limits.max_memory_mb);
    wr_u32(b, job->limits.max_wall_ms);
    wr_u8(b, (uint8_t)job->target);
    wr_u32(b, job->servers ? host_served(job->servers) : job->faces);
    wr_u32(b, (uint32_t)job->nenv);
    for (size_t i = 0; i < job->nenv; i++) {
        wr_bytes(b, job->env[i].name);
        wr_bytes(b, job->env[i].value);
    }
    wr_bytes(b, job->input);
}

bool exec_run_read(struct str body, uint64_t *id, struct run_job *job,
                   struct run_var vars[RUN_ENV_MAX])
{
    struct rd r = rd_over(body);
    struct run_job v = {.env = vars};
    uint64_t n = rd_u64(&r);
    uint8_t target;

    v.limits.max_instructions = rd_u64(&r);
    v.limits.max_memory_mb = rd_u32(&r);
    v.limits.max_wall_ms = rd_u32(&r);
    target = rd_u8(&r);
    if (target > RUN_WASIP2)
        rd_fail(&r);
    v.target = (enum run_target)target;
    v.faces = rd_u32(&r);
    if (v.faces >> HOST_FACES)
        rd_fail(&r);
    v.nenv = rd_count(&r, RUN_ENV_MAX);
    for (size_t i = 0; i < v.nenv; i++) {
        vars[i].name = rd_bytes(&r, RUN_ENV_NAME_MAX);
        vars[i].value = rd_bytes(&r, RUN_ENV_VALUE_MAX);
    }
    v.input = rd_bytes(&r, RUN_INPUT_MAX);
    if (!rd_end(&r) || run_job_check(&v, NULL) != ERR_OK)
        return false;
    *id = n;
    *job = v;
    return true;
}

void exec_result_write(struct buf *b, const struct exec_result *m)
{
    wr_u64(b, m->id);
    wr_u8(b, (uint8_t)m->outcome);
    wr_u32(b, (uint32_t)m->exit_code);
    wr_u64(b, m->instructions);
    wr_u64(b, m->memory_bytes);
    wr_u64(b, m->wall_us);
    wr_u64(b, m->cpu_us);
    wr_u8(b, m->clock);
    wr_u8(b, m->random);
    wr_bytes(b, m->text);
    wr_bytes(b, m->err);
    wr_u64(b, m->out_len);
    wr_bytes(b, m->out);
}

bool exec_result_read(struct str body, size_t out_max, struct exec_result *out)
{
    struct rd r = rd_over(body);
    struct exec_result v;
    uint8_t outcome;

    v.id = rd_u64(&r);
    outcome = rd_u8(&r);
    if (outcome >= OUTCOME_COUNT)
        rd_fail(&r);
    v.outcome = (enum outcome)outcome;
    v.exit_code = (int32_t)rd_u32(&r);
    v.instructions = rd_u64(&r);
    v.memory_bytes = rd_u64(&r);
    v.wall_us = rd_u64(&r);
    v.cpu_us = rd_u64(&r);
    v.clock = rd_bool(&r);
    v.random = rd_bool(&r);
    v.text = rd_bytes(&r, RUN_TEXT_MAX);
    v.err = rd_bytes(&r, RUN_STDERR_MAX);
    v.out_len = rd_u64(&r);
    v.out = rd_bytes(&r, EXEC_INLINE_MAX);
    if (v.out_len > out_max || v.out.len != (v.out_len <= EXEC_INLINE_MAX ? v.out_len : 0))
        rd_fail(&r);
    if (!rd_end(&r))
        return false;
    *out = v;
    return true;
}
