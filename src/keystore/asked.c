/*
 * asked.c — what a worker asks for, against the request on the chain that it says it runs.
 *
 * The request waits for an answer, its signer is the account that is named, and the secrets are
 * those that its source is bound to and that it names; storage is that of its project. So a worker
 * gets nothing for a run that nobody has asked for.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "builder/repo.h"
#include "codec/put.h"
#include "keystore/keystore.h"

static enum err request_get(struct call *c, uint64_t id, struct request *out, struct buf *why)
{
    struct buf args = BUF_INIT(64), answer = BUF_INIT(REQUEST_TEXT_MAX);
    struct json v;
    enum err e;

    json_obj(&args);
    put_u64(&args, "request_id", id);
    json_obj_end(&args);
    e = rpc_view_call(c->rpc, c->k->contract_id, "get_request", buf_str(&args), &answer, why);
    /* A copy that lives as long as `out`, which borrows from it. */
    if (!e && !json_parse(arena_str(c->a, buf_str(&answer)), &v, NULL))
        e = err_put(why, ERR_UPSTREAM, "the contract's answer is no JSON");
    if (!e && json_is_null(v))
        e = err_put(why, ERR_ABSENT, "request %llu waits for no answer", (unsigned long long)id);
    if (!e)
        e = request_parse_stored(v, c->a, out, why);
    if (!e && out->id != id)
        e = err_put(why, ERR_UPSTREAM, "the contract answered with another request");
    buf_release(&args);
    buf_release(&answer);
    return e;
}

enum err asked_for(struct call *c, uint64_t id, struct str account, struct request *out,
                   struct buf *why)
{
    enum err e = request_get(c, id, out, why);

    if (!e && !str_eq(out->signer_id, account))
        e = err_put(why, ERR_DENIED, "request %llu is not that of '%.*s'", (unsigned long long)id,
                    STR_ARG(account));
    return e;
}

/* A branch is as the request has it. A commit may lie on any, or on none that is known. */
static bool repo_same(const struct request *r, const struct accessor *a)
{
    struct buf url = BUF_INIT(REPO_MAX + 32), name = BUF_INIT(ACCESSOR_TEXT_MAX);
    bool same = !repo_normalise(r->source.repo, true, &url, NULL) &&
                !repo_name_normalise(buf_str(&url), &name, NULL) && str_eq(buf_str(&name), a->name);

    if (!ref_is_sha(r->source.commit) && r->source.commit.len <= ACCESSOR_BRANCH_MAX)
        same = same && str_eq(a->branch, r->source.commit);
    buf_release(&url);
    buf_release(&name);
    return same;
}

static bool source_same(const struct request *r, const struct accessor *a)
{
    struct hash256 hash;

    if (r->project_id.len)
        return a->kind == ACCESSOR_PROJECT && str_eq(a->name, r->project_id);
    if (r->source.kind == SOURCE_WASM_URL)
        return a->kind == ACCESSOR_WASM_HASH && hash_from_hex(a->name, &hash) &&
               hash_eq(&hash, &r->source.wasm_sha256);
    return a->kind == ACCESSOR_REPO && repo_same(r, a);
}

/* A request that names none gets its project's: those of its owner, whose name its id begins with.
 */
static bool set_same(const struct request *r, struct str profile, struct str owner)
{
    struct str project_owner;

    if (r->secrets_profile.ptr)
        return str_eq(r->secrets_profile, profile) && str_eq(r->secrets_account_id, owner);
    (void)str_cut(r->project_id, '/', &project_owner);
    return r->project_id.len && str_eqz(profile, PROFILE_DEFAULT) && str_eq(owner, project_owner);
}

enum err asked_secrets(struct call *c, uint64_t id, const struct accessor *a, struct str profile,
                       struct str owner, struct str user, struct buf *why)
{
    struct request r;
    enum err e = asked_for(c, id, user, &r, why);

    /* Not the user's fault: the worker hands the job back. A node that lags may know it soon. */
    if (e == ERR_ABSENT)
        return ERR_BUSY;
    if (e == ERR_DENIED || (!e && !(source_same(&r, a) && set_same(&r, profile, owner))))
        e = err_put(why, ERR_CONFLICT, "request %llu does not ask for these secrets",
                    (unsigned long long)id);
    return e;
}

static struct asked_run *place_of(struct keystore *k, uint64_t id)
{
    return &k->run[id % ASKED_RUNS];
}

static bool remembered(struct keystore *k, uint64_t id, struct asked_run *out)
{
    bool known;

    pthread_mutex_lock(&k->lock);
    *out = *place_of(k, id);
    known = out->request_id == id && out->until_ms > clock_mono_ms();
    pthread_mutex_unlock(&k->lock);
    return known;
}

/* The run from the chain, to be remembered. */
static enum err run_get(struct call *c, uint64_t id, struct asked_run *out, struct buf *why)
{
    struct asked_run run = {.request_id = id, .until_ms = clock_mono_ms() + ASKED_MS};
    struct request r;
    enum err e = request_get(c, id, &r, why);

    if (e)
        return e;
    if (r.project_uuid.len != STORAGE_UUID_LEN || !account_id_parse(r.signer_id, &run.account))
        return err_put(why, ERR_DENIED, "request %llu is no run of a project",
                       (unsigned long long)id);
    memcpy(run.project, r.project_uuid.ptr, STORAGE_UUID_LEN);
    pthread_mutex_lock(&c->k->lock);
    *place_of(c->k, id) = run;
    pthread_mutex_unlock(&c->k->lock);
    *out = run;
    return ERR_OK;
}

enum err asked_storage(struct call *c, uint64_t id, const struct space *s, struct buf *why)
{
    struct asked_run run;
    enum err e = ERR_OK;

    if (!remembered(c->k, id, &run))
        e = run_get(c, id, &run, why);
    if (e == ERR_ABSENT)
        return ERR_BUSY;
    if (e == ERR_DENIED ||
        (!e && (!str_eqz(s->project, run.project) ||
                (!str_eqz(s->account, STORAGE_WORKER) && !str_eqz(s->account, run.account.s)))))
        e = err_put(why, ERR_CONFLICT, "request %llu has nothing to do with this storage",
                    (unsigned long long)id);
    return e;
}
