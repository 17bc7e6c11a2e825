/* program.c — see program.h. */
#include "worker/program.h"

#include <stdio.h>
#include <time.h>

#include "base/utf8.h"
#include "codec/put.h"
#include "worker/work.h"

#define COMPILING_EVERY_MS  2000
#define PRICING_MAX         65536
#define BUILD_LOG_TOLD      4096
#define COMPILED_DETAIL_MAX 16000

/* A WasmUrl's file. */
static enum err fetch(struct worker *w, const struct lease *l, const struct request *r,
                      struct program *program, struct answer *answer, struct buf *why)
{
    char room[256];
    struct buf detail = BUF_OVER(room);
    enum err e =
        runner_fetch(w->runner, &w->fetcher, &r->source, r->store_on_fastfs, program, answer, why);

    if (e)
        return e;
    answer->deed.wasm_len = program->size;
    json_obj(&detail);
    if (program->size)
        put_u64(&detail, "bytes", program->size);
    put_u64(&detail, "ms", program->fetch_ms);
    put_bool(&detail, "cached", program->cached);
    json_obj_end(&detail);
    coordinator_news(w->coordinator, l, "fetched", &detail);
    return ERR_OK;
}

struct news {
    struct worker *w;
    const struct lease *l;
    enum compile_phase phase;
    uint32_t told_ms;
};

/* Each phase, and how it goes on every other second. */
static bool compiling(void *ctx, const struct compile_progress *p)
{
    struct news *n = ctx;
    char room[512];
    struct buf detail = BUF_OVER(room);

    if (p->phase == n->phase && p->elapsed_ms - n->told_ms < COMPILING_EVERY_MS)
        return true;
    n->phase = p->phase;
    n->told_ms = p->elapsed_ms;
    json_obj(&detail);
    put_z(&detail, "phase", compile_phase_name(p->phase));
    put_u64(&detail, "done", p->done);
    put_u64(&detail, "total", p->total);
    put_u64(&detail, "ms", p->elapsed_ms);
    json_obj_end(&detail);
    coordinator_news(n->w->coordinator, n->l, "compiling", &detail);
    return !keeper_lost(n->w->keeper, n->l->job_id);
}

/* get_pricing() answers base, per million instructions, per millisecond, per compiled one. */
static enum err compile_fee(struct worker *w, u128 *out, struct buf *why)
{
    struct buf text = BUF_INIT(PRICING_MAX);
    struct json doc;
    enum err e = rpc_view_call(w->rpc, w->contract_id, "get_pricing", STR("{}"), &text, why);

    if (!e && (!json_parse(buf_str(&text), &doc, NULL) || !json_u128_str(json_at(doc, 3), out)))
        e = err_put(why, ERR_UPSTREAM, "the contract's get_pricing() names no price of compiling");
    buf_release(&text);
    return e;
}

static void tell_compiled(struct worker *w, const struct lease *l, const struct build *b,
                          const struct answer *answer, const struct buf *log)
{
    struct buf detail = BUF_INIT(COMPILED_DETAIL_MAX);
    bool ok = b->fd >= 0;

    json_obj(&detail);
    put_str(&detail, "commit", b->commit);
    put_bool(&detail, "cached", b->hit);
    put_u64(&detail, "ms", answer->compile_ms);
    if (ok) {
        put_u64(&detail, "bytes", b->size);
        put_hex(&detail, "wasm_sha256", hash_str(&b->sha256));
    } else {
        /* What the compilers said, for whoever asked. */
        struct buf clean = BUF_INIT(3 * BUILD_LOG_TOLD);

        utf8_lossy(&clean, buf_str(log));
        put_str(&detail, "log", buf_str(&clean));
        buf_release(&clean);
    }
    json_obj_end(&detail);
    if (!detail.full)
        coordinator_news(w->coordinator, l, "compiled", &detail);
    buf_release(&detail);
}

static void note_make(const struct build *b, struct answer *answer)
{
    time_t when = (time_t)b->made_unix_s;
    struct tm tm;

    if (!b->hit)
        snprintf(answer->note, sizeof(answer->note), "Freshly compiled");
    else if (gmtime_r(&when, &tm))
        strftime(answer->note, sizeof(answer->note), "Cached WASM from %Y-%m-%d %H:%M UTC", &tm);
}

/* A compilation has a statement of its own, which those of its runs refer to. */
static enum err attest_build(struct worker *w, const struct lease *l, const struct request *r,
                             const struct build *b, bool ok, const struct buf *log,
                             struct answer *answer, struct buf *why)
{
    char room[65];
    struct buf hex = BUF_OVER(room);
    struct ledger_extra extra = {.job_id = l->job_id,
                                 .created_s = (int64_t)(r->timestamp_ns / 1000000000),
                                 .input = answer->deed.build_input,
                                 .build = ok ? &b->key : NULL};
    struct statement s;

    if (ok)
        hash_put_hex(&hex, &b->sha256);
    extra.delivered = buf_str(&hex);
    deed_build_statement(l, r, answer, b, ok, buf_str(log), &s);
    answer->deed.has_build = w->notary != NULL;
    return notary_sign(w->notary, &w->sitting, &s, &extra, &b->sha256, w->outbox, NULL,
                       &answer->deed.build_statement, why);
}

/* What is known of the build before it is made, or found. */
static void note_build(struct worker *w, const struct build *b, struct arena *a,
                       struct answer *answer)
{
    struct buf input = BUF_INIT(8192), none = WHY_INIT;
    struct deed *d = &answer->deed;

    deed_build(d, b);
    deed_build_input(b, &input);
    d->build_input = arena_str(a, buf_str(&input));
    /* One that was built before this worker kept statements has none. */
    d->has_build = b->hit && w->notary &&
                   !ledger_build(w->outbox, &b->key, &b->sha256, &d->build_statement, &none);
    buf_release(&input);
    buf_release(&none);
}

/* A build that was ended when the payment was used up: how much a longer one takes. */
static void say_what_was_paid(uint32_t seconds, u128 fee_per_ms, struct answer *answer)
{
    if (seconds >= BUILD_SECONDS_MAX || answer->compile_ms < seconds * UINT64_C(1000))
        return;
    buf_addf(&answer->error, ", and the payment covers no more; %u seconds, the most, take ",
             BUILD_SECONDS_MAX);
    buf_add_u128(&answer->error, fee_per_ms * 1000 * BUILD_SECONDS_MAX);
    buf_addz(&answer->error, " yoctoNEAR");
}

/* A repository's program: the one that was built before, or a new one. */
static enum err compile(struct worker *w, const struct lease *l, struct request *r, struct arena *a,
                        struct program *program, struct answer *answer, struct buf *why)
{
    struct news news = {.w = w, .l = l, .phase = COMPILE_STARTING};
    struct buf log = BUF_INIT(BUILD_LOG_TOLD);
    struct build b;
    uint32_t seconds;
    u128 fee = 0;
    enum err e = build_find(&w->runner->builds, &w->fetcher, &w->share, &r->source,
                            r->force_rebuild, a, &b, answer, why);

    b.job_id = l->job_id;
    b.token = l->token;
    if (!e)
        note_build(w, &b, a, answer);
    if (!e && !b.hit) {
        e = compile_fee(w, &fee, why);
        b.fee_per_ms = fee;
        seconds = e ? 0 : build_affordable(r->payment, fee, answer);
        if (!e)
            e = seconds ? build_make(&w->runner->builds, &b, seconds, compiling, &news, answer,
                                     &log, why)
                        : ERR_GUEST;
        if (e == ERR_GUEST && seconds)
            say_what_was_paid(seconds, fee, answer);
        if (seconds)
            tell_compiled(w, l, &b, answer, &log);
        if (seconds && (!e || e == ERR_GUEST)) {
            enum err kept = attest_build(w, l, r, &b, !e, &log, answer, why);

            e = kept ? kept : e;
        }
    } else if (!e) {
        build_found(&b);
        tell_compiled(w, l, &b, answer, &log);
    }
    if (!e) {
        note_make(&b, answer);
        r->source.wasm_sha256 = b.sha256;
        *program = (struct program){.fd = b.fd, .size = b.size, .cached = b.hit};
        answer->deed.wasm_len = b.size;
        b.fd = -1;
    }
    build_done(&w->runner->builds, &b);
    buf_release(&log);
    return e;
}

enum err program_get(struct worker *w, const struct lease *l, struct request *r, struct arena *a,
                     struct program *out, struct answer *answer, struct buf *why)
{
    return r->source.kind == SOURCE_GITHUB ? compile(w, l, r, a, out, answer, why)
                                           : fetch(w, l, r, out, answer, why);
}
