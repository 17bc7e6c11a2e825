/* work.c — see work.h. */
#include "worker/work.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "codec/put.h"
#include "worker/check.h"
#include "worker/grant.h"
#include "worker/program.h"

#define NODE_PATIENCE_MS 60000 /* with a node that is away or behind: handing back helps nobody */
#define NODE_WAIT_MS     100
#define NODE_WAIT_MAX    2000
#define GONE_MS          200 /* before handing back a request that is answered: news travel */

#define RAN_DETAIL_MAX 16000

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
    } else if (r->store_on_fastfs && !w->publisher) {
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

/* `r` learns the hash of the program that it means. */
static enum err run(struct worker *w, const struct lease *l, struct request *r, struct arena *a,
                    struct answer *answer, struct buf *why)
{
    struct buf detail = BUF_INIT(RAN_DETAIL_MAX);
    struct interfaces interfaces;
    struct program program;
    struct grant grant;
    struct ran ran;
    struct env env;
    enum err e = program_get(w, l, r, a, &program, answer, why);

    if (e)
        return e == ERR_GUEST ? ERR_OK : e;
    if (r->store_on_fastfs) {
        e = publish(w->publisher, w->rpc, &w->runner->store, r, program.fd, answer, why);
        fd_close(&program.fd);
        return e;
    }
    if (r->compile_only) {
        fd_close(&program.fd);
        answer_checksum(r, answer);
        return ERR_OK;
    }
    e = grant_get(w, r, a, &grant, answer, why);
    if (!e) {
        env_make(l, r, w->network_id, a, &env);
        deed_env(&answer->deed, &env);
        secrets_add(&env, &grant.env);
        grant_attest(&grant, &answer->deed);
        interfaces_init(&interfaces, &w->give, l, r);
        e = runner_run(w->runner, r, grant_tenant(&grant, r->sender_id, a), &program, &env,
                       interfaces.server, answer, &ran, why);
    }
    if (!e)
        e = interfaces_settle(&interfaces, answer, why);
    grant_release(&grant);
    fd_close(&program.fd);
    if (e)
        return e == ERR_GUEST ? ERR_OK : e;
    json_obj(&detail);
    put_u64(&detail, "instructions", answer->instructions);
    put_u64(&detail, "time_ms", answer->time_ms);
    put_u64(&detail, "memory_bytes", ran.memory_bytes);
    put_bool(&detail, "warm", ran.warm);
    put_u64(&detail, "compile_us", ran.compile_us);
    put_z(&detail, "outcome", outcome_code(ran.outcome));
    put_u64(&detail, "requests", ran.requests);
    json_key(&detail, "stderr");
    json_put_lossy(&detail, str_from(ran.err, ran.err_len));
    grant_put(&grant, &detail);
    json_obj_end(&detail);
    coordinator_news(w->coordinator, l, "ran", &detail);
    buf_release(&detail);
    return ERR_OK;
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
    answer_report(answer, r, &about);
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
