#include "attest/label.h"

#include <string.h>

#include "crypto/hash.h"

void label_put(struct buf *out, const char *label)
{
    size_t n = strlen(label);

    BUG_ON(n > LABEL_LEN);
    buf_add(out, label, n);
    for (; n < LABEL_LEN; n++)
        buf_add_byte(out, 0);
}

void label_report_data(const char *label, struct str content, uint8_t out[64])
{
    char room[LABEL_LEN + 1];
    struct buf b = BUF_OVER(room);
    struct sha256 st;
    struct hash256 h;

    label_put(&b, label);
    sha256_init(&st);
    sha256_add(&st, buf_str(&b));
    sha256_add(&st, content);
    h = sha256_final(&st);
    memcpy(out, h.b, 32);
    memcpy(out + 32, b.ptr, LABEL_LEN);
}
