/* run_given.c — see run_given.h. */
#include "cli/run_given.h"

#include <string.h>

static struct str var(const struct run_job *job, const char *name, struct str otherwise)
{
    for (size_t i = 0; i < job->nenv; i++)
        if (str_eqz(job->env[i].name, name) && job->env[i].value.len)
            return job->env[i].value;
    return otherwise;
}

static enum err give_storage(struct given *g, const char *file, struct str account,
                             const struct hash256 *wasm, struct buf *why)
{
    enum err e = local_store_open(&g->local, strcmp(file, "memory") == 0 ? NULL : file, why);

    if (e)
        return e;
    g->storage = (struct storage_face){.store = &g->local.store,
                                       .project = STR(STORAGE_LOCAL_PROJECT),
                                       .account = account,
                                       .wasm = *wasm};
    g->servers[HOST_STORAGE] = (struct host_server){storage_serve, &g->storage};
    return ERR_OK;
}

static void give_rpc(struct given *g, const char *url)
{
    host_rpc_init(&g->rpc, rpc_new(url), false);
    g->servers[HOST_RPC] = host_rpc_server(&g->rpc);
}

static void give_vrf(struct given *g, const char *seed, uint64_t request_id, struct str account)
{
    struct hash256 h = sha256(str_of(seed));
    struct master master;

    memcpy(master.b, h.b, sizeof(master.b));
    derive_ed25519(&master, VRF_SEED, &g->vrf_key);
    host_vrf_init(&g->vrf, vrf_source_key(&g->vrf_key), request_id, account);
    g->servers[HOST_VRF] = host_vrf_server(&g->vrf);
}

enum err given_begin(struct given *g, const struct given_opts *o, const struct hash256 *wasm,
                     struct run_job *job, struct buf *why)
{
    struct str account = var(job, "NEAR_SENDER_ID", STR("user.test"));
    uint64_t request_id;
    u128 usd;
    enum err e = ERR_OK;

    if (!account_id_valid(account))
        return err_put(why, ERR_RANGE, "NEAR_SENDER_ID is '%.*s', which is no account id",
                       STR_ARG(str_head(account, 100)));
    if (!str_u64(var(job, "NEAR_REQUEST_ID", STR("0")), &request_id) ||
        !str_u128(var(job, "ATTACHED_USD", STR("0")), &usd))
        return err_put(why, ERR_RANGE, "NEAR_REQUEST_ID and ATTACHED_USD are decimal numbers");
    if (o->storage)
        e = give_storage(g, o->storage, account, wasm, why);
    if (!e && o->rpc)
        give_rpc(g, o->rpc);
    if (!e && o->vrf_seed)
        give_vrf(g, o->vrf_seed, request_id, account);
    host_payment_init(&g->payment, usd);
    g->servers[HOST_PAYMENT] = host_payment_server(&g->payment);
    job->servers = g->servers;
    return e;
}

void given_end(struct given *g)
{
    local_store_close(&g->local);
    rpc_free(g->rpc.rpc);
    ed25519_wipe(&g->vrf_key);
}
