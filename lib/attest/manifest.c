#include "attest/manifest.h"

#include <string.h>

#include "codec/wire.h"

#define CURVE_ED25519 0

void manifest_write(struct buf *out, const struct manifest *m)
{
    wr_u16(out, MANIFEST_FORMAT);
    wr_bytes(out, m->network);
    wr_bytes(out, m->register_contract);
    wr_bytes(out, m->outlayer_contract);
    wr_u8(out, CURVE_ED25519);
    buf_add(out, m->near_key, 32);
    buf_add(out, m->statement_key, 32);
    buf_add(out, m->box_key, 32);
    buf_add(out, m->tls_spki, 32);
    buf_add(out, m->boot_nonce, 32);
    wr_u8(out, m->has_challenge);
    if (m->has_challenge)
        buf_add(out, m->challenge, 32);
    wr_u64(out, m->not_before);
    wr_u64(out, m->not_after);
    wr_u64(out, m->near_block_height);
    buf_add(out, m->near_block_hash, 32);
    wr_bytes(out, m->software);
    buf_add(out, m->engine_config, 32);
}

enum err manifest_read(struct str bytes, struct manifest *out, struct buf *why)
{
    struct rd r = rd_over(bytes);
    struct manifest m = {0};
    uint16_t format = rd_u16(&r);

    if (!r.bad && format != MANIFEST_FORMAT)
        return err_say(why, ERR_FORMAT, "the manifest's format is not 2");
    m.network = rd_text(&r, MANIFEST_TEXT_MAX);
    m.register_contract = rd_text(&r, MANIFEST_TEXT_MAX);
    m.outlayer_contract = rd_text(&r, MANIFEST_TEXT_MAX);
    if (rd_u8(&r) != CURVE_ED25519)
        rd_fail(&r);
    rd_copy(&r, m.near_key, 32);
    rd_copy(&r, m.statement_key, 32);
    rd_copy(&r, m.box_key, 32);
    rd_copy(&r, m.tls_spki, 32);
    rd_copy(&r, m.boot_nonce, 32);
    m.has_challenge = rd_bool(&r);
    if (m.has_challenge)
        rd_copy(&r, m.challenge, 32);
    m.not_before = rd_u64(&r);
    m.not_after = rd_u64(&r);
    m.near_block_height = rd_u64(&r);
    rd_copy(&r, m.near_block_hash, 32);
    m.software = rd_text(&r, MANIFEST_TEXT_MAX);
    rd_copy(&r, m.engine_config, 32);
    if (!rd_end(&r))
        return err_say(why, ERR_FORMAT, "the manifest is malformed");
    if (m.not_after < m.not_before || m.not_after - m.not_before > MANIFEST_SPAN_MAX)
        return err_say(why, ERR_RANGE, "the manifest's epoch is longer than 24 hours");
    *out = m;
    return ERR_OK;
}
