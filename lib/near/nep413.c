/* nep413.c — see nep413.h. */
#include "near/nep413.h"

#include "codec/wire.h"

#define TAG (UINT32_C(2147483648) + 413)

static void add_text(struct sha256 *h, struct str s)
{
    char room[5];
    struct buf len = BUF_OVER(room);

    wr_u32(&len, (uint32_t)s.len);
    sha256_add(h, buf_str(&len));
    sha256_add(h, s);
}

struct hash256 nep413_digest(struct str message, const uint8_t nonce[32], struct str recipient)
{
    char room[5];
    struct buf tag = BUF_OVER(room);
    struct sha256 h;

    wr_u32(&tag, TAG);
    sha256_init(&h);
    sha256_add(&h, buf_str(&tag));
    add_text(&h, message);
    sha256_add(&h, str_from(nonce, 32));
    add_text(&h, recipient);
    sha256_add(&h, str_from("\0", 1));
    return sha256_final(&h);
}
