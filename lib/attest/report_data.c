/* report_data.c — what a quote over labelled content carries: label.h, manifest.h. */
#include <string.h>

#include "attest/manifest.h"
#include "crypto/hash.h"

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

struct hash256 manifest_session(const char *label, struct str bytes)
{
    uint8_t data[64];
    struct hash256 h;

    label_report_data(label, bytes, data);
    memcpy(h.b, data, sizeof h.b);
    return h;
}
