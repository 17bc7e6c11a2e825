/* interfaces.c — see interfaces.h. */
#include "worker/interfaces.h"

#include "worker/vrf.h"

void interfaces_init(struct interfaces *i, const struct interface_source *s, const struct lease *l,
                     const struct request *r)
{
    *i = (struct interfaces){0};
    if (s->rpc) {
        host_rpc_init(&i->rpc, s->rpc, s->rpc_read_only);
        i->server[HOST_RPC] = host_rpc_server(&i->rpc);
    }
    if (s->keystore) {
        host_vrf_init(&i->vrf, vrf_source_keystore(s->keystore), r->id, r->sender_id);
        i->server[HOST_VRF] = host_vrf_server(&i->vrf);
    }
    if (run_storage_init(&i->storage, &s->storage, l, r))
        i->server[HOST_STORAGE] = (struct host_server){storage_serve, &i->storage.face};
    host_payment_init(&i->payment, r->attached_usd);
    i->server[HOST_PAYMENT] = host_payment_server(&i->payment);
}

enum err interfaces_settle(const struct interfaces *i, struct answer *answer, struct buf *why)
{
    if (answer->status == ANSWER_COMPLETED)
        answer->refund_usd = i->payment.refund_usd;
    else if (i->vrf.broken || i->storage.broken)
        return err_put(why, ERR_UPSTREAM, "the program failed after the %s had failed it",
                       i->vrf.broken ? "keystore" : "storage");
    return ERR_OK;
}
