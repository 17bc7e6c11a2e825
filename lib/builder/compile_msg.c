/* compile_msg.c — see compile_msg.h. */
#include "builder/compile_msg.h"

#include <string.h>

#include "base/utf8.h"
#include "codec/wire.h"

const char *compile_phase_name(enum compile_phase p)
{
    static const char *const names[COMPILE_PHASES] = {"starting", "fetching", "dependencies",
                                                      "building", "checking"};

    return names[p];
}

const char *compile_result_name(enum compile_result r)
{
    static const char *const names[COMPILE_RESULTS] = {
        "ok", "repository", "ref", "network", "project", "code", "limit", "toolchain", "fault",
    };

    return names[r];
}

void compile_ask_write(struct buf *out, const struct compile_ask *a)
{
    wr_u8(out, (uint8_t)a->what);
    wr_bytes(out, a->repo);
    wr_bytes(out, a->ref);
    wr_bytes(out, a->target);
    wr_u32(out, a->seconds);
    wr_u32(out, a->memory_mb);
    wr_u32(out, a->disk_mb);
    wr_u8(out, a->dev);
    wr_bytes(out, a->toolchain);
    wr_bytes(out, a->registries);
    wr_bytes(out, a->skeleton);
}

enum err compile_ask_read(struct str body, struct compile_ask *out, struct buf *why)
{
    struct rd r = rd_over(body);
    struct compile_ask a;
    uint8_t what;

    memset(&a, 0, sizeof(a));
    what = rd_u8(&r);
    if (what >= COMPILE_WHATS)
        rd_fail(&r);
    a.what = (enum compile_what)what;
    a.repo = rd_text(&r, REPO_MAX);
    a.ref = rd_text(&r, REF_MAX);
    a.target = rd_text(&r, 64);
    a.seconds = rd_u32(&r);
    a.memory_mb = rd_u32(&r);
    a.disk_mb = rd_u32(&r);
    a.dev = rd_bool(&r);
    a.toolchain = rd_text(&r, COMPILE_PATH_MAX);
    a.registries = rd_text(&r, COMPILE_HOSTS_MAX);
    a.skeleton = rd_bytes(&r, COMPILE_SKELETON_MAX);
    if (!a.seconds || a.seconds > COMPILE_SECONDS_MAX || !a.memory_mb ||
        a.memory_mb > COMPILE_MEMORY_MB_MAX || !a.disk_mb || a.disk_mb > COMPILE_DISK_MB_MAX)
        rd_fail(&r);
    if (!rd_end(&r))
        return err_put(why, ERR_FORMAT, "malformed question to the compile child at byte %zu",
                       r.at);
    *out = a;
    return ERR_OK;
}

void compile_progress_write(struct buf *out, const struct compile_progress *p)
{
    wr_u8(out, (uint8_t)p->phase);
    wr_u32(out, p->done);
    wr_u32(out, p->total);
    wr_u32(out, p->elapsed_ms);
    wr_bytes(out, utf8_head(p->name, COMPILE_NAME_MAX));
}

enum err compile_progress_read(struct str body, struct compile_progress *out, struct buf *why)
{
    struct rd r = rd_over(body);
    struct compile_progress p;
    uint8_t phase = rd_u8(&r);

    memset(&p, 0, sizeof(p));
    if (phase >= COMPILE_PHASES)
        rd_fail(&r);
    p.phase = (enum compile_phase)phase;
    p.done = rd_u32(&r);
    p.total = rd_u32(&r);
    p.elapsed_ms = rd_u32(&r);
    p.name = rd_text(&r, COMPILE_NAME_MAX);
    if (!rd_end(&r))
        return err_put(why, ERR_FORMAT, "malformed news of the compile child at byte %zu", r.at);
    *out = p;
    return ERR_OK;
}

void compile_give_write(struct buf *out, const struct compile_give *g)
{
    wr_u8(out, (uint8_t)g->result);
    wr_bytes(out, g->error);
}

enum err compile_give_read(struct str body, struct compile_give *out, struct buf *why)
{
    struct rd r = rd_over(body);
    uint8_t result = rd_u8(&r);
    struct str error = rd_text(&r, COMPILE_ERROR_MAX);

    if (result >= COMPILE_RESULTS)
        rd_fail(&r);
    if (!rd_end(&r))
        return err_put(why, ERR_FORMAT, "malformed crates for the compile child at byte %zu", r.at);
    *out = (struct compile_give){.result = (enum compile_result)result, .error = error};
    return ERR_OK;
}

void compile_answer_write(struct buf *out, const struct compile_answer *a)
{
    wr_u8(out, (uint8_t)a->result);
    wr_bytes(out, a->commit);
    wr_bytes(out, a->error);
    wr_bytes(out, a->record);
    wr_bytes(out, a->log);
    buf_add(out, a->sha256.b, sizeof(a->sha256.b));
    wr_u64(out, a->size);
    wr_u32(out, a->time_ms);
}

enum err compile_answer_read(struct str body, struct compile_answer *out, struct buf *why)
{
    struct rd r = rd_over(body);
    struct compile_answer a;
    uint8_t result = rd_u8(&r);

    memset(&a, 0, sizeof(a));
    if (result >= COMPILE_RESULTS)
        rd_fail(&r);
    a.result = (enum compile_result)result;
    a.commit = rd_text(&r, SHA_HEX);
    a.error = rd_text(&r, COMPILE_ERROR_MAX);
    a.record = rd_text(&r, COMPILE_RECORD_MAX);
    a.log = rd_text(&r, COMPILE_LOG_MAX);
    rd_copy(&r, a.sha256.b, sizeof(a.sha256.b));
    a.size = rd_u64(&r);
    a.time_ms = rd_u32(&r);
    if ((a.commit.len && !ref_is_sha(a.commit)) || a.size > COMPILE_WASM_MAX)
        rd_fail(&r);
    if (!rd_end(&r))
        return err_put(why, ERR_FORMAT, "malformed answer of the compile child at byte %zu", r.at);
    *out = a;
    return ERR_OK;
}
