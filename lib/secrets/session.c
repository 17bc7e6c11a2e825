/* session.c — see session.h. */
#include "secrets/session.h"

#include "codec/wire.h"

static void label(struct buf *out, const char *text)
{
    struct str s = str_of(text);

    BUG_ON(s.len > 32);
    buf_add_str(out, s);
    for (size_t i = s.len; i < 32; i++)
        buf_add_byte(out, 0);
}

void session_message(struct buf *out, const struct session_claim *c)
{
    label(out, "outlayer:v2:tee-session");
    wr_bytes(out, c->audience);
    buf_add(out, c->challenge, sizeof(c->challenge));
    buf_add(out, c->worker_nonce, sizeof(c->worker_nonce));
    buf_add(out, c->session_id, sizeof(c->session_id));
    buf_add(out, c->channel_binding, sizeof(c->channel_binding));
    wr_u64(out, c->issued_at);
}

struct hash256 session_id_of_box(const uint8_t box_key[32])
{
    char room[65];
    struct buf b = BUF_OVER(room);

    label(&b, "outlayer:v2:box-key");
    buf_add(&b, box_key, 32);
    return sha256(buf_str(&b));
}
