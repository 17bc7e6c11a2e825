/* grant.c — see grant.h. */
#include "worker/grant.h"

#include <stdio.h>

#include "codec/put.h"
#include "worker/branch.h"
#include "worker/work.h"

void grant_release(struct grant *g)
{
    secret_env_release(&g->env);
}

enum err grant_get(struct worker *w, const struct request *r, struct arena *a, struct grant *out,
                   struct answer *answer, struct buf *why)
{
    bool named = r->secrets_profile.ptr != NULL;
    struct secrets_question q = {.request_id = r->id,
                                 .profile = r->secrets_profile,
                                 .owner = r->secrets_account_id,
                                 .user = r->sender_id};
    enum err e = ERR_OK;

    *out = (struct grant){.env = SECRET_ENV_NONE};
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

struct str grant_tenant(const struct grant *g, struct str sender, struct arena *a)
{
    struct buf text = BUF_INIT(ACCOUNT_ID_MAX + 2 * sizeof(struct hash256) + 16);
    struct str tenant;

    buf_add_str(&text, sender);
    if (g->env.room) {
        buf_addz(&text, "\n");
        hash_put_hex(&text, &g->env.ciphertext);
    }
    BUG_ON(text.full);
    tenant = arena_str(a, buf_str(&text));
    buf_release(&text);
    return tenant;
}

void grant_attest(const struct grant *g, struct deed *d)
{
    d->has_secrets = g->env.n != 0;
    d->secrets_account = g->owner;
    d->secrets_profile = g->profile;
    d->secrets_sha256 = g->env.ciphertext;
}

void grant_put(const struct grant *g, struct buf *out)
{
    if (!g->profile.ptr)
        return;
    json_key(out, "secrets_ref");
    json_obj(out);
    put_str(out, "profile", g->profile);
    put_str(out, "account_id", g->owner);
    json_obj_end(out);
    json_key(out, "secrets");
    if (g->note[0])
        json_putz(out, g->note);
    else
        json_put_u64(out, g->n);
}
