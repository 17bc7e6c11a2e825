#include "attest/batch_head.h"

#include "codec/wire.h"

void batch_head_write(struct buf *out, const struct batch_head *h)
{
    label_put(out, LABEL_BATCH);
    buf_add(out, h->session.b, 32);
    wr_u64(out, h->first_seq);
    wr_u64(out, h->count);
    buf_add(out, h->root.b, 32);
    wr_u64(out, h->time_ms);
}

enum err batch_head_read(struct str message, struct batch_head *out, struct buf *why)
{
    struct rd r = rd_over(message);
    char room[LABEL_LEN + 1];
    struct buf label = BUF_OVER(room);
    struct batch_head h;

    label_put(&label, LABEL_BATCH);
    if (!str_eq(rd_fixed(&r, LABEL_LEN), buf_str(&label)))
        return err_say(why, ERR_FORMAT, "the batch head does not begin with '" LABEL_BATCH "'");
    rd_copy(&r, h.session.b, 32);
    h.first_seq = rd_u64(&r);
    h.count = rd_u64(&r);
    rd_copy(&r, h.root.b, 32);
    h.time_ms = rd_u64(&r);
    if (!rd_end(&r) || h.count == 0 || h.count > BATCH_LEAVES_MAX ||
        h.first_seq > UINT64_MAX - h.count)
        return err_say(why, ERR_FORMAT, "the batch head is malformed");
    *out = h;
    return ERR_OK;
}
