/* work.c — see work.h. */
#include "worker/work.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "near/fastfs_send.h"
#include "proc/memfd.h"
#include "worker/branch.h"
#include "worker/check.h"

#define NODE_PATIENCE_MS 60000 /* with a node that is away or behind: handing back helps nobody */
#define NODE_WAIT_MS     100
#define NODE_WAIT_MAX    2000
#define GONE_MS          200 /* before handing back a request that is answered: news travel */

#define COMPILING_EVERY_MS  2000
#define PRICING_MAX         65536
#define PUBLISH_TRIES       3
#define FASTFS_ANSWER_MAX   4096
#define BUILD_LOG_TOLD      4096
#define COMPILED_DETAIL_MAX 16000
#define RAN_DETAIL_MAX      16000

static void progress(struct worker *w, const struct lease *l, const char *step,
                     const struct buf *detail)
{
    struct buf why = WHY_INIT;

    /* News, no more: a coordinator that does not hear them does not change the work. */
    if (coordinator_progress(w->coordinator, l->job_id, l->token, step, buf_str(detail), &why))
        log_unusual("progress_not_told", "job=%llu why=%s", (unsigned long long)l->job_id,
                    buf_z(&why));
    buf_release(&why);
}

/* What we do not do, said before anything is fetched or run. */
static bool refuse(const struct worker *w, const struct request *r, struct answer *answer)
{
    char room[200];
    struct buf text = BUF_OVER(room);
    enum answer_status status = ANSWER_EXECUTION_FAILED;

    if (r->limits.memory_mb > LIMIT_MEMORY_MB_MAX) {
        buf_addf(&text, "max_memory_mb of %u is over the limit of %u", r->limits.memory_mb,
                 (unsigned)LIMIT_MEMORY_MB_MAX);
        status = ANSWER_CUSTOM;
    } else if (r->limits.instructions > LIMIT_INSTRUCTIONS_MAX ||
               r->limits.seconds > LIMIT_SECONDS_MAX) {
        buf_addz(&text, "The limits of the request are over what this platform allows");
        status = ANSWER_CUSTOM;
    } else if (r->store_on_fastfs && !w->fastfs_key) {
        buf_addz(&text, "This worker has no account for FastFS; leave out store_on_fastfs");
    } else if (r->secrets_profile.ptr && !w->keystore) {
        buf_addz(&text, "This worker has no keystore; secrets_ref cannot be used");
        status = ANSWER_ACCESS_DENIED;
    }
    if (!text.len)
        return false;
    answer_fail(answer, status, buf_str(&text));
    return true;
}

static enum err read_back(struct worker *w, const struct lease *l, struct arena *a,
                          struct request *out, struct buf *why)
{
    uint64_t until = clock_mono_ms() + NODE_PATIENCE_MS, pause = NODE_WAIT_MS;
    struct request claimed;
    enum err e = request_parse(l->request_data, a, &claimed, why);

    if (!e && claimed.id != l->request_id)
        e = err_put(why, ERR_CONFLICT, "the coordinator's job is for two different requests");
    while (!e) {
        e = check_request(w->rpc, w->contract_id, &claimed, l->block_height, a, out, why);
        if (!err_retry(e) || clock_mono_ms() > until || keeper_lost(w->keeper, l->job_id))
            break;
        clock_sleep_ms(pause);
        pause = pause * 2 > NODE_WAIT_MAX ? NODE_WAIT_MAX : pause * 2;
        e = ERR_OK;
    }
    return e;
}

/* The answer of compile_only for a program that is compiled already: the checksum of its file,
 * which has been fetched and has it. */
static void answer_checksum(const struct request *r, struct answer *answer)
{
    char room[100];
    struct buf text = BUF_OVER(room);

    if (r->format == FORMAT_JSON)
        buf_addz(&text, "{\"wasm_hash\":\"");
    hash_put_hex(&text, &r->source.wasm_sha256);
    if (r->format == FORMAT_JSON)
        buf_addz(&text, "\"}");
    answer_output(answer, r->format, buf_str(&text));
}

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
    if (program->size) {
        json_key(&detail, "bytes");
        json_put_u64(&detail, program->size);
    }
    json_key(&detail, "ms");
    json_put_u64(&detail, program->fetch_ms);
    json_key(&detail, "cached");
    json_put_bool(&detail, program->cached);
    json_obj_end(&detail);
    progress(w, l, "fetched", &detail);
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
    json_key(&detail, "phase");
    json_putz(&detail, compile_phase_name(p->phase));
    json_key(&detail, "done");
    json_put_u64(&detail, p->done);
    json_key(&detail, "total");
    json_put_u64(&detail, p->total);
    json_key(&detail, "ms");
    json_put_u64(&detail, p->elapsed_ms);
    json_obj_end(&detail);
    progress(n->w, n->l, "compiling", &detail);
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
    json_key(&detail, "commit");
    json_put_str(&detail, b->commit);
    json_key(&detail, "cached");
    json_put_bool(&detail, b->hit);
    json_key(&detail, "ms");
    json_put_u64(&detail, answer->compile_ms);
    if (ok) {
        json_key(&detail, "bytes");
        json_put_u64(&detail, b->size);
        json_key(&detail, "wasm_sha256");
        json_str_open(&detail);
        hash_put_hex(&detail, &b->sha256);
        json_str_close(&detail);
    } else {
        /* What the compilers said, for whoever asked. */
        struct buf clean = BUF_INIT(3 * BUILD_LOG_TOLD);

        utf8_lossy(&clean, buf_str(log));
        json_key(&detail, "log");
        json_put_str(&detail, buf_str(&clean));
        buf_release(&clean);
    }
    json_obj_end(&detail);
    if (!detail.full)
        progress(w, l, "compiled", &detail);
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

/* The program becomes a file on the chain, named by its hash; where it is, is the answer. */
static enum err publish(struct worker *w, const struct request *r, int fd, struct answer *answer,
                        struct buf *why)
{
    char name[80];
    struct buf path = BUF_OVER(name), text = BUF_INIT(FASTFS_ANSWER_MAX), url = BUF_INIT(2048);
    struct fastfs_file f = {
        .receiver = w->fastfs_receiver, .mime = STR("application/wasm"), .nonce = fastfs_nonce()};
    struct hash256 is;
    enum err e = memfd_map(fd, COMPILE_WASM_MAX, &f.content, why);

    if (e)
        return e;
    /* What lies in the store may have been touched; what is published stays for ever. */
    is = sha256(f.content);
    if (!hash_eq(&is, &r->source.wasm_sha256)) {
        store_drop(&w->runner->store, &r->source.wasm_sha256);
        memfd_unmap(&f.content);
        return err_put(why, ERR_CONFLICT, "the stored program is not what it was");
    }
    hash_put_hex(&path, &r->source.wasm_sha256);
    buf_addz(&path, ".wasm");
    f.path = buf_str(&path);
    for (unsigned i = 0; i < PUBLISH_TRIES; i++) {
        e = fastfs_send(w->rpc, w->fastfs_key, &f, NULL, NULL, why);
        if (!e || e == ERR_DENIED)
            break;
    }
    if (e == ERR_DENIED) {
        buf_addf(&text, "The chain did not take the file for FastFS: %s", buf_z(why));
        answer_fail(answer, ANSWER_EXECUTION_FAILED, buf_str(&text));
    } else if (!e) {
        fastfs_url_put(&url, w->fastfs_url, account_id_str(&w->fastfs_key->account),
                       w->fastfs_receiver, f.path);
        json_obj(&text);
        json_key(&text, "fastfs_url");
        json_put_str(&text, buf_str(&url));
        json_key(&text, "wasm_hash");
        json_put_str(&text, str_head(f.path, 64));
        json_obj_end(&text);
        answer_output(answer, r->format, buf_str(&text));
        snprintf(answer->note, sizeof(answer->note), "Published to %s", buf_z(&url));
    }
    memfd_unmap(&f.content);
    buf_release(&text);
    buf_release(&url);
    return e == ERR_DENIED ? ERR_OK : e;
}

struct granted {
    struct secret_env env;
    size_t n;                  /* how many: env is wiped before that is told */
    struct str profile, owner; /* ptr NULL: none were looked for */
    char note[160];            /* why there are none */
};

/*
 * The secrets of a run: those that it names, else those of its project. Named ones that are refused
 * are a failure (ERR_GUEST, `answer` is made); there being none of the name is not.
 */
static enum err secrets(struct worker *w, const struct request *r, struct arena *a,
                        struct granted *out, struct answer *answer, struct buf *why)
{
    bool named = r->secrets_profile.ptr != NULL;
    struct secrets_question q = {.request_id = r->id,
                                 .profile = r->secrets_profile,
                                 .owner = r->secrets_account_id,
                                 .user = r->sender_id};
    enum err e = ERR_OK;

    *out = (struct granted){.env = SECRET_ENV_NONE};
    if (!w->keystore || (!named && !r->project_id.len) ||
        !secrets_accessor(r, w->runner->builds.dev, a, &q.accessor))
        return ERR_OK;
    if (!named) {
        q.profile = STR(PROFILE_DEFAULT);
        e = secrets_project_owner(w->rpc, w->contract_id, r->project_id, a, &q.owner, why);
    }
    if (!e && q.accessor.kind == ACCESSOR_REPO && ref_is_sha(r->source.commit))
        e = branch_of(&w->runner->builds, &r->source, a, &q.accessor.branch, why);
    if (!e)
        e = secrets_get(w->keystore, &q, &out->env, why);
    out->n = out->env.n;
    if (e && e != ERR_ABSENT && e != ERR_DENIED && e != ERR_FORMAT)
        return e;
    if (e && (named || e != ERR_ABSENT))
        snprintf(out->note, sizeof(out->note), "%s", buf_z(why));
    if (named && (e == ERR_DENIED || e == ERR_FORMAT)) {
        answer_fail(answer, ANSWER_ACCESS_DENIED, buf_str(why));
        return ERR_GUEST;
    }
    if (named || !e) {
        out->profile = q.profile;
        out->owner = q.owner;
    }
    buf_clear(why);
    return ERR_OK;
}

static void put_granted(struct buf *out, const struct granted *g)
{
    if (!g->profile.ptr)
        return;
    json_key(out, "secrets_ref");
    json_obj(out);
    json_key(out, "profile");
    json_put_str(out, g->profile);
    json_key(out, "account_id");
    json_put_str(out, g->owner);
    json_obj_end(out);
    json_key(out, "secrets");
    if (g->note[0])
        json_putz(out, g->note);
    else
        json_put_u64(out, g->n);
}

/*
 * Who may meet in one process: runs of the same program for the same sender with the same secrets.
 * Secrets are told apart by the hash of their ciphertext, which says nothing about them.
 */
static struct str tenant_of(const struct request *r, const struct granted *g, struct arena *a)
{
    struct buf text = BUF_INIT(ACCOUNT_ID_MAX + 2 * sizeof(struct hash256) + 16);
    struct str tenant;

    buf_add_str(&text, r->sender_id);
    if (g->env.room) {
        buf_addz(&text, "\n");
        hash_put_hex(&text, &g->env.ciphertext);
    }
    BUG_ON(text.full);
    tenant = arena_str(a, buf_str(&text));
    buf_release(&text);
    return tenant;
}

static void note_secrets(const struct granted *g, struct deed *d)
{
    d->has_secrets = g->env.n != 0;
    d->secrets_account = g->owner;
    d->secrets_profile = g->profile;
    d->secrets_sha256 = g->env.ciphertext;
}

/* `r` learns the hash of the program that it means. */
static enum err run(struct worker *w, const struct lease *l, struct request *r, struct arena *a,
                    struct answer *answer, struct buf *why)
{
    struct buf detail = BUF_INIT(RAN_DETAIL_MAX);
    struct interfaces interfaces;
    struct program program;
    struct granted granted;
    struct ran ran;
    struct env env;
    enum err e = r->source.kind == SOURCE_GITHUB ? compile(w, l, r, a, &program, answer, why)
                                                 : fetch(w, l, r, &program, answer, why);

    if (e)
        return e == ERR_GUEST ? ERR_OK : e;
    if (r->store_on_fastfs) {
        e = publish(w, r, program.fd, answer, why);
        fd_close(&program.fd);
        return e;
    }
    if (r->compile_only) {
        fd_close(&program.fd);
        answer_checksum(r, answer);
        return ERR_OK;
    }
    e = secrets(w, r, a, &granted, answer, why);
    if (!e) {
        env_make(l, r, w->network_id, a, &env);
        deed_env(&answer->deed, &env);
        secrets_add(&env, &granted.env);
        note_secrets(&granted, &answer->deed);
        interfaces_init(&interfaces, &w->give, l, r);
        e = runner_run(w->runner, r, tenant_of(r, &granted, a), &program, &env, interfaces.server,
                       answer, &ran, why);
    }
    if (!e)
        e = interfaces_settle(&interfaces, answer, why);
    secret_env_release(&granted.env);
    fd_close(&program.fd);
    if (e)
        return e == ERR_GUEST ? ERR_OK : e;
    json_obj(&detail);
    json_key(&detail, "instructions");
    json_put_u64(&detail, answer->instructions);
    json_key(&detail, "time_ms");
    json_put_u64(&detail, answer->time_ms);
    json_key(&detail, "memory_bytes");
    json_put_u64(&detail, ran.memory_bytes);
    json_key(&detail, "warm");
    json_put_bool(&detail, ran.warm);
    json_key(&detail, "compile_us");
    json_put_u64(&detail, ran.compile_us);
    json_key(&detail, "outcome");
    json_putz(&detail, outcome_code(ran.outcome));
    json_key(&detail, "requests");
    json_put_u64(&detail, ran.requests);
    json_key(&detail, "stderr");
    json_put_lossy(&detail, str_from(ran.err, ran.err_len));
    put_granted(&detail, &granted);
    json_obj_end(&detail);
    progress(w, l, "ran", &detail);
    buf_release(&detail);
    return ERR_OK;
}

/* The members of the coordinator's report that are known before the chain has spoken. */
static void report(const struct request *r, const struct answer *answer, struct buf *out)
{
    bool ok = answer->status == ANSWER_COMPLETED;

    json_obj(out);
    json_key(out, "status");
    json_putz(out, answer_status_name(answer->status));
    json_key(out, "success");
    json_put_bool(out, ok);
    json_key(out, "output");
    if (ok)
        json_put_raw(out, buf_str(&answer->output));
    else
        json_put_null(out);
    json_key(out, "error");
    if (ok)
        json_put_null(out);
    else
        json_put_str(out, buf_str(&answer->error));
    json_key(out, "instructions");
    json_put_u64(out, answer->instructions);
    json_key(out, "time_ms");
    json_put_u64(out, answer->time_ms);
    if (answer->compile_ms) {
        json_key(out, "compile_time_ms");
        json_put_u64(out, answer->compile_ms);
    }
    if (!hash_is_zero(&r->source.wasm_sha256)) {
        json_key(out, "wasm_sha256");
        json_str_open(out);
        hash_put_hex(out, &r->source.wasm_sha256);
        json_str_close(out);
    }
    if (ok && answer->refund_usd) {
        json_key(out, "refund_usd");
        json_put_u64(out, answer->refund_usd);
    }
    if (answer->run.len) {
        json_key(out, "run");
        json_put_raw(out, buf_str(&answer->run));
    }
    json_obj_end(out);
}

/* The statement about it and the answer itself are kept together. */
static enum err attest(struct worker *w, const struct lease *l, const struct request *r,
                       const struct answer *answer, struct parcel *p, struct buf *why)
{
    struct buf delivered = BUF_INIT(ANSWER_ARGS_MAX);
    char room[48];
    struct buf usd = BUF_OVER(room);
    struct ledger_extra extra = {.job_id = l->job_id,
                                 .created_s = (int64_t)(r->timestamp_ns / 1000000000)};
    struct statement s;
    enum err e;

    buf_add_u128(&usd, r->attached_usd);
    extra.attached_usd = buf_str(&usd);
    deed_delivered(answer, p->args, &delivered);
    deed_statement(l, r, answer, buf_str(&delivered), &s);
    if (s.kind == STATEMENT_COMPILE) {
        extra.attached_usd = STR_NONE;
        extra.input = answer->deed.build_input.ptr ? answer->deed.build_input : STR("");
    }
    /* What the coordinator cannot know from the result. */
    if (s.kind == STATEMENT_COMPILE || s.status != STATEMENT_OK)
        extra.delivered = buf_str(&delivered);
    e = notary_sign(w->notary, &w->sitting, &s, &extra, NULL, w->outbox, p, NULL, why);
    buf_release(&delivered);
    return e;
}

static enum err post(struct worker *w, const struct lease *l, const struct request *r,
                     const struct answer *answer, struct buf *why)
{
    struct buf args = BUF_INIT(ANSWER_ARGS_MAX), about = BUF_INIT(4u << 20);
    struct parcel p = {.contract_id = w->contract_id,
                       .request_id = r->id,
                       .data_id = l->data_id,
                       .job_id = l->job_id,
                       .token = l->token};
    enum err e;

    p.method = str_of(answer_call(answer, r->id, &args));
    report(r, answer, &about);
    BUG_ON(args.full || about.full);
    p.args = buf_str(&args);
    p.report = buf_str(&about);
    e = attest(w, l, r, answer, &p, why);
    if (!e) {
        keeper_sent(w->keeper, l->job_id);
        courier_wake(w->courier);
    }
    buf_release(&args);
    buf_release(&about);
    return e;
}

static void hand_back(struct worker *w, const struct lease *l, struct str reason)
{
    struct buf why = WHY_INIT;

    keeper_drop(w->keeper, l->job_id);
    if (coordinator_release(w->coordinator, l->job_id, l->token, reason, &why))
        log_unusual("job_not_handed_back", "job=%llu why=%s", (unsigned long long)l->job_id,
                    buf_z(&why));
    buf_release(&why);
}

void work_one(struct worker *w, const struct lease *l, struct arena *a)
{
    struct answer answer = ANSWER_INIT;
    struct buf why = WHY_INIT;
    struct request r;
    uint64_t start = clock_mono_us(), parcel;
    enum err e;

    keeper_hold(w->keeper, l, true);
    e = outbox_adopt(w->outbox, w->contract_id, l->request_id, &l->data_id, l->job_id, l->token,
                     &parcel, &why);
    if (e == ERR_OK) {
        /* Run before, by us: only the sending is left. */
        keeper_sent(w->keeper, l->job_id);
        courier_wake(w->courier);
        goto out;
    }
    if (e == ERR_EMPTY) {
        deed_begin(&answer.deed);
        e = notary_enter(w->notary, &w->sitting, &why);
        if (!e)
            e = read_back(w, l, a, &r, &why);
    }
    if (e == ERR_EMPTY) {
        log_info("request_gone", "job=%llu request=%llu", (unsigned long long)l->job_id,
                 (unsigned long long)l->request_id);
        clock_sleep_ms(GONE_MS);
        hand_back(w, l, STR("the contract no longer waits for an answer"));
        goto out;
    }
    if (!e && !refuse(w, &r, &answer))
        e = run(w, l, &r, a, &answer, &why);
    if (!e && keeper_lost(w->keeper, l->job_id))
        e = err_put(&why, ERR_CONFLICT, "the lease went to another worker");
    if (!e)
        e = post(w, l, &r, &answer, &why);
    if (e) {
        log_unusual("job_handed_back", "job=%llu request=%llu why=%s",
                    (unsigned long long)l->job_id, (unsigned long long)l->request_id, buf_z(&why));
        hand_back(w, l, buf_str(&why));
    } else {
        log_info("job_ran", "job=%llu request=%llu status=%s instructions=%llu us=%llu",
                 (unsigned long long)l->job_id, (unsigned long long)r.id,
                 answer_status_name(answer.status), (unsigned long long)answer.instructions,
                 (unsigned long long)(clock_mono_us() - start));
    }
out:
    notary_leave(w->notary, &w->sitting);
    answer_release(&answer);
    buf_release(&why);
}
