/* exec_control.c — see exec_control.h. */
#include "worker/exec_control.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "guest/egress.h"
#include "guest/self_test.h"

#define FETCH_TRIES   3
#define FETCH_WAIT_MS 300

enum err runner_init(struct runner *r, const char *home, uint64_t wasm_bytes_max,
                     const char *toolchain, bool allow_http_loopback, struct buf *why)
{
    char wasm[FILE_PATH_MAX], key_file[FILE_PATH_MAX];
    struct guest_options options = {.fresh_process = r->fresh_process,
                                    .cache_bytes_max = r->code_bytes_max};
    enum err e;

    r->places = NULL;
    e = file_path(home, "wasm", wasm, why);
    if (!e)
        e = file_path(home, "code", r->code_dir, why);
    if (!e)
        e = file_path(home, "cache.key", key_file, why);
    if (!e)
        e = store_init(&r->store, wasm, wasm_bytes_max, why);
    if (!e)
        e = builds_init(&r->builds, home, &r->store, toolchain, r->crates_bytes_max,
                        allow_http_loopback, why);
    if (!e)
        e = mac_key_load(key_file, &r->key, why);
    if (e)
        return e;
    /* Whoever runs strangers' programs here is told before the first one, not by it. */
    e = guest_self_test(NULL, NULL, why);
    if (e)
        return e;
    options.cache_dir = r->code_dir;
    options.key = &r->key;
    return places_open(&options, &r->places, why);
}

void runner_release(struct runner *r)
{
    places_close(r->places);
    r->places = NULL;
    mac_key_wipe(&r->key);
    builds_release(&r->builds);
}

/* Might it work in a moment? Servers and networks have hiccups; a refusal stays one. */
static bool worth_again(const struct fetched *f)
{
    return f->result == FETCH_UNREACHABLE || f->result == FETCH_TIMEOUT ||
           (f->result == FETCH_STATUS && f->status / 100 == 5);
}

static enum err fetch(struct fetcher *by, const struct code_source *source, struct program *out,
                      struct answer *answer, struct buf *why)
{
    struct fetched f = {.text = BUF_INIT(FETCH_TEXT_MAX)};
    struct buf text = BUF_INIT(2 * FETCH_TEXT_MAX);
    enum err e = ERR_OK;

    for (unsigned i = 0; i < FETCH_TRIES; i++) {
        if (i)
            clock_sleep_ms(FETCH_WAIT_MS << i);
        buf_clear(&f.text);
        e = fetcher_get(by, source->url, &source->wasm_sha256, &f, &out->fd, why);
        if (e || f.result == FETCH_FAULT || !worth_again(&f))
            break;
        /* A whole time-out has been waited already: that is enough. */
        if (f.result == FETCH_TIMEOUT)
            break;
    }
    if (!e && f.result == FETCH_FAULT)
        e = err_put(why, ERR_IO, "the fetch child cannot keep what it fetches: %s", buf_z(&f.text));
    if (!e && f.result == FETCH_WRONG_HASH) {
        buf_addz(&text, "The file at the URL does not have the hash that the request names: its "
                        "SHA-256 is ");
        hash_put_hex(&text, &f.sha256);
    } else if (!e && f.result != FETCH_OK) {
        buf_addz(&text, "The program cannot be downloaded: ");
        buf_add_str(&text, buf_str(&f.text));
    }
    if (!e && text.len) {
        answer_fail(answer, ANSWER_EXECUTION_FAILED, buf_str(&text));
        answer->deed.fetch_failed = true;
        e = ERR_GUEST;
    }
    if (!e) {
        out->size = f.size;
        out->fetch_ms = f.time_ms;
    }
    buf_release(&f.text);
    buf_release(&text);
    return e;
}

enum err runner_fetch(struct runner *r, struct fetcher *f, const struct code_source *source,
                      bool file, struct program *out, struct answer *answer, struct buf *why)
{
    struct buf unkept = WHY_INIT;
    enum err e;

    *out = (struct program){.fd = -1};
    e = store_get(&r->store, &source->wasm_sha256, &out->fd, &out->size, why);
    if (!e || (!file && places_have(r->places, &source->wasm_sha256))) {
        out->cached = true;
        return ERR_OK;
    }
    e = fetch(f, source, out, answer, why);
    if (!e && store_put(&r->store, &source->wasm_sha256, out->fd, out->size, &unkept))
        log_unusual("wasm_not_kept", "why=%s", buf_z(&unkept));
    buf_release(&unkept);
    return e;
}

enum err runner_run(struct runner *r, const struct request *request, struct str tenant,
                    const struct program *program, const struct env *env,
                    const struct host_server *servers, struct answer *answer, struct ran *out,
                    struct buf *why)
{
    struct run_job job = {.tenant = tenant,
                          .policy = &r->policy,
                          .connector = egress_connector_project(request->project_id),
                          .servers = servers,
                          .limits = {.max_instructions = request->limits.instructions,
                                     .max_memory_mb = request->limits.memory_mb,
                                     .max_wall_ms = (uint32_t)(request->limits.seconds * 1000)},
                          .input = request->input,
                          .env = env->var,
                          .nenv = env->n};
    struct run_result result;
    struct guest_note note = {0};
    struct str tail;
    struct guest *guest;
    enum err e;

    if (!run_target_parse(request->source.target, &job.target)) {
        answer_fail(answer, ANSWER_EXECUTION_FAILED,
                    STR("The build target is not supported; there are wasm32-wasip1 and "
                        "wasm32-wasip2"));
        *out = (struct ran){.outcome = OUTCOME_MODULE};
        return ERR_OK;
    }
    /* A file is what its bytes say: clients name a target of their own for whatever they deploy. */
    if (request->source.kind == SOURCE_WASM_URL)
        job.target = RUN_ANY;
    e = places_take(r->places, &request->source.wasm_sha256, tenant, &guest, why);
    if (e)
        return e;
    e = guest_run(guest, program->fd, &request->source.wasm_sha256, &job, &result, &note, why);
    places_give(r->places, guest, &request->source.wasm_sha256, tenant);
    if (e == ERR_CONFLICT)
        /* The stored file is not what it was: the next try fetches it again. */
        store_drop(&r->store, &request->source.wasm_sha256);
    if (e)
        return e;
    for (size_t i = 0; i < result.nattempts; i++)
        log_info("guest_request",
                 "host=%s address=%s port=%u outcome=%s status=%u sent=%llu "
                 "received=%llu ms=%u",
                 result.attempts[i].host, result.attempts[i].address, result.attempts[i].port,
                 net_error_code(result.attempts[i].error), result.attempts[i].status,
                 (unsigned long long)result.attempts[i].sent,
                 (unsigned long long)result.attempts[i].received, result.attempts[i].time_ms);
    if (result.outcome == OUTCOME_FAULT) {
        e = err_put(why, ERR_CLOSED, "the run was cut off: %s", buf_z(&result.text));
        run_result_release(&result);
        return e;
    }
    if (result.outcome == OUTCOME_OK)
        answer_output(answer, request->format, buf_str(&result.out));
    else
        answer_fail(answer,
                    result.outcome == OUTCOME_REFUSED ? ANSWER_CUSTOM : ANSWER_EXECUTION_FAILED,
                    buf_str(&result.text));
    answer->instructions = result.instructions;
    answer->time_ms = (result.wall_us + 999) / 1000;
    run_report_put(&answer->run, &result);
    deed_run(&answer->deed, &result);
    *out = (struct ran){result.outcome, result.memory_bytes, note.compile_us, note.warm,
                        .requests = result.requests};
    tail = utf8_tail(buf_str(&result.err), RAN_STDERR_MAX);
    memcpy(out->err, tail.ptr ? tail.ptr : "", tail.len);
    out->err_len = tail.len;
    run_result_release(&result);
    return ERR_OK;
}
