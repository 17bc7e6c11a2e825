/* host_payment.c — see host_payment.h. */
#include "guest/host_payment.h"

void host_payment_init(struct host_payment *h, u128 attached_usd)
{
    *h = (struct host_payment){.attached_usd = attached_usd};
}

static enum err serve(void *ctx, const struct host_call *c, uint64_t deadline_ms,
                      struct host_reply *out, struct buf *why)
{
    struct host_payment *h = ctx;
    uint64_t amount = c->args[0].n;

    (void)deadline_ms;
    (void)out;
    if (h->asked)
        return err_put(why, ERR_CONFLICT, "refund-usd was called before; it works once in a run");
    if (amount > h->attached_usd) {
        char room[48];
        struct buf attached = BUF_OVER(room);

        buf_add_u128(&attached, h->attached_usd);
        return err_put(why, ERR_RANGE, "a refund of %llu is more than the attached %s",
                       (unsigned long long)amount, buf_z(&attached));
    }
    h->asked = true;
    h->refund_usd = amount;
    return ERR_OK;
}

struct host_server host_payment_server(struct host_payment *h)
{
    return (struct host_server){.serve = serve, .ctx = h};
}
